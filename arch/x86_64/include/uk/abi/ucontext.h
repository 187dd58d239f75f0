/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registers of an interrupted thread as a signal handler sees and may change them
 * (Linux arch/x86/include/uapi/asm/sigcontext.h, asm-generic/ucontext.h).
 */
#ifndef UK_ABI_UCONTEXT_H
#define UK_ABI_UCONTEXT_H

/* Offsets in struct uk_abi_mcontext, for assembly; checked below. */
#define UK_MCONTEXT_R8      0
#define UK_MCONTEXT_R9      8
#define UK_MCONTEXT_R10     16
#define UK_MCONTEXT_R11     24
#define UK_MCONTEXT_R12     32
#define UK_MCONTEXT_R13     40
#define UK_MCONTEXT_R14     48
#define UK_MCONTEXT_R15     56
#define UK_MCONTEXT_RDI     64
#define UK_MCONTEXT_RSI     72
#define UK_MCONTEXT_RBP     80
#define UK_MCONTEXT_RBX     88
#define UK_MCONTEXT_RDX     96
#define UK_MCONTEXT_RAX     104
#define UK_MCONTEXT_RCX     112
#define UK_MCONTEXT_RSP     120
#define UK_MCONTEXT_RIP     128
#define UK_MCONTEXT_EFLAGS  136
#define UK_MCONTEXT_FPSTATE 184

#define UK_UCONTEXT_MCONTEXT 40

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>
#include <uk/abi/signal.h>

struct uk_abi_mcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
	uint64_t eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno; /* of a fault: the CPU's error code and vector */
	uint64_t oldmask;
	uint64_t cr2;  /* the address of a page fault */
	void *fpstate; /* an XSAVE or FXSAVE area, or NULL: left at a function call */
	uint64_t reserved[8];
};

struct uk_abi_ucontext {
	uint64_t flags;
	struct uk_abi_ucontext *link;
	struct uk_abi_stack stack; /* what sigaltstack() was, and will be again */
	struct uk_abi_mcontext mcontext;
	uint64_t sigmask;          /* blocked before the handler, and again after it */
	uint64_t sigmask_rest[15]; /* libcs have room for 1,024 signals */
};

#define UK_MCONTEXT_CHECK(field, off)                                                              \
	_Static_assert(offsetof(struct uk_abi_mcontext, field) == (off), #field)
UK_MCONTEXT_CHECK(r15, UK_MCONTEXT_R15);
UK_MCONTEXT_CHECK(rbx, UK_MCONTEXT_RBX);
UK_MCONTEXT_CHECK(rip, UK_MCONTEXT_RIP);
UK_MCONTEXT_CHECK(eflags, UK_MCONTEXT_EFLAGS);
UK_MCONTEXT_CHECK(fpstate, UK_MCONTEXT_FPSTATE);
_Static_assert(sizeof(struct uk_abi_mcontext) == 256, "struct sigcontext");
_Static_assert(offsetof(struct uk_abi_ucontext, mcontext) == UK_UCONTEXT_MCONTEXT, "mcontext");
_Static_assert(offsetof(struct uk_abi_ucontext, sigmask) == 296, "sigmask");
#endif /* !__ASSEMBLER__ */
#endif
