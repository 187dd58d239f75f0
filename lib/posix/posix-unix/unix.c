/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local sockets: life, options, and the table of operations of each type.
 */
#include <uk/abi/ioctl.h>
#include "internal.h"

struct unix_sock *unix_new(int type)
{
	struct unix_sock *u = uk_calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->s.domain = UK_AF_UNIX;
	u->s.type = (uint8_t)type;
	u->refs = 1;
	u->sndbuf = u->rcvbuf = BUF_DEFAULT;
	u->rcvlowat = 1;
	uk_list_init(&u->senders);
	uk_list_init(&u->sender);
	uk_list_init(&u->on_way);
	/* As on Linux: one that could be connected, and is not, looks hung up. */
	u->s.events.ready = type == UK_SOCK_DGRAM ? WRITABLE : WRITABLE | UK_POLLHUP;
	return u;
}

static void free_messages(struct unix_msg *m)
{
	struct unix_msg *next;

	for (; m; m = next) {
		next = m->next;
		unix_msg_free(m);
	}
}

void unix_put(struct unix_sock *u)
{
	if (!uk_ref_put(&u->refs))
		return;
	if (u->peer)
		unix_put(u->peer);
	unix_name_put(u->name);
	uk_free(u->spare);
	uk_free(u);
}

struct unix_sock *unix_peer(struct unix_sock *u)
{
	struct unix_sock *peer;

	uk_mutex_lock(&u->lock);
	peer = u->peer;
	if (peer)
		unix_get(peer);
	uk_mutex_unlock(&u->lock);
	return peer;
}

void unix_set_peer(struct unix_sock *u, struct unix_sock *peer)
{
	struct unix_sock *old;

	uk_mutex_lock(&u->lock);
	old = u->peer;
	uk_shared_set(u->peer, peer);
	uk_mutex_unlock(&u->lock);
	if (old) {
		uk_mutex_lock(&old->lock);
		uk_list_del(&u->sender);
		uk_list_init(&u->sender);
		uk_mutex_unlock(&old->lock);
		unix_put(old);
	}
	if (peer && u->s.type == UK_SOCK_DGRAM && !unix_mutual(peer, u)) {
		uk_mutex_lock(&peer->lock);
		if (!peer->closed)
			uk_list_add_tail(&peer->senders, &u->sender);
		uk_mutex_unlock(&peer->lock);
	}
}

/* The other end of a connection learns that this one is gone, and whether it left bytes unread. */
static void hang_up(struct unix_sock *peer, bool reset)
{
	uk_mutex_lock(&peer->lock);
	if (reset) {
		__atomic_store_n(&peer->s.error, ECONNRESET, __ATOMIC_RELAXED);
		uk_event_set(&peer->s.events, UK_POLLERR);
	}
	unix_shut(peer, SHUT_BOTH);
	uk_event_set(&peer->s.events, WRITABLE); /* what was in this one's queue is gone */
	uk_mutex_unlock(&peer->lock);
}

/* Who was connected to this datagram socket is not waited for any more. u->lock. */
static void let_senders_go(struct unix_sock *u)
{
	struct unix_sock *sender;

	while (!uk_list_empty(&u->senders)) {
		sender = UK_CONTAINER_OF(u->senders.next, struct unix_sock, sender);
		uk_list_del(&sender->sender);
		uk_list_init(&sender->sender);
		uk_event_set(&sender->s.events, WRITABLE);
	}
}

void unix_close(struct unix_sock *u)
{
	bool stream = u->s.type != UK_SOCK_DGRAM, unread, accepted = u->s.file;
	struct unix_sock *waiting, *peer;
	struct unix_msg *m;

	unix_unbind(u);
	uk_mutex_lock(&u->lock);
	u->closed = true;
	u->shut = SHUT_BOTH;
	u->s.file = NULL;
	m = u->first;
	u->first = u->last = NULL;
	waiting = u->waiting;
	u->waiting = NULL;
	peer = u->peer;
	if (peer)
		unix_get(peer);
	let_senders_go(u);
	uk_waitq_wake_all(&u->room);
	uk_mutex_unlock(&u->lock);

	unread = m || !accepted;
	if (peer && stream)
		hang_up(peer, unread);
	if (peer)
		unix_put(peer);
	/* The end of a datagram pair points to us, and we need it no more. */
	unix_set_peer(u, NULL);
	unix_refuse_waiting(waiting);
	free_messages(m);
	unix_put(u);
	unix_collect();
}

static void release(struct uk_file *f)
{
	unix_close(unix_of(f->priv));
}

void unix_my_cred(struct uk_abi_ucred *cred)
{
	const struct uk_process *p = uk_process_current();

	*cred = (struct uk_abi_ucred){ p->pid, p->creds.euid, p->creds.egid };
}

/* ---- names, the end ---- */

static int getsockname(struct uk_socket *s, struct uk_abi_sockaddr_storage *addr)
{
	return (int)unix_name_tell(UK_READ_ONCE(unix_of(s)->name), addr);
}

static int getpeername(struct uk_socket *s, struct uk_abi_sockaddr_storage *addr)
{
	struct unix_sock *peer = unix_peer(unix_of(s));
	int len;

	if (!peer)
		return -ENOTCONN;
	len = (int)unix_name_tell(UK_READ_ONCE(peer->name), addr);
	unix_put(peer);
	return len;
}

static int do_shutdown(struct uk_socket *s, int how)
{
	struct unix_sock *u = unix_of(s), *peer = unix_peer(u);
	unsigned mine = (unsigned)how + 1, its;

	uk_mutex_lock(&u->lock);
	unix_shut(u, mine);
	uk_mutex_unlock(&u->lock);
	if (!peer)
		return 0;
	if (s->type != UK_SOCK_DGRAM) {
		its = (mine & SHUT_IN ? SHUT_OUT : 0) | (mine & SHUT_OUT ? SHUT_IN : 0);
		uk_mutex_lock(&peer->lock);
		unix_shut(peer, its);
		uk_mutex_unlock(&peer->lock);
	}
	unix_put(peer);
	return 0;
}

/* ---- options ---- */

/* Options that have no effect here, on Linux either, and are only remembered. */
#define REMEMBERED                                                                                 \
	(1u << UK_SO_DEBUG | 1u << UK_SO_REUSEADDR | 1u << UK_SO_DONTROUTE |                       \
	 1u << UK_SO_BROADCAST | 1u << UK_SO_KEEPALIVE | 1u << UK_SO_OOBINLINE)

#define SNDBUF_MIN 4608u
#define RCVBUF_MIN 2304u

static uint32_t buffer_size(int32_t value, uint32_t min)
{
	uint32_t size = value < 0 || (uint32_t)value > BUF_DEFAULT ? BUF_DEFAULT : (uint32_t)value;

	return UK_MAX(2 * size,
		      min); /* Linux doubles it, for what a message costs beside its bytes */
}

static int setsockopt(struct uk_socket *s, int level, int name, const void *val, uint32_t len)
{
	struct unix_sock *u = unix_of(s);
	int32_t value;

	if (level != UK_SOL_SOCKET)
		return -EOPNOTSUPP;
	if (len < (name == UK_SO_LINGER ? sizeof(u->linger) : sizeof(value)))
		return -EINVAL;
	memcpy(&value, val, sizeof(value));
	if (name >= 0 && name < 32 && (REMEMBERED >> name & 1)) {
		u->options = (u->options & ~(1u << name)) | (value ? 1u << name : 0);
		return 0;
	}
	switch (name) {
	case UK_SO_LINGER: /* remembered, too: nothing of what was sent is left behind by close() */
		u->linger.l_onoff = value != 0;
		if (value)
			u->linger.l_linger = ((const struct uk_abi_linger *)val)->l_linger;
		return 0;
	case UK_SO_SNDBUF:
	case UK_SO_SNDBUFFORCE:
		u->sndbuf = buffer_size(value, SNDBUF_MIN);
		return 0;
	case UK_SO_RCVBUF:
	case UK_SO_RCVBUFFORCE:
		u->rcvbuf = buffer_size(value, RCVBUF_MIN);
		return 0;
	case UK_SO_RCVLOWAT:
		u->rcvlowat = value < 0 ? INT32_MAX : value ? (uint32_t)value : 1;
		return 0;
	case UK_SO_PASSCRED:
		u->passcred = value;
		return 0;
	}
	return -ENOPROTOOPT;
}

static int get_int(const struct unix_sock *u, int name, int32_t *value)
{
	if (name >= 0 && name < 32 && (REMEMBERED >> name & 1)) {
		*value = u->options >> name & 1;
		return 0;
	}
	switch (name) {
	case UK_SO_SNDBUF:
		*value = (int32_t)u->sndbuf;
		return 0;
	case UK_SO_RCVBUF:
		*value = (int32_t)u->rcvbuf;
		return 0;
	case UK_SO_RCVLOWAT:
		*value = (int32_t)u->rcvlowat;
		return 0;
	case UK_SO_SNDLOWAT:
		*value = 1;
		return 0;
	case UK_SO_PASSCRED:
		*value = u->passcred;
		return 0;
	}
	return -ENOPROTOOPT;
}

static int getsockopt(struct uk_socket *s, int level, int name, void *val, uint32_t len)
{
	struct unix_sock *u = unix_of(s);
	struct uk_abi_ucred cred = { 0, UINT32_MAX, UINT32_MAX };
	int32_t value;
	int rc;

	if (level != UK_SOL_SOCKET)
		return -EOPNOTSUPP;
	if (name == UK_SO_PEERCRED) {
		if (u->state != UNIX_OPEN || u->cred.pid)
			cred = u->cred;
		len = UK_MIN(len, (uint32_t)sizeof(cred));
		memcpy(val, &cred, len);
		return (int)len;
	}
	if (name == UK_SO_LINGER) {
		len = UK_MIN(len, (uint32_t)sizeof(u->linger));
		memcpy(val, &u->linger, len);
		return (int)len;
	}
	rc = get_int(u, name, &value);
	if (rc)
		return rc;
	len = UK_MIN(len, (uint32_t)sizeof(value));
	memcpy(val, &value, len);
	return (int)len;
}

#define TIOCOUTQ 0x5411

static int do_ioctl(struct uk_file *f, unsigned cmd, uintptr_t arg)
{
	struct unix_sock *u = unix_of(f->priv), *peer;
	const struct unix_msg *m;
	int n = 0;

	switch (cmd) {
	case UK_FIONREAD:
		if (u->state == UNIX_LISTENING)
			return -EINVAL;
		uk_mutex_lock(&u->lock);
		for (m = u->first; m; m = u->s.type == UK_SOCK_DGRAM ? NULL : m->next)
			n += (int)(m->len - m->off);
		uk_mutex_unlock(&u->lock);
		return uk_user_write(arg, &n, sizeof(n));
	case TIOCOUTQ:
		peer = unix_peer(u);
		if (peer) {
			n = (int)uk_shared_get(peer->queued);
			unix_put(peer);
		}
		return uk_user_write(arg, &n, sizeof(n));
	}
	return uk_socket_ioctl(cmd, arg);
}

/* ---- the family ---- */

static int create(int domain, int type, int protocol, struct uk_file **f)
{
	const struct uk_socket_ops *ops;
	struct unix_sock *u;

	if (protocol && protocol != UK_AF_UNIX)
		return -EPROTONOSUPPORT;
	switch (type) {
	case UK_SOCK_STREAM:
		ops = &unix_stream_ops;
		break;
	case UK_SOCK_RAW: /* as on Linux, BSD's old name for it */
		type = UK_SOCK_DGRAM;
		ops = &unix_dgram_ops;
		break;
	case UK_SOCK_DGRAM:
		ops = &unix_dgram_ops;
		break;
	case UK_SOCK_SEQPACKET:
		ops = &unix_seqpacket_ops;
		break;
	default:
		return -ESOCKTNOSUPPORT;
	}
	u = unix_new(type);
	if (!u)
		return -ENOMEM;
	u->s.protocol = protocol;
	*f = uk_socket_file(&u->s, ops);
	if (*f)
		return 0;
	unix_put(u);
	return -ENOMEM;
}

static int pair(int type, int protocol, struct uk_file *f[2])
{
	struct unix_sock *u[2];
	int i, rc = create(UK_AF_UNIX, type, protocol, &f[0]);

	if (rc)
		return rc;
	rc = create(UK_AF_UNIX, type, protocol, &f[1]);
	if (rc) {
		uk_file_put(f[0]);
		return rc;
	}
	for (i = 0; i < 2; i++)
		u[i] = unix_of(f[i]->priv);
	for (i = 0; i < 2; i++) {
		unix_get(u[!i]);
		u[i]->peer = u[!i];
		unix_my_cred(&u[i]->cred);
		if (type != UK_SOCK_DGRAM)
			u[i]->state = UNIX_CONNECTED;
		u[i]->s.events.ready = WRITABLE;
	}
	return 0;
}

UK_SOCKET_FAMILY("5", unix, .domain = UK_AF_UNIX, .create = create, .pair = pair);

#define FILE_OPS                                                                                   \
	.read = uk_socket_read, .write = uk_socket_write, .ioctl = do_ioctl, .release = release,   \
	.stat = uk_socket_stat, .type = UK_S_IFSOCK
#define COMMON                                                                                     \
	.bind = unix_bind, .connect = unix_connect, .shutdown = do_shutdown,                       \
	.getsockname = getsockname, .getpeername = getpeername, .setsockopt = setsockopt,          \
	.getsockopt = getsockopt

const struct uk_socket_ops unix_stream_ops = {
	.file = { FILE_OPS },
	COMMON,
	.listen = unix_listen,
	.accept = unix_accept,
	.sendmsg = unix_stream_send,
	.recvmsg = unix_stream_recv,
};

const struct uk_socket_ops unix_seqpacket_ops = {
	.file = { FILE_OPS },
	COMMON,
	.listen = unix_listen,
	.accept = unix_accept,
	.sendmsg = unix_packet_send,
	.recvmsg = unix_packet_recv,
};

const struct uk_socket_ops unix_dgram_ops = {
	.file = { FILE_OPS, .poll = unix_poll },
	COMMON,
	.sendmsg = unix_packet_send,
	.recvmsg = unix_packet_recv,
};
