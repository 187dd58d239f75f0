/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end, and what Xen is told of its reason (Xen public/sched.h, SHUTDOWN_*).
 */
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/plat/power.h>
#include <uk/xen/power.h>

#include "ending.h"
#include "xen.h"

#include <xen/sched.h>

#define SIGTERM 15

static void (*listener)(int sig);
static bool start_again;

static UK_NORETURN void shut_down(unsigned reason)
{
	struct sched_shutdown s = { .reason = reason };

	for (;;)
		xen_call2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &s);
}

static UK_NORETURN void end(int status, unsigned reason)
{
	xen_irq_close();
	if (begin()) {
		xen_runner_status(status);
		xen_console_flush();
	}
	/*
	 * A control domain that powers off only halts the machine, under a Xen that cannot do more; one that starts it anew
	 * ends a virtual one that is run so.
	 */
	shut_down(uk_xen_dom0 && reason == SHUTDOWN_poweroff ? SHUTDOWN_reboot : reason);
}

UK_NORETURN void uk_plat_exit(int status)
{
	end(status, start_again ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
}

UK_NORETURN void uk_plat_crash(void)
{
	xen_irq_close();
	xen_crash_report();
	end(UK_PLAT_CRASH_STATUS, SHUTDOWN_crash);
}

int uk_plat_power_listen(void (*fn)(int sig))
{
	listener = fn;
	xen_console_listen();
	return 0;
}

void uk_xen_power_again(bool again)
{
	start_again = again;
}

bool uk_xen_power_request(void)
{
	bool irq = uk_irq_save();

	if (listener)
		listener(SIGTERM);
	uk_irq_restore(irq);
	return listener;
}
