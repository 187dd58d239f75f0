/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts that have not run yet, and vector state for those who switch in the middle of code that
 * uses it. XSAVE where the CPU has it, FXSAVE otherwise (Intel SDM vol. 1 §13).
 */
#include <uk/arch/cpu.h>
#include <uk/arch/ctx.h>
#include <uk/essentials.h>
#include <uk/string.h>

#include "fpu.h"

#define FXSAVE_SIZE   512
#define XSAVE_HEADER  64
#define MXCSR_DEFAULT 0x1f80U /* all exceptions masked, round to nearest */

/* Vector state that we manage: x87, SSE, AVX, AVX-512. Not MPX, and not AMX's 8 KiB of tiles. */
#define XCR0_WANTED 0xe7U

UK_STATIC_ASSERT(offsetof(struct uk_arch_ctx, tp) == UK_ARCH_CTX_TP, "ctx.S");
UK_STATIC_ASSERT(offsetof(struct uk_arch_ctx, mxcsr) == UK_ARCH_CTX_MXCSR, "ctx.S");
UK_STATIC_ASSERT(offsetof(struct uk_arch_ctx, x87cw) == UK_ARCH_CTX_X87CW, "ctx.S");

uint32_t uk_arch_fpu_size = FXSAVE_SIZE;
static uint32_t xcr0;

void x86_ctx_start(void);

void uk_arch_ctx_init(struct uk_arch_ctx *ctx, void *stack_top, void (*entry)(void *), void *arg)
{
	/* As uk_arch_ctx_switch() would have left it; the first four do not matter. */
	struct frame {
		uintptr_t r15, r14, r13, r12, rbx, rbp, ret, align;
	} *f = (struct frame *)((uintptr_t)stack_top & ~15UL) - 1;

	f->rbx = (uintptr_t)arg;
	f->rbp = (uintptr_t)entry;
	f->ret = (uintptr_t)x86_ctx_start;
	ctx->sp = (uintptr_t)f;
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(ctx->mxcsr), "=m"(ctx->x87cw));
}

UK_COLD void x86_fpu_init(void)
{
	uint32_t mxcsr = MXCSR_DEFAULT;

	if (x86_cpu.f1_ecx & X86_F1_ECX_XSAVE) {
		xcr0 = x86_cpuid(0xd, 0).eax & XCR0_WANTED;
		__asm__ volatile("xsetbv" ::"c"(0), "a"(xcr0), "d"(0));
		uk_arch_fpu_size = x86_cpuid(0xd, 0).ebx; /* for what is enabled */
	}
	__asm__ volatile("fninit; ldmxcsr %0" ::"m"(mxcsr));
}

UK_WEAK void uk_arch_fpu_save(void *area)
{
	if (!xcr0) {
		__asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
		return;
	}
	/* XSAVE leaves the header's reserved bytes alone, and XRSTOR faults unless they are 0. */
	memset((char *)area + FXSAVE_SIZE, 0, XSAVE_HEADER);
	__asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(xcr0), "d"(0) : "memory");
}

UK_WEAK void uk_arch_fpu_restore(const void *area)
{
	if (!xcr0)
		__asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
	else
		__asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"(xcr0), "d"(0) : "memory");
}
