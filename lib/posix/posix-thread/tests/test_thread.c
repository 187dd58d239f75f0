/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads made by clone(), futex(), robust lists, scheduling calls. */
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/process.h>
#include <uk/syscall.h>
#include <uk/test.h>
#include "spawn.h"

#define FUTEX_WAIT        0
#define FUTEX_WAKE        1
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAIT_BITSET 9

static struct spawned a, b;

struct seen {
	int tid;
	uintptr_t tp;
	bool on_stack;
};

static void look(void *arg)
{
	struct seen *s = arg;

	s->tid = (int)uk_sys_gettid();
	s->tp = uk_thread_current()->ctx.tp;
	s->on_stack = (char *)&s >= a.stack && (char *)&s < a.stack + sizeof(a.stack);
}

UK_TEST(posix_thread, clone_and_join)
{
	struct seen s = { 0 };
	uintptr_t tls[2] = { (uintptr_t)tls };
	long tid = spawn(&a, look, &s, (uintptr_t)tls);

	UK_REQUIRE(tid > 1);
	UK_EXPECT_EQ(a.tid, (int)tid);
	join(&a);
	UK_EXPECT_EQ(s.tid, (int)tid);
	UK_EXPECT_EQ(s.tp, (uintptr_t)tls);
	UK_EXPECT(s.on_stack);
	UK_EXPECT_EQ(uk_process_current()->ntasks, 1U);
}

/* PR_SET_NAME */
#define SET_NAME 15

static void name_yourself(void *arg)
{
	char(*labels)[UK_THREAD_LABEL] = arg;

	uk_thread_label(uk_thread_current(), labels[0]);
	uk_sys_prctl(SET_NAME, (long)"worker", 0, 0, 0);
	uk_thread_label(uk_thread_current(), labels[1]);
}

/* Until it has a name of its own it is called by its creator's, with its number. */
UK_TEST(posix_thread, labels)
{
	char labels[2][UK_THREAD_LABEL], own[UK_THREAD_LABEL], expected[UK_THREAD_LABEL];
	long tid = spawn(&a, name_yourself, labels, 0);

	UK_REQUIRE(tid > 1);
	join(&a);
	uk_thread_label(uk_thread_current(), own);
	uk_snprintf(expected, sizeof(expected), "%s:%ld", own, tid);
	UK_EXPECT_STR(labels[0], expected);
	UK_EXPECT_STR(labels[1], "worker");
}

UK_TEST(posix_thread, clone_refuses)
{
	/* Not sharing everything would be a process; an unknown flag a promise. */
	UK_EXPECT_EQ(uk_sys_clone(17, (long)(a.stack + 8192), 0, 0, 0), (long)-ENOSYS);
	UK_EXPECT_EQ(uk_sys_clone(0x10f00 | 0x80000000L, (long)(a.stack + 8192), 0, 0, 0),
		     (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_clone(0x10f00, 0, 0, 0, 0), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_clone(THREAD_FLAGS, (long)(a.stack + 8192), 0, 0, 0), (long)-EFAULT);
}

static uint32_t word;
static int turn;

static void wait_for_word(void *arg)
{
	while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) == 0)
		uk_sys_futex((long)&word, FUTEX_WAIT, 0, 0, 0, 0);
	__atomic_add_fetch(&turn, 1, __ATOMIC_RELAXED);
}

UK_TEST(posix_thread, futex)
{
	struct {
		long sec, nsec;
	} soon = { 0, 2000000 }, bad = { 0, -1 };

	uk_test_one_cpu(); /* so that two turns let both wait */
	word = 0;
	turn = 0;
	UK_REQUIRE(spawn(&a, wait_for_word, NULL, 0) > 0);
	UK_REQUIRE(spawn(&b, wait_for_word, NULL, 0) > 0);
	uk_sys_sched_yield();
	uk_sys_sched_yield();
	UK_EXPECT_EQ(turn, 0);
	word = 1;
	UK_EXPECT_EQ(uk_sys_futex((long)&word, FUTEX_WAKE, 10, 0, 0, 0), 2L);
	join(&a);
	join(&b);
	UK_EXPECT_EQ(turn, 2);
	UK_EXPECT_EQ(uk_sys_futex((long)&word, FUTEX_WAIT, 0, 0, 0, 0), (long)-EAGAIN);
	UK_EXPECT_EQ(uk_sys_futex((long)&word, FUTEX_WAIT, 1, (long)&soon, 0, 0), (long)-ETIMEDOUT);
	UK_EXPECT_EQ(uk_sys_futex((long)&word, FUTEX_WAIT, 1, (long)&bad, 0, 0), (long)-EINVAL);
	/* An absolute time in the past. */
	UK_EXPECT_EQ(uk_sys_futex((long)&word, FUTEX_WAIT_BITSET, 1, (long)&soon, 0, -1L),
		     (long)-ETIMEDOUT);
	UK_EXPECT_EQ(uk_sys_futex((long)&word, FUTEX_CMP_REQUEUE, 1, 1, (long)&turn, 5),
		     (long)-EAGAIN);
	UK_EXPECT_EQ(uk_sys_futex(0, FUTEX_WAKE, 1, 0, 0, 0), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_futex((long)&word, 77, 1, 0, (long)&word, 0), (long)-ENOSYS);
	UK_EXPECT_EQ(uk_sys_futex((long)&word, 6, 0, 0, 0, 0), (long)-ENOSYS); /* how libcs ask */
}

struct robust {
	void *head;
	long offset;
	void *doing;
};

struct lock {
	void *next;
	uint32_t word;
};

static struct lock held, free_lock;

static void die_with_lock(void *arg)
{
	static struct robust list;

	list = (struct robust){ &held, offsetof(struct lock, word), NULL };
	held.next = &free_lock;
	held.word = (uint32_t)uk_sys_gettid() | 0x80000000u;
	free_lock.next = &list;
	free_lock.word = 4;
	uk_sys_set_robust_list((long)&list, sizeof(list));
}

UK_TEST(posix_thread, robust_list)
{
	UK_REQUIRE(spawn(&a, die_with_lock, NULL, 0) > 0);
	join(&a);
	UK_EXPECT_EQ(held.word, 0xc0000000u); /* owner died, waiters */
	UK_EXPECT_EQ(free_lock.word, 4U);
	UK_EXPECT_EQ(uk_sys_set_robust_list((long)&held, 7), (long)-EINVAL);
}

UK_TEST(posix_thread, scheduling)
{
	unsigned long mask = 0, first = 1, all;
	unsigned cpu = 9, none = 0;

	UK_EXPECT_EQ(uk_sys_sched_getaffinity(0, sizeof(mask), (long)&mask), (long)sizeof(mask));
	UK_EXPECT_EQ(mask & 1, 1UL);
	all = mask;
	UK_EXPECT_EQ(uk_sys_sched_setaffinity(0, sizeof(first), (long)&first), 0L);
	UK_EXPECT_EQ(uk_sys_sched_setaffinity(0, sizeof(none), (long)&none), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_sched_getaffinity(12345, sizeof(mask), (long)&mask), (long)-ESRCH);
	UK_EXPECT_EQ(uk_sys_getcpu((long)&cpu, 0, 0), 0L);
	UK_EXPECT_EQ(cpu, 0U); /* moved there, if it ran on another one */
	UK_EXPECT_EQ(uk_sys_sched_getaffinity(0, sizeof(mask), (long)&mask), (long)sizeof(mask));
	UK_EXPECT_EQ(mask, 1UL);
	UK_EXPECT_EQ(uk_sys_sched_setaffinity(0, sizeof(all), (long)&all), 0L);
	UK_EXPECT_EQ(uk_sys_sched_getscheduler(0), 0L);
	UK_EXPECT_EQ(uk_sys_sched_get_priority_max(1), 99L);
	UK_EXPECT_EQ(uk_sys_sched_get_priority_min(5), (long)-EINVAL);
}

/* What it is for, with threads on several CPUs, is in apps/pthread-stress. */
#define QUERY                      0
#define PRIVATE_EXPEDITED          8
#define REGISTER_PRIVATE_EXPEDITED 16

UK_TEST(posix_thread, membarrier)
{
	long has = uk_sys_membarrier(QUERY, 0, 0);

	UK_EXPECT(has > 0 && (has & PRIVATE_EXPEDITED) && (has & REGISTER_PRIVATE_EXPEDITED));
	if (!uk_process_current()->membarrier)
		UK_EXPECT_EQ(uk_sys_membarrier(PRIVATE_EXPEDITED, 0, 0), (long)-EPERM);
	UK_EXPECT_EQ(uk_sys_membarrier(REGISTER_PRIVATE_EXPEDITED, 0, 0), 0L);
	UK_EXPECT_EQ(uk_sys_membarrier(PRIVATE_EXPEDITED, 0, 0), 0L);
	UK_EXPECT_EQ(uk_sys_membarrier(PRIVATE_EXPEDITED, 1, 0), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_membarrier(1 << 20, 0, 0), (long)-EINVAL);
}
