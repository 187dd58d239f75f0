/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * int __clone(int (*fn)(void *), void *stack, int flags, void *arg, int *ptid, void *tls, int *ctid)
 *
 * The handler is called like the others, clone(flags, stack, ptid, tls, ctid); the new thread
 * returns from it as well, with 0, on the stack given. What it does next is on that stack.
 */
#include <uk/arch/asm.h>
#include <uk/arch/sign.h>

	.text
	.global __clone
	.hidden __clone
	.type __clone, @function
__clone:
	UK_LANDING
	ARM_SIGN_RETURN
	and	x1, x1, #-16
	stp	x0, x3, [x1, #-16]!	/* fn, arg */
	sxtw	x0, w2			/* flags */
	mov	x2, x4			/* ptid */
	mov	x3, x5			/* tls */
	mov	x4, x6			/* ctid */
	stp	x29, x30, [sp, #-16]!
	bl	uk_sys_clone
	cbz	x0, 1f
	ldp	x29, x30, [sp], #16
	ARM_AUTH_RETURN
	ret
1:	ldp	x1, x0, [sp]
	mov	x29, xzr		/* the outermost frame of a backtrace */
	blr	x1
	bl	uk_sys_exit
	udf	#0
	.size __clone, . - __clone
	.section .note.GNU-stack, "", @progbits
