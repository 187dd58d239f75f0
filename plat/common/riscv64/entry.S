/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first instructions, in supervisor mode at the physical address: firmware has entered with the hart's number in a0 and
 * the address of the device tree in a1, interrupts and address translation off (RISC-V SBI 1.0; Linux
 * Documentation/riscv/boot.rst).
 */
#include <uk/arch/cpu.h>
#include <uk/arch/mark.h>
#include <uk/config.h>
#include <uk/mark.h>

#include "boot.h"

	.section .text.boot, "ax"
	.globl	boot_entry
boot_entry:
	UK_MARK(UK_MARK_ENTRY)
	csrw	sie, zero
	li	tp, 0			/* the application's: none yet */
	lla	sp, boot_stack_top
#ifdef CONFIG_SMP
	lla	gp, uk_percpus		/* for good: the CPU's data, with the canary */
#elif defined(CONFIG_HARDEN_STACK_PROTECTOR)
	lla	gp, __stack_chk_guard	/* for good: where compilers take the canary from */
#endif
	mv	s0, a0
	mv	s1, a1
	mv	a0, a1
	call	boot_early		/* returns virtual - physical address of the image */
	.globl	boot_relocated
boot_relocated:				/* where debuggers learn it: support/tools/runner/gdb.py */
	/* With translation on, the next fetch is a page fault, and enters where we want to be. */
	lla	t0, 1f
	add	t0, t0, a0
	csrw	stvec, t0
	li	t1, STACK_SHIFT
	add	sp, sp, t1
	add	sp, sp, a0
	add	gp, gp, a0
	lla	t0, boot_root_table
	srli	t0, t0, 12
#ifdef CONFIG_RISCV64_SV48
	li	t1, RISCV_SATP_SV48
#else
	li	t1, RISCV_SATP_SV39
#endif
	or	t0, t0, t1
	sfence.vma
	csrw	satp, t0
	/* A mode that the CPU does not have leaves satp as it was. */
	lla	s0, no_translation
2:	lbu	a0, (s0)
	beqz	a0, 3f
	li	a7, SBI_EXT_PUTCHAR
	ecall
	addi	s0, s0, 1
	j	2b
3:	li	a0, 0			/* shut down, as after a failure of the system */
	li	a1, 1
	li	a6, 0
	li	a7, SBI_EXT_SRST
	ecall
4:	wfi
	j	4b
	.balign	4
1:	mv	a0, s0
	mv	a1, s1
	li	s0, 0
	li	ra, 0			/* no return address: backtraces end here */
	j	boot_start

no_translation:
#ifdef CONFIG_RISCV64_SV48
	.asciz	"[whittle] error: this CPU has no page tables of four levels (Sv48); build the image without CONFIG_RISCV64_SV48\n"
#else
	.asciz	"[whittle] error: this CPU has no page tables of three levels (Sv39)\n"
#endif

	.section .boot.tables, "aw", @nobits
	.balign	4096
	.globl	boot_root_table, boot_spare_pages
	.hidden	boot_root_table, boot_spare_pages
boot_root_table:
	.skip	4096
boot_spare_pages:			/* stacks for page faults; one is left; the command line */
	.skip	4 * 4096

	.section .boot.stack, "aw", @nobits
	.balign	4096
	.globl	boot_stack, boot_stack_top
	.hidden	boot_stack, boot_stack_top
boot_stack:
	.skip	BOOT_STACK_SIZE
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
