/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AF_NETLINK: sockets, their numbers, and the answers that wait in them.
 *
 * A socket talks with the kernel only. What it sends is answered at once, into its queue; of a long list a
 * part is made when the one before it has been received, so a list takes little memory however long it is.
 * Answers to other requests are dropped when the queue has more than SO_RCVBUF bytes; that is told by ENOBUFS, as on Linux.
 */
#include "internal.h"

#define BUF_DEFAULT 212992u /* SO_SNDBUF, SO_RCVBUF: Linux's defaults, and the most */
#define BUF_MIN     4608u
#define SEND_COST   32u /* Linux takes that much off SO_SNDBUF */
#define FIRST_SPARE                                                                                \
	(UINT32_MAX - 4096) /* numbers for sockets beyond the process's first, downwards */

UK_TABLE_DECLARE(const struct uk_links, links);

static struct uk_mutex names;
static struct netlink *named;

static inline struct netlink *netlink_of(struct uk_socket *s)
{
	return UK_CONTAINER_OF(s, struct netlink, s);
}

/* ---- numbers ---- */

/* names. */
static bool is_taken(uint32_t pid)
{
	const struct netlink *n;

	for (n = named; n; n = n->next)
		if (n->pid == pid)
			return true;
	return false;
}

/* Gives the socket this number; 0: one that is free, the process's if it is. */
static int name(struct netlink *n, uint32_t pid)
{
	int rc = 0;

	uk_mutex_lock(&names);
	if (n->pid) {
		rc = pid && pid != n->pid ? -EINVAL : 0;
	} else if (pid && is_taken(pid)) {
		rc = -EADDRINUSE;
	} else {
		if (!pid)
			for (pid = (uint32_t)uk_process_current()->pid; is_taken(pid);)
				pid = pid > FIRST_SPARE || pid < FIRST_SPARE / 2 ? FIRST_SPARE
										 : pid - 1;
		n->pid = pid;
		n->next = named;
		named = n;
	}
	uk_mutex_unlock(&names);
	return rc;
}

static void forget_name(struct netlink *n)
{
	struct netlink **p;

	uk_mutex_lock(&names);
	for (p = &named; *p; p = &(*p)->next)
		if (*p == n) {
			*p = n->next;
			break;
		}
	uk_mutex_unlock(&names);
}

/* Is this an address of ours? */
static int check(const struct uk_abi_sockaddr_storage *addr, uint32_t len)
{
	if (len < sizeof(struct uk_abi_sockaddr_nl) || addr->ss_family != UK_AF_NETLINK)
		return -EINVAL;
	return 0;
}

static int nl_bind(struct uk_socket *s, const struct uk_abi_sockaddr_storage *addr, uint32_t len)
{
	const struct uk_abi_sockaddr_nl *nl = (const void *)addr;
	int rc = check(addr, len);

	if (!rc && nl->nl_groups) /* they would wait for news that never come */
		rc = -EPERM;
	return rc ? rc : name(netlink_of(s), nl->nl_pid);
}

/* To the kernel, where every message goes anyway; to others nobody may send. */
static int nl_connect(struct uk_socket *s, const struct uk_abi_sockaddr_storage *addr, uint32_t len,
		      unsigned flags UK_UNUSED)
{
	const struct uk_abi_sockaddr_nl *nl = (const void *)addr;
	int rc;

	if (len >= sizeof(addr->ss_family) && addr->ss_family == UK_AF_UNSPEC)
		return 0;
	rc = check(addr, len);
	if (!rc && (nl->nl_groups || nl->nl_pid))
		rc = -EPERM;
	return rc ? rc : name(netlink_of(s), 0);
}

static int tell_name(struct uk_abi_sockaddr_storage *addr, uint32_t pid)
{
	const struct uk_abi_sockaddr_nl nl = { .nl_family = UK_AF_NETLINK, .nl_pid = pid };

	memcpy(addr, &nl, sizeof(nl));
	return sizeof(nl);
}

static int nl_getsockname(struct uk_socket *s, struct uk_abi_sockaddr_storage *addr)
{
	return tell_name(addr, netlink_of(s)->pid);
}

static int nl_getpeername(struct uk_socket *s UK_UNUSED, struct uk_abi_sockaddr_storage *addr)
{
	return tell_name(addr, 0);
}

/* ---- messages ---- */

struct answer *netlink_new(uint32_t len)
{
	struct answer *a = uk_calloc(1, sizeof(*a) + len);

	if (a)
		a->len = len;
	return a;
}

void netlink_answer(struct netlink *n, struct answer *a)
{
	if (!a || n->queued > n->rcvbuf) {
		uk_free(a);
		__atomic_store_n(&n->s.error, ENOBUFS, __ATOMIC_RELAXED);
		uk_event_set(&n->s.events, UK_POLLERR);
		return;
	}
	if (n->last)
		n->last->next = a;
	else
		n->first = a;
	n->last = a;
	n->queued += a->len + (uint32_t)sizeof(*a);
	uk_event_set(&n->s.events, UK_POLLIN);
}

static void drop_first(struct netlink *n)
{
	struct answer *a = n->first;

	n->first = a->next;
	if (!n->first)
		n->last = NULL;
	n->queued -= a->len + (uint32_t)sizeof(*a);
	uk_free(a);
}

static ssize_t nl_send(struct uk_socket *s, struct uk_msg *m)
{
	const struct uk_abi_sockaddr_nl *nl = (const void *)m->name;
	struct netlink *n = netlink_of(s);
	size_t len = m->it.left;
	char *data;
	int rc;

	if (m->flags & UK_MSG_OOB)
		return -EOPNOTSUPP;
	if (!len)
		return -ENODATA;
	if (m->name_len) {
		rc = check(m->name, m->name_len);
		if (!rc && (nl->nl_groups || nl->nl_pid))
			rc = -EPERM;
		if (rc)
			return rc;
	}
	rc = name(n, 0);
	if (rc)
		return rc;
	if (len > n->sndbuf - SEND_COST)
		return -EMSGSIZE;
	data = uk_malloc(len);
	if (!data)
		return -ENOBUFS;
	if (uk_iter_get(&m->it, data, len) != len) {
		uk_free(data);
		return -EFAULT;
	}
	uk_mutex_lock(&n->lock);
	netlink_requests(n, data, len);
	uk_mutex_unlock(&n->lock);
	uk_free(data);
	return (ssize_t)len;
}

/* n->lock. */
static ssize_t take(struct netlink *n, struct uk_msg *m)
{
	size_t len = n->first->len, here = UK_MIN(len, m->it.left);
	bool fault = here && uk_iter_put(&m->it, n->first->data, here) != here;

	if (m->name)
		m->name_len = (uint32_t)tell_name(m->name, 0);
	if (here < len)
		m->out_flags |= UK_MSG_TRUNC;
	if (!(m->flags & UK_MSG_PEEK)) {
		drop_first(n);
		netlink_go_on(n);
		if (!n->first)
			uk_event_clear(&n->s.events, UK_POLLIN);
	}
	if (fault)
		return -EFAULT;
	return (ssize_t)(m->flags & UK_MSG_TRUNC ? len : here);
}

static ssize_t nl_recv(struct uk_socket *s, struct uk_msg *m)
{
	uk_nsec deadline = uk_socket_deadline(m->flags, s->rcvtimeo);
	struct netlink *n = netlink_of(s);
	ssize_t rc;

	if (m->flags & UK_MSG_OOB)
		return -EOPNOTSUPP;
	for (;;) {
		rc = uk_socket_take_error(s);
		if (rc)
			return rc;
		uk_mutex_lock(&n->lock);
		rc = n->first ? take(n, m) : -EAGAIN;
		uk_mutex_unlock(&n->lock);
		if (rc != -EAGAIN)
			return rc;
		rc = uk_socket_wait(s, UK_POLLIN | UK_POLLERR, deadline);
		if (rc)
			return rc;
	}
}

/* ---- options ---- */

static uint32_t *buffer(struct netlink *n, int level, int name)
{
	if (level != UK_SOL_SOCKET)
		return NULL;
	switch (name) {
	case UK_SO_SNDBUF:
	case UK_SO_SNDBUFFORCE:
		return &n->sndbuf;
	case UK_SO_RCVBUF:
	case UK_SO_RCVBUFFORCE:
		return &n->rcvbuf;
	}
	return NULL;
}

static int nl_setsockopt(struct uk_socket *s, int level, int name, const void *val, uint32_t len)
{
	uint32_t *size = buffer(netlink_of(s), level, name), value;

	if (!size)
		return -ENOPROTOOPT;
	if (len < sizeof(value))
		return -EINVAL;
	memcpy(&value, val, sizeof(value));
	*size = UK_MAX(2 * UK_MIN(value, BUF_DEFAULT), BUF_MIN); /* doubled, as on Linux */
	return 0;
}

static int nl_getsockopt(struct uk_socket *s, int level, int name, void *val, uint32_t len)
{
	const uint32_t *size = buffer(netlink_of(s), level, name);

	if (!size)
		return -ENOPROTOOPT;
	len = UK_MIN(len, (uint32_t)sizeof(*size));
	memcpy(val, size, len);
	return (int)len;
}

static int nl_ioctl(struct uk_file *f UK_UNUSED, unsigned cmd, uintptr_t arg)
{
	return uk_socket_ioctl(cmd, arg);
}

/* ---- the family ---- */

static void release(struct uk_file *f)
{
	struct netlink *n = netlink_of(f->priv);

	forget_name(n);
	while (n->first)
		drop_first(n);
	uk_free(n);
}

static const struct uk_socket_ops netlink_ops = {
	.file = {
		.read = uk_socket_read,
		.write = uk_socket_write,
		.ioctl = nl_ioctl,
		.release = release,
		.stat = uk_socket_stat,
		.type = UK_S_IFSOCK,
	},
	.bind = nl_bind,
	.connect = nl_connect,
	.sendmsg = nl_send,
	.recvmsg = nl_recv,
	.getsockname = nl_getsockname,
	.getpeername = nl_getpeername,
	.setsockopt = nl_setsockopt,
	.getsockopt = nl_getsockopt,
};

/* The stack whose sockets programs get, if it can tell. */
static const struct uk_links *active_links(void)
{
	const struct uk_links *l;

	uk_table_for_each(l, links)
		if (!l->active || l->active())
			return l->from ? l : NULL;
	return NULL;
}

static int create(int domain, int type, int protocol, struct uk_file **f)
{
	const struct uk_links *links = active_links();
	struct netlink *n;

	if (!links)
		return -EAFNOSUPPORT;
	if (type != UK_SOCK_RAW && type != UK_SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol != UK_NETLINK_ROUTE)
		return -EPROTONOSUPPORT;
	n = uk_calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->s.domain = (uint16_t)domain;
	n->s.type = (uint8_t)type;
	n->links = links;
	n->sndbuf = n->rcvbuf = BUF_DEFAULT;
	n->s.events.ready = UK_POLLOUT | UK_POLLWRBAND;
	*f = uk_socket_file(&n->s, &netlink_ops);
	if (*f)
		return 0;
	uk_free(n);
	return -ENOMEM;
}

UK_SOCKET_FAMILY("5", netlink, .domain = UK_AF_NETLINK, .create = create);
