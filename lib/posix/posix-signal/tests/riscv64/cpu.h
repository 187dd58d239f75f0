/* SPDX-License-Identifier: BSD-3-Clause */
/* What test_signal.c says in assembly, and how this CPU's registers are called in a context. */
#ifndef POSIX_SIGNAL_TEST_CPU_H
#define POSIX_SIGNAL_TEST_CPU_H

#include <uk/abi/ucontext.h>
#include <uk/essentials.h>
#include <uk/string.h>

#define CPU_PC(uc)     ((uc)->mcontext.pc)
#define CPU_RESULT(uc) ((uc)->mcontext.a0)
#define CPU_READ_SIZE  4 /* of the instruction in cpu_read_page_zero() that reads */

/*
 * Until *calls is not 0 counts both numbers up, with vec in four floating point registers, and leaves those
 * in out. No system call, nothing of memory but *calls.
 */
static inline void cpu_loop(uint64_t *one, uint64_t *other, const uint64_t vec[4], uint64_t out[4],
			    const volatile int *calls)
{
	uint64_t a = *one, b = *other, n;

	__asm__ volatile("fld ft0, (%[vec])\n\t"
			 "fld fa7, 8(%[vec])\n\t"
			 "fld ft11, 16(%[vec])\n\t"
			 "fld ft8, 24(%[vec])\n"
			 "1:\n\t"
			 "addi %[a], %[a], 1\n\t"
			 "addi %[b], %[b], 1\n\t"
			 "lw %[n], (%[calls])\n\t"
			 "beqz %[n], 1b\n\t"
			 "fsd ft0, (%[out])\n\t"
			 "fsd fa7, 8(%[out])\n\t"
			 "fsd ft11, 16(%[out])\n\t"
			 "fsd ft8, 24(%[out])"
			 : [a] "+&r"(a), [b] "+&r"(b), [n] "=&r"(n)
			 : [vec] "r"(vec), [out] "r"(out), [calls] "r"(calls)
			 : "memory");
	*one = a;
	*other = b;
}

/* Those registers become 0. */
static inline void cpu_clobber(void)
{
	__asm__ volatile("fmv.d.x ft0, zero\n\t"
			 "fmv.d.x fa7, zero\n\t"
			 "fmv.d.x ft11, zero\n\t"
			 "fmv.d.x ft8, zero" ::
				 : "memory");
}

/* Waits for a futex, between two labels; who is sent to the third returns 4242 instead. */
static UK_NOINLINE long cpu_cancellable_wait(uint32_t *word)
{
	register long a0 __asm__("a0") = (long)word;
	register long a1 __asm__("a1") = 0;
	register long a2 __asm__("a2") = 0;
	register long a3 __asm__("a3") = 0;

	/* Global: with link-time optimisation who asks for them may be compiled apart. */
	__asm__ volatile(".globl divert_begin, divert_end, divert_target\n\t"
			 ".hidden divert_begin, divert_end, divert_target\n"
			 "divert_begin:\n\t"
			 "call uk_sys_futex\n"
			 "divert_end:\n\t"
			 "j 1f\n"
			 "divert_target:\n\t"
			 "li a0, 4242\n"
			 "1:"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3)
			 :
			 : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a4", "a5", "a6", "a7", "memory");
	return a0;
}

static UK_NOINLINE long cpu_read_page_zero(void)
{
	register long a0 __asm__("a0") = 8;

	__asm__ volatile(".option push\n\t"
			 ".option norvc\n\t"
			 "ld a0, (a0)\n\t"
			 ".option pop"
			 : "+r"(a0)::"memory");
	return a0;
}

/* Nonsense in all that is not the program's own. */
static inline void cpu_garble(struct uk_abi_ucontext *uc)
{
	memset(uc->mcontext.fpregs.reserved, 0xff, sizeof(uc->mcontext.fpregs.reserved));
	uc->mcontext.fpregs.fcsr = ~0U;
}

#endif
