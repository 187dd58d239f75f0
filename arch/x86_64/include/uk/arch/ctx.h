/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts: what is left of a thread that is not running, and the switch to another.
 *
 * A context is what the ABI makes a function preserve (System V ABI, AMD64 §3.2.1): the stack
 * pointer, the registers that lie on the stack there, the floating point control words; and the
 * application's thread pointer. All other registers are the caller's, vector registers too: a switch
 * from an interrupt saves those first (entry code does).
 */
#ifndef UK_ARCH_CTX_H
#define UK_ARCH_CTX_H

#define UK_ARCH_CTX_SP    0
#define UK_ARCH_CTX_TP    8
#define UK_ARCH_CTX_MXCSR 16
#define UK_ARCH_CTX_X87CW 20

#ifndef __ASSEMBLER__
#include <uk/arch/ctx_any.h>
#include <uk/essentials.h>

struct uk_arch_ctx {
	uintptr_t sp;
	uintptr_t tp; /* loaded by every switch to it: see uk_arch_tp_set(); 0: has none */
	uint32_t mxcsr;
	uint16_t x87cw;
};

#define uk_arch_leave_stack(top, fn)                                                               \
	__asm__ volatile("mov %0, %%rsp\n\txor %%ebp, %%ebp\n\tcall %P1"                           \
			 :                                                                         \
			 : "r"(top), "i"(fn)                                                       \
			 : "memory")

UK_API_BEGIN

extern void (*uk_arch_ctx_switch)(struct uk_arch_ctx *from, struct uk_arch_ctx *to) UK_NO_LANDING;

/* How a thread pointer is loaded depends on CPU and platform. Weak, as uk_arch_tp_set(). */
void uk_arch_ctx_choose_switch(void);

/* The choice: `wrfsbase`, the MSR, or not at all, for who has loaded it by other means. */
void x86_ctx_switch_fsgsbase(struct uk_arch_ctx *from, struct uk_arch_ctx *to) UK_NO_LANDING;
void x86_ctx_switch_msr(struct uk_arch_ctx *from, struct uk_arch_ctx *to) UK_NO_LANDING;
void x86_ctx_switch_bare(struct uk_arch_ctx *from, struct uk_arch_ctx *to) UK_NO_LANDING;

/* Fs base. Weak: linuxu and Xen PV bring their own. */
uintptr_t uk_arch_tp_get(void);
void uk_arch_tp_set(uintptr_t tp);

#define UK_ARCH_FPU_ALIGN 64
extern uint32_t uk_arch_fpu_size;

UK_API_END
#endif /* !__ASSEMBLER__ */
#endif
