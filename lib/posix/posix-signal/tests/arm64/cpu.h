/* SPDX-License-Identifier: BSD-3-Clause */
/* What test_signal.c says in assembly, and how this CPU's registers are called in a context. */
#ifndef POSIX_SIGNAL_TEST_CPU_H
#define POSIX_SIGNAL_TEST_CPU_H

#include <uk/abi/ucontext.h>
#include <uk/essentials.h>
#include <uk/string.h>

#define CPU_PC(uc)     ((uc)->mcontext.pc)
#define CPU_RESULT(uc) ((uc)->mcontext.x[0])
#define CPU_READ_SIZE  4 /* of the instruction in cpu_read_page_zero() that reads */

/*
 * Until *calls is not 0 counts both numbers up, with the two halves of vec in two vector registers, and leaves those in out. No
 * system call, nothing of memory but *calls.
 */
static inline void cpu_loop(uint64_t *one, uint64_t *other, const uint64_t vec[4], uint64_t out[4],
			    const volatile int *calls)
{
	uint64_t a = *one, b = *other, n;

	__asm__ volatile(".arch_extension simd\n\t"
			 "ldr q0, [%[vec]]\n\t"
			 "ldr q31, [%[vec], #16]\n"
			 "1:\n\t"
			 "add %[a], %[a], #1\n\t"
			 "add %[b], %[b], #1\n\t"
			 "ldr %w[n], [%[calls]]\n\t"
			 "cbz %w[n], 1b\n\t"
			 "str q0, [%[out]]\n\t"
			 "str q31, [%[out], #16]\n\t"
			 ".arch_extension nosimd"
			 : [a] "+&r"(a), [b] "+&r"(b), [n] "=&r"(n)
			 : [vec] "r"(vec), [out] "r"(out), [calls] "r"(calls)
			 : "memory");
	*one = a;
	*other = b;
}

/* Those two registers become 0. */
static inline void cpu_clobber(void)
{
	__asm__ volatile(".arch_extension simd\n\t"
			 "movi v0.2d, #0\n\t"
			 "movi v31.2d, #0\n\t"
			 ".arch_extension nosimd" ::
				 : "memory");
}

/* Waits for a futex, between two labels; who is sent to the third returns 4242 instead. */
static UK_NOINLINE long cpu_cancellable_wait(uint32_t *word)
{
	register long x0 __asm__("x0") = (long)word;
	register long x1 __asm__("x1") = 0;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;

	/* Global: with link-time optimisation who asks for them may be compiled apart. */
	__asm__ volatile(".globl divert_begin, divert_end, divert_target\n\t"
			 ".hidden divert_begin, divert_end, divert_target\n"
			 "divert_begin:\n\t"
			 "bl uk_sys_futex\n"
			 "divert_end:\n\t"
			 "b 1f\n"
			 "divert_target:\n\t"
			 "mov x0, #4242\n"
			 "1:"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
			   "x16", "x17", "x30", "cc", "memory");
	return x0;
}

static UK_NOINLINE long cpu_read_page_zero(void)
{
	register long x0 __asm__("x0") = 8;

	__asm__ volatile("ldr x0, [x0]" : "+r"(x0)::"memory");
	return x0;
}

/* Nonsense in all that is not the program's own. */
static inline void cpu_garble(struct uk_abi_ucontext *uc)
{
	memset(uc->mcontext.reserved, 0xff, sizeof(uc->mcontext.reserved));
	uc->mcontext.fpsimd.magic = uc->mcontext.fpsimd.size = ~0U;
	uc->mcontext.fpsimd.fpcr = uc->mcontext.fpsimd.fpsr = ~0U;
	uc->mcontext.pstate = ~0x3UL; /* interrupts, level, mode */
	uc->mcontext.fault_address = ~0UL;
}

#endif
