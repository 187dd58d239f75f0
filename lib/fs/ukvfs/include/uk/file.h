/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Open files ("open file descriptions"): what descriptors refer to.
 *
 * A file is an object with operations and, if it can make somebody wait, an event source. Regular
 * files, directories, devices, pipes, sockets, eventfds are all this. Whoever has a
 * struct uk_file * has a reference; uk_file_put() ends it, and the last one closes.
 *
 * All functions here are for threads and may block, if nothing else is said. Results are counts or
 * 0, or a negative error number; beside those named: -EBADF when the file is not open for that,
 * -EINTR when a blocking call was interrupted, -EAGAIN with UK_O_NONBLOCK instead of blocking.
 */
#ifndef UK_FILE_H
#define UK_FILE_H

#include <uk/abi/file.h>
#include <uk/api.h>
#include <uk/event.h>
#include <uk/iov.h>

struct uk_file;
struct uk_inode;
struct uk_fdtab;

/* Collects directory entries; see uk_dir_emit(). */
struct uk_dir_sink;

/* What a kind of file does. Operations that are NULL answer the error in brackets. */
struct uk_file_ops {
	/*
	 * Transfer between the file and `it`, at most it->left bytes: the number of bytes, 0 at the
	 * end of the file. `pos`: where; advance it under the same lock that protects the transfer, so
	 * that threads which share a file do not read the same bytes twice. Files
	 * without positions ignore it. write looks at UK_O_APPEND itself. [-EINVAL]
	 */
	ssize_t (*read)(struct uk_file *f, struct uk_iter *it, uk_off_t *pos);
	ssize_t (*write)(struct uk_file *f, struct uk_iter *it, uk_off_t *pos);
	/* Set and return f->pos. [-ESPIPE; pread and pwrite then answer that too] */
	uk_off_t (*seek)(struct uk_file *f, uk_off_t off, int whence);
	/* Hand out entries from f->pos on, see uk_dir_emit(). The inode is locked. [-ENOTDIR] */
	int (*readdir)(struct uk_file *f, struct uk_dir_sink *sink);
	/* [-ENOTTY] `arg` is the caller's, a number or an address. */
	int (*ioctl)(struct uk_file *f, unsigned cmd, uintptr_t arg);
	/* Make what was written durable; data_only: fdatasync. [-EINVAL] */
	int (*sync)(struct uk_file *f, bool data_only);
	/* fallocate(2); the VFS has checked the arguments. [-EOPNOTSUPP] */
	int (*allocate)(struct uk_file *f, int mode, uint64_t off, uint64_t len);
	/*
	 * The page frame that holds page `index` (in units of UK_PAGE_SIZE), for a mapping of the
	 * file; with a reference of its own on the frame. `how`: UK_PAGE_GET_*. Called
	 * by page faults, in any context: never sleeps and takes no inode's lock. 0, -ENOMEM, or
	 * another error (SIGBUS): behind the end, -ENOSPC. Who has this calls uk_inode_zap().
	 * [-ENODEV: cannot be mapped]
	 */
	int (*page)(struct uk_file *f, uint64_t index, unsigned how, uk_paddr_t *frame);
	/*
	 * Bytes as they lie in memory, for who hands them on instead of copying them: up to *n from `pos` on.
	 * *p and *n tell where and how many, 0 at the end of the file. They stay until the reference on
	 * *frame is dropped; UK_PAGE_NONE: for good. [they are read] Never sleeps.
	 */
	void (*borrow)(struct uk_file *f, uk_off_t pos, const void **p, size_t *n,
		       uk_paddr_t *frame);
	/* Somebody looks at f->events: bring them up to date, start input. Threads. [they are] */
	void (*poll)(struct uk_file *f);
	/* After lookup, before anyone else sees it; may set events, priv, even ops. [0] */
	int (*open)(struct uk_file *f);
	/* The last reference is gone. [nothing] */
	void (*release)(struct uk_file *f);
	/* For files without an inode: fill in what fstat shows. [a 0600 file of `type`] */
	void (*stat)(struct uk_file *f, struct uk_abi_stat *st);
	uint32_t type; /* UK_S_IFIFO, UK_S_IFSOCK, 0: for files without an inode */
};

struct uk_file {
	const struct uk_file_ops
		*ops; /* chosen by whoever creates the file or by `open`, then fixed */
	uint32_t refs;
	uint32_t flags; /* UK_O_*: access mode and status (APPEND, NONBLOCK, ...); UK_FILE_* */
	uk_off_t pos;
	struct uk_inode *inode;         /* a reference; NULL: pipes, sockets, ... */
	struct uk_event_source *events; /* NULL: always ready */
	void *priv;                     /* the provider's */
};

/*
 * Beside the O_ flags: what is both allowed by the access mode and offered by the kind of file. So
 * that a transfer needs one test.
 */
#define UK_FILE_WATCHED (1U << 27) /* an epoll instance has or had it: look when it closes */
#define UK_FILE_READ    (1U << 28)
#define UK_FILE_WRITE   (1U << 29)
#define UK_FILE_PREAD   (1U << 30)
#define UK_FILE_PWRITE  (1U << 31)
#define UK_FILE_BITS    (31U << 27)

static inline bool uk_file_readable(const struct uk_file *f)
{
	return (f->flags + 1) & 1; /* O_RDONLY is 0, O_WRONLY 1, O_RDWR 2 */
}

static inline bool uk_file_writable(const struct uk_file *f)
{
	return (f->flags + 1) & 2;
}

UK_API_BEGIN

/* A file without an inode: one reference, owned by the caller. NULL: no memory. Does not block. */
struct uk_file *uk_file_new(const struct uk_file_ops *ops, uint32_t flags, void *priv);

/* The last reference is gone. For uk_file_put(). */
void uk_file_close(struct uk_file *f);
/* Why the file refuses a transfer that needs these bits of (flags + 1): 1 to read, 2 to write, 4 at a position. */
ssize_t uk_file_refuse(const struct uk_file *f, unsigned need);

/* lseek(2) with SEEK_DATA and SEEK_HOLE. The new position; -ESPIPE, -EINVAL, -ENXIO, -EOVERFLOW. */
uk_off_t uk_file_seek(struct uk_file *f, uk_off_t off, int whence);
/* For providers: `seek` of a file of `size` bytes without holes. */
uk_off_t uk_file_seek_in(struct uk_file *f, uk_off_t off, int whence, uint64_t size);

int uk_file_stat(struct uk_file *f, struct uk_abi_stat *st);
int uk_file_statfs(struct uk_file *f, struct uk_abi_statfs *st);
/* getdents64(2): bytes written, 0 at the end; -ENOTDIR, -EINVAL if not even one entry fits. */
ssize_t uk_file_getdents(struct uk_file *f, void *buf, size_t size);
int uk_file_truncate(struct uk_file *f, uk_off_t size);
int uk_file_allocate(struct uk_file *f, int mode, uk_off_t off, uk_off_t len);
int uk_file_sync(struct uk_file *f, bool data_only);
/* FIONBIO and FIONREAD of regular files are answered here, the rest by the file. */
int uk_file_ioctl(struct uk_file *f, unsigned cmd, uintptr_t arg);

/*
 * sendfile(2): copy up to n bytes; from *in_pos on if it is given (then in->pos stays), to *out_pos
 * likewise (copy_file_range). The number of bytes copied.
 */
ssize_t uk_file_copy(struct uk_file *out, uk_off_t *out_pos, struct uk_file *in, uk_off_t *in_pos,
		     size_t n);

/*
 * splice(2): up to n bytes from, to, or between pipes; positions as above, for files that have them. What is there
 * and fits is moved, and only if that is nothing we wait (`wait`, and the pipes are not UK_O_NONBLOCK; whether the other
 * file does is its own affair): how many bytes, 0 at the end. -EINVAL: neither is a pipe, or both are the same one; -ESPIPE: a
 * position of a pipe; -EPIPE, as a write.
 */
ssize_t uk_file_splice(struct uk_file *out, uk_off_t *out_pos, struct uk_file *in, uk_off_t *in_pos,
		       size_t n, bool wait);
bool uk_file_is_pipe(const struct uk_file *f);

/* What is ready now: UK_POLL* bits. */
uint32_t uk_file_ready(struct uk_file *f);

/*
 * For a provider's readdir: offer the entry at the current position. `next` is the position
 * behind it, which becomes f->pos if the entry is taken. False: no room, stop.
 */
bool uk_dir_emit(struct uk_dir_sink *sink, const char *name, size_t len, uint64_t ino, uint8_t type,
		 uk_off_t next);

/*
 * Record locks. The owner of POSIX locks (UK_F_SETLK ...) is the descriptor table; they go when
 * that table closes any descriptor of the file. OFD locks belong to the file and go with
 * its last reference. `lk` is read, and for ..GETLK written. -EAGAIN: held by somebody else;
 * -EDEADLK: would wait for ever (POSIX locks); -ENOLCK: no memory; -EINVAL, -EOVERFLOW.
 */
int uk_file_lock(struct uk_file *f, struct uk_fdtab *owner, int cmd, struct uk_abi_flock *lk);
/* flock(2): locks of the whole file, independent of record locks. */
int uk_file_flock(struct uk_file *f, int op);

/*
 * pipe2(2): two files, flags UK_O_NONBLOCK. 64 KiB; writes up to 4,096 bytes are atomic. Memory is
 * taken as data arrives. Writing without a reader is -EPIPE (SIGPIPE is the POSIX layer's).
 */
int uk_pipe_create(unsigned flags, struct uk_file **rd, struct uk_file **wr);

/* eventfd2(2): `flags` UK_O_NONBLOCK, `semaphore` as EFD_SEMAPHORE. */
int uk_eventfd_create(uint64_t count, unsigned flags, bool semaphore, struct uk_file **f);

UK_API_END

static inline void uk_file_get(struct uk_file *f)
{
	__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
}

static inline void uk_file_put(struct uk_file *f)
{
	if (!__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL))
		uk_file_close(f);
}

/*
 * Transfers at the file's own position, and at one given (-ESPIPE where there is none, -EINVAL
 * for a negative one). The iterator is of no use afterwards.
 */
static inline ssize_t uk_file_read(struct uk_file *f, struct uk_iter *it)
{
	if (UK_UNLIKELY(!(f->flags & UK_FILE_READ)))
		return uk_file_refuse(f, 1);
	return f->ops->read(f, it, &f->pos);
}

static inline ssize_t uk_file_write(struct uk_file *f, struct uk_iter *it)
{
	if (UK_UNLIKELY(!(f->flags & UK_FILE_WRITE)))
		return uk_file_refuse(f, 2);
	return f->ops->write(f, it, &f->pos);
}

static inline ssize_t uk_file_pread(struct uk_file *f, struct uk_iter *it, uk_off_t pos)
{
	if (UK_UNLIKELY(pos < 0))
		return -EINVAL;
	if (UK_UNLIKELY(!(f->flags & UK_FILE_PREAD)))
		return uk_file_refuse(f, 1 | 4);
	return f->ops->read(f, it, &pos);
}

static inline ssize_t uk_file_pwrite(struct uk_file *f, struct uk_iter *it, uk_off_t pos)
{
	if (UK_UNLIKELY(pos < 0))
		return -EINVAL;
	if (UK_UNLIKELY(!(f->flags & UK_FILE_PWRITE)))
		return uk_file_refuse(f, 2 | 4);
	return f->ops->write(f, it, &pos);
}

#endif
