/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages: send, recv and all their forms.
 */
#include <uk/abi/in.h>
#include <uk/abi/time.h>
#include <uk/alloc.h>
#include <uk/time.h>
#include "internal.h"
#ifdef CONFIG_LIBPOSIX_SIGNAL
#include <uk/signal.h>
#endif

#define IOV_ON_STACK 8
#define CONTROL_MAX  20480 /* as much as Linux takes of a sender */

static UK_NOINLINE long broken_pipe(const struct uk_socket *s, unsigned flags)
{
#ifdef CONFIG_LIBPOSIX_SIGNAL
	if (s->type == UK_SOCK_STREAM && !(flags & UK_MSG_NOSIGNAL))
		uk_signal_send_task(uk_task_current(), UK_SIGPIPE);
#endif
	return -EPIPE;
}

static UK_ALWAYS_INLINE long send_message(struct uk_socket *s, struct uk_msg *m)
{
	const struct uk_socket_ops *ops = uk_socket_ops(s);
	long rc;

	if (UK_UNLIKELY(!ops->sendmsg))
		return -EOPNOTSUPP;
	m->flags |= file_flags(s);
	rc = ops->sendmsg(s, m);
	if (UK_UNLIKELY(rc == -EPIPE))
		return broken_pipe(s, m->flags);
	return restartable(rc, s->sndtimeo);
}

static long recv_message(struct uk_socket *s, struct uk_msg *m)
{
	const struct uk_socket_ops *ops = uk_socket_ops(s);

	if (UK_UNLIKELY(!ops->recvmsg))
		return -EOPNOTSUPP;
	m->flags |= file_flags(s);
	m->out_flags = 0;
	m->name_len = 0;
	return restartable(ops->recvmsg(s, m), s->rcvtimeo);
}

ssize_t uk_socket_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	struct uk_socket *s = f->priv;
	struct uk_msg m = { .it = *it };

	if (!it->left)
		return 0; /* and not the next datagram */
	m.flags = file_flags(s);
	return uk_socket_ops(s)->recvmsg(s, &m);
}

ssize_t uk_socket_write(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	struct uk_socket *s = f->priv;
	struct uk_msg m = { .it = *it };

	m.flags = file_flags(s);
	return uk_socket_ops(s)->sendmsg(s, &m);
}

/* ---- one buffer ---- */

static bool bad_buffer(const void *buf, size_t n)
{
	n = UK_MIN(n, UK_IO_BYTES);
	return n && UK_UNLIKELY(!uk_access_ok(buf, n));
}

static long send_to(struct uk_socket *s, const void *buf, size_t n, unsigned flags,
		    const void *user, int len)
{
	struct uk_msg m = { .flags = flags };
	address addr;
	int rc;

	if (bad_buffer(buf, n))
		return -EFAULT;
	m.it = uk_iter_buf(buf, n);
	if (user) {
		rc = address_from_user(&addr, user, len);
		if (rc)
			return rc;
		m.name = &addr;
		m.name_len = (uint32_t)len;
	}
	return send_message(s, &m);
}

UK_SYSCALL_RESTART(ssize_t, sendto, int fd, const void *buf, size_t n, unsigned flags,
		   const void *user, int len)
{
	return WITH_SOCKET(fd, send_to(s, buf, n, flags, user, len));
}

static long recv_from(struct uk_socket *s, void *buf, size_t n, unsigned flags, void *user,
		      int *user_len)
{
	struct uk_msg m = { .flags = flags };
	address addr;
	long rc, err;

	/* TCP's MSG_TRUNC throws bytes away. */
	if (bad_buffer(buf, n) && !(flags & UK_MSG_TRUNC && s->protocol == UK_IPPROTO_TCP))
		return -EFAULT;
	m.it = uk_iter_buf(buf, n);
	if (!user)
		return recv_message(s, &m);
	m.name = &addr;
	rc = recv_message(s, &m);
	if (rc >= 0) {
		err = address_to_user(&addr, m.name_len, user, user_len);
		if (err)
			return err;
	}
	return rc;
}

UK_SYSCALL_RESTART(ssize_t, recvfrom, int fd, void *buf, size_t n, unsigned flags, void *user,
		   int *user_len)
{
	return WITH_SOCKET(fd, recv_from(s, buf, n, flags, user, user_len));
}

/* ---- several buffers, an address, control data: struct msghdr ---- */

struct message {
	struct uk_msg m;
	struct uk_abi_msghdr h; /* the caller's, copied once */
	struct uk_iovec on_stack[IOV_ON_STACK], *iov;
	address addr;
	void *control; /* copied, or NULL */
};

static void message_end(struct message *g)
{
	if (g->iov != g->on_stack)
		uk_free(g->iov);
	uk_free(g->control);
}

static int copy_iov(struct message *g)
{
	size_t i, n = g->h.msg_iovlen;
	int rc;

	if (n > UK_IOV_MAX)
		return -EMSGSIZE;
	if (n > IOV_ON_STACK) {
		g->iov = uk_malloc(n * sizeof(*g->iov));
		if (!g->iov)
			return -ENOMEM;
	}
	rc = n ? uk_copy_from_user(g->iov, g->h.msg_iov, n * sizeof(*g->iov)) : 0;
	if (!rc)
		rc = uk_iter_iov(&g->m.it, g->iov, (unsigned)n);
	for (i = 0; i < n && !rc; i++)
		if (g->iov[i].len && !uk_access_ok(g->iov[i].base, g->iov[i].len))
			rc = -EFAULT;
	return rc;
}

static int copy_control(struct message *g)
{
	if (!g->h.msg_controllen || !g->h.msg_control)
		return 0;
	if (g->h.msg_controllen > CONTROL_MAX)
		return -ENOBUFS;
	g->control = uk_malloc(g->h.msg_controllen);
	if (!g->control)
		return -ENOBUFS;
	g->m.control = g->control;
	g->m.control_len = g->h.msg_controllen;
	return uk_copy_from_user(g->control, g->h.msg_control, g->h.msg_controllen);
}

static int message_begin(struct message *g, const struct uk_abi_msghdr *user, unsigned flags)
{
	g->m = (struct uk_msg){ .flags = flags };
	g->iov = g->on_stack;
	g->control = NULL;
	if (uk_copy_from_user(&g->h, user, sizeof(g->h)))
		return -EFAULT;
	if ((int)g->h.msg_namelen < 0)
		return -EINVAL;
	return copy_iov(g);
}

static long send_msg(struct uk_socket *s, const struct uk_abi_msghdr *user, unsigned flags)
{
	struct message g;
	long rc = message_begin(&g, user, flags);

	if (!rc && g.h.msg_name && g.h.msg_namelen) {
		g.m.name = &g.addr;
		g.m.name_len = UK_MIN(g.h.msg_namelen, (uint32_t)sizeof(g.addr));
		rc = address_from_user(&g.addr, g.h.msg_name, (int)g.m.name_len);
	}
	if (!rc)
		rc = copy_control(&g);
	if (!rc)
		rc = send_message(s, &g.m);
	message_end(&g);
	return rc;
}

UK_SYSCALL_RESTART(ssize_t, sendmsg, int fd, const struct uk_abi_msghdr *msg, unsigned flags)
{
	return WITH_SOCKET(fd, send_msg(s, msg, flags));
}

/* What the receiver learns beside the bytes goes to its header. */
static int tell(struct message *g, struct uk_abi_msghdr *user)
{
	uint32_t flags = g->m.out_flags | (g->m.flags & UK_MSG_CMSG_CLOEXEC);
	size_t used = g->h.msg_controllen - g->m.control_len;
	uint32_t len;

	if (g->m.name) {
		len = UK_MIN(g->m.name_len, g->h.msg_namelen);
		if ((len && uk_copy_to_user(g->h.msg_name, &g->addr, len)) ||
		    uk_put_user(g->m.name_len, &user->msg_namelen))
			return -EFAULT;
	}
	if (uk_put_user(flags, &user->msg_flags))
		return -EFAULT;
	return uk_put_user(used, &user->msg_controllen);
}

static long recv_msg(struct uk_socket *s, struct uk_abi_msghdr *user, unsigned flags)
{
	struct message g;
	long rc = message_begin(&g, user, flags);
	int err;

	if (!rc) {
		if (g.h.msg_name)
			g.m.name = &g.addr;
		if (!g.h.msg_control)
			g.h.msg_controllen = 0;
		g.m.control = g.h.msg_control;
		g.m.control_len = g.h.msg_controllen;
		rc = recv_message(s, &g.m);
	}
	if (rc >= 0) {
		err = tell(&g, user);
		if (err)
			rc = err;
	}
	message_end(&g);
	return rc;
}

UK_SYSCALL_RESTART(ssize_t, recvmsg, int fd, struct uk_abi_msghdr *msg, unsigned flags)
{
	return WITH_SOCKET(fd, recv_msg(s, msg, flags));
}

/* ---- several messages ---- */

static long send_mmsg(struct uk_socket *s, struct uk_abi_mmsghdr *user, unsigned n, unsigned flags)
{
	unsigned i;
	long rc = 0;

	for (i = 0; i < UK_MIN(n, (unsigned)UK_IOV_MAX); i++) {
		rc = send_msg(s, &user[i].msg_hdr, flags);
		if (rc < 0)
			break;
		rc = uk_put_user((uint32_t)rc, &user[i].msg_len);
		if (rc)
			break;
	}
	return i ? (long)i : rc;
}

UK_SYSCALL_RESTART(long, sendmmsg, int fd, struct uk_abi_mmsghdr *msgs, unsigned n, unsigned flags)
{
	return WITH_SOCKET(fd, send_mmsg(s, msgs, n, flags));
}

static long recv_mmsg(struct uk_socket *s, struct uk_abi_mmsghdr *user, unsigned n, unsigned flags,
		      uk_nsec deadline)
{
	unsigned i;
	long rc = 0;

	for (i = 0; i < UK_MIN(n, (unsigned)UK_IOV_MAX); i++) {
		rc = recv_msg(s, &user[i].msg_hdr, flags & ~(unsigned)UK_MSG_WAITFORONE);
		if (rc < 0)
			break;
		rc = uk_put_user((uint32_t)rc, &user[i].msg_len);
		if (rc)
			break;
		if (flags & UK_MSG_WAITFORONE)
			flags |= UK_MSG_DONTWAIT;
		/* As on Linux, time is looked at between messages only. */
		if (deadline != UK_NSEC_MAX && uk_clock_monotonic() >= deadline) {
			i++;
			break;
		}
	}
	return i ? (long)i : rc;
}

UK_SYSCALL_RESTART(long, recvmmsg, int fd, struct uk_abi_mmsghdr *msgs, unsigned n, unsigned flags,
		   const struct uk_abi_timespec *timeout)
{
	struct uk_abi_timespec ts;
	uk_nsec span, deadline = UK_NSEC_MAX;

	if (timeout) {
		if (uk_get_user(&ts, timeout))
			return -EFAULT;
		if (!uk_abi_timespec_nsec(&ts, &span))
			return -EINVAL;
		deadline = uk_deadline(span);
	}
	return WITH_SOCKET(fd, recv_mmsg(s, msgs, n, flags, deadline));
}
