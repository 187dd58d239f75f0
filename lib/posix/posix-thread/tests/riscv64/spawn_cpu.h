/* SPDX-License-Identifier: BSD-3-Clause */
/* A part of spawn.h: a thread that starts at fn(arg) on the stack of s, by what clone() is called with on this CPU. */
#ifndef POSIX_THREAD_TEST_SPAWN_CPU_H
#define POSIX_THREAD_TEST_SPAWN_CPU_H

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

#endif
