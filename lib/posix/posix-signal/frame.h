/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What signals' frames and the way into a handler and back have alike on every CPU: a part of sigframe.h, behind its
 * struct sigframe, which names the registers: SIGFRAME_REG_PC, SIGFRAME_REG_SP, and SIGFRAME_REG_RESULT of a system call; and the
 * si_code of an undefined instruction and of a breakpoint, which Linux has differently on different CPUs.
 *
 * Whatever was interrupted, it becomes a struct sigframe with all its registers, on the stack of
 * the thread; C decides; then either the handler runs on a frame, returning to
 * uk_sys_rt_sigreturn, or the frame's registers are restored. There are four ways in, all in the CPU's entry.S:
 *
 *	uk_syscall_leave_slow    tail of a system call, whose result is a function's first argument
 *	uk_syscall_restart       the same, arguments in their registers, to be called again
 *	posix_signal_diverted    an interrupt has sent the thread here; all registers are live
 *	uk_sys_rt_sigreturn      a handler has returned to what lies on its stack: the frame
 *
 * Below the stack pointer nothing is safe: interrupts are on. By its name all of entry.S counts as a beginning system call,
 * in which nobody is diverted (divert.c).
 */
#ifndef POSIX_SIGNAL_FRAME_H
#define POSIX_SIGNAL_FRAME_H

#ifdef __ASSEMBLER__
#include <uk/arch/asm.h>

	.macro function name
	.section .text.uk_sys_signal.\name, "ax", @progbits
	.globl \name
	.type \name, @function
\name:
	UK_LANDING
	.endm
#else
_Static_assert(offsetof(struct sigframe, uc) == SIGFRAME_UC, "uc");
_Static_assert(offsetof(struct sigframe, info) == SIGFRAME_INFO, "info");
_Static_assert(offsetof(struct sigframe, restart) == SIGFRAME_RESTART, "restart");
_Static_assert(sizeof(struct sigframe) == SIGFRAME_SIZE, "size");
_Static_assert(sizeof(struct sigframe) % 16 == 0, "alignment of a handler's stack");

static inline uintptr_t sigframe_sp(const struct sigframe *f)
{
	return f->uc.mcontext.SIGFRAME_REG_SP;
}

static inline uintptr_t sigframe_pc(const struct sigframe *f)
{
	return f->uc.mcontext.SIGFRAME_REG_PC;
}

static inline void sigframe_set_pc(struct sigframe *f, uintptr_t pc)
{
	f->uc.mcontext.SIGFRAME_REG_PC = pc;
}

/* What the context will return from the interrupted system call. */
static inline void sigframe_set_result(struct sigframe *f, long result)
{
	f->uc.mcontext.SIGFRAME_REG_RESULT = (uint64_t)result;
	f->uc.mcontext.SIGFRAME_REG_PC = f->restart_pc;
}
#endif
#endif
