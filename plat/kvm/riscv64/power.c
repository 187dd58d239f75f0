/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end: tell the runner the status, then switch the machine off. QEMU's test device takes a status along (hw/misc/
 * sifive_test.c); the firmware's way (SBI 1.0 §10) does not.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/errno.h>
#include <uk/param.h>
#include <uk/plat/power.h>

#include "ending.h"
#include "kvm.h"

#define FINISHER_FAIL 0x3333
#define FINISHER_PASS 0x5555

#define SRST_SHUTDOWN 0
#define SRST_NONE     0
#define SRST_FAILURE  1

UK_PARAM_BOOL(kvm, core, false, "stop at the end and leave the machine on, for a core file");

static void finish(int status)
{
	int node = devtree_next(-1, "sifive,test0");
	volatile uint8_t *page;
	uk_paddr_t pa;
	size_t len;

	if (node < 0 || !devtree_reg(node, &pa, &len) || (pa & UK_PAGE_MASK))
		return;
	page = boot_map_device(BOOT_FIXED_FINISHER, pa);
	if (page)
		uk_mmio_write32(page,
				status ? (uint32_t)status << 16 | FINISHER_FAIL : FINISHER_PASS);
}

UK_NORETURN void uk_plat_exit(int status)
{
	char s = (char)status;

	riscv_irq_close();
	if (begin()) {
		kvm_console_flush();
		if (kvm_runner())
			kvm_record('X', &s, 1);
		kvm_channel_flush();
		while (uk_param_kvm_core.b)
			__asm__ volatile("wfi");
		finish(status);
	}
	sbi_call(SBI_EXT_SRST, 0, SRST_SHUTDOWN, status ? SRST_FAILURE : SRST_NONE);
	for (;;)
		__asm__ volatile("wfi");
}

UK_NORETURN void uk_plat_crash(void)
{
	riscv_irq_close();
	riscv_crash_report();
	uk_plat_exit(UK_PLAT_CRASH_STATUS);
}

/* QEMU's virt has no button for this CPU. */
int uk_plat_power_listen(void (*fn)(int sig) UK_UNUSED)
{
	return -ENOTSUP;
}
