/* SPDX-License-Identifier: BSD-3-Clause */
/* A part of spawn.h: a thread that starts at fn(arg) on the stack of s, by what clone() is called with on this CPU. */
#ifndef POSIX_THREAD_TEST_SPAWN_CPU_H
#define POSIX_THREAD_TEST_SPAWN_CPU_H

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

#endif
