/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * epoll over eventfds and pipes. That it answers as Linux does is tests/differ; here is what needs the
 * kernel's view: that nothing is lost or leaked when threads add, remove, close and wait at once.
 */
#include <uk/abi/epoll.h>
#include <uk/abi/file.h>
#include <uk/abi/poll.h>
#include <uk/alloc.h>
#include <uk/atomic.h>
#include <uk/errno.h>
#include <uk/event.h>
#include <uk/syscall.h>
#include <uk/test.h>
#include <uk/thread.h>
#include <uk/time.h>

#define WAITERS 3
#define ROUNDS  300

static int ep, ev;
static uint64_t taken;
static uint32_t stop;

static long control(int op, int fd, uint32_t events, uint64_t data)
{
	struct uk_abi_epoll_event e = { .events = events, .data = data };

	return uk_sys_epoll_ctl(UK_READ_ONCE(ep), op, fd, (long)&e);
}

static long ready(uint64_t *data, int timeout)
{
	struct uk_abi_epoll_event e = { 0, 0 };
	long n = uk_sys_epoll_pwait(UK_READ_ONCE(ep), (long)&e, 1, timeout, 0, 8);

	if (data)
		*data = e.data;
	return n;
}

static bool begin(void)
{
	ep = (int)uk_sys_epoll_create1(0);
	ev = (int)uk_sys_eventfd2(0, UK_O_NONBLOCK);
	taken = 0;
	stop = 0;
	return ep >= 0 && ev >= 0;
}

static void end(void)
{
	uk_sys_close(ev);
	uk_sys_close(ep);
}

UK_TEST(posix_epoll, level_edge_oneshot)
{
	uint64_t one = 1, data;

	UK_REQUIRE(begin());
	UK_REQUIRE(!control(UK_EPOLL_CTL_ADD, ev, UK_POLLIN, 5)); /* it would be waited for */
	UK_EXPECT_EQ(ready(NULL, 0), 0L);
	uk_sys_write(ev, (long)&one, 8);
	UK_EXPECT_EQ(ready(&data, 0), 1L);
	UK_EXPECT_EQ(data, 5UL);
	UK_EXPECT_EQ(ready(NULL, -1), 1L);
	UK_EXPECT_EQ(control(UK_EPOLL_CTL_MOD, ev, UK_POLLIN | UK_EPOLLET, 6), 0L);
	UK_EXPECT_EQ(ready(&data, 0), 1L);
	UK_EXPECT_EQ(data, 6UL);
	UK_EXPECT_EQ(ready(NULL, 0), 0L);
	uk_sys_write(ev, (long)&one, 8);
	UK_EXPECT_EQ(ready(NULL, 0), 1L);
	UK_EXPECT_EQ(control(UK_EPOLL_CTL_MOD, ev, UK_POLLIN | UK_EPOLLONESHOT, 6), 0L);
	UK_EXPECT_EQ(ready(NULL, 0), 1L);
	uk_sys_write(ev, (long)&one, 8);
	UK_EXPECT_EQ(ready(NULL, 2), 0L);
	UK_EXPECT_EQ(control(UK_EPOLL_CTL_DEL, ev, 0, 0), 0L);
	UK_EXPECT_EQ(control(UK_EPOLL_CTL_DEL, ev, 0, 0), (long)-ENOENT);
	end();
}

#ifdef CONFIG_SMP
static bool comes; /* while somebody looks */
static unsigned looked, fetched;
static uk_nsec until;

static bool look(const struct uk_queue *q, uk_nsec deadline)
{
	uint64_t one = 1;

	looked++;
	until = deadline;
	UK_EXPECT(uk_queue_empty(q));
	if (comes)
		uk_sys_write(ev, (long)&one, 8);
	return !uk_queue_empty(q);
}

static bool fetch(bool wait)
{
	fetched++;
	return false;
}

static void fetch_done(void)
{
}

/* What comes while input is looked for ends that, and nobody asks for interrupts. */
static void looks(void)
{
	static const struct uk_event_input in = { .fetch = fetch,
						  .done = fetch_done,
						  .look = look };
	const struct uk_event_input *was = uk_event_input;
	uk_nsec latest;
	uint64_t data;

	UK_REQUIRE(begin());
	UK_REQUIRE(!control(UK_EPOLL_CTL_ADD, ev, UK_POLLIN, 5));
	looked = fetched = 0;
	comes = true;
	uk_event_input = &in;
	UK_EXPECT_EQ(ready(&data, 1000), 1L);
	uk_event_input = was;
	UK_EXPECT_EQ(data, 5UL);
	UK_EXPECT_EQ(looked, 1U);
	UK_EXPECT_EQ(fetched, 0U);

	UK_REQUIRE(uk_sys_read(ev, (long)&data, 8) == 8);
	comes = false;
	uk_event_input = &in;
	UK_EXPECT_EQ(ready(NULL, 2), 0L);
	uk_event_input = was;
	latest = uk_clock_monotonic();
	UK_EXPECT(looked > 1);
	UK_EXPECT(fetched > 0);
	UK_EXPECT(until <= latest);
	end();
}
#endif

UK_TEST(posix_epoll, looks_before_it_sleeps)
{
#ifdef CONFIG_SMP
	looks();
#else
	UK_TEST_SKIP("with one CPU there is nobody to look while others work");
#endif
}

UK_TEST(posix_epoll, what_closes_is_forgotten)
{
	uint64_t one = 1;
	int i, fd;

	UK_REQUIRE(begin());
	for (i = 0; i < 100; i++) {
		fd = (int)uk_sys_eventfd2(1, 0);
		UK_EXPECT_EQ(control(UK_EPOLL_CTL_ADD, fd, UK_POLLIN, 1), 0L);
		uk_sys_close(fd);
	}
	UK_EXPECT_EQ(ready(NULL, 0), 0L);
	control(UK_EPOLL_CTL_ADD, ev, UK_POLLIN, 5);
	uk_sys_write(ev, (long)&one, 8);
	uk_sys_close(ep); /* with an item on the list */
	uk_sys_close(ev);
}

static void take(void *unused)
{
	uint64_t n;

	while (!uk_atomic_load_acquire(&stop)) {
		if (ready(NULL, 20) != 1)
			continue;
		if (uk_sys_read(ev, (long)&n, 8) == 8)
			uk_atomic_add_relaxed(&taken, n);
	}
}

static void come_and_go(void *unused)
{
	uint64_t one = 1;
	int i, fd;

	for (i = 0; i < ROUNDS; i++) {
		fd = (int)uk_sys_eventfd2(0, 0);
		control(UK_EPOLL_CTL_ADD, fd, UK_POLLIN | UK_EPOLLET, 2);
		uk_sys_write(fd, (long)&one, 8);
		if (i & 1)
			control(UK_EPOLL_CTL_DEL, fd, 0, 0);
		uk_sys_close(fd);
	}
}

/* Edges: each has to be told to somebody, or a number stays behind. */
UK_TEST(posix_epoll, nothing_is_lost)
{
	struct uk_thread *t[WAITERS], *other;
	uint64_t one = 1;
	int i;

	UK_REQUIRE(begin());
	UK_REQUIRE(control(UK_EPOLL_CTL_ADD, ev, UK_POLLIN | UK_EPOLLET, 1) == 0);
	for (i = 0; i < WAITERS; i++) {
		t[i] = uk_thread_create(NULL, "take", take, NULL, NULL);
		UK_REQUIRE(t[i]);
	}
	other = uk_thread_create(NULL, "come and go", come_and_go, NULL, NULL);
	UK_REQUIRE(other);
	for (i = 0; i < ROUNDS; i++) {
		uk_sys_write(ev, (long)&one, 8);
		uk_sys_sched_yield();
	}
	uk_thread_join(other, UK_NSEC_MAX);
	for (i = 0; i < 200 && uk_atomic_load_acquire(&taken) < ROUNDS; i++)
		uk_sleep(UK_NSEC_PER_MS);
	uk_atomic_store_release(&stop, 1);
	for (i = 0; i < WAITERS; i++)
		uk_thread_join(t[i], UK_NSEC_MAX);
	UK_EXPECT_EQ(taken, (uint64_t)ROUNDS);
	end();
}

/* The instance closes while its files become ready and close. */
UK_TEST(posix_epoll, closes_under_load)
{
	struct uk_thread *other;
	uint64_t one = 1;
	int i;

	UK_REQUIRE(begin());
	other = uk_thread_create(NULL, "come and go", come_and_go, NULL, NULL);
	UK_REQUIRE(other);
	for (i = 0; i < ROUNDS / 10; i++) {
		control(UK_EPOLL_CTL_ADD, ev, UK_POLLIN, 1);
		uk_sys_write(ev, (long)&one, 8);
		uk_sys_close(ep);
		uk_sys_sched_yield();
		UK_WRITE_ONCE(ep, (int)uk_sys_epoll_create1(0));
		UK_REQUIRE(ep >= 0);
	}
	uk_thread_join(other, UK_NSEC_MAX);
	end();
}
