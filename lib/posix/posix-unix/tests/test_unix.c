/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local sockets, as far as the kernel's view is needed: that nothing stays behind in the heap, also of sockets
 * that are in each other's queues, and that threads which connect, send and close at once lose
 * nothing. That calls answer as on Linux is tests/differ.
 */
#include <uk/alloc.h>
#include <uk/atomic.h>
#include <uk/errno.h>
#include <uk/socket.h>
#include <uk/string.h>
#include <uk/syscall.h>
#include <uk/test.h>
#include <uk/thread.h>

#define ROUNDS 100

/* Blocks of the heap that are in use. */
static uint64_t in_use(void)
{
	struct uk_alloc_stats st;

	uk_alloc_stats(uk_heap, &st);
	return st.allocs - st.frees;
}

struct fds_message {
	struct uk_abi_msghdr h;
	struct uk_iovec v;
	struct uk_abi_cmsghdr c;
	int fds[2];
};

static long send_fds(int to, int a, int b)
{
	struct fds_message m = { .v = { "x", 1 },
				 .c = { sizeof(m.c) + sizeof(m.fds), UK_SOL_SOCKET, UK_SCM_RIGHTS },
				 .fds = { a, b } };

	m.h = (struct uk_abi_msghdr){ .msg_iov = &m.v,
				      .msg_iovlen = 1,
				      .msg_control = &m.c,
				      .msg_controllen = sizeof(m.c) + sizeof(m.fds) };
	return uk_sys_sendmsg(to, (long)&m.h, 0);
}

static void exchange(void)
{
	int s[2], t[2];
	char buf[8];

	/* Without blocking: what fails here for want of memory is no reason to wait. */
	UK_REQUIRE(!uk_sys_socketpair(UK_AF_UNIX, UK_SOCK_STREAM | UK_SOCK_NONBLOCK, 0, (long)s));
	UK_REQUIRE(!uk_sys_socketpair(UK_AF_UNIX, UK_SOCK_DGRAM | UK_SOCK_NONBLOCK, 0, (long)t));
	uk_sys_write(s[0], (long)"hello", 5);
	UK_EXPECT_EQ(uk_sys_read(s[1], (long)buf, 8), 5L);
	uk_sys_write(s[0], (long)"unread", 6);
	uk_sys_write(t[1], (long)"unread", 6);
	/* Each in the other's queue, and in its own. */
	UK_EXPECT_EQ(send_fds(s[0], t[0], t[1]), 1L);
	UK_EXPECT_EQ(send_fds(t[0], s[0], s[1]), 1L);
	UK_EXPECT_EQ(send_fds(s[1], s[0], s[1]), 1L);
	uk_sys_close(s[0]);
	uk_sys_close(s[1]);
	uk_sys_close(t[0]);
	uk_sys_close(t[1]);
	/* The end of any other has them looked at. */
	uk_sys_close(uk_sys_socket(UK_AF_UNIX, UK_SOCK_DGRAM, 0));
}

UK_TEST(posix_unix, nothing_stays_behind)
{
	uint64_t before, i;

	uk_test_one_cpu();
	exchange();
	before = in_use();
	for (i = 0; i < 20; i++)
		exchange();
	UK_EXPECT_EQ(in_use(), before);
}

/* A socket in a message to a socket in a message and so on: closed one after the other. */
UK_TEST(posix_unix, deep_nesting)
{
	int s[2], t[2], i;

	UK_REQUIRE(!uk_sys_socketpair(UK_AF_UNIX, UK_SOCK_DGRAM, 0, (long)s));
	for (i = 0; i < 300; i++) {
		UK_REQUIRE(!uk_sys_socketpair(UK_AF_UNIX, UK_SOCK_DGRAM, 0, (long)t));
		if (send_fds(t[0], s[0], s[1]) != 1)
			UK_EXPECT(false);
		uk_sys_close(s[0]);
		uk_sys_close(s[1]);
		s[0] = t[0];
		s[1] = t[1];
	}
	uk_sys_close(s[0]);
	uk_sys_close(s[1]);
}

static const struct uk_abi_sockaddr_un name = { UK_AF_UNIX, "\0test" };
#define NAME_LEN 7

static uint32_t served;

static void serve(void *listener)
{
	int l = (int)(intptr_t)listener, c, v;

	/* Without memory for one connection it serves the next. */
	while ((c = (int)uk_sys_accept(l, 0, 0)) >= 0 || c == -ENOMEM) {
		if (c < 0)
			continue;
		while (uk_sys_read(c, (long)&v, sizeof(v)) == sizeof(v) &&
		       uk_sys_write(c, (long)&v, sizeof(v)) == sizeof(v))
			;
		uk_sys_close(c);
		uk_atomic_add_relaxed(&served, 1);
	}
}

static void ask(void *bad)
{
	int i, c, v;

	for (i = 0; i < ROUNDS; i++) {
		c = (int)uk_sys_socket(UK_AF_UNIX, UK_SOCK_STREAM, 0);
		v = -1;
		if (uk_sys_connect(c, (long)&name, NAME_LEN) ||
		    uk_sys_write(c, (long)&i, sizeof(i)) != sizeof(i) ||
		    uk_sys_read(c, (long)&v, sizeof(v)) != sizeof(v) || v != i)
			uk_atomic_add_relaxed((uint32_t *)bad, 1);
		uk_sys_close(c);
	}
}

UK_TEST(posix_unix, crowd)
{
	int l = (int)uk_sys_socket(UK_AF_UNIX, UK_SOCK_STREAM, 0), i;
	struct uk_thread *server[2], *client[3];
	uint32_t bad = 0;

	served = 0;
	UK_REQUIRE(uk_sys_bind(l, (long)&name, NAME_LEN) == 0);
	UK_REQUIRE(uk_sys_listen(l, 1) == 0);
	for (i = 0; i < 2; i++)
		server[i] = uk_thread_create(NULL, "serve", serve, (void *)(intptr_t)l, NULL);
	for (i = 0; i < 3; i++)
		client[i] = server[0] || server[1] ? uk_thread_create(NULL, "ask", ask, &bad, NULL)
						   : NULL;
	for (i = 0; i < 3; i++)
		if (client[i])
			uk_thread_join(client[i], UK_NSEC_MAX);
	uk_sys_shutdown(l, UK_SHUT_RDWR);
	for (i = 0; i < 2; i++)
		if (server[i])
			uk_thread_join(server[i], UK_NSEC_MAX);
	uk_sys_close(l);
	UK_EXPECT_EQ(bad, 0u);
	UK_EXPECT_EQ(served, 3u * ROUNDS);
}
