/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts that have not run yet.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/ctx.h>
#include <uk/arch/sign.h>
#include <uk/string.h>

UK_STATIC_ASSERT(offsetof(struct uk_arch_ctx, tp) == UK_ARCH_CTX_TP, "ctx.S");

/* As uk_arch_ctx_switch() would have left it: x19 to x30. */
struct frame {
	uint64_t x[12], d[8], fpcr, fpsr;
};
UK_STATIC_ASSERT(offsetof(struct frame, d) == ARM_FRAME_D, "ctx.S");
UK_STATIC_ASSERT(offsetof(struct frame, fpcr) == ARM_FRAME_FPCR, "ctx.S");
UK_STATIC_ASSERT(sizeof(struct frame) == ARM_FRAME_SIZE, "ctx.S");

void arm_ctx_start(void);

void uk_arch_ctx_init(struct uk_arch_ctx *ctx, void *stack_top, void (*entry)(void *), void *arg)
{
	/* Two words of 0 above it: there is no caller. */
	struct frame *f = (struct frame *)(((uintptr_t)stack_top & ~15UL) - 16) - 1;

	memset(f, 0, sizeof(*f) + 16);
	f->x[0] = (uintptr_t)arg;
	f->x[1] = arm_sign((uintptr_t)entry, (uintptr_t)(f + 1) + ARM_SIGNED_ENTRY);
	f->x[11] = arm_sign((uintptr_t)arm_ctx_start,
			    ((uintptr_t)(f + 1) + ARM_SIGNED_CONTEXT) ^ (uintptr_t)ctx << 32);
	f->fpcr = arm_read(fpcr);
	f->fpsr = arm_read(fpsr);
	ctx->sp = (uintptr_t)f;
}
