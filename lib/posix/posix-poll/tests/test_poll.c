/* SPDX-License-Identifier: BSD-3-Clause */
/* poll, ppoll, select and pselect over pipes. */
#include <uk/abi/file.h>
#include <uk/abi/poll.h>
#include <uk/abi/signal.h>
#include <uk/abi/time.h>
#include <uk/errno.h>
#include <uk/process.h>
#include <uk/syscall.h>
#include <uk/syscall_legacy.h>
#include <uk/test.h>

static int fds[2];

static bool make_pipe(void)
{
	return uk_sys_pipe2((long)fds, 0) == 0;
}

static void close_pipe(void)
{
	uk_sys_close(fds[0]);
	uk_sys_close(fds[1]);
}

UK_TEST(posix_poll, poll)
{
	struct uk_abi_pollfd p[3];

	UK_REQUIRE(make_pipe());
	p[0] = (struct uk_abi_pollfd){ fds[0], UK_POLLIN, -1 };
	p[1] = (struct uk_abi_pollfd){ fds[1], UK_POLLOUT, -1 };
	p[2] = (struct uk_abi_pollfd){ -1, UK_POLLIN, -1 };
	UK_EXPECT_EQ(uk_sys_poll((long)p, 3, 0), 1L);
	UK_EXPECT_EQ(p[0].revents, 0);
	UK_EXPECT_EQ(p[1].revents, UK_POLLOUT);
	UK_EXPECT_EQ(p[2].revents, 0);
	UK_EXPECT_EQ(uk_sys_poll((long)p, 1, 3), 0L);
	UK_REQUIRE(uk_sys_write(fds[1], (long)"x", 1) == 1);
	UK_EXPECT_EQ(uk_sys_poll((long)p, 1, -1), 1L);
	p[0].fd = 999;
	UK_EXPECT_EQ(uk_sys_poll((long)p, 1, -1), 1L);
	UK_EXPECT_EQ(p[0].revents, UK_POLLNVAL);
	UK_EXPECT_EQ(uk_sys_poll(0, 1, 0), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_poll(0, 0, 2), 0L);
	close_pipe();
}

UK_TEST(posix_poll, select)
{
	uint64_t rd[16] = { 0 }, wr[16] = { 0 };
	struct uk_abi_timeval tv = { 0, 2000 };
	struct uk_abi_timespec ts = { 0, 0 };

	UK_REQUIRE(make_pipe());
	rd[0] = 1ULL << fds[0];
	wr[0] = 1ULL << fds[1];
	UK_EXPECT_EQ(uk_sys_select(fds[1] + 1, (long)rd, 0, 0, (long)&tv), 0L);
	UK_EXPECT_EQ(rd[0], 0UL);
	rd[0] = 1ULL << fds[0];
	uk_sys_write(fds[1], (long)"x", 1);
	UK_EXPECT_EQ(uk_sys_select(fds[1] + 1, (long)rd, (long)wr, 0, 0), 2L);
	UK_EXPECT_EQ(rd[0], 1ULL << fds[0]);
	UK_EXPECT_EQ(wr[0], 1ULL << fds[1]);
	rd[1] = 1; /* descriptor 64 */
	UK_EXPECT_EQ(uk_sys_pselect6(65, (long)rd, 0, 0, (long)&ts, 0), (long)-EBADF);
	UK_EXPECT_EQ(uk_sys_pselect6(64, (long)rd, 0, 0, (long)&ts, 0), 1L);
	UK_EXPECT_EQ(uk_sys_select(-1, 0, 0, 0, 0), (long)-EINVAL);
	close_pipe();
}

#ifdef CONFIG_LIBPOSIX_SIGNAL
static volatile int calls;

static void note(int sig)
{
	calls++;
}

UK_TEST(posix_poll, ppoll_swaps_the_mask)
{
	struct uk_abi_sigaction sa = { .handler = (uintptr_t)note };
	struct uk_abi_timespec long_time = { 5, 0 }, none = { 0, 0 };
	uint64_t usr1 = 1ULL << (UK_SIGUSR1 - 1), empty = 0, now = 0;

	calls = 0;
	uk_sys_rt_sigaction(UK_SIGUSR1, (long)&sa, 0, 8);
	uk_sys_rt_sigprocmask(UK_SIG_BLOCK, (long)&usr1, 0, 8);
	uk_sys_kill(1, UK_SIGUSR1);
	UK_EXPECT_EQ(calls, 0);
	UK_EXPECT_EQ(uk_sys_ppoll(0, 0, (long)&long_time, (long)&empty, 8), (long)-EINTR);
	UK_EXPECT_EQ(calls, 1);
	UK_EXPECT_EQ(uk_sys_ppoll(0, 0, (long)&none, (long)&empty, 8), 0L);
	uk_sys_rt_sigprocmask(UK_SIG_SETMASK, (long)&empty, (long)&now, 8);
	UK_EXPECT_EQ(now, usr1);
	UK_EXPECT_EQ(uk_sys_ppoll(0, 0, (long)&none, (long)&empty, 4), (long)-EINVAL);
	sa.handler = UK_SIG_DFL;
	uk_sys_rt_sigaction(UK_SIGUSR1, (long)&sa, 0, 8);
}
#endif
