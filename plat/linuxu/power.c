/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of the process. The terminal is given back first, whatever the reason.
 */
#include <uk/param.h>
#include <uk/plat/power.h>

#include "linuxu.h"

UK_PARAM_BOOL(linuxu, core, false, "stop (SIGSTOP) before an end as by a signal, for a core file");

void linuxu_core_stop(void)
{
	if (!uk_param_linuxu_core.b)
		return;
	linuxu_arch_save_regs();
	host_kill(linuxu_pid, HOST_SIGSTOP); /* whoever reads our memory continues us */
}

UK_NORETURN void uk_plat_exit(int status)
{
	linuxu_console_restore();
	if ((status & 0xff) > 128)
		linuxu_core_stop();
	host_exit(status & 0xff);
}

UK_NORETURN void uk_plat_crash(void)
{
	linuxu_arch_report();
	uk_plat_exit(UK_PLAT_CRASH_STATUS);
}
