/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ^C, ^\ and a new window size: from the terminal to the process.
 */
#include <uk/init.h>
#include <uk/tty.h>
#include "internal.h"

/* Interrupt context. There is one process group. */
static void from_terminal(int sig, int pgrp)
{
	uk_signal_send(&uk_process_boot, sig);
}

static int tty_init(void)
{
	uk_tty_set_signal_hook(from_terminal);
	return 0;
}
UK_INIT(UK_INIT_POSIX, "5", tty_init, NULL);
