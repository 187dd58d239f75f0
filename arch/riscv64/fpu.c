/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts that have not run yet.
 */
#include <uk/arch/ctx.h>
#include <uk/string.h>

UK_STATIC_ASSERT(offsetof(struct uk_arch_ctx, tp) == UK_ARCH_CTX_TP, "ctx.S");

/* As uk_arch_ctx_switch() would have left it. */
struct frame {
	uint64_t ra, s[12], fs[12], fcsr;
};
UK_STATIC_ASSERT(offsetof(struct frame, s) == RISCV_FRAME_S, "ctx.S");
UK_STATIC_ASSERT(offsetof(struct frame, fs) == RISCV_FRAME_FS, "ctx.S");
UK_STATIC_ASSERT(offsetof(struct frame, fcsr) == RISCV_FRAME_FCSR, "ctx.S");
UK_STATIC_ASSERT(sizeof(struct frame) == RISCV_FRAME_SIZE, "ctx.S");

void riscv_ctx_start(void);

void uk_arch_ctx_init(struct uk_arch_ctx *ctx, void *stack_top, void (*entry)(void *), void *arg)
{
	/* Two words of 0 above it: there is no caller. */
	struct frame *f = (struct frame *)(((uintptr_t)stack_top & ~15UL) - 16) - 1;

	memset(f, 0, sizeof(*f) + 16);
	f->ra = (uintptr_t)riscv_ctx_start;
	f->s[0] = (uintptr_t)arg;
	f->s[1] = (uintptr_t)entry;
	__asm__ volatile("frcsr %0" : "=r"(f->fcsr));
	ctx->sp = (uintptr_t)f;
}
