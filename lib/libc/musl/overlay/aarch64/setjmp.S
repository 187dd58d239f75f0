/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * setjmp(), longjmp() and sigsetjmp(), with musl's jmp_buf: what a function preserves, the place at 96 is free, and the stack
 * pointer; behind those 22 words two of sigsetjmp()'s and the mask of signals.
 *
 * Where they return is signed for the stack pointer (<uk/arch/sign.h>), and not for the buffer, which programs may copy.
 */
#include <uk/arch/asm.h>
#include <uk/arch/sign.h>

#define JUMP_SP      104
#define JUMP_D       112
#define SIGJUMP_LINK 176
#define SIGJUMP_X19  192 /* behind the 8 bytes of the mask that the kernel has */

	.macro	each op
	\op	x19, x20, [x0]
	\op	x21, x22, [x0, #16]
	\op	x23, x24, [x0, #32]
	\op	x25, x26, [x0, #48]
	\op	x27, x28, [x0, #64]
	\op	x29, ARM_LINK, [x0, #80]
	\op	d8, d9, [x0, #JUMP_D]
	\op	d10, d11, [x0, #JUMP_D + 16]
	\op	d12, d13, [x0, #JUMP_D + 32]
	\op	d14, d15, [x0, #JUMP_D + 48]
	.endm

	.text
	.global __setjmp, _setjmp, setjmp
	.type __setjmp, @function
	.type _setjmp, @function
	.type setjmp, @function
__setjmp:
_setjmp:
setjmp:
	UK_LANDING
	arm_sign_link sp, ARM_SIGNED_JUMP
	each	stp
	mov	x2, sp
	str	x2, [x0, #JUMP_SP]
	mov	x0, #0
	ret
	.size setjmp, . - setjmp

	.global _longjmp, longjmp
	.type _longjmp, @function
	.type longjmp, @function
_longjmp:
longjmp:
	UK_LANDING
	each	ldp
	ldr	x2, [x0, #JUMP_SP]
	arm_auth_link x2, ARM_SIGNED_JUMP
	mov	sp, x2
	cmp	w1, #0
	csinc	w0, w1, wzr, ne		/* setjmp() never returns 0 again */
	ret	ARM_LINK
	.size longjmp, . - longjmp

	.global sigsetjmp, __sigsetjmp
	.hidden __sigsetjmp_tail
	.type sigsetjmp, @function
	.type __sigsetjmp, @function
sigsetjmp:
__sigsetjmp:
	UK_LANDING
	cbz	x1, setjmp
	arm_sign_link sp, ARM_SIGNED_SIGJUMP
	str	ARM_LINK, [x0, #SIGJUMP_LINK]
	str	x19, [x0, #SIGJUMP_X19]
	mov	x19, x0
	bl	setjmp			/* and here longjmp() returns */
	mov	w1, w0
	mov	x0, x19
	ldr	ARM_LINK, [x0, #SIGJUMP_LINK]
	ldr	x19, [x0, #SIGJUMP_X19]
	arm_auth_link sp, ARM_SIGNED_SIGJUMP
#ifdef __ARM_FEATURE_PAC_DEFAULT
	mov	x30, ARM_LINK
#endif
	b	__sigsetjmp_tail
	.size sigsetjmp, . - sigsetjmp
	.section .note.GNU-stack, "", @progbits
