/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * musl's pthread_create.c, with stacks from the kernel's stack allocator, and with signals masked
 * only where there are handlers (masks.h).
 *
 * The stack allocator keeps recently freed stacks mapped, guard page included, where musl would map, protect and
 * unmap for every thread. What musl relies on and a used stack does not offer is that the top, where
 * the thread's structure and TLS go, is zero.
 */
#define _GNU_SOURCE
#include "pthread_impl.h"
#include "stdio_impl.h"
#include "libc.h"
#include "lock.h"
#include <sys/mman.h>
#include <string.h>
#include <stddef.h>
#include "masks.h"
#include "stack.h"

weak volatile int __uk_handlers; /* sigaction.c has another, if there is one */

/* At the lower end of the stack of a detached thread that has ended. */
struct grave {
	struct grave *next;
	size_t size, guard;
	int tid;
};

static void *volatile graves;

static void bury(struct grave *g)
{
	do
		g->next = graves;
	while (a_cas_p(&graves, g->next, g) != g->next);
}

/*
 * Frees the stacks of detached threads that have ended since. An ending thread holds
 * __thread_list_lock until the kernel clears it, when the thread has left its stack; so all but
 * the one whose id is in the lock are free.
 */
static void clear_graves(void)
{
	struct grave *g, *next;

	if (!graves)
		return;
	do
		g = graves;
	while (g && a_cas_p(&graves, g, 0) != g);
	for (; g; g = next) {
		next = g->next;
		if (g->tid == __thread_list_lock)
			bury(g);
		else
			__uk_stack_unmap((char *)g - g->guard, g->size, g->guard);
	}
}

void __unmapself(void *base, size_t size)
{
	pthread_t self = __pthread_self();
	struct grave *g = (void *)((char *)base + self->guard_size);

	g->size = size;
	g->guard = self->guard_size;
	g->tid = self->tid;
	bury(g);
	for (;;)
		__syscall(SYS_exit, 0);
}

void *__uk_stack_map(size_t size, size_t guard)
{
	char *map;

	clear_graves();
	if (guard <= PAGE_SIZE) {
		map = __uk_stack_alloc(size - guard);
		if (!map)
			return MAP_FAILED;
		map -= guard;
		size_t tls = libc.tls_size + __pthread_tsd_size;
		memset(map + size - tls, 0, tls);
		return map;
	}
	map = __mmap(0, size, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
	if (map != MAP_FAILED && __mprotect(map + guard, size - guard, PROT_READ | PROT_WRITE)) {
		__munmap(map, size);
		map = MAP_FAILED;
	}
	return map;
}

void __uk_stack_unmap(void *map, size_t size, size_t guard)
{
	if (guard <= PAGE_SIZE)
		__uk_stack_free((char *)map + guard, size - guard);
	else
		__munmap(map, size);
}

/* The new thread's mask is its creator's by inheritance; it is set only if the creator blocked more. */
static inline long set_first_mask(long nr, long how, const unsigned long *mask, void *old,
				  long size)
{
	if (how == SIG_SETMASK && (*mask & UK_MUSL_NO_MASK))
		return 0;
	return __syscall4(SYS_rt_sigprocmask, how, mask, old, size);
}

#undef __syscall
#define __syscall(...)            __SYSCALL_DISP(uk_musl_call, __VA_ARGS__)
#define uk_musl_call1(n, a)       __syscall1(n, a)
#define uk_musl_call2(n, a, b)    __syscall2(n, a, b)
#define uk_musl_call3(n, a, b, c) __syscall3(n, a, b, c)
#define uk_musl_call4(n, a, b, c, d)                                                               \
	set_first_mask(n, a, (const unsigned long *)(b), (void *)(c), d)
#define __block_app_sigs(set)                    uk_musl_block(set)
#define __restore_sigs(set)                      uk_musl_restore(set)
#define __block_all_sigs(set)                    ((void)0) /* the stack stays until the thread has left it */
#define __mmap(addr, size, prot, flags, fd, off) __uk_stack_map(size, (prot) ? 0 : guard)
#define __mprotect(addr, size, prot)             0
#define __munmap(map, size)                      __uk_stack_unmap(map, size, guard)

#include "src/thread/pthread_create.c"
