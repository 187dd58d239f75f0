/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame of a signal handler on arm64, and how to get at the registers of a context. Linux's layout, siginfo and
 * ucontext, with more behind it.
 */
#ifndef POSIX_SIGNAL_SIGFRAME_H
#define POSIX_SIGNAL_SIGFRAME_H

#include <uk/abi/ucontext.h>

#define SIGFRAME_INFO     0
#define SIGFRAME_UC       128
#define SIGFRAME_MCONTEXT (SIGFRAME_UC + UK_UCONTEXT_MCONTEXT)
#define SIGFRAME_RESTART  (SIGFRAME_UC + 4560)
#define SIGFRAME_RESTORER (SIGFRAME_RESTART + 16)
#define SIGFRAME_FPU      (SIGFRAME_RESTART + 24)
#define SIGFRAME_SIZE     (SIGFRAME_RESTART + 32)
#define SIGFRAME_REDZONE  0

#ifndef __ASSEMBLER__
#include <uk/arch/cpu.h>
#include <uk/arch/ctx.h>
#include <uk/arch/regs.h>
#include <uk/essentials.h>
#include <uk/plat/trap.h>
#include <uk/process.h>
#include <uk/string.h>

struct sigframe {
	struct uk_abi_siginfo info;
	struct uk_abi_ucontext uc;
	void (*restart)(void); /* the handler of the interrupted system call, if it starts again */
	uintptr_t restart_pc;  /* where that call returns to */
	uintptr_t restorer;    /* where the handler returns to */
	uint64_t fpu_saved;    /* floating point registers are in the context */
};

_Static_assert(offsetof(struct sigframe, uc) == SIGFRAME_UC, "uc");
_Static_assert(offsetof(struct sigframe, restart) == SIGFRAME_RESTART, "restart");
_Static_assert(offsetof(struct sigframe, restorer) == SIGFRAME_RESTORER, "restorer");
_Static_assert(offsetof(struct sigframe, fpu_saved) == SIGFRAME_FPU, "fpu_saved");
_Static_assert(sizeof(struct sigframe) == SIGFRAME_SIZE, "size");
_Static_assert(sizeof(struct sigframe) % 16 == 0, "alignment of a handler's stack");
_Static_assert(sizeof(struct uk_abi_fpsimd) == uk_arch_fpu_size, "room");
_Static_assert(offsetof(struct uk_abi_fpsimd, fpsr) == ARM_FPU_STATUS, "uk_arch_fpu_save()");
_Static_assert(offsetof(struct uk_abi_fpsimd, v) == ARM_FPU_V, "uk_arch_fpu_save()");

/* The floating point registers into the context; and as it says again. */
static inline void sigframe_fpu_save(struct sigframe *f)
{
	struct uk_abi_mcontext *m = &f->uc.mcontext;

	m->fpsimd.magic = UK_ABI_FPSIMD_MAGIC;
	m->fpsimd.size = sizeof(m->fpsimd);
	uk_arch_fpu_save(&m->fpsimd);
	m->end[0] = m->end[1] = 0;
	f->fpu_saved = 1;
}

static inline uintptr_t sigframe_sp(const struct sigframe *f)
{
	return f->uc.mcontext.sp;
}

static inline uintptr_t sigframe_pc(const struct sigframe *f)
{
	return f->uc.mcontext.pc;
}

/* What the context will return from the interrupted system call. */
static inline void sigframe_set_result(struct sigframe *f, long result)
{
	f->uc.mcontext.x[0] = (uint64_t)result;
	f->uc.mcontext.pc = f->restart_pc;
}

static inline void sigframe_set_pc(struct sigframe *f, uintptr_t pc)
{
	f->uc.mcontext.pc = pc;
}

/* Continue with a call of `fn` that returns to where the interrupted call would have returned. */
static inline void sigframe_call(struct sigframe *f, void (*fn)(void))
{
	f->uc.mcontext.pc = (uintptr_t)fn;
	f->uc.mcontext.x[30] = f->restart_pc;
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

/* The same frame in another place; what is reserved in it is not. */
static inline void sigframe_copy(struct sigframe *to, const struct sigframe *f)
{
	memcpy(to, f, offsetof(struct sigframe, uc.mcontext.reserved));
	to->restart = f->restart;
	to->restart_pc = f->restart_pc;
	to->restorer = f->restorer;
	to->fpu_saved = f->fpu_saved;
}

/* What the context has beside the registers that entry.S has filled in. */
static inline void sigframe_complete(struct sigframe *f, const struct uk_task_signals *s)
{
	if (!f->fpu_saved) /* of the second of several handlers it is there already */
		sigframe_fpu_save(f);
	/* A handler starts with the modes of a new program. */
	arm_write(fpcr, 0);
	arm_write(fpsr, 0);
	f->uc.mcontext.fault_address = s->trap_addr;
	f->uc.flags = 0;
}

/*
 * Before the context is restored. A handler can write anything to it: of the processor's state only the flags of conditions are
 * its own.
 */
static UK_ALWAYS_INLINE void sigframe_sanitize(struct sigframe *f)
{
	f->uc.mcontext.pstate = (f->uc.mcontext.pstate & ARM_PSTATE_NZCV) | arm_pstate;
	if (f->fpu_saved)
		uk_arch_fpu_restore(&f->uc.mcontext.fpsimd);
}

/* The diverted thread's frame: registers that entry.S did not find where it looked. */
static inline void sigframe_diverted(struct sigframe *f, const struct uk_task_signals *s)
{
	f->uc.mcontext.pc = s->diverted_pc;
	f->uc.mcontext.sp = s->diverted_sp;
}

/* Make the interrupted code continue at `entry` with stack pointer `sp`; entry.S takes over. */
static inline void sigframe_divert(struct uk_regs *regs, struct uk_task_signals *s, uintptr_t sp,
				   void (*entry)(void))
{
	s->diverted_pc = regs->pc;
	s->diverted_sp = regs->sp;
	regs->pc = (uintptr_t)entry;
	regs->sp = sp & ~15UL; /* any access through one that is not aligned is a trap */
}

/* Remember a fault for the contexts to come. */
static inline void sigframe_note_fault(struct uk_task_signals *s, const struct uk_trap_info *info,
				       const struct uk_regs *regs)
{
	s->trap_error = 0;
	s->trap_vector = regs->cause;
	s->trap_addr = info->addr;
}

/* Floating point exceptions set flags, and trap on few CPUs. */
static inline int sigframe_float_code(const struct uk_regs *regs UK_UNUSED)
{
	return UK_FPE_FLTINV;
}

#endif /* !__ASSEMBLER__ */
#endif
