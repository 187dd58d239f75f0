/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system calls of sockets over a family of the test's own, whose sockets keep one message each: what they
 * are sent, they can receive.
 */
#include <uk/abi/in.h>
#include <uk/abi/poll.h>
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/socket.h>
#include <uk/syscall.h>
#include <uk/test.h>

#define TEST_DOMAIN 45 /* the last there is, and nobody's */

struct echo {
	struct uk_socket s;
	char data[64];
	size_t n;
	struct uk_abi_sockaddr_storage from;
	uint32_t from_len;
};

static ssize_t echo_sendmsg(struct uk_socket *s, struct uk_msg *m)
{
	struct echo *e = UK_CONTAINER_OF(s, struct echo, s);
	const struct uk_abi_cmsghdr *h;
	size_t pos = 0, len;

	while ((h = uk_cmsg_next(m, &pos, &len)))
		if (uk_is_err(h))
			return uk_ptr_err(h);
	if (m->name) {
		e->from = *m->name;
		e->from_len = m->name_len;
	}
	e->n = uk_iter_get(&m->it, e->data, UK_MIN(m->it.left, sizeof(e->data)));
	uk_event_set(&s->events, UK_POLLIN);
	return (ssize_t)e->n;
}

static ssize_t echo_recvmsg(struct uk_socket *s, struct uk_msg *m)
{
	struct echo *e = UK_CONTAINER_OF(s, struct echo, s);
	const uint32_t mark = 0x11223344;
	int rc;

	rc = uk_socket_wait(s, UK_POLLIN, uk_socket_deadline(m->flags, s->rcvtimeo));
	if (rc)
		return rc;
	if (m->name) {
		*m->name = e->from;
		m->name_len = e->from_len;
	}
	if (m->control_len)
		uk_cmsg_put(m, 9, 8, &mark, sizeof(mark));
	if (!(m->flags & UK_MSG_PEEK))
		uk_event_clear(&s->events, UK_POLLIN);
	if (e->n > m->it.left)
		m->out_flags |= UK_MSG_TRUNC;
	return (ssize_t)uk_iter_put(&m->it, e->data, UK_MIN(e->n, m->it.left));
}

static int echo_getsockname(struct uk_socket *s, struct uk_abi_sockaddr_storage *addr)
{
	*addr = (struct uk_abi_sockaddr_storage){ .ss_family = TEST_DOMAIN };
	return 16;
}

static void echo_release(struct uk_file *f)
{
	uk_free(f->priv);
}

static const struct uk_socket_ops echo_ops = {
	.file = { .type = UK_S_IFSOCK,
		  .read = uk_socket_read,
		  .write = uk_socket_write,
		  .stat = uk_socket_stat,
		  .release = echo_release },
	.sendmsg = echo_sendmsg,
	.recvmsg = echo_recvmsg,
	.getsockname = echo_getsockname,
};

static int echo_create(int domain, int type, int protocol, struct uk_file **f)
{
	struct echo *e;

	if (type != UK_SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	e = uk_calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->s.domain = (uint16_t)domain;
	e->s.type = (uint8_t)type;
	*f = uk_socket_file(&e->s, &echo_ops);
	return *f ? 0 : -ENOMEM;
}
UK_SOCKET_FAMILY("5", echo, .domain = TEST_DOMAIN, .create = echo_create);

UK_TEST(posix_socket, creation)
{
	struct uk_abi_stat st;
	int fds[2], fd;

	UK_EXPECT_EQ(uk_sys_socket(44, UK_SOCK_DGRAM, 0), (long)-EAFNOSUPPORT);
	UK_EXPECT_EQ(uk_sys_socket(99, UK_SOCK_DGRAM, 0), (long)-EAFNOSUPPORT);
	UK_EXPECT_EQ(uk_sys_socket(-1, UK_SOCK_DGRAM, 0), (long)-EAFNOSUPPORT);
	UK_EXPECT_EQ(uk_sys_socket(TEST_DOMAIN, 11, 0), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_socket(TEST_DOMAIN, 0x10000 | UK_SOCK_DGRAM, 0), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_socket(TEST_DOMAIN, UK_SOCK_STREAM, 0), (long)-ESOCKTNOSUPPORT);
	UK_EXPECT_EQ(uk_sys_socketpair(TEST_DOMAIN, UK_SOCK_DGRAM, 0, (long)fds),
		     (long)-EOPNOTSUPP);
	fd = (int)uk_sys_socket(TEST_DOMAIN, UK_SOCK_DGRAM | UK_SOCK_NONBLOCK | UK_SOCK_CLOEXEC, 0);
	UK_REQUIRE(fd >= 0);
	UK_EXPECT_EQ(uk_sys_fcntl(fd, UK_F_GETFD, 0), 1L);
	UK_EXPECT_EQ(uk_sys_fcntl(fd, UK_F_GETFL, 0) & UK_O_NONBLOCK, (long)UK_O_NONBLOCK);
	UK_EXPECT_EQ(uk_sys_fstat(fd, (long)&st), 0L);
	UK_EXPECT_EQ(st.st_mode, UK_S_IFSOCK | 0777);
	UK_EXPECT_EQ(uk_sys_lseek(fd, 0, 0), (long)-ESPIPE);
	UK_EXPECT_EQ(uk_sys_listen(fd, 1), (long)-EOPNOTSUPP);
	UK_EXPECT_EQ(uk_sys_shutdown(fd, 3), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_close(fd), 0L);
	UK_EXPECT_EQ(uk_sys_listen(fd, 1), (long)-EBADF);
	UK_EXPECT_EQ(uk_sys_listen(0, 1), (long)-ENOTSOCK);
}

UK_TEST(posix_socket, messages)
{
	struct uk_abi_sockaddr_in to = { .sin_family = TEST_DOMAIN, .sin_port = 7 }, from = { 0 };
	struct {
		struct uk_abi_cmsghdr h;
		uint32_t mark, pad;
	} control;
	struct uk_iovec out[2] = { { "abc", 3 }, { "defg", 4 } };
	struct uk_abi_msghdr h = { .msg_iov = out, .msg_iovlen = 2 };
	char a[4], b[16];
	struct uk_iovec in[2] = { { a, 4 }, { b, 2 } };
	int len = sizeof(from), fd = (int)uk_sys_socket(TEST_DOMAIN, UK_SOCK_DGRAM, 0);

	UK_REQUIRE(fd >= 0);
	UK_EXPECT_EQ(uk_sys_recvfrom(fd, (long)b, 16, UK_MSG_DONTWAIT, 0, 0), (long)-EAGAIN);
	UK_EXPECT_EQ(uk_sys_sendto(fd, (long)"hello", 5, 0, (long)&to, sizeof(to)), 5L);
	UK_EXPECT_EQ(uk_sys_recvfrom(fd, (long)b, 16, UK_MSG_PEEK, (long)&from, (long)&len), 5L);
	UK_EXPECT_EQ(len, (int)sizeof(to));
	UK_EXPECT_EQ(from.sin_port, 7);
	UK_EXPECT_EQ(uk_sys_read(fd, (long)b, 16), 5L);
	UK_EXPECT_EQ(memcmp(b, "hello", 5), 0);

	UK_EXPECT_EQ(uk_sys_sendmsg(fd, (long)&h, 0), 7L);
	h.msg_iov = in;
	h.msg_control = &control;
	h.msg_controllen = sizeof(control);
	UK_EXPECT_EQ(uk_sys_recvmsg(fd, (long)&h, 0), 6L);
	UK_EXPECT_EQ(memcmp(a, "abcd", 4) | memcmp(b, "ef", 2), 0);
	UK_EXPECT_EQ(h.msg_flags, UK_MSG_TRUNC);
	UK_EXPECT_EQ(h.msg_controllen, 24UL);
	UK_EXPECT_EQ(control.h.cmsg_len, 20UL);
	UK_EXPECT_EQ(control.mark, 0x11223344U);
	h.msg_iov = out;
	control.h.cmsg_len = 4;
	UK_EXPECT_EQ(uk_sys_sendmsg(fd, (long)&h, 0), (long)-EINVAL);
	h.msg_iovlen = UK_IOV_MAX + 1;
	UK_EXPECT_EQ(uk_sys_sendmsg(fd, (long)&h, 0), (long)-EMSGSIZE);
	UK_EXPECT_EQ(uk_sys_sendto(fd, 1, 5, 0, 0, 0), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_sendto(fd, (long)"x", 1, 0, (long)&to, 129), (long)-EINVAL);
	uk_sys_close(fd);
}

UK_TEST(posix_socket, options)
{
	struct {
		int64_t sec, usec;
	} tv = { 0, 2000 };
	int fd = (int)uk_sys_socket(TEST_DOMAIN, UK_SOCK_DGRAM, 0), value = -1, len = 4;
	struct uk_abi_sockaddr_in name = { 0 };
	char b[4];

	UK_REQUIRE(fd >= 0);
	UK_EXPECT_EQ(uk_sys_getsockopt(fd, 1, UK_SO_TYPE, (long)&value, (long)&len), 0L);
	UK_EXPECT_EQ(value, UK_SOCK_DGRAM);
	len = 2;
	UK_EXPECT_EQ(uk_sys_getsockopt(fd, 1, UK_SO_DOMAIN, (long)&value, (long)&len), 0L);
	UK_EXPECT_EQ(len, 2);
	len = -1;
	UK_EXPECT_EQ(uk_sys_getsockopt(fd, 1, UK_SO_TYPE, (long)&value, (long)&len), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_setsockopt(fd, 1, UK_SO_TYPE, (long)&value, 4), (long)-ENOPROTOOPT);
	UK_EXPECT_EQ(uk_sys_setsockopt(fd, 6, 1, (long)&value, 4), (long)-ENOPROTOOPT);
	UK_EXPECT_EQ(uk_sys_setsockopt(fd, 1, UK_SO_RCVTIMEO, (long)&tv, 8), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_setsockopt(fd, 1, UK_SO_RCVTIMEO, (long)&tv, 16), 0L);
	UK_EXPECT_EQ(uk_sys_read(fd, (long)b, 4), (long)-EAGAIN);
	tv.usec = 1000000;
	UK_EXPECT_EQ(uk_sys_setsockopt(fd, 1, UK_SO_RCVTIMEO, (long)&tv, 16), (long)-EDOM);
	len = 4;
	UK_EXPECT_EQ(uk_sys_getsockname(fd, (long)&name, (long)&len), 0L);
	UK_EXPECT_EQ(len, 16);
	UK_EXPECT_EQ(name.sin_family, TEST_DOMAIN);
	UK_EXPECT_EQ(uk_sys_getpeername(fd, (long)&name, (long)&len), (long)-EOPNOTSUPP);
	uk_sys_close(fd);
}
