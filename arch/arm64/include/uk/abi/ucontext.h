/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registers of an interrupted thread as a signal handler sees and may change them
 * (Linux arch/arm64/include/uapi/asm/ucontext.h, sigcontext.h).
 */
#ifndef UK_ABI_UCONTEXT_H
#define UK_ABI_UCONTEXT_H

/* Offset in struct uk_abi_mcontext of register xN. */
#define UK_MCONTEXT_X(n)   (8 + 8 * (n))
#define UK_MCONTEXT_SP     256
#define UK_MCONTEXT_PC     264
#define UK_MCONTEXT_PSTATE 272

#define UK_UCONTEXT_MCONTEXT 176

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>
#include <uk/abi/signal.h>

/* Behind the registers: records that begin with a kind and a length, the last with zeroes. */
#define UK_ABI_FPSIMD_MAGIC 0x46508001U

/* Floating point and vectors, as uk_arch_fpu_save() has them behind the first 8 bytes. */
struct uk_abi_fpsimd {
	uint32_t magic, size;
	uint32_t fpsr, fpcr;
	uint64_t v[64];
} __attribute__((__aligned__(16)));

struct uk_abi_mcontext {
	uint64_t fault_address;
	uint64_t x[31];
	uint64_t sp, pc, pstate;
	struct uk_abi_fpsimd fpsimd;
	uint32_t end[4];
	uint8_t reserved[4096 - sizeof(struct uk_abi_fpsimd) - 16];
};

struct uk_abi_ucontext {
	uint64_t flags;
	struct uk_abi_ucontext *link;
	struct uk_abi_stack stack; /* what sigaltstack() was, and will be again */
	uint64_t sigmask;          /* blocked before the handler, and again after it */
	uint64_t unused[16];       /* libcs have masks of 1,024 signals */
	struct uk_abi_mcontext mcontext;
};

_Static_assert(sizeof(struct uk_abi_fpsimd) == 528, "struct fpsimd_context");
_Static_assert(offsetof(struct uk_abi_mcontext, x[30]) == UK_MCONTEXT_X(30), "x30");
_Static_assert(offsetof(struct uk_abi_mcontext, sp) == UK_MCONTEXT_SP, "sp");
_Static_assert(offsetof(struct uk_abi_mcontext, pstate) == UK_MCONTEXT_PSTATE, "pstate");
_Static_assert(offsetof(struct uk_abi_mcontext, fpsimd) == 288, "__reserved");
_Static_assert(sizeof(struct uk_abi_mcontext) == 4384, "struct sigcontext");
_Static_assert(offsetof(struct uk_abi_ucontext, sigmask) == 40, "uc_sigmask");
_Static_assert(offsetof(struct uk_abi_ucontext, mcontext) == UK_UCONTEXT_MCONTEXT, "uc_mcontext");
#endif /* !__ASSEMBLER__ */
#endif
