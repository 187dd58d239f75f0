/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptor tables: small numbers for open files.
 *
 * A table belongs to a process and is shared by its threads. Looking a descriptor up takes a
 * reference, so a file stays while a call uses it, whoever closes it meanwhile.
 *
 * Threads; only those that may close a file can block.
 */
#ifndef UK_FDTAB_H
#define UK_FDTAB_H

#include <uk/abi/poll.h>
#include <uk/api.h>
#include <uk/file.h>
#include <uk/spinlock.h>

struct uk_fs_ctx;

/*
 * A descriptor is free, reserved (its bit in `used` is set) or open (files[fd] is set as well).
 * Fields are the library's; they stand here so that looking up a descriptor needs no call.
 */
struct uk_fdtab {
	uint32_t refs;
	unsigned cap; /* length of files */
	struct uk_file **files;
	struct uk_spinlock
		lock; /* for who changes anything; never held over a call that can block */
	unsigned limit;
	unsigned next; /* no descriptor below is free */
	int pid;
	unsigned long *used;    /* bitmaps of cap bits */
	unsigned long *cloexec; /* a bit is meaningless where used is clear */
#ifdef CONFIG_SMP
	unsigned long
		*outgrown; /* blocks that were too small: somebody may still be reading them */
#endif
};

UK_API_BEGIN

/* The table that boot has set up: 0, 1 and 2 are the console. */
extern struct uk_fdtab *uk_fdtab_boot;

/* An empty table with one reference; at most `limit` descriptors (RLIMIT_NOFILE). NULL: no memory. */
struct uk_fdtab *uk_fdtab_new(unsigned limit);
/* A copy that shares the open files, for fork. NULL: no memory. */
struct uk_fdtab *uk_fdtab_clone(struct uk_fdtab *from);
void uk_fdtab_get(struct uk_fdtab *t);
/* The last reference closes every descriptor. */
void uk_fdtab_put(struct uk_fdtab *t);
/* Change the limit; descriptors above it stay open. */
void uk_fdtab_set_limit(struct uk_fdtab *t, unsigned limit);
/* What F_GETLK reports as the holder of this table's record locks: a process id. */
void uk_fdtab_set_pid(struct uk_fdtab *t, int pid);
/* Close those marked close-on-exec. */
void uk_fdtab_exec(struct uk_fdtab *t);

/*
 * The starting point of an ...at() call: *at becomes NULL for UK_AT_FDCWD or when `path` is
 * absolute, else the file with a reference. 0 or -EBADF.
 */
int uk_fd_get_at(struct uk_fdtab *t, int dirfd, const char *path, struct uk_file **at);

/* uk_file_put() for what uk_fd_get_at() gave: may be NULL. */
static inline void uk_fd_put_at(struct uk_file *at)
{
	if (at)
		uk_file_put(at);
}

/*
 * The lowest free descriptor from `min` on now refers to f; takes over the caller's reference if
 * it succeeds. `flags`: UK_O_CLOEXEC or 0. The descriptor; -EMFILE, -ENOMEM, -EINVAL (min).
 */
int uk_fd_add(struct uk_fdtab *t, struct uk_file *f, int min, unsigned flags);

/*
 * The same in two steps, for calls whose effect cannot be undone when the table is full: reserve
 * a descriptor (nobody else gets it, and looking it up gives NULL), then either let it refer to a
 * file, taking over the reference, or give it back.
 */
int uk_fd_reserve(struct uk_fdtab *t, int min, unsigned flags);
void uk_fd_install(struct uk_fdtab *t, int fd, struct uk_file *f);
void uk_fd_unreserve(struct uk_fdtab *t, int fd);

/* -EBADF; whatever else it says, the descriptor is closed (the error is of the last write-back). */
int uk_fd_close(struct uk_fdtab *t, int fd);
/* close_range(2): from first to last, both included; `cloexec`: mark instead of closing. */
int uk_fd_close_range(struct uk_fdtab *t, unsigned first, unsigned last, bool cloexec);

int uk_fd_dup(struct uk_fdtab *t, int fd);
/*
 * dup3(2): -EINVAL if both are the same; dup2(2) answers fd then. -EBUSY: `to` is reserved, that is,
 * another thread is just opening it.
 */
int uk_fd_dup2(struct uk_fdtab *t, int fd, int to);
int uk_fd_dup3(struct uk_fdtab *t, int fd, int to, unsigned flags);

/*
 * fcntl(2), complete: descriptor and status flags, duplicates, record locks (`arg` is then
 * the caller's struct flock, copied in and out once), pipe sizes. -EINVAL: unknown command.
 */
long uk_fd_fcntl(struct uk_fdtab *t, int fd, int cmd, uintptr_t arg);

/* ioctl(2): those of descriptors (FIOCLEX, FIONCLEX) and those of files. */
long uk_fd_ioctl(struct uk_fdtab *t, int fd, unsigned cmd, uintptr_t arg);

/* open(2), the whole of it: the descriptor or an error. */
int uk_fd_open(struct uk_fdtab *t, struct uk_fs_ctx *ctx, int dirfd, const char *path,
	       unsigned flags, uint32_t mode);

/* pipe2(2): `flags` UK_O_NONBLOCK, UK_O_CLOEXEC. */
int uk_fd_pipe(struct uk_fdtab *t, int fds[2], unsigned flags);

/*
 * poll(2) over the kernel's copy of the array; revents are written. The number of entries with
 * events; 0 when the monotonic clock reached `deadline` (0: do not wait, UK_NSEC_MAX: for
 * ever); -EINTR, -ENOMEM.
 */
int uk_fd_poll(struct uk_fdtab *t, struct uk_abi_pollfd *fds, unsigned n, uk_nsec deadline);

UK_API_END

/*
 * The file behind `fd` with a reference (uk_file_put()), or NULL: -EBADF. With several CPUs no lock is
 * taken (fdtab.c says how), so threads that use different files do not meet here.
 */
#ifdef CONFIG_SMP
UK_API_BEGIN
struct uk_file *uk_fd_get(struct uk_fdtab *t, int fd);
UK_API_END
#else
static inline struct uk_file *uk_fd_get(struct uk_fdtab *t, int fd)
{
	struct uk_file *f = NULL;

	uk_spin_lock(&t->lock);
	if (UK_LIKELY((unsigned)fd < t->cap)) {
		f = t->files[(unsigned)fd];
		if (UK_LIKELY(f != NULL))
			uk_file_get(f);
	}
	uk_spin_unlock(&t->lock);
	return f;
}
#endif

/* As uk_fd_get, but NULL also for files opened with UK_O_PATH, which allow no transfer. */
static inline struct uk_file *uk_fd_get_io(struct uk_fdtab *t, int fd)
{
	struct uk_file *f = uk_fd_get(t, fd);

	if (UK_UNLIKELY(f && f->flags & UK_O_PATH)) {
		uk_file_put(f);
		return NULL;
	}
	return f;
}

#endif
