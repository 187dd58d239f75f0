/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The context switch. TPIDR_EL0 is the application's, which may set it without asking anybody.
 *
 * Where a context goes on is signed for its stack pointer and for the struct that has this (<uk/arch/sign.h>).
 */
#include <uk/arch/ctx.h>
#include <uk/arch/sign.h>
#include <uk/config.h>

	.arch	armv8-a
	.macro	each op
	\op	x19, x20, [sp, #ARM_FRAME_X]
	\op	x21, x22, [sp, #ARM_FRAME_X + 16]
	\op	x23, x24, [sp, #ARM_FRAME_X + 32]
	\op	x25, x26, [sp, #ARM_FRAME_X + 48]
	\op	x27, x28, [sp, #ARM_FRAME_X + 64]
	\op	x29, ARM_LINK, [sp, #ARM_FRAME_X + 80]
	\op	d8, d9, [sp, #ARM_FRAME_D]
	\op	d10, d11, [sp, #ARM_FRAME_D + 16]
	\op	d12, d13, [sp, #ARM_FRAME_D + 32]
	\op	d14, d15, [sp, #ARM_FRAME_D + 48]
	.endm

	.section .text.uk_arch_ctx_switch, "ax"
	.globl uk_arch_ctx_switch
	.type uk_arch_ctx_switch, @function
uk_arch_ctx_switch:			/* (x0 = from, x1 = to) */
	arm_sign_link sp, ARM_SIGNED_CONTEXT, x0
	sub	sp, sp, #ARM_FRAME_SIZE
	mrs	x2, fpcr
	mrs	x5, fpsr		/* exceptions that this thread has raised */
	mrs	x3, tpidr_el0
	each	stp
	stp	x2, x5, [sp, #ARM_FRAME_FPCR]
	mov	x4, sp
	stp	x4, x3, [x0]		/* UK_ARCH_CTX_SP, UK_ARCH_CTX_TP */
	ldp	x4, x3, [x1]
	mov	sp, x4
	msr	tpidr_el0, x3
#ifdef CONFIG_SMP
	dsb	ish			/* who goes on elsewhere does not wait there for caches that it has cleaned here */
#endif
	each	ldp
	ldp	x4, x6, [sp, #ARM_FRAME_FPCR]
	cmp	x2, x4			/* to write it waits for all that calculates */
	b.eq	1f
	msr	fpcr, x4
1:	cmp	x5, x6
	b.eq	2f
	msr	fpsr, x6
2:	add	sp, sp, #ARM_FRAME_SIZE
	arm_auth_link sp, ARM_SIGNED_CONTEXT, x1
	ret	ARM_LINK
	.size uk_arch_ctx_switch, . - uk_arch_ctx_switch

/*
 * The first switch to a new context returns to here, with what uk_arch_ctx_init() left in x19 (argument) and
 * x20 (entry). The zeroes in x29 and x30 end backtraces.
 */
	.section .text.arm_ctx_start, "ax"
	.globl arm_ctx_start
	.hidden arm_ctx_start
	.type arm_ctx_start, @function
arm_ctx_start:
	mov	x0, x19
	mov	x29, xzr
	mov	x30, xzr
	/* What is called by x16 or x17 may be jumped to as well (BTI). */
#ifdef __ARM_FEATURE_PAC_DEFAULT
	mov	x17, x20
	arm_auth_link sp, ARM_SIGNED_ENTRY
	br	x17
#else
	mov	x16, x20
	br	x16
#endif
	.size arm_ctx_start, . - arm_ctx_start

	.macro	each_q op
	n = 0
	.irp	pair, "q0, q1", "q2, q3", "q4, q5", "q6, q7", "q8, q9", "q10, q11", "q12, q13", "q14, q15", \
		"q16, q17", "q18, q19", "q20, q21", "q22, q23", "q24, q25", "q26, q27", "q28, q29", "q30, q31"
	\op	\pair, [x0, #ARM_FPU_V + 32 * n]
	n = n + 1
	.endr
	.endm

	.section .text.uk_arch_fpu_save, "ax"
	.globl uk_arch_fpu_save
	.type uk_arch_fpu_save, @function
uk_arch_fpu_save:			/* (x0 = area) */
	mrs	x1, fpsr
	mrs	x2, fpcr
	stp	w1, w2, [x0, #ARM_FPU_STATUS]
	each_q	stp
	ret
	.size uk_arch_fpu_save, . - uk_arch_fpu_save

	.section .text.uk_arch_fpu_restore, "ax"
	.globl uk_arch_fpu_restore
	.type uk_arch_fpu_restore, @function
uk_arch_fpu_restore:
	ldp	w1, w2, [x0, #ARM_FPU_STATUS]
	msr	fpsr, x1
	msr	fpcr, x2
	each_q	ldp
	ret
	.size uk_arch_fpu_restore, . - uk_arch_fpu_restore

	.section .note.GNU-stack, "", @progbits
