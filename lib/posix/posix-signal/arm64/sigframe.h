/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame of a signal handler on arm64, and how to get at the registers of a context.
 */
#ifndef POSIX_SIGNAL_SIGFRAME_H
#define POSIX_SIGNAL_SIGFRAME_H

#define SIGFRAME_UC_SIZE    4560
#define SIGFRAME_REG_PC     pc
#define SIGFRAME_REG_SP     sp
#define SIGFRAME_REG_LINK   x[30]
#define SIGFRAME_REG_RESULT x[0]

#include "frame_link.h"

#ifndef __ASSEMBLER__
#include <uk/arch/cpu.h>
#include <uk/string.h>

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
	/* A handler begins with the modes and flags of what it interrupts; of several the next one, too. */
	if (!f->fpu_saved) {
		sigframe_fpu_save(f);
	} else {
		arm_write(fpcr, f->uc.mcontext.fpsimd.fpcr);
		arm_write(fpsr, f->uc.mcontext.fpsimd.fpsr);
	}
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

#endif /* !__ASSEMBLER__ */
#endif
