/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Vector registers in a signal's frame, as Linux lays them out (arch/x86/include/uapi/asm/
 * sigcontext.h): an FXSAVE or XSAVE area that says itself which of the two it is and how large.
 *
 * A handler may change it or put another in its place. What comes back is checked and corrected, so
 * that restoring it cannot fault.
 */
#include <sigframe.h>

/* What uk_arch_fpu_save() saves: x87, SSE, AVX, AVX-512, as far as they are enabled. */
#define XFEATURES 0xe7U

#define OSXSAVE         (1U << 27) /* CPUID 1, ecx */
#define LEGACY_SIZE     576U       /* FXSAVE area and XSAVE header */
#define XFEATURE_LEGACY 3U         /* x87 and SSE lie in the FXSAVE area */
#define MXCSR_VALID     0xffffU

static struct {
	bool known;
	uint32_t features; /* 0: the CPU has only FXSAVE */
	uint32_t size;     /* of an XSAVE area with these */
} xsave;

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t *a, uint32_t *b, uint32_t *c)
{
	uint32_t d;

	__asm__("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(d) : "a"(leaf), "c"(sub));
}

static void learn(void)
{
	uint32_t a, b, c, high;

	cpuid(1, 0, &a, &b, &c);
	if (c & OSXSAVE) {
		__asm__("xgetbv" : "=a"(a), "=d"(high) : "c"(0));
		xsave.features = a & XFEATURES;
		xsave.size = LEGACY_SIZE;
		for (uint32_t i = 2; xsave.features >> i; i++)
			if (xsave.features >> i & 1) {
				cpuid(0xd, i, &a, &b, &c); /* a: size, b: offset */
				xsave.size = UK_MAX(xsave.size, a + b);
			}
	}
	xsave.known = true;
}

void sigframe_fpu_save(struct sigframe *f)
{
	struct uk_abi_fpstate *fp = f->fpu;

	if (UK_UNLIKELY(!xsave.known))
		learn();
	uk_arch_fpu_save(fp);
	fp->magic1 = 0;
	if (xsave.features) {
		fp->magic1 = UK_FP_XSTATE_MAGIC1;
		fp->extended_size = xsave.size + sizeof(uint32_t);
		fp->xfeatures = xsave.features;
		fp->xstate_size = xsave.size;
		*(uint32_t *)((char *)fp + xsave.size) = UK_FP_XSTATE_MAGIC2;
	}
	f->uc.mcontext.fpstate = fp;
}

static UK_ALWAYS_INLINE bool is_extended(const struct uk_abi_fpstate *fp)
{
	return xsave.features && fp->magic1 == UK_FP_XSTATE_MAGIC1 &&
	       fp->xstate_size == xsave.size && !((uintptr_t)fp % UK_ARCH_FPU_ALIGN) &&
	       *(const uint32_t *)((const char *)fp + xsave.size) == UK_FP_XSTATE_MAGIC2;
}

/* The last step before the application's code: of this section, so that nobody is diverted here. */
UK_SECTION(".text.uk_sys_signal") void sigframe_fpu_restore(struct uk_abi_fpstate *fp)
{
	uint64_t *r = fp->xsave_reserved;

	fp->mxcsr &= MXCSR_VALID;
	if (is_extended(fp)) {
		fp->xstate_bv &= xsave.features;
		fp->xcomp_bv = 0;
		r[0] = r[1] = r[2] = r[3] = r[4] = r[5] = 0;
		__asm__ volatile("xrstor64 (%0)" ::"r"(fp), "a"(xsave.features), "d"(0) : "memory");
	} else {
		__asm__ volatile("fxrstor64 (%0)" ::"r"(fp) : "memory");
	}
}

/* By the lowest exception that is raised and not masked: x87's status word, and SSE's register. */
int sigframe_float_code(const struct uk_regs *regs)
{
	uint32_t mxcsr, raised;
	uint16_t status, control;

	if (regs->vector == 16) {
		__asm__("fnstsw %0; fnstcw %1" : "=m"(status), "=m"(control));
		raised = status & (uint32_t)~control;
	} else {
		__asm__("stmxcsr %0" : "=m"(mxcsr));
		raised = mxcsr & ~(mxcsr >> 7);
	}
	return raised & 0x01   ? UK_FPE_FLTINV
	       : raised & 0x04 ? UK_FPE_FLTDIV
	       : raised & 0x08 ? UK_FPE_FLTOVF
	       : raised & 0x12 ? UK_FPE_FLTUND /* underflow, or a denormal operand */
			       : UK_FPE_FLTRES;
}
