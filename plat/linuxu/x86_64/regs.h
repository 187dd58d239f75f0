/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registers of interrupted code: between the host's signal frame and struct uk_regs, which the
 * hooks of <uk/plat/trap.h> see.
 */
#ifndef LINUXU_REGS_H
#define LINUXU_REGS_H

#include <host_arch.h>
#include <uk/arch/regs.h>
#include <uk/arch/trap.h>

/* What the host leaves in the unused bytes of its FXSAVE area (struct _fpx_sw_bytes). */
#define FP_SW_BYTES     464
#define FP_XSTATE_MAGIC 0x46505853U

struct linuxu_fp_sw_bytes {
	uint32_t magic;
	uint32_t extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size;
};

/* Pairs of (host's name, ours) for both directions. */
/* clang-format off */
#define LINUXU_REGS(X) \
	X(R8, r8) X(R9, r9) X(R10, r10) X(R11, r11) X(R12, r12) X(R13, r13) X(R14, r14) X(R15, r15) \
	X(RDI, rdi) X(RSI, rsi) X(RBP, rbp) X(RBX, rbx) X(RDX, rdx) X(RAX, rax) X(RCX, rcx) \
	X(RSP, rsp) X(RIP, rip) X(RFLAGS, rflags)
/* clang-format on */

/*
 * Also loads the vector registers that were interrupted: the host gives a handler fresh ones, while
 * a hook takes them as it finds them.
 */
static inline void linuxu_regs_from_host(struct uk_regs *r, const struct host_ucontext *uc)
{
#define X(host, ours) r->ours = uc->gregs[HOST_REG_##host];
	LINUXU_REGS(X)
#undef X
	r->vector = uc->gregs[HOST_REG_TRAPNO];
	r->error = uc->gregs[HOST_REG_ERR];
	r->cs = uc->gregs[HOST_REG_SEGMENTS] & 0xffff;
	r->ss = uc->gregs[HOST_REG_SEGMENTS] >> 48;
	if (uc->fpstate) {
		const struct linuxu_fp_sw_bytes *sw =
			(const void *)((const char *)uc->fpstate + FP_SW_BYTES);

		if (sw->magic == FP_XSTATE_MAGIC)
			__asm__ volatile("xrstor64 (%0)" ::"r"(uc->fpstate),
					 "a"((uint32_t)sw->xfeatures),
					 "d"((uint32_t)(sw->xfeatures >> 32))
					 : "memory");
		else
			__asm__ volatile("fxrstor64 (%0)" ::"r"(uc->fpstate) : "memory");
	}
}

static inline void linuxu_regs_to_host(const struct uk_regs *r, struct host_ucontext *uc)
{
#define X(host, ours) uc->gregs[HOST_REG_##host] = r->ours;
	LINUXU_REGS(X)
#undef X
}

/* Where the caller is, as far as a backtrace needs to know. */
#define linuxu_regs_here x86_regs_here

/* What a frame says of the CPU it was made on is nothing: gs stays as it is. */
static inline void linuxu_arch_adopt(struct host_ucontext *uc UK_UNUSED)
{
}

#endif
