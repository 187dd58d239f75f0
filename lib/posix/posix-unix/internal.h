/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local sockets, as their files share them.
 *
 * A socket owns a queue of messages that others put there. What one end sends is in the queue of the
 * other, so a connection is two sockets that point to each other. A socket lives as long as anybody
 * has a reference: its file, a peer's pointer, a queue of connections, a call under way.
 *
 * Locks. A socket's `lock` guards its queue and its state; bits of *another* socket's events that say
 * something about this queue (OUT of its senders) change under it as well. Two are held at once only
 * by connect(): the caller's, then the listener's. Above all of them: `collecting` (collect.c: sockets
 * that are themselves in messages), so descriptors that were in messages are let go without a lock. Below:
 * `names`.
 */
#ifndef POSIX_UNIX_INTERNAL_H
#define POSIX_UNIX_INTERNAL_H

#include <uk/alloc.h>
#include <uk/atomic.h>
#include <uk/errno.h>
#include <uk/fdtab.h>
#include <uk/list.h>
#include <uk/mutex.h>
#include <uk/process.h>
#include <uk/socket.h>
#include <uk/string.h>
#include <uk/waitq.h>

#define ADDR_NONE offsetof(struct uk_abi_sockaddr_un, sun_path) /* length of no name */
#define WRITABLE  (UK_POLLOUT | UK_POLLWRBAND)

enum unix_state { UNIX_OPEN, UNIX_LISTENING, UNIX_CONNECTED };

#define SHUT_IN   1u /* nothing is received any more */
#define SHUT_OUT  2u /* nothing is sent any more */
#define SHUT_BOTH 3u

#define BUF_DEFAULT 212992u /* SO_SNDBUF, SO_RCVBUF: Linux's defaults */
#define PACKETS_MAX 10u /* waiting datagrams, from senders that are not connected back: Linux's */

/* A name, shared by the socket that is bound to it and the connections that it accepts. */
struct unix_name {
	uint32_t refs;
	uint32_t len; /* of addr */
	struct uk_abi_sockaddr_un addr;
	struct uk_file *path;    /* its inode is the key; NULL: an abstract name */
	struct unix_sock *owner; /* who is bound; NULL: closed. names */
	struct unix_name *next;  /* in its bucket. names */
	uint32_t hash;
	uint8_t type; /* UK_SOCK_*: the same abstract name may exist once per type */
};

/* Descriptors on their way. */
struct unix_rights {
	unsigned n;
	bool counted;             /* there are sockets among them, and unix_collect() knows */
	struct unix_rights *next; /* while they wait to be put */
	struct uk_file *file[];   /* references */
};

struct unix_msg {
	struct unix_msg *next;
	struct unix_name *from; /* datagrams: a reference, or NULL */
	struct unix_rights *rights;
	bool has_cred; /* the sender has said who it is */
	struct uk_abi_ucred cred;
	size_t len, off, room; /* bytes; taken already; allocated */
	char data[];
};

struct unix_sock {
	struct uk_socket s;
	struct uk_mutex lock;
	uint32_t refs;
	uint8_t state; /* enum unix_state */
	uint8_t shut;
	bool closed; /* the file is gone */
	bool passcred;
	uint32_t options; /* bits of SO_* that are only remembered */
	struct uk_abi_linger linger;
	uint32_t sndbuf, rcvbuf, rcvlowat;
	struct unix_sock *peer;   /* a reference */
	struct unix_name *name;   /* a reference; set once */
	struct uk_abi_ucred cred; /* SO_PEERCRED: of the peer; while listening, the listener's */

	struct unix_msg *first, *last, *spare;
	size_t queued;        /* bytes, with what each message takes */
	unsigned count;       /* messages */
	struct uk_waitq room; /* senders that wait for it */
	struct uk_list
		senders; /* datagram sockets that are connected to this one, which is not to them */
	struct uk_list sender; /* in peer->senders */

	/* Listening. */
	struct unix_sock *waiting, *waiting_last; /* connections, linked by next_waiting */
	struct unix_sock *next_waiting;
	unsigned backlog, nwaiting;

	/* collect.c */
	struct uk_list on_way; /* in the list of those that are in messages */
	unsigned in_messages, unexplained;
	bool candidate;
	struct unix_sock *next_reached;
};

static inline struct unix_sock *unix_of(struct uk_socket *s)
{
	return UK_CONTAINER_OF(s, struct unix_sock, s);
}

/* ---- unix.c ---- */

/* A new socket with one reference, without a file. */
struct unix_sock *unix_new(int type);
static inline void unix_get(struct unix_sock *u)
{
	uk_ref_get(&u->refs);
}
void unix_put(struct unix_sock *u);
/* The file is gone, or a connection is refused that nobody has accepted. */
void unix_close(struct unix_sock *u);
/* The peer with a reference, or NULL. */
struct unix_sock *unix_peer(struct unix_sock *u);
/* Make `u` point to `peer` (a reference, taken over; NULL: to none). What it pointed to is let go. */
void unix_set_peer(struct unix_sock *u, struct unix_sock *peer);
void unix_my_cred(struct uk_abi_ucred *cred);
/* Does `u` answer to who sends to it, so that the queue is that sender's alone? */
static inline bool unix_mutual(const struct unix_sock *u, const struct unix_sock *sender)
{
	return uk_shared_get(u->peer) == sender;
}

extern const struct uk_socket_ops unix_stream_ops, unix_dgram_ops, unix_seqpacket_ops;

/* ---- stream.c, packet.c ---- */

ssize_t unix_stream_send(struct uk_socket *s, struct uk_msg *m);
ssize_t unix_stream_recv(struct uk_socket *s, struct uk_msg *m);
ssize_t unix_packet_send(struct uk_socket *s, struct uk_msg *m);
ssize_t unix_packet_recv(struct uk_socket *s, struct uk_msg *m);

/* ---- name.c ---- */

/* Who is bound to the name, with a reference, or an error pointer. */
struct unix_sock *unix_find(const struct uk_abi_sockaddr_storage *addr, uint32_t len, int type);
int unix_bind(struct uk_socket *s, const struct uk_abi_sockaddr_storage *addr, uint32_t len);
void unix_name_put(struct unix_name *name);
/* The socket that was bound closes. */
void unix_unbind(struct unix_sock *u);
/* The name as an address; its length. `name` may be NULL. */
uint32_t unix_name_tell(const struct unix_name *name, struct uk_abi_sockaddr_storage *addr);

/* ---- connect.c ---- */

int unix_listen(struct uk_socket *s, int backlog);
int unix_accept(struct uk_socket *s, struct uk_file **f, unsigned flags,
		struct uk_abi_sockaddr_storage *addr, uint32_t *len);
int unix_connect(struct uk_socket *s, const struct uk_abi_sockaddr_storage *addr, uint32_t len,
		 unsigned flags);
/* Refuse the connections that nobody has accepted. */
void unix_refuse_waiting(struct unix_sock *waiting);

/* ---- queue.c ---- */

/* The cost of a message in a queue, beside its bytes. */
#define MSG_COST 256u

struct unix_msg *unix_msg_new(size_t room);
void unix_msg_free(struct unix_msg *m);
/* r->lock. The message arrives; `sender` may be NULL. */
void unix_arrive(struct unix_sock *r, struct unix_msg *m, struct unix_sock *sender);
/* r->lock. n more bytes have arrived in the last message. */
void unix_arrive_more(struct unix_sock *r, size_t n, struct unix_sock *sender);
/* r->lock. n bytes of the first message have been taken; if it is empty, it is taken off and returned. */
struct unix_msg *unix_taken(struct unix_sock *r, size_t n, bool whole);
/* r->lock. Is there room for what `sender` sends? */
bool unix_has_room(const struct unix_sock *r, const struct unix_sock *sender, size_t n);
/* Without a lock: wait for it, or for the end. 0, -EAGAIN, -EINTR. */
int unix_wait_room(struct unix_sock *r, struct unix_sock *sender, size_t n, uk_nsec deadline);
/* u->lock. Add SHUT_* and tell who waits. */
void unix_shut(struct unix_sock *u, unsigned how);
/* For poll(): OUT of a datagram socket that is connected to one that has no room. */
void unix_poll(struct uk_file *f);

/* ---- rights.c ---- */

/* Control data of a message that is sent: m->rights and m->cred. */
int unix_send_control(const struct uk_msg *from, struct unix_msg *m);
/*
 * Control data for the receiver. `gone`, if the message shall not keep its rights: they are handed over, to be
 * freed without a lock. u->lock.
 */
int unix_tell_control(struct unix_sock *u, struct unix_msg *m, struct uk_msg *to,
		      struct unix_rights **gone);
/* May be NULL. Closes files, so without a lock. */
void unix_rights_free(struct unix_rights *r);

/* ---- collect.c ---- */

/* The files are in a message from now on, and no longer. Without a socket's lock. */
void unix_rights_leave(struct unix_rights *r);
void unix_rights_arrived(struct unix_rights *r);
/* A socket was closed: free those that only messages in each other's queues refer to. */
void unix_collect(void);

#endif
