/* SPDX-License-Identifier: BSD-3-Clause */
/* What test_signal.c says in assembly, and how this CPU's registers are called in a context. */
#ifndef POSIX_SIGNAL_TEST_CPU_H
#define POSIX_SIGNAL_TEST_CPU_H

#include <uk/abi/ucontext.h>
#include <uk/essentials.h>
#include <uk/string.h>

#define CPU_PC(uc)     ((uc)->mcontext.rip)
#define CPU_RESULT(uc) ((uc)->mcontext.rax)
#define CPU_READ_SIZE  8 /* of the instruction in cpu_read_page_zero() that reads */

/*
 * Until *calls is not 0 counts both numbers up, with the two halves of vec in two vector registers, and leaves those in out. No
 * system call, nothing of memory but *calls.
 */
static inline void cpu_loop(uint64_t *one, uint64_t *other, const uint64_t vec[4], uint64_t out[4],
			    const volatile int *calls)
{
	uint64_t a = *one, b = *other;

	__asm__ volatile("movdqu (%[vec]), %%xmm0\n\t"
			 "movdqu 16(%[vec]), %%xmm15\n"
			 "1:\n\t"
			 "lea 1(%[a]), %[a]\n\t"
			 "lea 1(%[b]), %[b]\n\t"
			 "cmpl $0, %[calls]\n\t"
			 "je 1b\n\t"
			 "movdqu %%xmm0, (%[out])\n\t"
			 "movdqu %%xmm15, 16(%[out])"
			 : [a] "+r"(a), [b] "+r"(b)
			 : [vec] "r"(vec), [out] "r"(out), [calls] "m"(*calls)
			 : "memory", "cc");
	*one = a;
	*other = b;
}

/* Those two registers become 0. */
static inline void cpu_clobber(void)
{
	__asm__ volatile("pxor %%xmm0, %%xmm0; pxor %%xmm15, %%xmm15" ::: "memory");
}

/* Waits for a futex, between two labels; who is sent to the third returns 4242 instead. */
static UK_NOINLINE long cpu_cancellable_wait(uint32_t *word)
{
	long result, val = 0, op = 0, timeout = 0;

	/* Global: with link-time optimisation who asks for them may be compiled apart. */
	__asm__ volatile(".globl divert_begin, divert_end, divert_target\n\t"
			 ".hidden divert_begin, divert_end, divert_target\n"
			 "divert_begin:\n\t"
			 "call uk_sys_futex\n"
			 "divert_end:\n\t"
			 "jmp 1f\n"
			 "divert_target:\n\t"
			 "mov $4242, %%eax\n"
			 "1:"
			 : "=a"(result), "+D"(word), "+S"(op), "+d"(val), "+c"(timeout)
			 :
			 : "r8", "r9", "r10", "r11", "memory", "cc");
	return result;
}

static UK_NOINLINE long cpu_read_page_zero(void)
{
	long result;

	__asm__ volatile("mov 0x8, %0" : "=a"(result)); /* 48 8b 04 25 imm32 */
	return result;
}

/* Nonsense in all that is not the program's own. */
static inline void cpu_garble(struct uk_abi_ucontext *uc)
{
	struct uk_abi_fpstate *fp = uc->mcontext.fpstate;

	fp->mxcsr |= 0xffff0000;
	if (fp->magic1)
		memset(&fp->xstate_bv, 0xff, 64);
	uc->mcontext.eflags ^= 0x3200; /* interrupts, privilege level */
	uc->mcontext.cs = uc->mcontext.ss = 0;
}

#endif
