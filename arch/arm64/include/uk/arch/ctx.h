/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts: what is left of a thread that is not running, and the switch to another.
 *
 * A context is what the calling convention makes a function preserve (Procedure Call Standard for the Arm 64-bit
 * Architecture, §6): stack pointer, x19 to x30, d8 to d15, the rounding mode; and the application's thread pointer,
 * TPIDR_EL0. They lie on the stack. All other registers are the caller's: a switch from an interrupt saves those first.
 */
#ifndef UK_ARCH_CTX_H
#define UK_ARCH_CTX_H

/* What a switch leaves on the stack: x19..x30, d8..d15, FPCR, FPSR. */
#define ARM_FRAME_X    0
#define ARM_FRAME_D    96
#define ARM_FRAME_FPCR 160
#define ARM_FRAME_SIZE 176

/* In the area of uk_arch_fpu_save(): FPSR and FPCR, each 4 bytes, and v0 to v31. The first 8 bytes are the caller's. */
#define ARM_FPU_STATUS 8
#define ARM_FPU_V      16

#ifndef __ASSEMBLER__
#define UK_ARCH_GOTO_STACK "mov sp, %0\n\tmov x29, xzr\n\tbl "
#define UK_ARCH_TP_GET     "mrs %0, tpidr_el0"
#define UK_ARCH_TP_SET     "msr tpidr_el0, %0"

/* v0 to v31, FPSR, FPCR. */
#define UK_ARCH_FPU_ALIGN 16
#define uk_arch_fpu_size  528U
#endif

#include <uk/arch/ctx_stack.h>

#endif
