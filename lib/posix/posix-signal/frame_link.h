/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of CPUs on which a call leaves the return address in a register: a part of sigframe.h, which says that register
 * (SIGFRAME_REG_LINK), those that frame.h asks for, and SIGFRAME_UC_SIZE. Linux's layout, siginfo and ucontext, with more behind it.
 */
#ifndef POSIX_SIGNAL_FRAME_LINK_H
#define POSIX_SIGNAL_FRAME_LINK_H

#include <uk/abi/ucontext.h>

#define SIGFRAME_INFO     0
#define SIGFRAME_UC       128
#define SIGFRAME_MCONTEXT (SIGFRAME_UC + UK_UCONTEXT_MCONTEXT)
#define SIGFRAME_RESTART  (SIGFRAME_UC + SIGFRAME_UC_SIZE)
#define SIGFRAME_RESTORER (SIGFRAME_RESTART + 16)
#define SIGFRAME_FPU      (SIGFRAME_RESTART + 24)
#define SIGFRAME_SIZE     (SIGFRAME_RESTART + 32)
#define SIGFRAME_REDZONE  0

#define SIGFRAME_ILL_CODE   UK_ILL_ILLOPC
#define SIGFRAME_BREAK_CODE UK_TRAP_BRKPT

#ifndef __ASSEMBLER__
#include <uk/arch/ctx.h>
#include <uk/arch/regs.h>
#include <uk/essentials.h>
#include <uk/plat/trap.h>
#include <uk/process.h>

struct sigframe {
	struct uk_abi_siginfo info;
	struct uk_abi_ucontext uc;
	void (*restart)(void); /* the handler of the interrupted system call, if it starts again */
	uintptr_t restart_pc;  /* where that call returns to */
	uintptr_t restorer;    /* where the handler returns to */
	uint64_t fpu_saved;    /* floating point registers are in the context */
};

_Static_assert(offsetof(struct sigframe, restorer) == SIGFRAME_RESTORER, "restorer");
_Static_assert(offsetof(struct sigframe, fpu_saved) == SIGFRAME_FPU, "fpu_saved");
#endif

#include "frame.h"

#ifndef __ASSEMBLER__
/* Continue with a call of `fn` that returns to where the interrupted call would have returned. */
static inline void sigframe_call(struct sigframe *f, void (*fn)(void))
{
	f->uc.mcontext.SIGFRAME_REG_PC = (uintptr_t)fn;
	f->uc.mcontext.SIGFRAME_REG_LINK = f->restart_pc;
}

/* A frame takes so much below a stack pointer, and no more. */
static inline size_t sigframe_room(void)
{
	return SIGFRAME_SIZE + 16;
}

/* The highest place below `top`. */
static inline struct sigframe *sigframe_place(uintptr_t top)
{
	return (struct sigframe *)(top & ~15UL) - 1;
}

/* The diverted thread's frame: registers that entry.S did not find where it looked. */
static inline void sigframe_diverted(struct sigframe *f, const struct uk_task_signals *s)
{
	f->uc.mcontext.SIGFRAME_REG_PC = s->diverted_pc;
	f->uc.mcontext.SIGFRAME_REG_SP = s->diverted_sp;
}

/* Make the interrupted code continue at `entry` with stack pointer `sp`, or a little below; entry.S takes over. */
static inline void sigframe_divert(struct uk_regs *regs, struct uk_task_signals *s, uintptr_t sp,
				   void (*entry)(void))
{
	s->diverted_pc = regs->SIGFRAME_REG_PC;
	s->diverted_sp = regs->SIGFRAME_REG_SP;
	regs->SIGFRAME_REG_PC = (uintptr_t)entry;
	regs->SIGFRAME_REG_SP = sp & ~15UL;
}

/* Remember a fault for the contexts to come, which have a place for its address at most. */
static inline void sigframe_note_fault(struct uk_task_signals *s, const struct uk_trap_info *info,
				       const struct uk_regs *regs)
{
	s->trap_error = 0;
	s->trap_vector = regs->cause;
	s->trap_addr = info->addr;
}

/* Floating point exceptions set flags, and trap on few CPUs, if on any. */
static inline int sigframe_float_code(const struct uk_regs *regs UK_UNUSED)
{
	return UK_FPE_FLTINV;
}
#endif
#endif
