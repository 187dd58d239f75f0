/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clone(2) returns twice. The parent's registers go to C as an array; the child takes
 * them over from a copy that C has put on top of its stack. The last two arguments are the other way round
 * than on x86_64, and than C has them.
 *
 * Where the child returns is signed for its stack (<uk/arch/sign.h>). The parent's own return address, which is signed
 * otherwise, then has a place of its own.
 */
#include <clone_regs.h>
#include <uk/arch/asm.h>
#include <uk/arch/sign.h>

	.macro	each op
	\op	x19, x20, [sp]
	\op	x21, x22, [sp, #16]
	\op	x23, x24, [sp, #32]
	\op	x25, x26, [sp, #48]
	\op	x27, x28, [sp, #64]
	\op	x29, ARM_LINK, [sp, #80]
	\op	d8, d9, [sp, #96]
	\op	d10, d11, [sp, #112]
	\op	d12, d13, [sp, #128]
	\op	d14, d15, [sp, #144]
	.endm

	.section .text.uk_sys_clone, "ax", @progbits
	.globl uk_sys_clone
	.type uk_sys_clone, @function
uk_sys_clone:
	UK_LANDING
	arm_sign_link x1, ARM_SIGNED_CLONE
#ifdef __ARM_FEATURE_PAC_DEFAULT
	ARM_SIGN_RETURN
	str	x30, [sp, #-16]!
#endif
	sub	sp, sp, #8 * CLONE_REGS_WORDS
	each	stp
	mov	x5, x3
	mov	x3, x4
	mov	x4, x5
	mov	x5, sp
	bl	posix_clone
#ifdef __ARM_FEATURE_PAC_DEFAULT
	add	sp, sp, #8 * CLONE_REGS_WORDS
	ldr	x30, [sp], #16
	ARM_AUTH_RETURN
#else
	ldr	x30, [sp, #88]
	add	sp, sp, #8 * CLONE_REGS_WORDS
#endif
	ret
	.size uk_sys_clone, . - uk_sys_clone

	.section .text.posix_clone_return, "ax", @progbits
	.globl posix_clone_return
	.hidden posix_clone_return
	.type posix_clone_return, @function
posix_clone_return:
	mov	sp, x0
	each	ldp
	add	sp, sp, #8 * CLONE_REGS_WORDS
	arm_auth_link sp, ARM_SIGNED_CLONE
	mov	x0, #0
	ret	ARM_LINK
	.size posix_clone_return, . - posix_clone_return

	.section .note.GNU-stack, "", @progbits
