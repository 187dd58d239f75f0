/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registers of interrupted code: between the host's signal frame and struct uk_regs, which the
 * hooks of <uk/plat/trap.h> see.
 */
#ifndef LINUXU_REGS_H
#define LINUXU_REGS_H

#include <uk/arch/cpu.h>
#include <uk/arch/ctx.h>
#include <uk/arch/regs.h>
#include <uk/arch/trap.h>
#include <uk/plat/mem.h>
#include <uk/string.h>

#include "host.h"

#define ARCH(name) riscv_##name

/* Where the caller is, as far as a backtrace needs to know. */
#define linuxu_regs_here riscv_regs_here

#define GENERAL_REGS UK_REGS_X(32) /* bytes: from pc to t6 both have the same order */
UK_STATIC_ASSERT(offsetof(struct host_mcontext, fpregs) == GENERAL_REGS, "struct user_regs_struct");

/*
 * Also loads the floating point registers that were interrupted: threads may have run meanwhile, and a hook takes them as it
 * finds them. (Of interrupts in the status nothing is said: they are the host's business.)
 */
static inline void linuxu_regs_from_host(struct uk_regs *r, const struct host_ucontext *uc)
{
	memcpy(r, &uc->mcontext, GENERAL_REGS);
	r->status = r->cause = r->tval = 0;
	r->level = 0;
	uk_arch_fpu_restore(&uc->mcontext.fpregs);
}

static inline void linuxu_regs_to_host(const struct uk_regs *r, struct host_ucontext *uc)
{
	memcpy(&uc->mcontext, r, GENERAL_REGS);
}

#define LINUXU_CPU_LOAD "mv gp, %0"

/* The frame was made on another CPU. */
static inline void linuxu_arch_adopt(struct host_ucontext *uc)
{
	__asm__ volatile("mv %0, gp" : "=r"(uc->mcontext.HOST_X(3)));
}

static inline void linuxu_frame_finish(struct host_ucontext *uc)
{
	memset(&uc->mcontext.fpregs, 0, sizeof(uc->mcontext.fpregs));
	uk_arch_fpu_save(&uc->mcontext.fpregs);
	linuxu_arch_adopt(uc);
}

/* Does the instruction at `pc`, which the CPU has begun, write to memory? The host does not tell. (RISC-V ISA vol. 1 §24.) */
static inline bool linuxu_is_store(uintptr_t pc)
{
	const uint16_t *p = (const uint16_t *)pc;
	unsigned low = p[0], funct3 = low >> 13;

	if ((low & 3) != 3) /* in quadrants 0 and 2: fsd, sw, sd; and in 0 sb, sh */
		return (low & 3) != 1 &&
		       (funct3 > 4 || (funct3 == 4 && !(low & 3) && low >> 11 & 1));
	switch (low & 0x7f) {
	case 0x23: /* store, */
	case 0x27: /* of floating point or vectors */
		return true;
	case 0x0f: /* of a cache's line (cbo) */
		return (low >> 12 & 7) == 2;
	case 0x2f: /* atomic, but lr */
		return p[1] >> 11 != 2;
	default:
		return false;
	}
}

/* The cause as the CPU would have said it (scause), and the address. */
static inline void linuxu_set_trap(struct uk_regs *r, int sig, const struct host_siginfo *info,
				   const struct host_ucontext *uc UK_UNUSED)
{
	/* An instruction of 4 bytes may begin on a page that is there. */
	const bool fetch =
		info->addr == r->pc || (info->addr == r->pc + 2 && !(info->addr & UK_PAGE_MASK));

	r->tval = info->addr;
	switch (sig) {
	case HOST_SIGSEGV:
		r->cause = fetch                    ? RISCV_TRAP_FETCH_PAGE
			   : linuxu_is_store(r->pc) ? RISCV_TRAP_STORE_PAGE
						    : RISCV_TRAP_LOAD_PAGE;
		break;
	case HOST_SIGBUS:
		if (info->code == HOST_BUS_ADRALN)
			r->cause = linuxu_is_store(r->pc) ? RISCV_TRAP_STORE_MISALIGNED
							  : RISCV_TRAP_LOAD_MISALIGNED;
		else
			r->cause = fetch                    ? RISCV_TRAP_FETCH_ACCESS
				   : linuxu_is_store(r->pc) ? RISCV_TRAP_STORE_ACCESS
							    : RISCV_TRAP_LOAD_ACCESS;
		break;
	case HOST_SIGILL:
		r->cause = RISCV_TRAP_ILLEGAL;
		break;
	case HOST_SIGTRAP:
		r->cause = RISCV_TRAP_BREAKPOINT;
		break;
	default: /* SIGFPE: no such CPU is known */
		r->cause = 63;
		break;
	}
}

#endif
