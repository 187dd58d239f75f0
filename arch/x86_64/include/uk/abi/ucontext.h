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
	void *fpstate; /* struct uk_abi_fpstate, and behind it what XSAVE has more */
	uint64_t reserved[8];
};

struct uk_abi_ucontext {
	uint64_t flags;
	struct uk_abi_ucontext *link;
	struct uk_abi_stack stack; /* what sigaltstack() was, and will be again */
	struct uk_abi_mcontext mcontext;
	uint64_t sigmask; /* blocked before the handler, and again after it; libcs reserve more */
};

#define UK_UC_FP_XSTATE         1 /* flags: fpstate is an XSAVE area */
#define UK_UC_SIGCONTEXT_SS     2 /* mcontext.ss is there ... */
#define UK_UC_STRICT_RESTORE_SS 4 /* ... and would be restored as it is */

/*
 * An FXSAVE area (Intel SDM vol. 1 §10.5.1), whose last bytes tell how it goes on: with the header
 * and the components of an XSAVE area, and MAGIC2 right behind those.
 */
#define UK_FP_XSTATE_MAGIC1 0x46505853U
#define UK_FP_XSTATE_MAGIC2 0x46505845U

struct uk_abi_fpstate {
	uint16_t cwd, swd, twd, fop;
	uint64_t rip, rdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t st[8][16], xmm[16][16];
	uint8_t reserved[48];
	uint32_t magic1;        /* MAGIC1, or 0: these 512 bytes are all */
	uint32_t extended_size; /* MAGIC2 included */
	uint64_t xfeatures;     /* the components that there is room for */
	uint32_t xstate_size;   /* without MAGIC2 */
	uint32_t pad[7];
	/* From here on only with MAGIC1: the XSAVE header. */
	uint64_t xstate_bv, xcomp_bv, xsave_reserved[6];
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
_Static_assert(offsetof(struct uk_abi_fpstate, magic1) == 464, "_fpx_sw_bytes");
_Static_assert(offsetof(struct uk_abi_fpstate, xstate_bv) == 512, "_xstate");
#endif /* !__ASSEMBLER__ */
#endif
