/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame of a signal handler on x86_64, and how to get at the registers of a context.
 *
 * From low to high addresses: the frame, which starts with the handler's return address; and the
 * vector registers, once they are saved. That is Linux's layout, with more behind the siginfo.
 */
#ifndef POSIX_SIGNAL_SIGFRAME_H
#define POSIX_SIGNAL_SIGFRAME_H

#include <uk/abi/ucontext.h>

#define SIGFRAME_MCONTEXT (8 + UK_UCONTEXT_MCONTEXT)
#define SIGFRAME_UC       8
#define SIGFRAME_INFO     (8 + 304)
#define SIGFRAME_RESTART  (SIGFRAME_INFO + 128)
#define SIGFRAME_FPU      (SIGFRAME_RESTART + 16)
#define SIGFRAME_SIZE     (SIGFRAME_FPU + 8)
#define SIGFRAME_REDZONE  128 /* code of unmodified binaries may use it */
#define SIGFRAME_FPU_TAIL 64  /* for MAGIC2, behind an area of any size */

#define SIGFRAME_REG_PC     rip
#define SIGFRAME_REG_SP     rsp
#define SIGFRAME_REG_RESULT rax

#define SIGFRAME_ILL_CODE   UK_ILL_ILLOPN
#define SIGFRAME_BREAK_CODE UK_SI_KERNEL

#ifndef __ASSEMBLER__
#include <uk/arch/ctx.h>
#include <uk/arch/regs.h>
#include <uk/essentials.h>
#include <uk/plat/trap.h>
#include <uk/process.h>
#include <uk/string.h>

struct sigframe {
	uintptr_t restorer;
	struct uk_abi_ucontext uc;
	/* When the context is restored its beginning becomes what `iretq` takes (entry.S). */
	struct uk_abi_siginfo info;
	void (*restart)(void); /* the handler of the interrupted system call, if it starts again */
	uintptr_t restart_pc;  /* where that call returns to */
	struct uk_abi_fpstate *fpu; /* room for the vector registers */
};

_Static_assert(offsetof(struct sigframe, fpu) == SIGFRAME_FPU, "fpu");
#endif

#include "frame.h"

#ifndef __ASSEMBLER__
/* Arithmetic flags, direction, trap and alignment check: what an application may set. */
#define EFLAGS_USER  0x40dd5UL
#define EFLAGS_CLEAR 0x40500UL /* trap, direction, alignment check: off when a handler starts */

/* fpstate.c: the vector registers into f->fpu, which shows in the context; and as it says again. */
void sigframe_fpu_save(struct sigframe *f);
void sigframe_fpu_restore(struct uk_abi_fpstate *fp);

/* Continue with a call of `fn` that returns to where the interrupted call would have returned. */
static inline void sigframe_call(struct sigframe *f, void (*fn)(void))
{
	f->uc.mcontext.rip = (uintptr_t)fn;
	f->uc.mcontext.rsp -= 8; /* the return address is still there */
}

/* A frame and its vector registers take so much below a stack pointer, and no more. */
static inline size_t sigframe_room(void)
{
	return SIGFRAME_SIZE + uk_arch_fpu_size + SIGFRAME_FPU_TAIL + UK_ARCH_FPU_ALIGN + 16;
}

/* The highest place below `top`: a function starts with sp + 8 aligned to 16. */
static inline struct sigframe *sigframe_place(uintptr_t top)
{
	uintptr_t fpu = UK_ALIGN_DOWN(top - SIGFRAME_FPU_TAIL - uk_arch_fpu_size,
				      (uintptr_t)UK_ARCH_FPU_ALIGN);
	struct sigframe *f = (struct sigframe *)(fpu - 8) - 1;

	f->fpu = (struct uk_abi_fpstate *)fpu;
	return f;
}

/* The same frame in another place. */
static inline void sigframe_copy(struct sigframe *to, const struct sigframe *f)
{
	struct uk_abi_fpstate *fpu = to->fpu;

	*to = *f;
	to->fpu = fpu;
	/* A handler that ran before on the other stack may have left its context there. */
	if (f->uc.mcontext.fpstate == f->fpu) {
		memcpy(fpu, f->fpu, uk_arch_fpu_size + SIGFRAME_FPU_TAIL);
		to->uc.mcontext.fpstate = fpu;
	}
}

/* What the context has beside the registers that entry.S has filled in. */
static inline void sigframe_complete(struct sigframe *f, const struct uk_task_signals *s)
{
	struct uk_abi_mcontext *m = &f->uc.mcontext;
	uint32_t mxcsr = 0x1f80;

	if (!m->fpstate) /* of the second of several handlers it is there already */
		sigframe_fpu_save(f);
	/* A handler starts with the modes of a new program, as on Linux, which has it so on this CPU only. */
	__asm__ volatile("fninit; ldmxcsr %0" ::"m"(mxcsr));
	f->uc.flags = UK_UC_SIGCONTEXT_SS | UK_UC_STRICT_RESTORE_SS |
		      (f->fpu->magic1 ? UK_UC_FP_XSTATE : 0);
	__asm__("mov %%cs, %0" : "=r"(m->cs));
	__asm__("mov %%ss, %0" : "=r"(m->ss));
	m->gs = m->fs = 0;
	m->err = s->trap_error;
	m->trapno = s->trap_vector;
	m->oldmask = f->uc.sigmask;
	m->cr2 = s->trap_addr;
}

/*
 * Before the context is restored. A handler can write anything to it: keep that from changing the
 * CPU's mode, and from faulting in the kernel.
 */
static inline void sigframe_sanitize(struct sigframe *f)
{
	uint64_t flags;

	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
	f->uc.mcontext.eflags = (f->uc.mcontext.eflags & EFLAGS_USER) | (flags & ~EFLAGS_USER);
	if (f->uc.mcontext.fpstate)
		sigframe_fpu_restore(f->uc.mcontext.fpstate);
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

/*
 * Remember a fault for the contexts to come. The error code of a page fault says that it happened
 * in user mode, as programs expect it (Intel SDM vol. 3 §4.7).
 */
static inline void sigframe_note_fault(struct uk_task_signals *s, const struct uk_trap_info *info,
				       const struct uk_regs *regs)
{
	s->trap_error = regs->error;
	s->trap_vector = regs->vector;
	if (info->cause == UK_TRAP_PAGE) {
		s->trap_error |= 4;
		s->trap_addr = info->addr;
	}
}

/* The si_code of a floating point exception: of x87 (vector 16) or SSE (19). */
int sigframe_float_code(const struct uk_regs *regs);

#endif /* !__ASSEMBLER__ */
#endif
