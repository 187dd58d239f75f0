/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets: between the system calls and the families (AF_INET, AF_UNIX ...) that do the work.
 *
 * A socket is a file whose operations are a struct uk_socket_ops, which begins with the file's. So read,
 * write, close, poll, fcntl and ioctl reach the family as they reach any file, in one call;
 * the rest comes through the operations that follow. The library knows a socket by the type of
 * its file, UK_S_IFSOCK, so only families may use that.
 *
 * A family is an entry of a linker table (UK_SOCKET_FAMILY); there is no list to add it to. Its
 * object begins with, or contains, a struct uk_socket, to which f->priv points.
 *
 * All that the caller points to has been copied when an operation sees it: addresses, options,
 * control data; only the bytes of messages are still the caller's (uk/iov.h). Everything here is
 * for threads. Results are 0 or counts, or negative error numbers, those of Linux.
 */
#ifndef UK_SOCKET_H
#define UK_SOCKET_H

#include <uk/abi/socket.h>
#include <uk/api.h>
#include <uk/file.h>
#include <uk/table.h>

/* What all families' sockets have. Zero is right for all that is not set. */
struct uk_socket {
	struct uk_event_source events; /* the file's: the family keeps it true */
	struct uk_file *file;          /* that refers to me; no reference */
	uint16_t domain;
	uint8_t type; /* UK_SOCK_STREAM ..., without flags */
	bool listening;
	int32_t protocol;
	uint32_t error;             /* SO_ERROR: a positive number, told once */
	uk_nsec rcvtimeo, sndtimeo; /* SO_RCVTIMEO, SO_SNDTIMEO; 0: for ever */
};

/* One message, to be sent or received. */
struct uk_msg {
	struct uk_iter it; /* its bytes */
	/*
	 * Sending: the address, or NULL. Receiving: room for any address, or NULL if nobody asks; the
	 * family sets name_len (0: it has none to tell).
	 */
	struct uk_abi_sockaddr_storage *name;
	uint32_t name_len;
	/* UK_MSG_* of the call; MSG_DONTWAIT is set for files with UK_O_NONBLOCK as well. */
	unsigned flags;
	/* Receiving: what the caller learns, UK_MSG_TRUNC, UK_MSG_CTRUNC, UK_MSG_EOR. */
	unsigned out_flags;
	/*
	 * Control data. Sending: a copy of the caller's, control_len bytes, for uk_cmsg_next().
	 * Receiving: the caller's own memory, and how much of it is left, for uk_cmsg_put().
	 */
	char *control;
	size_t control_len;
};

/*
 * What a family does. NULL answers the error in brackets. `file` is what the vfs calls: .type must be
 * UK_S_IFSOCK; .read, .write, .stat may be the ones below; .release ends the socket.
 */
struct uk_socket_ops {
	struct uk_file_ops file;
	/* `addr` has `len` bytes, at most sizeof(struct uk_abi_sockaddr_storage); the rest is zero. */
	int (*bind)(struct uk_socket *s, const struct uk_abi_sockaddr_storage *addr, uint32_t len);
	/* backlog is 0 to UK_SOMAXCONN. [-EOPNOTSUPP, as all that follow] */
	int (*listen)(struct uk_socket *s, int backlog);
	/* Without blocking if `flags` has UK_MSG_DONTWAIT: then -EINPROGRESS. */
	int (*connect)(struct uk_socket *s, const struct uk_abi_sockaddr_storage *addr,
		       uint32_t len, unsigned flags);
	/*
	 * The next connection, as a file with one reference; `flags`: UK_MSG_DONTWAIT. `addr` is room for
	 * the peer's address or NULL; *len becomes its length.
	 */
	int (*accept)(struct uk_socket *s, struct uk_file **f, unsigned flags,
		      struct uk_abi_sockaddr_storage *addr, uint32_t *len);
	/* The number of bytes. -EPIPE (the library sends SIGPIPE), -EMSGSIZE, -ENOTCONN ... */
	ssize_t (*sendmsg)(struct uk_socket *s, struct uk_msg *m);
	/* The number of bytes; with UK_MSG_TRUNC of a datagram its whole length. 0: the end. */
	ssize_t (*recvmsg)(struct uk_socket *s, struct uk_msg *m);
	int (*shutdown)(struct uk_socket *s, int how);
	/* The length of the name, which goes to *addr. */
	int (*getsockname)(struct uk_socket *s, struct uk_abi_sockaddr_storage *addr);
	int (*getpeername)(struct uk_socket *s, struct uk_abi_sockaddr_storage *addr);
	/*
	 * Options. The library handles SO_TYPE, DOMAIN, PROTOCOL, ERROR, ACCEPTCONN, RCVTIMEO and SNDTIMEO
	 * itself and offers the family all else. get: `val` has room for `len` bytes; the length of
	 * the value, which may be cut to it. [-ENOPROTOOPT; what is unknown is that, too]
	 */
	int (*setsockopt)(struct uk_socket *s, int level, int name, const void *val, uint32_t len);
	int (*getsockopt)(struct uk_socket *s, int level, int name, void *val, uint32_t len);
};

#define UK_SOCKOPT_MAX 512 /* longest value of an option */

struct uk_socket_family {
	uint16_t domain;
	/*
	 * A new socket as a file with one reference, made by uk_socket_file(). -EPROTONOSUPPORT,
	 * -ESOCKTNOSUPPORT (Linux says which when), -ENOMEM. -EAFNOSUPPORT: the next entry of this
	 * domain is asked.
	 */
	int (*create)(int domain, int type, int protocol, struct uk_file **f);
	/* socketpair(2). [-EOPNOTSUPP] */
	int (*pair)(int type, int protocol, struct uk_file *f[2]);
};

/* Where several serve a domain, the lowest prio (one digit, a string) is asked first. */
#define UK_SOCKET_FAMILY(prio, name_, ...)                                                         \
	static const UK_TABLE_ROOT(struct uk_socket_family, sockfamily, prio,                      \
				   uk_sockfamily_##name_) = { __VA_ARGS__ }

UK_API_BEGIN

/*
 * The file of a socket that the caller has made and filled in (domain, type, protocol): sets
 * s->file and its events. One reference; NULL: no memory, and the socket is still the caller's. The
 * caller adds UK_O_NONBLOCK, descriptor and all else.
 */
struct uk_file *uk_socket_file(struct uk_socket *s, const struct uk_socket_ops *ops);

/*
 * For a family's ioctl operation, about what it does not know itself: Linux answers questions about
 * interfaces on any socket, so they go to one of AF_INET, made for that. -ENOTTY: nobody knows that command.
 */
int uk_socket_ioctl(unsigned cmd, uintptr_t arg);

/* read, write and stat of files, by recvmsg and sendmsg. */
ssize_t uk_socket_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos);
ssize_t uk_socket_write(struct uk_file *f, struct uk_iter *it, uk_off_t *pos);
void uk_socket_stat(struct uk_file *f, struct uk_abi_stat *st);

/*
 * Wait until one of `bits` of s->events is ready. 0; -EAGAIN if `deadline` has passed (0: do not wait at
 * all); -EINTR. Take the state's lock again afterwards, and look again. Blocks.
 */
int uk_socket_wait(struct uk_socket *s, uint32_t bits, uk_nsec deadline);

/*
 * One piece of control data for the receiver of `m`. What does not fit is cut, and UK_MSG_CTRUNC set. The
 * bytes that were put, or -EFAULT.
 */
int uk_cmsg_put(struct uk_msg *m, int level, int type, const void *data, size_t len);

/*
 * Walk through the control data that somebody sends: *pos starts as 0. The next header, with its data behind
 * it (*len bytes); NULL at the end; or uk_err_ptr(-EINVAL).
 */
const struct uk_abi_cmsghdr *uk_cmsg_next(const struct uk_msg *m, size_t *pos, size_t *len);

/* The slow half of the next one. */
uk_nsec uk_socket_deadline_slow(uk_nsec timeo);

UK_API_END

/* When a transfer ends with -EAGAIN; `timeo` is the socket's rcvtimeo or sndtimeo. */
static inline uk_nsec uk_socket_deadline(unsigned flags, uk_nsec timeo)
{
	if (flags & UK_MSG_DONTWAIT)
		return 0;
	return UK_LIKELY(!timeo) ? UK_NSEC_MAX : uk_socket_deadline_slow(timeo);
}

/* The socket behind a file, or NULL: it is none (-ENOTSOCK). */
static inline struct uk_socket *uk_socket_of(const struct uk_file *f)
{
	return UK_LIKELY(f->ops->type == UK_S_IFSOCK) ? (struct uk_socket *)f->priv : NULL;
}

static inline const struct uk_socket_ops *uk_socket_ops(const struct uk_socket *s)
{
	return (const struct uk_socket_ops *)(const void *)s->file->ops;
}

/*
 * SO_ERROR: the pending error, negative, or 0. It is told once, and poll reports UK_POLLERR until then (the
 * family sets that with the error).
 */
static inline int uk_socket_take_error(struct uk_socket *s)
{
	if (UK_LIKELY(!__atomic_load_n(&s->error, __ATOMIC_RELAXED)))
		return 0;
	uk_event_clear(&s->events, UK_POLLERR);
	return -(int)__atomic_exchange_n(&s->error, 0, __ATOMIC_RELAXED);
}

#endif
