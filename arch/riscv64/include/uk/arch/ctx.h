/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts: what is left of a thread that is not running, and the switch to another.
 *
 * A context is what the calling convention makes a function preserve (RISC-V ELF psABI §1): stack pointer, s0 to
 * s11, fs0 to fs11, the rounding mode and flags; and the application's thread pointer, tp. They lie on the stack. All
 * other registers are the caller's: a switch from an interrupt saves those first.
 */
#ifndef UK_ARCH_CTX_H
#define UK_ARCH_CTX_H

/* What a switch leaves on the stack: ra, s0..s11, fs0..fs11, fcsr. */
#define RISCV_FRAME_RA   0
#define RISCV_FRAME_S    8
#define RISCV_FRAME_FS   104
#define RISCV_FRAME_FCSR 200
#define RISCV_FRAME_SIZE 208

#ifndef __ASSEMBLER__
#define UK_ARCH_GOTO_STACK "mv sp, %0\n\tli fp, 0\n\tcall "
#define UK_ARCH_TP_GET     "mv %0, tp"
#define UK_ARCH_TP_SET     "mv tp, %0"

/* f0 to f31 and fcsr. */
#define UK_ARCH_FPU_ALIGN 16
#define uk_arch_fpu_size  272U
#endif

#include <uk/arch/ctx_stack.h>

#endif
