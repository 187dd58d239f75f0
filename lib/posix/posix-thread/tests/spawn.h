/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting a thread as a libc does: clone() on a stack that holds what to run. */
#ifndef POSIX_THREAD_TEST_SPAWN_H
#define POSIX_THREAD_TEST_SPAWN_H

#include <uk/syscall.h>
#include <uk/thread.h>

/* Linux's flags, as musl passes them. */
#define THREAD_FLAGS 0x7d0f00L

struct spawned {
	_Alignas(16) char stack[16384];
	uint32_t word; /* 1 until the thread has gone: cleared and woken by the kernel */
	int32_t tid;
};

#if defined(__x86_64__)
static inline long spawn(struct spawned *s, void (*fn)(void *), void *arg, uintptr_t tls)
{
	uintptr_t *sp = (uintptr_t *)(s->stack + sizeof(s->stack)) - 2;
	int32_t *ptid = &s->tid;
	uint32_t *ctid = &s->word;
	long flags = THREAD_FLAGS;
	long result;

	sp[0] = (uintptr_t)fn;
	sp[1] = (uintptr_t)arg;
	s->word = 1;
	__asm__ volatile("mov %[tls], %%r8\n\t"
			 "call uk_sys_clone\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "pop %%rax\n\t"
			 "pop %%rdi\n\t"
			 "call *%%rax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "call uk_sys_exit\n"
			 "1:"
			 : "=a"(result), "+D"(flags), "+S"(sp), "+d"(ptid), "+c"(ctid)
			 : [tls] "r"(tls)
			 : "r8", "r9", "r10", "r11", "memory", "cc");
	return result;
}
#elif defined(__riscv)
static inline long spawn(struct spawned *s, void (*fn)(void *), void *arg, uintptr_t tls)
{
	uintptr_t *sp = (uintptr_t *)(s->stack + sizeof(s->stack)) - 2;
	register long a0 __asm__("a0") = THREAD_FLAGS;
	register uintptr_t *a1 __asm__("a1") = sp;
	register int32_t *a2 __asm__("a2") = &s->tid;
	register uintptr_t a3 __asm__("a3") = tls;
	register uint32_t *a4 __asm__("a4") = &s->word;

	sp[0] = (uintptr_t)fn;
	sp[1] = (uintptr_t)arg;
	s->word = 1;
	__asm__ volatile("call uk_sys_clone\n\t"
			 "bnez a0, 1f\n\t"
			 "ld a1, 0(sp)\n\t"
			 "ld a0, 8(sp)\n\t"
			 "jalr a1\n\t"
			 "li a0, 0\n\t"
			 "call uk_sys_exit\n"
			 "1:"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4)
			 :
			 : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a5", "a6", "a7", "memory");
	return a0;
}
#elif defined(__aarch64__)
static inline long spawn(struct spawned *s, void (*fn)(void *), void *arg, uintptr_t tls)
{
	uintptr_t *sp = (uintptr_t *)(s->stack + sizeof(s->stack)) - 2;
	register long x0 __asm__("x0") = THREAD_FLAGS;
	register uintptr_t *x1 __asm__("x1") = sp;
	register int32_t *x2 __asm__("x2") = &s->tid;
	register uintptr_t x3 __asm__("x3") = tls;
	register uint32_t *x4 __asm__("x4") = &s->word;

	sp[0] = (uintptr_t)fn;
	sp[1] = (uintptr_t)arg;
	s->word = 1;
	__asm__ volatile("bl uk_sys_clone\n\t"
			 "cbnz x0, 1f\n\t"
			 "ldp x1, x0, [sp]\n\t"
			 "blr x1\n\t"
			 "mov x0, #0\n\t"
			 "bl uk_sys_exit\n"
			 "1:"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4)
			 :
			 : "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
			   "x17", "x18", "x30", "cc", "memory");
	return x0;
}
#endif

static inline void do_nothing(void *arg)
{
}

/* Waits until the thread has left its stack. */
static inline void join(struct spawned *s)
{
	const int futex_wait = 0;
	struct uk_thread *t;

	while (__atomic_load_n(&s->word, __ATOMIC_ACQUIRE))
		uk_sys_futex((long)&s->word, futex_wait, 1, 0, 0, 0);
	/* A thread of this kind is freed by the next one that starts: leave none behind. */
	t = uk_thread_create(NULL, "reaper", do_nothing, NULL, NULL);
	if (t)
		uk_thread_join(t, UK_NSEC_MAX);
}

#endif
