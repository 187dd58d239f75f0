/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end: tell the runner the status, then have the firmware switch the machine off (PSCI, DEN0022 §5.10). Where the device
 * tree does not tell how to call it, a hypervisor is tried.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/plat/power.h>

#include "ending.h"
#include "kvm.h"

UK_NORETURN void uk_plat_exit(int status)
{
	char s = (char)status;

	arm_irq_close();
	if (begin()) {
		int hvc = arm_tree_psci();

		kvm_console_flush();
		if (kvm_runner())
			kvm_record('X', &s, 1);
		kvm_channel_flush();
		arm_firmware_call(hvc, PSCI_SYSTEM_OFF, 0, 0, 0);
	}
	for (;;)
		__asm__ volatile("wfi");
}

UK_NORETURN void uk_plat_crash(void)
{
	arm_irq_close();
	arm_crash_report();
	uk_plat_exit(UK_PLAT_CRASH_STATUS);
}
