/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * int __clone(int (*fn)(void *), void *stack, int flags, void *arg, int *ptid, void *tls, int *ctid)
 *
 * The handler is called like the others, clone(flags, stack, ptid, tls, ctid); the new thread
 * returns from it as well, with 0, on the stack given. What it does next is on that stack.
 */
	.text
	.global __clone
	.hidden __clone
	.type __clone, @function
__clone:
	andi	a1, a1, -16
	addi	a1, a1, -16
	sd	a0, 0(a1)		/* fn */
	sd	a3, 8(a1)		/* arg */
	mv	a0, a2			/* flags */
	mv	a2, a4			/* ptid */
	mv	a3, a5			/* tls */
	mv	a4, a6			/* ctid */
	addi	sp, sp, -16
	sd	ra, 8(sp)
	call	uk_sys_clone
	beqz	a0, 1f
	ld	ra, 8(sp)
	addi	sp, sp, 16
	ret
1:	ld	t0, 0(sp)
	ld	a0, 8(sp)
	li	fp, 0			/* the outermost frame of a backtrace */
	jalr	t0
	call	uk_sys_exit
	unimp
	.size __clone, . - __clone
	.section .note.GNU-stack, "", @progbits
