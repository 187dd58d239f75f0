/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registers of an interrupted thread as a signal handler sees and may change them
 * (Linux arch/riscv/include/uapi/asm/ucontext.h, ptrace.h).
 */
#ifndef UK_ABI_UCONTEXT_H
#define UK_ABI_UCONTEXT_H

/* Offset in struct uk_abi_mcontext of register xN; pc is in the place of x0. */
#define UK_MCONTEXT_X(n) (8 * (n))
#define UK_MCONTEXT_PC   0

#define UK_UCONTEXT_MCONTEXT 176

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>
#include <uk/abi/signal.h>

/*
 * f0 to f31 and fcsr, as uk_arch_fpu_save() has them; room for what the Q extension would need. Behind a word that is
 * reserved, records of other extensions: a kind and a length each, the last with zeroes.
 */
struct uk_abi_fpstate {
	uint64_t f[32];
	uint32_t fcsr;
	uint32_t reserved[64];
	uint32_t end[3];
} __attribute__((__aligned__(16)));

struct uk_abi_mcontext {
	uint64_t pc, ra, sp, gp, tp, t0, t1, t2, s0, s1;
	uint64_t a0, a1, a2, a3, a4, a5, a6, a7;
	uint64_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
	uint64_t t3, t4, t5, t6;
	struct uk_abi_fpstate fpregs;
};

struct uk_abi_ucontext {
	uint64_t flags;
	struct uk_abi_ucontext *link;
	struct uk_abi_stack stack; /* what sigaltstack() was, and will be again */
	uint64_t sigmask;          /* blocked before the handler, and again after it */
	uint64_t reserved[15];     /* libcs have masks of 1,024 signals */
	struct uk_abi_mcontext mcontext;
};

_Static_assert(sizeof(struct uk_abi_fpstate) == 528, "union __riscv_fp_state");
_Static_assert(offsetof(struct uk_abi_mcontext, a0) == UK_MCONTEXT_X(10), "a0");
_Static_assert(offsetof(struct uk_abi_mcontext, t6) == UK_MCONTEXT_X(31), "t6");
_Static_assert(sizeof(struct uk_abi_mcontext) == 784, "struct sigcontext");
_Static_assert(offsetof(struct uk_abi_ucontext, sigmask) == 40, "uc_sigmask");
_Static_assert(offsetof(struct uk_abi_ucontext, mcontext) == UK_UCONTEXT_MCONTEXT, "uc_mcontext");
#endif /* !__ASSEMBLER__ */
#endif
