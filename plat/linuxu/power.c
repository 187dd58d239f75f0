/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of the process. The terminal is given back first, whatever the reason.
 */
#include <uk/plat/power.h>

#include "linuxu.h"

UK_NORETURN void uk_plat_exit(int status)
{
	linuxu_console_restore();
	host_exit(status & 0xff);
}

UK_NORETURN void uk_plat_crash(void)
{
	linuxu_arch_report();
	uk_plat_exit(UK_PLAT_CRASH_STATUS);
}
