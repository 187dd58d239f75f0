/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other CPUs of a test: threads that use memory until it ends, and note what is strange.
 */
#ifndef OTHERS_H
#define OTHERS_H

#include <uk/test.h>
#include <uk/thread.h>

#define OTHERS 3

static bool ends;
static unsigned long strange;

static void note(bool bad)
{
	if (bad)
		__atomic_fetch_add(&strange, 1, __ATOMIC_RELAXED);
}

static void join(struct uk_thread *const *t, int n)
{
	__atomic_store_n(&ends, true, __ATOMIC_RELEASE);
	while (n--)
		UK_EXPECT_EQ(uk_thread_join(t[n], UK_NSEC_MAX), 0);
}

/* fn(1), fn(2) ... in a thread each; false, and none is left, if there is no memory for them. */
static bool start(struct uk_thread *t[OTHERS], void (*fn)(void *arg))
{
	ends = false;
	strange = 0;
	for (int i = 0; i < OTHERS; i++) {
		t[i] = uk_thread_create(NULL, "other", fn, (void *)(uintptr_t)(i + 1), NULL);
		if (!t[i]) {
			join(t, i);
			return false;
		}
	}
	return true;
}

static void stop(struct uk_thread *t[OTHERS])
{
	join(t, OTHERS);
	UK_EXPECT_EQ(strange, 0UL);
}

#endif
