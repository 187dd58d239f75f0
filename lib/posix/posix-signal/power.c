/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whoever wants the machine to end (a power button, the host's shutdown, a stopped support/run, kill
 * on linuxu) asks the application, by a signal. One that has no handler ends, as POSIX says.
 */
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/plat/power.h>
#include "internal.h"

/* Interrupt context. */
static void asked_to_end(int sig)
{
	uk_signal_send(&uk_process_boot, sig);
}

static int power_init(void)
{
	uk_plat_power_listen(asked_to_end); /* where nobody can ask, nobody does */
	return 0;
}
UK_INIT(UK_INIT_POSIX, "6", power_init, NULL);
