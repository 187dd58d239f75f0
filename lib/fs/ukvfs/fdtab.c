/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptor tables: an array of files and two bitmaps.
 *
 * Every operation is a few instructions under a spin lock, which with a cooperative scheduler on
 * one CPU is nothing at all and with a preemptive one a counter. Files are closed after it.
 *
 * With several CPUs looking up takes no lock. It may then find a file of which the last reference
 * just goes, so it takes one only if there is another, and looks again: if the descriptor still refers
 * to that file, it did so while the reference was taken. What it reads meanwhile is never other
 * memory: files are only ever used for files again (file.c), and an array that became too small stays
 * until the table goes, which doubles what a table takes at most.
 */
#include "fdtab_priv.h"

struct uk_fdtab *uk_fdtab_boot;

/* ---- tables ---- */

/* Room for `cap` descriptors in one block; the old content is copied. 0 or -ENOMEM. */
static int resize(struct uk_fdtab *t, unsigned cap)
{
	const size_t words = cap / WORD;
	struct uk_file **files = uk_calloc(1, cap * sizeof(*files) + 2 * words * sizeof(long));

	if (!files)
		return -ENOMEM;
	if (t->files) {
		memcpy(files, t->files, t->cap * sizeof(*files));
		memcpy(files + cap, t->used, t->cap / 8);
		memcpy((unsigned long *)(files + cap) + words, t->cloexec, t->cap / 8);
	}
	t->used = (unsigned long *)(files + cap);
	t->cloexec = t->used + words;
	/* In this order, for uk_fd_get(): no more descriptors than there is room for. */
	__atomic_store_n(&t->files, files, __ATOMIC_RELEASE);
	__atomic_store_n(&t->cap, cap, __ATOMIC_RELEASE);
	return 0;
}

struct uk_fdtab *uk_fdtab_new(unsigned limit)
{
	struct uk_fdtab *t = uk_calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->refs = 1;
	t->limit = limit;
	if (!resize(t, WORD))
		return t;
	uk_free(t);
	return NULL;
}

struct uk_fdtab *uk_fdtab_clone(struct uk_fdtab *from)
{
	struct uk_fdtab *t = uk_calloc(1, sizeof(*t));
	unsigned fd;

	if (!t)
		return NULL;
	uk_spin_lock(&from->lock);
	t->refs = 1;
	t->limit = from->limit;
	t->next = from->next;
	if (resize(t, from->cap)) {
		uk_spin_unlock(&from->lock);
		uk_free(t);
		return NULL;
	}
	memcpy(t->files, from->files, t->cap * sizeof(*t->files));
	memcpy(t->cloexec, from->cloexec, t->cap / 8);
	/* What another thread is just opening is not inherited. */
	for (fd = 0; fd < t->cap; fd++) {
		if (!t->files[fd])
			continue;
		uk_file_get(t->files[fd]);
		fd_set_bit(t->used, fd, true);
	}
	t->next = 0;
	uk_spin_unlock(&from->lock);
	return t;
}

void uk_fdtab_get(struct uk_fdtab *t)
{
	ref_get(&t->refs);
}

void uk_fdtab_put(struct uk_fdtab *t)
{
	if (!ref_put(&t->refs))
		return;
	uk_fd_close_range(t, 0, UINT32_MAX, false);
#ifdef CONFIG_SMP
	for (unsigned long *link = t->outgrown, *next; link; link = next) {
		next = (unsigned long *)link[0];
		uk_free((void *)link[1]);
	}
#endif
	uk_free(t->files);
	uk_free(t);
}

void uk_fdtab_set_limit(struct uk_fdtab *t, unsigned limit)
{
	t->limit = limit;
}

void uk_fdtab_set_pid(struct uk_fdtab *t, int pid)
{
	t->pid = pid;
}

/* ---- looking up ---- */

#ifdef CONFIG_SMP
/* One more reference, unless the last one is gone. */
static inline bool get_live(struct uk_file *f)
{
	uint32_t refs = __atomic_load_n(&f->refs, __ATOMIC_RELAXED);

	while (refs && !__atomic_compare_exchange_n(&f->refs, &refs, refs + 1, true,
						    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
	return refs;
}

static inline struct uk_file *look(struct uk_fdtab *t, unsigned fd)
{
	if (UK_UNLIKELY(fd >= __atomic_load_n(&t->cap, __ATOMIC_ACQUIRE)))
		return NULL;
	return __atomic_load_n(&__atomic_load_n(&t->files, __ATOMIC_ACQUIRE)[fd], __ATOMIC_ACQUIRE);
}

struct uk_file *uk_fd_get(struct uk_fdtab *t, int fd)
{
	struct uk_file *f;

	while ((f = look(t, (unsigned)fd))) {
		if (UK_UNLIKELY(!get_live(f)))
			continue;
		if (UK_LIKELY(look(t, (unsigned)fd) == f))
			break;
		uk_file_put(f);
	}
	return f;
}
#endif

int uk_fd_get_at(struct uk_fdtab *t, int dirfd, const char *path, struct uk_file **at)
{
	*at = NULL;
	if (dirfd == UK_AT_FDCWD || (path && *path == '/'))
		return 0;
	*at = uk_fd_get(t, dirfd);
	return *at ? 0 : -EBADF;
}

/* ---- taking descriptors ---- */

/* The first word of the bitmap with a free descriptor at or above `start`, or t->cap. Locked. */
static UK_NOINLINE unsigned search(struct uk_fdtab *t, unsigned start)
{
	unsigned w;

	for (w = start / WORD; w < t->cap / WORD; w++) {
		unsigned long free = ~t->used[w];

		if (w == start / WORD)
			free &= ~0UL << start % WORD;
		if (free)
			return w * WORD + uk_ctz(free);
	}
	return UK_MAX(t->cap, start);
}

static UK_NOINLINE int grow(struct uk_fdtab *t, unsigned fd)
{
	struct uk_file **old = t->files;
#ifdef CONFIG_SMP
	unsigned long *link = t->used; /* of no use any more, and two words at least */
#endif
	int err = resize(t, UK_ALIGN_UP(UK_MAX(2 * t->cap, fd + 1), WORD));

	if (err)
		return err;
#ifdef CONFIG_SMP
	link[0] = (unsigned long)t->outgrown;
	link[1] = (unsigned long)old;
	t->outgrown = link;
#else
	uk_free(old);
#endif
	return 0;
}

/* The lowest free descriptor >= min, marked used. Locked. -EMFILE, -ENOMEM. */
static int take(struct uk_fdtab *t, unsigned min, bool cloexec)
{
	unsigned start = UK_MAX(min, t->next), fd = start;

	/* Usually the first one that can be free is. */
	if (UK_UNLIKELY(fd >= t->cap || fd_bit(t->used, fd)))
		fd = search(t, start);
	if (UK_UNLIKELY(fd >= t->limit))
		return -EMFILE;
	if (UK_UNLIKELY(fd >= t->cap)) {
		int err = grow(t, fd);

		if (err)
			return err;
	}
	fd_set_bit(t->used, fd, true);
	fd_set_bit(t->cloexec, fd, cloexec);
	if (start == t->next)
		t->next = fd + 1;
	return (int)fd;
}

/* Locked, but seen by who is not. */
static inline void set_file(struct uk_fdtab *t, unsigned fd, struct uk_file *f)
{
	__atomic_store_n(&t->files[fd], f, __ATOMIC_RELEASE);
}

/* A descriptor that refers to f, or to nothing yet. */
static inline int add(struct uk_fdtab *t, struct uk_file *f, int min, unsigned flags)
{
	int fd;

	if (UK_UNLIKELY(min < 0 || (unsigned)min >= t->limit))
		return min ? -EINVAL : -EMFILE;
	uk_spin_lock(&t->lock);
	fd = take(t, (unsigned)min, flags & UK_O_CLOEXEC);
	if (f && UK_LIKELY(fd >= 0))
		set_file(t, (unsigned)fd, f);
	uk_spin_unlock(&t->lock);
	return fd;
}

int uk_fd_reserve(struct uk_fdtab *t, int min, unsigned flags)
{
	return add(t, NULL, min, flags);
}

int uk_fd_add(struct uk_fdtab *t, struct uk_file *f, int min, unsigned flags)
{
	return add(t, f, min, flags);
}

void uk_fd_install(struct uk_fdtab *t, int fd, struct uk_file *f)
{
	uk_spin_lock(&t->lock);
	set_file(t, (unsigned)fd, f);
	uk_spin_unlock(&t->lock);
}

/* Mark free. Locked. */
static inline void give_back(struct uk_fdtab *t, unsigned fd)
{
	set_file(t, fd, NULL);
	fd_set_bit(t->used, fd, false);
	if (fd < t->next)
		t->next = fd;
}

void uk_fd_unreserve(struct uk_fdtab *t, int fd)
{
	uk_spin_lock(&t->lock);
	give_back(t, (unsigned)fd);
	uk_spin_unlock(&t->lock);
}

/* ---- closing ---- */

/* A descriptor of this table no longer refers to f. */
static void drop(struct uk_fdtab *t, struct uk_file *f)
{
	/*
	 * POSIX: closing any descriptor of a file ends all record locks of the process on it. Whoever
	 * sets one now either finds the descriptor gone, or is seen here (lock_fcntl()).
	 */
#ifdef CONFIG_SMP
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
	if (f->inode && UK_UNLIKELY(f->inode->locks))
		locks_drop(f->inode, t);
	uk_file_put(f);
}

int uk_fd_close(struct uk_fdtab *t, int fd)
{
	struct uk_file *f = NULL;

	uk_spin_lock(&t->lock);
	if (UK_LIKELY((unsigned)fd < t->cap)) {
		f = t->files[fd];
		if (UK_LIKELY(f != NULL))
			give_back(t, (unsigned)fd);
	}
	uk_spin_unlock(&t->lock);
	if (UK_UNLIKELY(!f))
		return -EBADF;
	drop(t, f);
	return 0;
}

int uk_fd_close_range(struct uk_fdtab *t, unsigned first, unsigned last, bool cloexec)
{
	unsigned fd;

	if (first > last)
		return -EINVAL;
	for (fd = first; fd <= last && fd < UK_READ_ONCE(t->cap); fd++) {
		struct uk_file *f;

		uk_spin_lock(&t->lock);
		f = fd < t->cap ? t->files[fd] : NULL;
		if (f && cloexec)
			fd_set_bit(t->cloexec, fd, true);
		else if (f)
			give_back(t, fd);
		uk_spin_unlock(&t->lock);
		if (f && !cloexec)
			drop(t, f);
	}
	return 0;
}

void uk_fdtab_exec(struct uk_fdtab *t)
{
	unsigned fd;

	for (fd = 0; fd < t->cap; fd++) {
		bool close;

		uk_spin_lock(&t->lock); /* other processes may share the table */
		close = t->files[fd] && fd_bit(t->cloexec, fd);
		uk_spin_unlock(&t->lock);
		if (close)
			uk_fd_close(t, (int)fd);
	}
}

/* ---- duplicates ---- */

int uk_fd_dup(struct uk_fdtab *t, int fd)
{
	struct uk_file *f = uk_fd_get(t, fd);
	int to;

	if (!f)
		return -EBADF;
	to = uk_fd_add(t, f, 0, 0);
	if (to < 0)
		uk_file_put(f);
	return to;
}

int uk_fd_dup2(struct uk_fdtab *t, int fd, int to)
{
	struct uk_file *f;

	if (fd != to)
		return uk_fd_dup3(t, fd, to, 0);
	f = uk_fd_get(t, fd);
	if (!f)
		return -EBADF;
	uk_file_put(f);
	return fd;
}

int uk_fd_dup3(struct uk_fdtab *t, int fd, int to, unsigned flags)
{
	struct uk_file *f, *old;
	int err = 0;

	if (flags & ~UK_O_CLOEXEC || fd == to)
		return -EINVAL;
	if (to < 0 || (unsigned)to >= t->limit)
		return -EBADF;
	f = uk_fd_get(t, fd);
	if (!f)
		return -EBADF;

	uk_spin_lock(&t->lock);
	old = (unsigned)to < t->cap ? t->files[to] : NULL;
	if (!old && (unsigned)to < t->cap && fd_bit(t->used, (unsigned)to))
		err = -EBUSY;
	else if (!old)
		err = take(t, (unsigned)to, false);
	if (err >= 0) {
		set_file(t, (unsigned)to, f);
		fd_set_bit(t->cloexec, (unsigned)to, flags & UK_O_CLOEXEC);
	}
	uk_spin_unlock(&t->lock);
	if (err < 0)
		uk_file_put(f);
	else if (old)
		drop(t, old);
	return err < 0 ? err : to;
}

/* ---- opening ---- */

int uk_fd_open(struct uk_fdtab *t, struct uk_fs_ctx *ctx, int dirfd, const char *path,
	       unsigned flags, uint32_t mode)
{
	struct uk_file *at, *f;
	int err, fd;

	err = uk_fd_get_at(t, dirfd, path, &at);
	if (UK_UNLIKELY(err))
		return err;
	fd = uk_fd_reserve(t, 0, flags);
	if (UK_LIKELY(fd >= 0)) {
		err = uk_vfs_open(ctx, at, path, flags, mode, &f);
		if (UK_LIKELY(!err)) {
			uk_fd_install(t, fd, f);
		} else {
			uk_fd_unreserve(t, fd);
			fd = err;
		}
	}
	uk_fd_put_at(at);
	return fd;
}

int uk_fd_pipe(struct uk_fdtab *t, int fds[2], unsigned flags)
{
	struct uk_file *rd, *wr;
	int err;

	/* O_DIRECT, which keeps writes apart, is not among them. */
	if (flags & ~(UK_O_NONBLOCK | UK_O_CLOEXEC))
		return -EINVAL;
	err = uk_pipe_create(flags & UK_O_NONBLOCK, &rd, &wr);
	if (err)
		return err;
	fds[0] = uk_fd_add(t, rd, 0, flags);
	if (fds[0] < 0) {
		err = fds[0];
		goto fail;
	}
	fds[1] = uk_fd_add(t, wr, 0, flags);
	if (fds[1] >= 0)
		return 0;
	err = fds[1];
	uk_fd_close(t, fds[0]);
	uk_file_put(wr);
	return err;
fail:
	uk_file_put(rd);
	uk_file_put(wr);
	return err;
}
