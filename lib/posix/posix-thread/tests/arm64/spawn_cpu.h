/* SPDX-License-Identifier: BSD-3-Clause */
/* A part of spawn.h: a thread that starts at fn(arg) on the stack of s, by what clone() is called with on this CPU. */
#ifndef POSIX_THREAD_TEST_SPAWN_CPU_H
#define POSIX_THREAD_TEST_SPAWN_CPU_H

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
