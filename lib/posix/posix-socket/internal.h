/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of posix-socket: from the caller's numbers and pointers to what families take. */
#ifndef POSIX_SOCKET_INTERNAL_H
#define POSIX_SOCKET_INTERNAL_H

#include <uk/errno.h>
#include <uk/fdtab.h>
#include <uk/process.h>
#include <uk/socket.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>

typedef struct uk_abi_sockaddr_storage address;

static inline struct uk_fdtab *files(void)
{
	return uk_process_current()->files;
}

/* The socket behind `fd`; a reference on *f, which the caller gives back. NULL: *err says why. */
static inline struct uk_socket *socket_get(int fd, struct uk_file **f, long *err)
{
	struct uk_socket *s;

	*f = uk_fd_get_io(files(), fd);
	if (UK_UNLIKELY(!*f)) {
		*err = -EBADF;
		return NULL;
	}
	s = uk_socket_of(*f);
	if (UK_UNLIKELY(!s)) {
		uk_file_put(*f);
		*err = -ENOTSOCK;
	}
	return s;
}

/* Runs `call`, in which `s` is the socket behind fd and `ops` its operations, and gives its result. */
#define WITH_SOCKET(fd, call)                                                                      \
	({                                                                                         \
		struct uk_file *f_;                                                                \
		long rc_ = 0;                                                                      \
		struct uk_socket *s = socket_get(fd, &f_, &rc_);                                   \
		if (UK_LIKELY(s)) {                                                                \
			const struct uk_socket_ops *ops UK_UNUSED = uk_socket_ops(s);              \
			rc_ = (call);                                                              \
			uk_file_put(f_);                                                           \
		}                                                                                  \
		rc_;                                                                               \
	})

/* A call that was interrupted starts again after the handler, unless it has a timeout. */
static inline long restartable(long rc, uk_nsec timeo)
{
	return UK_UNLIKELY(rc == -EINTR) && !timeo ? -UK_ERESTART : rc;
}

/* MSG_DONTWAIT, if the file says so. */
static inline unsigned file_flags(const struct uk_socket *s)
{
	return s->file->flags & UK_O_NONBLOCK ? UK_MSG_DONTWAIT : 0;
}

/* The caller's address of `len` bytes, followed by zeros. */
int address_from_user(address *a, const void *user, int len);
/* An address of `len` bytes to the caller, whose *user_len says how much room there is. */
int address_to_user(const address *a, uint32_t len, void *user, int *user_len);

#endif
