/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each way in which two CPUs can touch the same bytes at once, and next to it one that is no race. This
 * file is compiled with checks, as all libraries are.
 *
 * A race is found sooner or later: so these go on until it is, and give up after a long time. One that
 * must not be found has a three hundredth of that.
 */
#include <uk/atomic.h>
#include <uk/config.h>
#include <uk/kcsan.h>
#include <uk/sched.h>
#include <uk/smp.h>
#include <uk/spinlock.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/thread.h>
#include <uk/time.h>

#ifdef CONFIG_LIBUKKCSAN_LIBS

#define GIVE_UP (60 * UK_NSEC_PER_SEC)

static union {
	uint32_t word;
	uint8_t byte[64];
	uint64_t line[8];
} shared UK_ALIGNED(64);
static struct uk_spinlock lock;
static char text[160], from[64];
static uint32_t stop;
static volatile uint32_t sink;

static void write_word(void)
{
	shared.word++;
}

static void read_word(void)
{
	sink = shared.word;
}

static void write_marked(void)
{
	UK_WRITE_ONCE(shared.word, 1);
}

static void read_marked(void)
{
	sink = UK_READ_ONCE(shared.word);
}

static void add_atomically(void)
{
	__atomic_fetch_add(&shared.word, 1, __ATOMIC_RELAXED);
}

static void write_locked(void)
{
	uk_spin_lock(&lock);
	shared.word++;
	uk_spin_unlock(&lock);
}

static void write_byte_1(void)
{
	shared.byte[1]++;
}

static void write_byte_2(void)
{
	shared.byte[2]++;
}

static void copy_all(void)
{
	memcpy(shared.byte, from, sizeof(shared.byte));
}

static void write_last(void)
{
	shared.line[7] = 1;
}

/* Nothing that the compiler would announce. */
static void write_unseen(void)
{
	__asm__ volatile("incl %0" : "+m"(shared.word));
}

static void other(void *arg)
{
	void (*fn)(void) = (void (*)(void))arg;

	/* Where meet() wants it, which may say so after it has begun elsewhere. */
	while (uk_cpu() != 1)
		uk_sched_yield();
	while (!UK_READ_ONCE(stop))
		for (unsigned i = 0; i < 100; i++)
			fn();
}

static bool has(const char *s, const char *what)
{
	size_t n = uk_strlen(what);

	while (uk_strncmp(s, what, n))
		if (!*s++)
			return false;
	return true;
}

/*
 * What is reported when one thread does `here` and another one `there`, again and again; or "". Until it
 * says a and b: sometimes only the change is seen, since the other one came a moment before.
 */
static const char *meet(void (*here)(void), void (*there)(void), const char *a, const char *b,
			uk_nsec at_most)
{
	uk_nsec end = uk_clock_monotonic() + at_most;
	struct uk_cpuset one = { { 0 } }, all;
	struct uk_thread *t;

	uk_thread_get_cpus(uk_thread_current(), &all);
	UK_WRITE_ONCE(stop, 0);
	uk_kcsan_catch(&shared, sizeof(shared));
	t = uk_thread_create(NULL, "other", other, (void *)there, NULL);
	if (!UK_EXPECT(t))
		return "no thread";
	uk_cpuset_add(&one, 1);
	uk_thread_set_cpus(t, &one);
	one = (struct uk_cpuset){ { 1 } };
	uk_thread_set_cpus(uk_thread_current(), &one);
	do {
		for (unsigned i = 0; i < 100; i++)
			here();
		uk_kcsan_caught(text, sizeof(text));
	} while (!(has(text, a) && has(text, b)) && uk_clock_monotonic() < end);
	UK_WRITE_ONCE(stop, 1);
	uk_thread_join(t, UK_NSEC_MAX);
	uk_kcsan_catch(NULL, 0);
	uk_thread_set_cpus(uk_thread_current(), &all);
	return text;
}

/* In either order: it depends on which of the two was watched. */
#define RACE(here, there, a, b)                                                                    \
	do {                                                                                       \
		const char *said_ = meet(here, there, a, b, GIVE_UP);                              \
		if (!UK_EXPECT(has(said_, a) && has(said_, b)))                                    \
			UK_EXPECT_STR(said_, a " and " b);                                         \
	} while (0)
#define NO_RACE(here, there) UK_EXPECT_STR(meet(here, there, "CPU", "", GIVE_UP / 300), "")

#define NEED_CPUS()                                                                                \
	do {                                                                                       \
		if (!uk_kcsan_active())                                                            \
			UK_TEST_SKIP("one CPU: nothing can race");                                 \
	} while (0)

UK_TEST(ukkcsan, plain)
{
	NEED_CPUS();
	RACE(write_word, write_word, "of 4 bytes on CPU 0, thread `main`",
	     "of 4 bytes on CPU 1, thread `other`");
	RACE(read_word, write_word, "of 4 bytes on CPU 0", "write of 4 bytes on CPU 1");
	NO_RACE(read_word, read_word);
}

UK_TEST(ukkcsan, marked)
{
	NEED_CPUS();
	RACE(read_marked, write_word, "marked read of 4 bytes on CPU 0",
	     "write of 4 bytes on CPU 1");
	RACE(read_word, write_marked, "read of 4 bytes on CPU 0",
	     "marked write of 4 bytes on CPU 1");
	RACE(read_word, add_atomically, "read of 4 bytes on CPU 0",
	     "marked write of 4 bytes on CPU 1");
	NO_RACE(read_marked, write_marked);
	NO_RACE(write_marked, add_atomically);
	NO_RACE(add_atomically, add_atomically);
}

UK_TEST(ukkcsan, locked)
{
	NEED_CPUS();
	NO_RACE(write_locked, write_locked);
	RACE(write_locked, write_word, "of 4 bytes on CPU 0", "of 4 bytes on CPU 1");
}

UK_TEST(ukkcsan, bytes)
{
	NEED_CPUS();
	NO_RACE(write_byte_1, write_byte_2);
	RACE(write_byte_1, write_word, "of 1 byte on CPU 0", "of 4 bytes on CPU 1");
}

UK_TEST(ukkcsan, copies)
{
	NEED_CPUS();
	RACE(write_last, copy_all, "write of 8 bytes on CPU 0", "write of 64 bytes on CPU 1");
}

/* Who it was cannot be told, but that somebody was there. */
UK_TEST(ukkcsan, unseen)
{
	NEED_CPUS();
	RACE(read_word, write_unseen, "read of 4 bytes on CPU 0", "");
}

#endif
