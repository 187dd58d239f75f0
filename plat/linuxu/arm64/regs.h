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
#include <uk/string.h>

#include "host.h"

#define ARCH(name) arm_##name

/* Where the caller is, as far as a backtrace needs to know. */
#define linuxu_regs_here arm_regs_here

#define GENERAL_REGS                                                                               \
	UK_REGS_CAUSE /* bytes: from x0 to the processor's state both have the same order */
UK_STATIC_ASSERT(offsetof(struct host_mcontext, records) == 8 + GENERAL_REGS + 8,
		 "struct sigcontext");
UK_STATIC_ASSERT(HOST_FPSIMD_SIZE == uk_arch_fpu_size, "struct fpsimd_context");

/* The record of that kind, or NULL. */
static inline const struct host_record *linuxu_record(const struct host_ucontext *uc,
						      uint32_t magic)
{
	const uint8_t *p = uc->mcontext.records, *end = p + sizeof(uc->mcontext.records);
	const struct host_record *r = (const struct host_record *)p;

	while (p < end && r->magic != magic && r->size) {
		p += r->size;
		r = (const struct host_record *)p;
	}
	return p < end && r->magic == magic ? r : NULL;
}

/*
 * Also loads the vector registers that were interrupted: threads may have run meanwhile, and a hook takes them as it
 * finds them. Interrupts are the host's business: as if they had been masked.
 */
static inline void linuxu_regs_from_host(struct uk_regs *r, const struct host_ucontext *uc)
{
	const struct host_record *fpsimd = linuxu_record(uc, HOST_FPSIMD_MAGIC);

	memcpy(r, uc->mcontext.x, GENERAL_REGS);
	r->status |= ARM_PSTATE_I;
	r->cause = ~0UL;
	r->addr = 0;
	r->level = 0;
	if (fpsimd)
		uk_arch_fpu_restore(fpsimd);
}

#ifdef CONFIG_SMP
extern char uk_text_start[] __attribute__((visibility("hidden")));
extern char uk_text_end[] __attribute__((visibility("hidden")));

#define LINUXU_CPU_LOAD "mov x18, %0"
#define MOV_X18         0xaa1203e0U /* mov xN, x18: in its lowest 5 bits N */

/*
 * The frame was made on another CPU. If that was between the two instructions that access a CPU's data, the first has to
 * be done again (<uk/arch/percpu.h>; what the first is here: thiscpu.py).
 */
static inline void linuxu_arch_adopt(struct host_ucontext *uc)
{
	const uintptr_t pc = uc->mcontext.pc;

	__asm__ volatile("mov %0, x18" : "=r"(uc->mcontext.x[18]));
	if (pc > (uintptr_t)uk_text_start && pc < (uintptr_t)uk_text_end &&
	    arm_between_access(pc, MOV_X18))
		uc->mcontext.pc -= 4;
}
#endif

/* Of the processor's state only the flags of conditions are the interrupted code's: the host does not take all of it. */
static inline void linuxu_regs_to_host(const struct uk_regs *r, struct host_ucontext *uc)
{
	const uint64_t state = uc->mcontext.pstate & ~(uint64_t)ARM_PSTATE_NZCV;

	memcpy(uc->mcontext.x, r, GENERAL_REGS);
	uc->mcontext.pstate = state | (r->status & ARM_PSTATE_NZCV);
}

static inline void linuxu_frame_finish(struct host_ucontext *uc)
{
	struct host_record *r = (struct host_record *)uc->mcontext.records;

	uc->mcontext.pstate &= ARM_PSTATE_NZCV;
	uk_arch_fpu_save(r);
	r->magic = HOST_FPSIMD_MAGIC;
	r->size = HOST_FPSIMD_SIZE;
	memset(uc->mcontext.records + HOST_FPSIMD_SIZE, 0, sizeof(*r)); /* the last one */
#ifdef CONFIG_SMP
	__asm__ volatile("mov %0, x18"
			 : "=r"(uc->mcontext.x[18])); /* whatever a handler has made of it */
#endif
}

/*
 * Does the instruction at `pc`, which the CPU has begun, write to memory? Of some it does not matter: those only a kernel has (DDI 0487,
 * C4.1, loads and stores).
 */
static inline bool linuxu_is_store(uintptr_t pc)
{
	const uint32_t i = *(const uint32_t *)pc;

	if ((i & 0x0a000000) != 0x08000000) /* dc zva, or an SVE store */
		return (i & 0xffffffe0) == 0xd50b7420 || (i & 0xfe000000) == 0xe4000000;
	switch (i >> 27 & 7) {
	case 1: /* exclusive or ordered: but for compare and swap; or structures of vectors */
		return !(i >> 22 & 1) || (!(i & 0x04000000) && (i & 0x00a00000) == 0x00a00000) ||
		       (i & 0xbfa00000) == 0x08200000;
	case 3: /* relative to pc; of what is ordered and at an offset, a store */
		return (i & 0x3fe00c00) == 0x19000000;
	case 5: /* a pair */
		return !(i >> 22 & 1);
	default: /* opc: 0 is a store; with vectors also 2, of 16 bytes */
		if ((i & 0x3b200c00) == 0x38200000 && !(i & 0x04000000)) /* atomic, but ldapr */
			return (i & 0x0000f000) != 0x0000c000;
		if ((i & 0x3b200400) == 0x38200400) /* with a signed address */
			return false;
		return !(i >> 22 & 3) || ((i & 0x04000000) && (i >> 22 & 3) == 2);
	}
}

/* A syndrome as the CPU would have given it, where the host keeps that for itself: qemu-user, and traps but aborts. */
static inline uint64_t linuxu_syndrome(const struct uk_regs *r, int sig,
				       const struct host_siginfo *info)
{
	const bool fetch = info->addr == r->pc;
	const uint64_t abort = (uint64_t)(fetch ? ARM_EC_FETCH : ARM_EC_DATA) << ARM_ESR_EC;
	const uint64_t level = 3; /* of the page tables */

	switch (sig) {
	case HOST_SIGSEGV:
		return abort | level |
		       (info->code == HOST_SEGV_MAPERR ? ARM_FSC_MISSING : ARM_FSC_PERMISSION) |
		       (!fetch && linuxu_is_store(r->pc) ? ARM_ISS_WRITE : 0);
	case HOST_SIGBUS:
		if (info->code == HOST_BUS_ADRALN)
			return fetch ? (uint64_t)ARM_EC_PC_ALIGN << ARM_ESR_EC
				     : abort | ARM_FSC_ALIGNMENT;
		return abort | ARM_FSC_EXTERNAL;
	case HOST_SIGFPE:
		return (uint64_t)ARM_EC_FLOAT << ARM_ESR_EC;
	case HOST_SIGTRAP:
		return (uint64_t)ARM_EC_BRK << ARM_ESR_EC;
	default:
		return (uint64_t)ARM_EC_UNKNOWN << ARM_ESR_EC;
	}
}

/* What it was, as on a CPU of our own: aborts of a lower level are those of this one. */
static inline void linuxu_set_trap(struct uk_regs *r, int sig, const struct host_siginfo *info,
				   const struct host_ucontext *uc)
{
	const struct host_record *esr = linuxu_record(uc, HOST_ESR_MAGIC);
	const unsigned class = esr ? (unsigned)(esr->esr >> ARM_ESR_EC) & 0x3f : 0;

	r->addr = info->addr;
	if (class == ARM_EC_FETCH_LOWER || class == ARM_EC_DATA_LOWER)
		r->cause = esr->esr + (1UL << ARM_ESR_EC);
	else
		r->cause = esr && esr->esr ? esr->esr : linuxu_syndrome(r, sig, info);
}

#endif
