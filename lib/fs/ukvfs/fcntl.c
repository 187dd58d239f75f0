/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fcntl and ioctl of descriptors.
 */
#include <uk/abi/ioctl.h>
#include "fdtab_priv.h"

/* What F_SETFL may change. */
#define SETFL (UK_O_APPEND | UK_O_NONBLOCK | UK_O_ASYNC | UK_O_DIRECT | UK_O_NOATIME)

static int get_cloexec(struct uk_fdtab *t, unsigned fd)
{
	int on;

	uk_spin_lock(&t->lock);
	on = fd < t->cap && t->files[fd] ? fd_bit(t->cloexec, fd) : -EBADF;
	uk_spin_unlock(&t->lock);
	return on;
}

static int set_cloexec(struct uk_fdtab *t, unsigned fd, bool on)
{
	int err = -EBADF;

	uk_spin_lock(&t->lock);
	if (fd < t->cap && t->files[fd]) {
		fd_set_bit(t->cloexec, fd, on);
		err = 0;
	}
	uk_spin_unlock(&t->lock);
	return err;
}

static inline bool is_lock_command(int cmd)
{
	return (unsigned)cmd - UK_F_GETLK <= UK_F_SETLKW - UK_F_GETLK ||
	       UK_UNLIKELY((unsigned)cmd - UK_F_OFD_GETLK <= UK_F_OFD_SETLKW - UK_F_OFD_GETLK);
}

/* Commands of the file, not of the descriptor, and not about locks. */
static UK_NOINLINE long file_fcntl(struct uk_fdtab *t, struct uk_file *f, int cmd, uintptr_t arg)
{
	long n;

	switch (cmd) {
	case UK_F_DUPFD:
	case UK_F_DUPFD_CLOEXEC:
		uk_file_get(f);
		n = arg > INT32_MAX ? -EINVAL
				    : uk_fd_add(t, f, (int)arg,
						cmd == UK_F_DUPFD_CLOEXEC ? UK_O_CLOEXEC : 0);
		if (n < 0)
			uk_file_put(f);
		return n;
	case UK_F_GETFL:
		/* Programs built for 64-bit files expect to see this bit in what they have opened. */
		n = f->flags & ~UK_FILE_BITS;
		return n & UK_O_PATH ? n & ~UK_O_ACCMODE : f->inode ? n | UK_O_LARGEFILE : n;
	}
	if (f->flags & UK_O_PATH)
		return -EBADF;
	switch (cmd) {
	case UK_F_SETFL:
		/* Of regular files only, which nothing keeps apart from where they are. Packets in pipes there are not. */
		if (UK_UNLIKELY(arg & UK_O_DIRECT) &&
		    !(f->inode && uk_inode_is(f->inode, UK_S_IFREG)))
			return -EINVAL;
		/* FIONBIO may change them at the same time. */
		__atomic_fetch_and(&f->flags, (uint32_t)arg | ~SETFL, __ATOMIC_RELAXED);
		__atomic_fetch_or(&f->flags, (uint32_t)arg & SETFL, __ATOMIC_RELAXED);
		return 0;
	case UK_F_GETPIPE_SZ:
	case UK_F_SETPIPE_SZ:
		return pipe_fcntl(f, cmd, arg);
	}
	return -EINVAL;
}

long uk_fd_fcntl(struct uk_fdtab *t, int fd, int cmd, uintptr_t arg)
{
	struct uk_file *f;
	long n;

	UK_STATIC_ASSERT(UK_F_GETFD == 1 && UK_F_SETFD == 2, "one comparison finds both");
	if (UK_UNLIKELY((unsigned)cmd - UK_F_GETFD <= 1))
		return cmd == UK_F_GETFD ? get_cloexec(t, (unsigned)fd)
					 : set_cloexec(t, (unsigned)fd, arg & UK_FD_CLOEXEC);
	f = uk_fd_get(t, fd);
	if (UK_UNLIKELY(!f))
		return -EBADF;
	if (is_lock_command(cmd)) {
		n = lock_fcntl(f, t, cmd, arg);
		/* Closed meanwhile by another thread, which may have come too early to drop the lock. */
		if (UK_UNLIKELY(!uk_fd_is(t, fd, f)) && f->inode)
			locks_drop(f->inode, t);
	} else {
		n = file_fcntl(t, f, cmd, arg);
	}
	uk_file_put(f);
	return n;
}

long uk_fd_ioctl(struct uk_fdtab *t, int fd, unsigned cmd, uintptr_t arg)
{
	struct uk_file *f;
	long n;

	if (cmd == UK_FIOCLEX || cmd == UK_FIONCLEX)
		return set_cloexec(t, (unsigned)fd, cmd == UK_FIOCLEX);
	f = uk_fd_get_io(t, fd);
	if (UK_UNLIKELY(!f))
		return -EBADF;
	n = uk_file_ioctl(f, cmd, arg);
	uk_file_put(f);
	return n;
}
