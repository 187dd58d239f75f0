/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The context switch. tp is the application's, which may set it without asking anybody.
 */
#include <uk/arch/ctx.h>

	.macro	each_s op, base
	n = 0
	.irp	reg, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
	\op	\reg, RISCV_FRAME_S + 8 * n(\base)
	n = n + 1
	.endr
	.endm

	.macro	each_fs op, base
	n = 0
	.irp	reg, fs0, fs1, fs2, fs3, fs4, fs5, fs6, fs7, fs8, fs9, fs10, fs11
	\op	\reg, RISCV_FRAME_FS + 8 * n(\base)
	n = n + 1
	.endr
	.endm

	.section .text.uk_arch_ctx_switch, "ax"
	.globl uk_arch_ctx_switch
	.type uk_arch_ctx_switch, @function
uk_arch_ctx_switch:			/* (a0 = from, a1 = to) */
	addi	sp, sp, -RISCV_FRAME_SIZE
	frcsr	t0
	sd	ra, RISCV_FRAME_RA(sp)
	each_s	sd, sp
	each_fs	fsd, sp
	sd	t0, RISCV_FRAME_FCSR(sp)
	sd	sp, UK_ARCH_CTX_SP(a0)
	sd	tp, UK_ARCH_CTX_TP(a0)
	ld	sp, UK_ARCH_CTX_SP(a1)
	ld	tp, UK_ARCH_CTX_TP(a1)
	ld	ra, RISCV_FRAME_RA(sp)
	each_s	ld, sp
	each_fs	fld, sp
	ld	t0, RISCV_FRAME_FCSR(sp)
	fscsr	t0
	addi	sp, sp, RISCV_FRAME_SIZE
	ret
	.size uk_arch_ctx_switch, . - uk_arch_ctx_switch

/*
 * The first switch to a new context returns to here, with what uk_arch_ctx_init() left in s0 (argument) and
 * s1 (entry). The zeroes in ra and in place of a saved one end backtraces.
 */
	.section .text.riscv_ctx_start, "ax"
	.globl riscv_ctx_start
	.hidden riscv_ctx_start
	.type riscv_ctx_start, @function
riscv_ctx_start:
	mv	a0, s0
	li	s0, 0
	li	ra, 0
	jr	s1
	.size riscv_ctx_start, . - riscv_ctx_start

	.macro	each_f op, base
	n = 0
	.irp	reg, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, \
		f23, f24, f25, f26, f27, f28, f29, f30, f31
	\op	\reg, 8 * n(\base)
	n = n + 1
	.endr
	.endm

	.section .text.uk_arch_fpu_save, "ax"
	.globl uk_arch_fpu_save
	.type uk_arch_fpu_save, @function
uk_arch_fpu_save:			/* (a0 = area) */
	frcsr	t0
	each_f	fsd, a0
	sd	t0, 256(a0)
	ret
	.size uk_arch_fpu_save, . - uk_arch_fpu_save

	.section .text.uk_arch_fpu_restore, "ax"
	.globl uk_arch_fpu_restore
	.type uk_arch_fpu_restore, @function
uk_arch_fpu_restore:
	ld	t0, 256(a0)
	each_f	fld, a0
	fscsr	t0
	ret
	.size uk_arch_fpu_restore, . - uk_arch_fpu_restore

	.section .note.GNU-stack, "", @progbits
