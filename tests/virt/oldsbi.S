/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Firmware for QEMU's virt that has one call of SBI's, to print a character, as before there were extensions: all others are not
 * supported. It starts what lies 2 MiB behind it in supervisor mode, which may see all of memory.
 */
#define UART 0x10000000

	.globl	_start
_start:
	la	t0, call
	csrw	mtvec, t0
	li	t0, -1			/* PMP: everything, for all */
	csrw	pmpaddr0, t0
	li	t0, 0x1f
	csrw	pmpcfg0, t0
	li	t0, 0xb1ff		/* exceptions but calls from there are its own, and all interrupts */
	csrw	medeleg, t0
	li	t0, 0x222
	csrw	mideleg, t0
	li	t0, 7			/* counters */
	csrw	mcounteren, t0
	li	t0, 0x1800		/* back to supervisor mode */
	csrc	mstatus, t0
	li	t0, 0x800
	csrs	mstatus, t0
	la	t0, _start
	li	t1, 0x200158		/* as the image's first segment begins */
	add	t0, t0, t1
	csrw	mepc, t0
	mret

	.balign	4
call:
	csrw	mscratch, t0
	li	t0, 1
	bne	a7, t0, 1f
	li	t0, UART
	sb	a0, (t0)
	li	a0, 0
	j	2f
1:	li	a0, -2			/* SBI_ERR_NOT_SUPPORTED */
2:	csrr	t0, mepc
	addi	t0, t0, 4
	csrw	mepc, t0
	csrr	t0, mscratch
	mret
