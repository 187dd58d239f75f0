/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets of the host: AF_INET and AF_INET6 without a network stack of our own.
 *
 * Every call is one of the host's, on a descriptor that never blocks there; a thread that must wait
 * waits here. What is ready the host tells through one epoll instance, in which each socket is once,
 * edge-triggered: who is about to block looks into it (uk_event_input), and idle waits for it, as for any
 * input (irq.c).
 *
 * A socket's ready bits are kept from what calls say. A receive clears IN before it asks the host, and
 * sets it again if there may be more: what arrives in between is an edge, and found at the next look. A
 * short read of a stream has emptied it. Where that does not follow (a buffer that was filled, datagrams,
 * connections to accept), poll() asks the host.
 *
 * Memory of the application may have no pages behind it yet, and the host takes no page faults of ours: it says
 * EFAULT. Then, and before every datagram, which the host would drop, the buffer is touched.
 */
#include <uk/abi/in.h>
#include <uk/abi/ioctl.h>
#include <uk/alloc.h>
#include <uk/init.h>
#include <uk/link.h>
#include <uk/param.h>
#include <uk/socket.h>
#include <uk/string.h>
#include <uk/table.h>
#include <uk/time.h>
#include <uk/timer.h>

#include "hostnet.h"
#include "linuxu.h"

UK_PARAM_BOOL(hostnet, enable, true,
	      "AF_INET sockets are the host's; by default if there is no TAP interface");

#define WATCHED    (HOST_EPOLLIN | HOST_EPOLLOUT | HOST_EPOLLRDHUP | HOST_EPOLLPRI | HOST_EPOLLET)
#define EVENTS     64   /* taken from the host at once */
#define IOV_MOST   16   /* pieces handed over at once; streams go on with the rest */
#define TOUCH_STEP 4096 /* of a page */

struct hostsock {
	struct uk_socket s;
	int fd;
	bool unsure; /* IN is a guess: ask the host */
};

static int epoll_fd UK_RO_AFTER_INIT = -1;
static struct uk_spinlock harvesting; /* a socket does not go while what it has is looked at */
static struct linuxu_watch watch;
static const struct uk_event_input *other_input; /* of another network stack */

static inline struct hostsock *host_of(struct uk_socket *s)
{
	return UK_CONTAINER_OF(s, struct hostsock, s);
}

/* ---- what is ready ---- */

static void happened(struct hostsock *h, uint32_t bits)
{
	int error = 0, len = sizeof(error);

	if (bits & HOST_EPOLLERR) {
		/* The host tells it once: from now on it is ours to tell. */
		host_getsockopt(h->fd, UK_SOL_SOCKET, UK_SO_ERROR, &error, &len);
		__atomic_store_n(&h->s.error, (uint32_t)error, __ATOMIC_RELAXED);
		if (!error)
			bits &= ~HOST_EPOLLERR;
	}
	if (bits)
		uk_event_set(&h->s.events, bits);
}

/* All that the host has to tell, without waiting. Any context. */
static bool harvest(void)
{
	struct host_epoll_event ev[EVENTS];
	bool irq = uk_spin_lock_irq(&harvesting);
	int n = host_epoll_pwait(epoll_fd, ev, EVENTS, 0), i;

	for (i = 0; i < n; i++)
		happened((struct hostsock *)ev[i].data, ev[i].events);
	uk_spin_unlock_irq(&harvesting, irq);
	return n > 0;
}

/* All bits anew, after a call that changes several. What happens meanwhile is there already, or an edge. */
static void refresh(struct hostsock *h)
{
	static const struct host_timespec now;
	struct host_pollfd p = { h->fd, WATCHED & ~HOST_EPOLLET, 0 };

	harvest(); /* else the same would be told once more */
	uk_event_clear(&h->s.events, WATCHED | UK_POLLERR | UK_POLLHUP);
	if (host_ppoll(&p, 1, &now, NULL) > 0)
		happened(h, (uint16_t)p.revents);
	if (__atomic_load_n(&h->s.error, __ATOMIC_RELAXED) && !h->s.listening)
		uk_event_set(&h->s.events, UK_POLLERR);
	h->unsure = true;
}

static void fired(void)
{
	harvest();
}

/*
 * While a thread computes, nobody blocks and nobody is idle. Where it can be interrupted for another one, or
 * runs on the CPU that would watch for others, a timer looks: often, but seldom while nothing goes on.
 */
#if defined(CONFIG_SMP) || defined(CONFIG_LIBUKSCHED_PREEMPT)
#define TICK      (1 * UK_NSEC_PER_MS)
#define TICK_IDLE (100 * UK_NSEC_PER_MS)

static void tick(struct uk_timer *timer)
{
	static uint32_t idles;
	bool quiet = !harvest() && idles != linuxu_idles;

	idles = linuxu_idles;
	uk_timer_start(timer, uk_deadline(quiet ? TICK_IDLE : TICK));
}

static struct uk_timer ticks = UK_TIMER_INIT(tick);

static void start_ticks(void)
{
	static uint32_t started;

	if (UK_UNLIKELY(!started) && !__atomic_exchange_n(&started, 1, __ATOMIC_RELAXED))
		uk_timer_start(&ticks, uk_deadline(TICK));
}
#else
static inline void start_ticks(void)
{
}
#endif

static bool fetch(bool wait)
{
	bool some = watch.wanted && harvest();

	if (watch.wanted && wait && !some)
		start_ticks();
	return (other_input && other_input->fetch(wait)) || some;
}

static void fetched(void)
{
	if (other_input)
		other_input->done();
}

static const struct uk_event_input input = { .fetch = fetch, .done = fetched };

/* poll(2) on a datagram socket or a listening one. */
static void ask_host(struct uk_file *f)
{
	static const struct host_timespec now;
	struct hostsock *h = host_of(f->priv);
	struct host_pollfd p = { h->fd, HOST_POLLIN, 0 };

	if (!h->unsure || !(uk_event_ready(&h->s.events) & UK_POLLIN))
		return;
	uk_event_clear(&h->s.events, UK_POLLIN);
	h->unsure = false;
	if (host_ppoll(&p, 1, &now, NULL) > 0 && p.revents & HOST_POLLIN) {
		h->unsure = true;
		__atomic_or_fetch(&h->s.events.ready, UK_POLLIN, __ATOMIC_SEQ_CST);
	}
}

/* ---- memory that the host cannot reach yet ---- */

static void touch(void *p, size_t n, bool write)
{
	char *c = p, *end = c + n;

	while (c < end) {
		if (write)
			__atomic_fetch_or(c, 0, __ATOMIC_RELAXED);
		else
			(void)*(volatile char *)c;
		c = (char *)(((uintptr_t)c | (TOUCH_STEP - 1)) + 1);
	}
}

static void touch_all(const struct uk_iovec *iov, unsigned n, bool write)
{
	unsigned i;

	for (i = 0; i < n; i++)
		touch(iov[i].base, iov[i].len, write);
}

/* ---- messages ---- */

/* One transfer as the host sees it. */
struct transfer {
	struct uk_abi_msghdr h;
	struct uk_iovec on_stack[IOV_MOST], *iov;
	unsigned n;
};

/* Name the bytes that are left; all of them if `whole`. */
static int name_bytes(struct transfer *t, const struct uk_iter *it, bool whole)
{
	size_t left = it->left;
	unsigned i, most = IOV_MOST;

	t->iov = t->on_stack;
	if (whole && it->n + 1 > IOV_MOST) {
		most = it->n + 1;
		t->iov = uk_malloc(most * sizeof(*t->iov));
		if (!t->iov)
			return -ENOMEM;
	}
	t->n = 0;
	if (it->here) {
		t->iov[t->n++] = (struct uk_iovec){ it->p, it->here };
		left -= it->here;
	}
	for (i = 0; i < it->n && left && t->n < most; i++) {
		size_t len = UK_MIN(it->iov[i].len, left);

		t->iov[t->n++] = (struct uk_iovec){ it->iov[i].base, len };
		left -= len;
	}
	return 0;
}

static void advance(struct uk_iter *it, size_t n)
{
	while (n && uk_iter_next(it)) {
		size_t part = UK_MIN(n, it->here);

		uk_iter_advance(it, part);
		n -= part;
	}
}

/* One call of the host: sendmsg or recvmsg, or the shorter forms where they say as much. */
static ssize_t call(struct hostsock *h, struct uk_msg *m, bool send)
{
	const bool stream = h->s.type == UK_SOCK_STREAM;
	unsigned flags = m->flags & ~(UK_MSG_DONTWAIT | UK_MSG_WAITALL | UK_MSG_CMSG_CLOEXEC);
	struct transfer t;
	ssize_t rc;
	int tries;

	if (UK_LIKELY(m->it.here == m->it.left && !m->control_len && !m->name && stream)) {
		for (tries = 0; tries < 2; tries++) {
			rc = send ? host_sendto(h->fd, m->it.p, m->it.left, flags | UK_MSG_NOSIGNAL)
				  : host_recvfrom(h->fd, m->it.p, m->it.left, flags);
			if (UK_LIKELY(rc != -EFAULT))
				break;
			touch(m->it.p, m->it.left, !send);
		}
		return rc;
	}
	rc = name_bytes(&t, &m->it, !stream);
	if (rc)
		return rc;
	t.h = (struct uk_abi_msghdr){ .msg_name = m->name,
				      .msg_namelen = send      ? m->name_len
						     : m->name ? sizeof(*m->name)
							       : 0,
				      .msg_iov = t.iov,
				      .msg_iovlen = t.n,
				      .msg_control = m->control_len ? m->control : NULL,
				      .msg_controllen = m->control_len };
	for (tries = 0; tries < 2; tries++) {
		if (!stream || tries) {
			touch_all(t.iov, t.n, !send);
			if (!send && m->control_len)
				touch(m->control, m->control_len, true);
		}
		rc = send ? host_sendmsg(h->fd, &t.h, flags | UK_MSG_NOSIGNAL)
			  : host_recvmsg(h->fd, &t.h, flags);
		if (rc != -EFAULT)
			break;
	}
	if (!send && rc >= 0) {
		m->name_len = t.h.msg_namelen;
		m->out_flags = t.h.msg_flags & ~UK_MSG_CMSG_CLOEXEC;
		if (m->control_len) {
			m->control += t.h.msg_controllen;
			m->control_len -= t.h.msg_controllen;
		}
	}
	if (t.iov != t.on_stack)
		uk_free(t.iov);
	return rc;
}

/* Perhaps: poll() asks the host. */
static void may_be_more(struct hostsock *h)
{
	h->unsure = true;
	uk_event_set(&h->s.events, UK_POLLIN);
}

/* One receive with the ready bits kept right. -EINTR of the host is a signal of ours: try again. */
static ssize_t receive(struct hostsock *h, struct uk_msg *m)
{
	size_t asked = m->it.left;
	ssize_t n;

	if (!(m->flags & (UK_MSG_PEEK | UK_MSG_OOB | UK_MSG_ERRQUEUE)))
		uk_event_clear(&h->s.events, UK_POLLIN);
	do
		n = call(h, m, false);
	while (UK_UNLIKELY(n == -EINTR));
	if (n == -EAGAIN) {
		h->unsure = false;
		if (UK_UNLIKELY(uk_event_ready(&h->s.events) & UK_POLLRDHUP))
			uk_event_set(&h->s.events, UK_POLLIN); /* shut: that stays */
		return n;
	}
	if (UK_UNLIKELY(!n && asked && h->s.type == UK_SOCK_STREAM))
		uk_event_set(&h->s.events, UK_POLLIN | UK_POLLRDHUP); /* the end stays */
	else if (UK_UNLIKELY(h->s.type != UK_SOCK_STREAM || n <= 0 || (size_t)n == asked))
		may_be_more(h);
	return n;
}

/*
 * An error comes behind the bytes before it. The host has told it already (happened()), and says that this is the end now. A reset behind
 * the other side's end (EPIPE) is for who sends.
 */
static bool tells_error(const struct uk_socket *s, const struct uk_msg *m, ssize_t n)
{
	uint32_t error = __atomic_load_n(&s->error, __ATOMIC_RELAXED);

	return error && s->type == UK_SOCK_STREAM &&
	       (n == -EAGAIN || n == -ENOTCONN || (!n && m->it.left && error != EPIPE));
}

static ssize_t do_recv(struct uk_socket *s, struct uk_msg *m)
{
	struct hostsock *h = host_of(s);
	const bool all =
		m->flags & UK_MSG_WAITALL && s->type == UK_SOCK_STREAM && !(m->flags & UK_MSG_PEEK);
	uk_nsec deadline;
	ssize_t done = 0, n;

	for (;;) {
		n = s->type == UK_SOCK_STREAM ? 0 : uk_socket_take_error(s);
		if (UK_LIKELY(!n))
			n = receive(h, m);
		if (UK_UNLIKELY(n <= 0) && tells_error(s, m, n))
			n = uk_socket_take_error(s);
		if (UK_LIKELY(n != -EAGAIN)) {
			if (n > 0)
				done += n;
			if (UK_LIKELY(!all) || n <= 0)
				break;
			advance(&m->it, (size_t)n);
			if (!m->it.left)
				break;
			continue;
		}
		deadline = uk_socket_deadline(m->flags, s->rcvtimeo);
		if (UK_UNLIKELY(deadline && uk_event_ready(&s->events) & UK_POLLRDHUP)) {
			n = 0;
			break;
		}
		n = uk_socket_wait(s, UK_POLLIN | UK_POLLERR | UK_POLLHUP, deadline);
		if (n)
			break;
	}
	return done ? done : n;
}

static ssize_t do_send(struct uk_socket *s, struct uk_msg *m)
{
	struct hostsock *h = host_of(s);
	uk_nsec deadline;
	ssize_t done = 0, n;
	int rc;

	for (;;) {
		rc = uk_socket_take_error(s);
		n = UK_UNLIKELY(rc) ? rc : call(h, m, true);
		if (UK_UNLIKELY(n == -EINTR))
			continue;
		if (n >= 0) {
			done += n;
			if (UK_LIKELY((size_t)n == m->it.left || s->type != UK_SOCK_STREAM))
				break;
			advance(&m->it, (size_t)n);
			continue;
		}
		if (n != -EAGAIN)
			break;
		/* Once more after it is noted that there is no room: else an edge might come too early. */
		if (uk_event_ready(&s->events) & UK_POLLOUT) {
			uk_event_clear(&s->events, UK_POLLOUT);
			continue;
		}
		deadline = uk_socket_deadline(m->flags, s->sndtimeo);
		n = uk_socket_wait(s, UK_POLLOUT | UK_POLLERR | UK_POLLHUP, deadline);
		if (n)
			break;
	}
	return done ? done : n;
}

/* ---- connections ---- */

static int adopt(int domain, int type, int protocol, int fd, uint32_t ready, struct uk_file **f);

static int do_bind(struct uk_socket *s, const struct uk_abi_sockaddr_storage *addr, uint32_t len)
{
	struct uk_abi_sockaddr_storage there = *addr;
	int rc = hostnet_published(host_of(s)->fd, s->type, &there, len);

	return rc ? rc : host_bind(host_of(s)->fd, &there, len);
}

static int do_listen(struct uk_socket *s, int backlog)
{
	int rc = host_listen(host_of(s)->fd, backlog);

	if (!rc) {
		s->listening = true;
		uk_event_clear(&s->events, UK_POLLOUT | UK_POLLHUP | UK_POLLERR);
	}
	return rc;
}

static int do_connect(struct uk_socket *s, const struct uk_abi_sockaddr_storage *addr, uint32_t len,
		      unsigned flags)
{
	struct hostsock *h = host_of(s);
	int rc = host_connect(h->fd, addr, len), error;

	if (s->type != UK_SOCK_STREAM)
		return rc;
	if (!rc && addr->ss_family == UK_AF_UNSPEC)
		s->listening = false;
	else if (!rc || rc == -EINPROGRESS)
		uk_socket_take_error(s); /* of a connection before this one */
	refresh(h);
	if (rc == -EINPROGRESS && !(flags & UK_MSG_DONTWAIT)) {
		rc = uk_socket_wait(s, UK_POLLOUT | UK_POLLERR | UK_POLLHUP,
				    uk_socket_deadline(flags, s->sndtimeo));
		if (rc)
			return rc == -EAGAIN ? -EINPROGRESS : rc;
		rc = host_connect(h->fd, addr, len); /* the host's socket learns that it is done */
		refresh(h);
	}
	/* Of an attempt that has failed: the host has told us why, not the caller. */
	if (rc == -ECONNABORTED) {
		error = uk_socket_take_error(s);
		refresh(h);
		return error ? error : rc;
	}
	return rc;
}

static int do_accept(struct uk_socket *s, struct uk_file **f, unsigned flags,
		     struct uk_abi_sockaddr_storage *addr, uint32_t *len)
{
	struct hostsock *h = host_of(s);
	int fd, rc, room = sizeof(*addr);

	for (;;) {
		uk_event_clear(&s->events, UK_POLLIN);
		fd = host_accept(h->fd, addr, addr ? &room : NULL);
		if (fd == -EINTR)
			continue;
		if (fd != -EAGAIN)
			break;
		rc = uk_socket_wait(s, UK_POLLIN | UK_POLLERR | UK_POLLHUP,
				    uk_socket_deadline(flags, s->rcvtimeo));
		if (rc)
			return rc;
	}
	may_be_more(h);
	if (fd < 0)
		return fd;
	*len = (uint32_t)room;
	return adopt(s->domain, s->type, s->protocol, fd, UK_POLLOUT, f);
}

static int do_shutdown(struct uk_socket *s, int how)
{
	int rc = host_shutdown(host_of(s)->fd, how);

	if (!rc && how != UK_SHUT_WR)
		s->listening = false;
	refresh(host_of(s));
	return rc;
}

static int do_getsockname(struct uk_socket *s, struct uk_abi_sockaddr_storage *addr)
{
	int len = sizeof(*addr), rc = host_getsockname(host_of(s)->fd, addr, &len);

	return rc ? rc : len;
}

static int do_getpeername(struct uk_socket *s, struct uk_abi_sockaddr_storage *addr)
{
	int len = sizeof(*addr), rc = host_getpeername(host_of(s)->fd, addr, &len);

	return rc ? rc : len;
}

static int do_setsockopt(struct uk_socket *s, int level, int name, const void *val, uint32_t len)
{
	return host_setsockopt(host_of(s)->fd, level, name, val, (int)len);
}

static int do_getsockopt(struct uk_socket *s, int level, int name, void *val, uint32_t len)
{
	int room = (int)len, rc = host_getsockopt(host_of(s)->fd, level, name, val, &room);

	return rc ? rc : room;
}

static int do_ioctl(struct uk_file *f, unsigned cmd, uintptr_t arg)
{
	struct hostsock *h = host_of(f->priv);
	int n = 0, rc;

	switch (cmd) {
	case UK_FIONREAD:
		rc = host_ioctl(h->fd, UK_FIONREAD, &n);
		break;
	case UK_SIOCATMARK:
		rc = host_ioctl(h->fd, UK_SIOCATMARK, &n);
		break;
	default:
		return -ENOTTY;
	}
	return rc ? rc : uk_user_write(arg, &n, sizeof(n));
}

static void do_release(struct uk_file *f)
{
	struct hostsock *h = host_of(f->priv);
	bool irq = uk_spin_lock_irq(&harvesting);

	host_close(h->fd); /* and the host forgets it in its epoll instance */
	uk_spin_unlock_irq(&harvesting, irq);
	uk_free(h);
}

/* ---- the family ---- */

static const struct uk_socket_ops ops = {
	.file = { .read = uk_socket_read,
		  .write = uk_socket_write,
		  .stat = uk_socket_stat,
		  .poll = ask_host,
		  .ioctl = do_ioctl,
		  .release = do_release,
		  .type = UK_S_IFSOCK },
	.bind = do_bind,
	.listen = do_listen,
	.connect = do_connect,
	.accept = do_accept,
	.sendmsg = do_send,
	.recvmsg = do_recv,
	.shutdown = do_shutdown,
	.getsockname = do_getsockname,
	.getpeername = do_getpeername,
	.setsockopt = do_setsockopt,
	.getsockopt = do_getsockopt,
};

/* A file for the host's descriptor, which is closed if there is no memory for it. What else is ready the host tells. */
static int adopt(int domain, int type, int protocol, int fd, uint32_t ready, struct uk_file **f)
{
	struct hostsock *h = uk_calloc(1, sizeof(*h));
	struct host_epoll_event ev = { WATCHED, (uintptr_t)h };
	int rc = -ENOMEM;

	if (h) {
		h->fd = fd;
		h->s.domain = (uint16_t)domain;
		h->s.type = (uint8_t)type;
		h->s.protocol = protocol;
		h->s.events.ready = ready;
		*f = uk_socket_file(&h->s, &ops);
		rc = *f ? host_epoll_ctl(epoll_fd, HOST_EPOLL_CTL_ADD, fd, &ev) : -ENOMEM;
		if (!rc) {
			uk_shared_set(watch.wanted, 1);
			return 0;
		}
		if (*f) {
			uk_file_put(*f); /* closes fd and frees h */
			return rc;
		}
		uk_free(h);
	}
	host_close(fd);
	return rc;
}

static int create(int domain, int type, int protocol, struct uk_file **f)
{
	int fd;

	if (epoll_fd < 0)
		return -EAFNOSUPPORT; /* another family of this domain is asked */
	type &= UK_SOCK_MASK;
	if (!protocol && type == UK_SOCK_STREAM)
		protocol = UK_IPPROTO_TCP;
	if (!protocol && type == UK_SOCK_DGRAM)
		protocol = UK_IPPROTO_UDP;
	fd = domain == UK_AF_INET ? host_socket(UK_AF_INET, type, protocol)
				  : host_socket(UK_AF_INET6, type, protocol);
	if (fd < 0)
		return fd;
	return adopt(domain, type, protocol, fd,
		     type == UK_SOCK_STREAM ? UK_POLLOUT | UK_POLLHUP : UK_POLLOUT, f);
}

UK_SOCKET_FAMILY("1", host_inet, .domain = UK_AF_INET, .create = create);
UK_SOCKET_FAMILY("1", host_inet6, .domain = UK_AF_INET6, .create = create);

#ifdef CONFIG_LIBNETLINK
/* The host's interfaces are not told: a socket of its AF_NETLINK could do more than that. */
static bool active(void)
{
	return epoll_fd >= 0;
}

UK_LINKS("1", host, .active = active);
#endif

/* With a TAP interface the image has an address of its own, and is meant to have it. */
static bool wanted(void)
{
	return uk_param_hostnet_enable.given ? uk_param_hostnet_enable.b
					     : !linuxu_tap_given || !linuxu_tap_given();
}

static int start(void)
{
	if (!wanted())
		return 0;
	epoll_fd = host_epoll_create();
	if (epoll_fd < 0)
		return epoll_fd;
	watch.fd = epoll_fd;
	watch.fired = fired;
	linuxu_watch_add(&watch);
	other_input = uk_event_input;
	uk_event_input = &input;
	return 0;
}

/* After the network stacks, if there are others: their input is fetched as well. */
UK_INIT(UK_INIT_POSIX, "9", start, NULL);
