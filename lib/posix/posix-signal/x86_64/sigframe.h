/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame of a signal handler on x86_64, and how to get at the registers of a context.
 */
#ifndef POSIX_SIGNAL_SIGFRAME_H
#define POSIX_SIGNAL_SIGFRAME_H

#include <uk/abi/ucontext.h>

#define SIGFRAME_MCONTEXT (8 + UK_UCONTEXT_MCONTEXT)
#define SIGFRAME_UC       8
#define SIGFRAME_INFO     (8 + 424)
#define SIGFRAME_RESTART  (SIGFRAME_INFO + 128)
#define SIGFRAME_SIZE     (SIGFRAME_RESTART + 16)
#define SIGFRAME_REDZONE  128 /* code of unmodified binaries may use it */

#ifndef __ASSEMBLER__
#include <uk/arch/regs.h>
#include <uk/essentials.h>
#include <uk/process.h>

/*
 * The frame lies on the stack when the handler starts, its first word being the return address.
 * Its last 144 bytes are overwritten when the context is restored (entry.S).
 */
struct sigframe {
	uintptr_t restorer;
	struct uk_abi_ucontext uc;
	struct uk_abi_siginfo info;
	void (*restart)(void); /* the handler of the interrupted system call, if it starts again */
	uintptr_t restart_pc;  /* where that call returns to */
};

_Static_assert(offsetof(struct sigframe, uc) == SIGFRAME_UC, "uc");
_Static_assert(offsetof(struct sigframe, info) == SIGFRAME_INFO, "info");
_Static_assert(offsetof(struct sigframe, restart) == SIGFRAME_RESTART, "restart");
_Static_assert(sizeof(struct sigframe) == SIGFRAME_SIZE, "size");
_Static_assert(sizeof(struct sigframe) % 16 == 0, "alignment of a handler's stack");
_Static_assert(SIGFRAME_SIZE - SIGFRAME_INFO >= 144, "entry.S, restore");

/* Arithmetic flags, direction, trap and alignment check: what an application may set. */
#define EFLAGS_USER  0x40dd5UL
#define EFLAGS_CLEAR 0x40500UL /* trap, direction, alignment check: off when a handler starts */

static inline uintptr_t sigframe_sp(const struct sigframe *f)
{
	return f->uc.mcontext.rsp;
}

static inline uintptr_t sigframe_pc(const struct sigframe *f)
{
	return f->uc.mcontext.rip;
}

/* What the context will return from the interrupted system call. */
static inline void sigframe_set_result(struct sigframe *f, long result)
{
	f->uc.mcontext.rax = (uint64_t)result;
	f->uc.mcontext.rip = f->restart_pc;
}

static inline void sigframe_set_pc(struct sigframe *f, uintptr_t pc)
{
	f->uc.mcontext.rip = pc;
}

/* Continue with a call of `fn` that returns to where the interrupted call would have returned. */
static inline void sigframe_call(struct sigframe *f, void (*fn)(void))
{
	f->uc.mcontext.rip = (uintptr_t)fn;
	f->uc.mcontext.rsp -= 8; /* the return address is still there */
}

/* A handler can write anything to its context; keep it from changing the CPU's mode. */
static inline void sigframe_sanitize(struct sigframe *f)
{
	uint64_t flags;

	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
	f->uc.mcontext.eflags = (f->uc.mcontext.eflags & EFLAGS_USER) | (flags & ~EFLAGS_USER);
}

/*
 * The highest place below `top` where a frame may lie: a function starts with sp + 8 aligned to 16.
 */
static inline struct sigframe *sigframe_place(uintptr_t top)
{
	return (struct sigframe *)(((top - sizeof(struct sigframe)) & ~(uintptr_t)15) - 8);
}

/* The diverted thread's frame: registers that entry.S did not find where it looked. */
static inline void sigframe_diverted(struct sigframe *f, const struct uk_task_signals *s)
{
	f->uc.mcontext.rip = s->diverted_pc;
	f->uc.mcontext.rsp = s->diverted_sp;
	f->uc.mcontext.eflags = s->diverted_flags;
}

/* Make the interrupted code continue at `entry` with stack pointer `sp`; entry.S takes over. */
static inline void sigframe_divert(struct uk_regs *regs, struct uk_task_signals *s, uintptr_t sp,
				   void (*entry)(void))
{
	s->diverted_pc = regs->rip;
	s->diverted_sp = regs->rsp;
	s->diverted_flags = regs->rflags;
	regs->rip = (uintptr_t)entry;
	regs->rsp = sp;
	regs->rflags &= ~EFLAGS_CLEAR;
}

#endif /* !__ASSEMBLER__ */
#endif
