/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Open files: life, transfers, positions. What is common to all kinds of file is checked here, and
 * the rest is one call through the file's operations.
 */
#include <uk/abi/ioctl.h>
#include <uk/abi/poll.h>
#include <uk/device.h>
#include "vfs_priv.h"

/* Set UK_FILE_*: once, when flags and ops are known. */
static inline void set_abilities(struct uk_file *f)
{
	uint32_t can = 0;

	if (f->ops->read && uk_file_readable(f))
		can |= f->ops->seek ? UK_FILE_READ | UK_FILE_PREAD : UK_FILE_READ;
	if (f->ops->write && uk_file_writable(f))
		can |= f->ops->seek ? UK_FILE_WRITE | UK_FILE_PWRITE : UK_FILE_WRITE;
	f->flags |= can;
}

#ifdef CONFIG_SMP
/*
 * Files that are closed are kept for those that are opened next, and their memory is never anything
 * else: uk_fd_get() may look at the reference count of one that has just gone, which is 0 until it is
 * in use again. Each CPU keeps some, so that threads which open and close do not meet; what it has
 * beyond that (files opened on one CPU and closed on another) goes through a common list.
 */
#define KEPT 32

static struct {
	struct uk_file *first; /* linked by priv */
	unsigned count;
} UK_CPU_ALIGNED kept[UK_CPUS];

static struct uk_file *kept_common;
static struct uk_spinlock kept_lock;

static UK_NOINLINE struct uk_file *alloc_common(void)
{
	struct uk_file *f;

	uk_spin_lock(&kept_lock);
	f = kept_common;
	if (f)
		kept_common = f->priv;
	uk_spin_unlock(&kept_lock);
	return f ? f : uk_malloc(sizeof(*f));
}

static struct uk_file *alloc_file(void)
{
	struct uk_file *f;
	uint32_t cpu;

	uk_preempt_disable();
	cpu = uk_cpu();
	f = kept[cpu].first;
	if (UK_LIKELY(f != NULL)) {
		kept[cpu].first = f->priv;
		kept[cpu].count--;
	}
	uk_preempt_enable();
	return UK_LIKELY(f != NULL) ? f : alloc_common();
}

/* refs is 0. */
static void free_file(struct uk_file *f)
{
	uint32_t cpu;

	uk_preempt_disable();
	cpu = uk_cpu();
	if (UK_LIKELY(kept[cpu].count < KEPT)) {
		f->priv = kept[cpu].first;
		kept[cpu].first = f;
		kept[cpu].count++;
		f = NULL;
	}
	uk_preempt_enable();
	if (UK_UNLIKELY(f != NULL)) {
		uk_spin_lock(&kept_lock);
		f->priv = kept_common;
		kept_common = f;
		uk_spin_unlock(&kept_lock);
	}
}

static const struct uk_file_ops path_ops;

void file_abandon(struct uk_file *f)
{
	/* Somebody who looks up a descriptor may hold it for a moment and be the last. */
	f->ops = &path_ops;
	uk_file_put(f);
}
#else
static inline struct uk_file *alloc_file(void)
{
	return uk_malloc(sizeof(struct uk_file));
}

static inline void free_file(struct uk_file *f)
{
	uk_free(f);
}

void file_abandon(struct uk_file *f)
{
	uk_free(f);
}
#endif

struct uk_file *uk_file_new(const struct uk_file_ops *ops, uint32_t flags, void *priv)
{
	struct uk_file *f = alloc_file();

	if (!f)
		return NULL;
	*f = (struct uk_file){ .ops = ops, .refs = 1, .flags = flags, .priv = priv };
	if (ops)
		set_abilities(f);
	return f;
}

/* A pointer, so that images which create no epoll instance do not link it. */
void (*vfs_unwatch)(struct uk_file *f);

void uk_file_close(struct uk_file *f)
{
	struct uk_inode *inode = f->inode;

	if (UK_UNLIKELY(f->flags & UK_FILE_WATCHED))
		vfs_unwatch(f);
	if (f->ops->release)
		f->ops->release(f);
	if (inode) {
		if (UK_UNLIKELY(inode->locks))
			locks_drop(inode, f);
		__atomic_fetch_sub(&inode->fs->users, 1, __ATOMIC_RELAXED);
		uk_inode_put(inode);
	}
	free_file(f);
}

/* ---- opening by inode ---- */

static int cdev_open(struct uk_file *f)
{
	struct uk_cdev *dev = uk_cdev_find(f->inode->rdev);

	if (!dev)
		return -ENXIO;
	f->ops = dev->ops;
	f->priv = dev->priv;
	return f->ops->open ? f->ops->open(f) : 0;
}

static const struct uk_file_ops path_ops = { 0 };

int file_open_inode(struct uk_file *f, struct uk_inode *inode)
{
	int err = 0;

	f->inode = inode;
	__atomic_fetch_add(&inode->fs->users, 1, __ATOMIC_RELAXED);
	if (UK_UNLIKELY(f->flags & UK_O_PATH)) {
		f->ops = &path_ops;
		return 0;
	}
	switch (inode->mode & UK_S_IFMT) {
	case UK_S_IFREG:
	case UK_S_IFDIR:
		f->ops = inode->fops;
		if (f->ops->open)
			err = f->ops->open(f);
		break;
	case UK_S_IFCHR:
		err = cdev_open(f);
		break;
	case UK_S_IFIFO:
		err = fifo_open(f);
		break;
	default: /* a socket's name; a block device */
		err = -ENXIO;
	}
	if (UK_UNLIKELY(err)) {
		__atomic_fetch_sub(&inode->fs->users, 1, __ATOMIC_RELAXED);
		f->inode = NULL;
		return err;
	}
	set_abilities(f);
	return 0;
}

/* ---- transfers ---- */

ssize_t uk_file_refuse(const struct uk_file *f, unsigned need)
{
	if (f->flags & UK_O_PATH)
		return -EBADF;
	if ((need & 4) && !f->ops->seek)
		return -ESPIPE;
	if (need & ~(f->flags + 1) & 3)
		return -EBADF;
	return f->inode && uk_inode_is(f->inode, UK_S_IFDIR) ? -EISDIR : -EINVAL;
}

/* ---- position ---- */

uk_off_t uk_file_seek(struct uk_file *f, uk_off_t off, int whence)
{
	if (UK_UNLIKELY(!f->ops->seek))
		return f->flags & UK_O_PATH ? -EBADF : -ESPIPE;
	return f->ops->seek(f, off, whence);
}

uk_off_t uk_file_seek_in(struct uk_file *f, uk_off_t off, int whence, uint64_t size)
{
	uk_off_t base = 0;

	switch (whence) {
	case UK_SEEK_SET:
		break;
	case UK_SEEK_CUR:
		base = f->pos;
		break;
	case UK_SEEK_END:
		base = (uk_off_t)size;
		break;
	case UK_SEEK_DATA: /* all of the file is data, and behind it is the only hole */
	case UK_SEEK_HOLE:
		if (off < 0 || (uint64_t)off >= size)
			return -ENXIO;
		if (whence == UK_SEEK_HOLE)
			off = (uk_off_t)size;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, off, &off))
		return -EOVERFLOW;
	if (off < 0)
		return -EINVAL;
	f->pos = off;
	return off;
}

/* ---- the rest ---- */

int uk_file_stat(struct uk_file *f, struct uk_abi_stat *st)
{
	if (UK_LIKELY(f->inode != NULL))
		return uk_inode_stat(f->inode, st);
	*st = (struct uk_abi_stat){ .st_nlink = 1,
				    .st_mode = f->ops->type | 0600,
				    .st_blksize = VFS_BLOCK };
	if (f->ops->stat)
		f->ops->stat(f, st);
	return 0;
}

/* Directory entries go to the caller's buffer as they are emitted. */
struct uk_dir_sink {
	struct uk_file *file;
	char *buf;
	size_t left;
	bool full;
};

bool uk_dir_emit(struct uk_dir_sink *sink, const char *name, size_t len, uint64_t ino, uint8_t type,
		 uk_off_t next)
{
	const size_t head = offsetof(struct uk_abi_dirent64, d_name);
	size_t reclen = UK_ALIGN_UP(head + len + 1, 8);
	struct uk_abi_dirent64 d = {
		.d_ino = ino, .d_off = next, .d_reclen = (uint16_t)reclen, .d_type = type
	};
	struct uk_iter it = uk_iter_buf(sink->buf, reclen);

	if (reclen > sink->left) {
		sink->full = true;
		return false;
	}
	uk_iter_put(&it, &d, head);
	uk_iter_put(&it, name, len);
	uk_iter_zero(&it, reclen - head - len);
	sink->buf += reclen;
	sink->left -= reclen;
	sink->file->pos = next;
	return true;
}

ssize_t uk_file_getdents(struct uk_file *f, void *buf, size_t size)
{
	struct uk_dir_sink sink = { .file = f, .buf = buf, .left = size };
	struct uk_inode *dir = f->inode;
	int err;

	if (UK_UNLIKELY(f->flags & UK_O_PATH))
		return -EBADF;
	if (!f->ops->readdir)
		return -ENOTDIR;
	uk_mutex_lock(&dir->lock);
	if (dir->nlink)
		err = f->ops->readdir(f, &sink);
	else
		err = -ENOENT; /* removed while open */
	uk_mutex_unlock(&dir->lock);
	if (sink.left != size)
		return (ssize_t)(size - sink.left);
	return err ? err : sink.full ? -EINVAL : 0;
}

int uk_file_truncate(struct uk_file *f, uk_off_t size)
{
	struct uk_attr attr = { .valid = UK_ATTR_SIZE | UK_ATTR_MTIME, .size = (uint64_t)size };

	if (size < 0)
		return -EINVAL;
	if (f->flags & UK_O_PATH)
		return -EBADF;
	if (!uk_file_writable(f) || !f->inode || !uk_inode_is(f->inode, UK_S_IFREG))
		return -EINVAL;
	attr.mtime = uk_inode_now();
	return inode_setattr(f->inode, &attr);
}

int uk_file_allocate(struct uk_file *f, int mode, uk_off_t off, uk_off_t len)
{
	uk_off_t end;

	if (off < 0 || len <= 0)
		return -EINVAL;
	if (__builtin_add_overflow(off, len, &end))
		return -EFBIG;
	if (mode & ~(UK_FALLOC_FL_KEEP_SIZE | UK_FALLOC_FL_PUNCH | UK_FALLOC_FL_ZERO))
		return -EOPNOTSUPP;
	if ((mode & UK_FALLOC_FL_PUNCH) && mode != (UK_FALLOC_FL_PUNCH | UK_FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (!uk_file_writable(f))
		return -EBADF;
	if (f->inode && uk_inode_is(f->inode, UK_S_IFDIR))
		return -EISDIR;
	if (!f->inode || uk_inode_is(f->inode, UK_S_IFIFO))
		return -ESPIPE;
	if (!uk_inode_is(f->inode, UK_S_IFREG))
		return -ENODEV;
	return f->ops->allocate ? f->ops->allocate(f, mode, (uint64_t)off, (uint64_t)len)
				: -EOPNOTSUPP;
}

int uk_file_sync(struct uk_file *f, bool data_only)
{
	if (f->flags & UK_O_PATH)
		return -EBADF;
	return f->ops->sync ? f->ops->sync(f, data_only) : -EINVAL;
}

int uk_file_ioctl(struct uk_file *f, unsigned cmd, uintptr_t arg)
{
	int value;

	if (f->flags & UK_O_PATH)
		return -EBADF;
	switch (cmd) {
	case UK_FIONBIO:
		if (uk_user_read(&value, arg, sizeof(value)))
			return -EFAULT;
		if (value)
			__atomic_fetch_or(&f->flags, UK_O_NONBLOCK, __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(&f->flags, ~UK_O_NONBLOCK, __ATOMIC_RELAXED);
		return 0;
	case UK_FIONREAD:
		if (f->inode && uk_inode_is(f->inode, UK_S_IFREG)) {
			value = (int)((uk_off_t)f->inode->size - f->pos);
			return uk_user_write(arg, &value, sizeof(value));
		}
		break;
	}
	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

uint32_t uk_file_ready(struct uk_file *f)
{
	uint32_t ready;

	if (f->ops->poll)
		f->ops->poll(f);
	ready = f->events ? uk_event_ready(f->events) : UK_POLLIN | UK_POLLOUT;
	if (ready & UK_POLLIN)
		ready |= UK_POLLRDNORM;
	if (ready & UK_POLLOUT)
		ready |= UK_POLLWRNORM;
	return ready;
}
