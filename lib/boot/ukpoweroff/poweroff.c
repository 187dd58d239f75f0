/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A request to end, in an image whose application has no signals: the teardown of the libraries may
 * block, so a thread waits for the request and goes through it.
 */
#include <uk/boot.h>
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/plat/power.h>
#include <uk/thread.h>
#include <uk/time.h>

static struct uk_thread *waiter;
static volatile int request;

/* Interrupt context. */
static void asked_to_end(int sig)
{
	request = sig;
	uk_thread_wake(waiter);
}

static void wait_for_it(void *arg UK_UNUSED)
{
	while (!request)
		uk_thread_block(UK_NSEC_MAX, false);
	uk_exit(128 + request); /* as an application that was ended by that signal */
}

static int poweroff_init(void)
{
	waiter = uk_thread_create(NULL, "poweroff", wait_for_it, NULL, NULL);
	if (!waiter)
		return -ENOMEM;
	uk_plat_power_listen(asked_to_end); /* where nobody can ask, nobody does */
	return 0;
}
UK_INIT(UK_INIT_POSIX, "6", poweroff_init, NULL);
