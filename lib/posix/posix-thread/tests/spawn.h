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

#include "spawn_cpu.h" /* spawn() */

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
