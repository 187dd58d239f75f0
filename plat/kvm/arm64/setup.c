/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the image's final address to uk_boot(): what a bare machine needs before libraries can run.
 */
#include <uk/arch/cpu.h>
#include <uk/config.h>
#include <uk/plat/trap.h>

#include "kvm.h"
#include "start.h"

static struct uk_bootinfo bootinfo;

UK_NO_STACK_PROTECTOR void boot_start(uk_paddr_t tree)
{
	boot_use_random();
	boot_traps();       /* from here on mistakes are reported */
	devtree_open(tree); /* which describes the machine */
	kvm_console_init();
	plat_clock_init();
	bootinfo.protocol = "arm64";
	devtree_boot(&bootinfo);
	arm_irq_open(); /* still masked by software */
	uk_boot(&bootinfo);
}
