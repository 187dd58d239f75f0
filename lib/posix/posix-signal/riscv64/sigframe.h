/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame of a signal handler on riscv64, and how to get at the registers of a context.
 */
#ifndef POSIX_SIGNAL_SIGFRAME_H
#define POSIX_SIGNAL_SIGFRAME_H

#define SIGFRAME_UC_SIZE    960
#define SIGFRAME_REG_PC     pc
#define SIGFRAME_REG_SP     sp
#define SIGFRAME_REG_LINK   ra
#define SIGFRAME_REG_RESULT a0

#include "frame_link.h"

#ifndef __ASSEMBLER__
#include <uk/string.h>

_Static_assert(offsetof(struct uk_abi_fpstate, reserved) <= uk_arch_fpu_size, "room");
_Static_assert(offsetof(struct uk_abi_fpstate, end) >= uk_arch_fpu_size, "room");

/* The floating point registers into the context; and as it says again. */
static inline void sigframe_fpu_save(struct sigframe *f)
{
	struct uk_abi_fpstate *fp = &f->uc.mcontext.fpregs;

	uk_arch_fpu_save(fp);
	memset(fp->end, 0, sizeof(fp->end));
	f->fpu_saved = 1;
}

/* The same frame in another place. */
static inline void sigframe_copy(struct sigframe *to, const struct sigframe *f)
{
	*to = *f;
}

/* What the context has beside the registers that entry.S has filled in. */
static inline void sigframe_complete(struct sigframe *f, const struct uk_task_signals *s UK_UNUSED)
{
	/* A handler begins with the modes and flags of what it interrupts; of several the next one, too. */
	if (!f->fpu_saved)
		sigframe_fpu_save(f);
	else
		__asm__ volatile("fscsr %0" ::"r"(f->uc.mcontext.fpregs.fcsr));
	f->uc.flags = 0;
}

/* Before the context is restored. A handler can write anything to it, but there is nothing that could fault. */
static UK_ALWAYS_INLINE void sigframe_sanitize(struct sigframe *f)
{
	if (f->fpu_saved)
		uk_arch_fpu_restore(&f->uc.mcontext.fpregs);
}

#endif /* !__ASSEMBLER__ */
#endif
