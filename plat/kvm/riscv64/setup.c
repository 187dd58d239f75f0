/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the image's final address to uk_boot(): what a bare machine needs before libraries can run.
 */
#include <uk/arch/cpu.h>
#include <uk/config.h>
#include <uk/percpu.h>
#include <uk/plat/trap.h>
#include <uk/print.h>

#include "kvm.h"
#include "start.h"

uint64_t kvm_hart UK_RO_AFTER_INIT_ZERO;

static struct uk_bootinfo bootinfo;

/*
 * Floating point on. Code and threads' contexts are of a CPU with F and D: one that has not both traps here, and goes
 * on behind. A function of its own, since elsewhere the kernel has no instruction of floating point.
 */
UK_NOINLINE void boot_fpu(void)
{
	uintptr_t has, entry;

	riscv_csr_set(sstatus, RISCV_SSTATUS_FS_INIT);
	__asm__ volatile("lla %0, 1f\n\t"
			 "csrrw %1, stvec, %0\n\t"
			 "li %0, 0\n\t"
			 "fmv.d.x f0, zero\n\t"
			 "fscsr zero\n\t"
			 "li %0, 1\n\t"
			 ".balign 4\n"
			 "1:\tcsrw stvec, %1"
			 : "=&r"(has), "=&r"(entry));
	if (!has)
		uk_fatal("this CPU has no floating point (F and D)");
}

UK_NO_STACK_PROTECTOR void boot_start(uint64_t hart, uk_paddr_t tree)
{
	boot_use_random();
	boot_traps(); /* from here on mistakes are reported */
	kvm_hart = hart;
	devtree_open(tree); /* which describes the machine */
	kvm_console_init();
	boot_fpu();
	plat_clock_init();
	bootinfo.protocol = "sbi";
	devtree_boot(&bootinfo);
	riscv_irq_open(); /* still masked by software */
	uk_boot(&bootinfo);
}
