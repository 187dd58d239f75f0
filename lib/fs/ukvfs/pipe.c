/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipes and FIFOs: a ring of pages between two ends.
 *
 * The ring holds 64 KiB in 16 pages, or what F_SETPIPE_SZ says; they are allocated when data arrives and
 * freed when it is read; one is kept. Positions count bytes for ever and are reduced to the ring's size on use.
 * Each end has an event source of its own: the reader's says IN and HUP, the writer's OUT and ERR.
 */
#include <uk/abi/ioctl.h>
#include "pipe_priv.h"

static const struct uk_file_ops pipe_read_ops, pipe_write_ops, fifo_both_ops;

static struct uk_pipe *pipe_new(void)
{
	struct uk_pipe *p = uk_calloc(1, sizeof(*p));

	if (p) {
		p->wr.ready = UK_POLLOUT;
		p->slots = SLOTS;
		p->page = p->first;
	}
	return p;
}

static void pipe_free(struct uk_pipe *p)
{
	unsigned i;

	for (i = 0; i < p->slots; i++)
		uk_free(p->page[i]);
	if (p->page != p->first)
		uk_free(p->page);
	uk_free(p);
}

/*
 * Ready bits after a read and after a write. Each tells its own end only of what has changed, and the other
 * of everything that it may be waiting for: who watches for edges counts on it. p->lock is held.
 */
static inline void update_both(struct uk_pipe *p)
{
	if (UK_LIKELY(!p->both))
		return;
	uk_event_clear(&p->rw, UK_POLLIN | UK_POLLOUT);
	uk_event_set(&p->rw,
		     (uk_event_ready(&p->rd) & UK_POLLIN) | (uk_event_ready(&p->wr) & UK_POLLOUT));
}

void pipe_update_read(struct uk_pipe *p)
{
	if (p->head == p->tail)
		uk_event_clear(&p->rd, UK_POLLIN);
	/* As Linux: writable when an atomic write would not block. */
	if (pipe_room(p) >= PIPE_BUF && !(uk_event_ready(&p->wr) & UK_POLLOUT))
		uk_event_set(&p->wr, UK_POLLOUT);
	update_both(p);
}

void pipe_update_written(struct uk_pipe *p)
{
	if (pipe_room(p) < PIPE_BUF)
		uk_event_clear(&p->wr, UK_POLLOUT);
	uk_event_set(&p->rd, UK_POLLIN);
	update_both(p);
}

/* ---- reading ---- */

void pipe_consume(struct uk_pipe *p, size_t n)
{
	while (n) {
		unsigned slot = p->tail / PIPE_BUF % p->slots;
		size_t part = UK_MIN(n, PIPE_BUF - p->tail % PIPE_BUF);

		p->tail += part;
		n -= part;
		/*
		 * Free the page behind us, unless the ring is so full that its newest bytes are
		 * in it, or empty now: the next write will want a page.
		 */
		if (p->tail % PIPE_BUF == 0 && p->tail != p->head && pipe_room(p) >= PIPE_BUF) {
			uk_free(p->page[slot]);
			p->page[slot] = NULL;
		}
	}
	if (p->tail == p->head) {
		/* Start again at the beginning of the page that is left. */
		unsigned slot = (p->tail - (p->tail % PIPE_BUF == 0)) / PIPE_BUF % p->slots;
		char *page = p->page[slot];

		p->page[slot] = NULL;
		p->page[0] = page;
		p->head = p->tail = 0;
	}
}

/* Move what is there, up to it->left. */
static size_t take_bytes(struct uk_pipe *p, struct uk_iter *it)
{
	size_t done = 0, n, moved;

	while (it->left && p->tail != p->head) {
		const char *at = pipe_first(p, &n);

		moved = uk_iter_put(it, at, UK_MIN(n, it->left));
		if (!moved)
			break;
		pipe_consume(p, moved);
		done += moved;
	}
	return done;
}

static ssize_t pipe_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	struct uk_pipe *p = f->priv;
	ssize_t n;

	if (!it->left)
		return 0;
	for (;;) {
		uk_mutex_lock(&p->lock);
		n = (ssize_t)take_bytes(p, it);
		if (n)
			pipe_update_read(p);
		else if (p->writers)
			n = -EAGAIN;
		uk_mutex_unlock(&p->lock);
		if (n != -EAGAIN || f->flags & UK_O_NONBLOCK)
			return n;
		n = uk_event_wait(&p->rd, UK_POLLIN | UK_POLLHUP, UK_NSEC_MAX);
		if (n)
			return n;
	}
}

/* ---- writing ---- */

ssize_t pipe_put_bytes(struct uk_pipe *p, struct uk_iter *it)
{
	ssize_t done = 0;

	while (it->left && pipe_room(p)) {
		unsigned slot = p->head / PIPE_BUF % p->slots;
		size_t off = p->head % PIPE_BUF;
		size_t n = UK_MIN(PIPE_BUF - off, pipe_room(p));
		size_t moved;

		if (!p->page[slot]) {
			p->page[slot] = uk_malloc(PIPE_BUF);
			if (!p->page[slot])
				return done ? done : -ENOMEM;
		}
		moved = uk_iter_get(it, p->page[slot] + off, UK_MIN(n, it->left));
		if (!moved)
			break;
		p->head += moved;
		done += (ssize_t)moved;
	}
	return done;
}

static ssize_t pipe_write(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	struct uk_pipe *p = f->priv;
	ssize_t done = 0, n;

	if (!it->left)
		return 0;
	for (;;) {
		const size_t need = it->left <= PIPE_BUF && !done ? it->left : 1;

		uk_mutex_lock(&p->lock);
		if (!p->readers) {
			n = -EPIPE;
		} else if (pipe_room(p) < need) {
			n = -EAGAIN; /* and less than a page is free, so OUT is not set */
		} else {
			n = pipe_put_bytes(p, it);
			if (n > 0)
				pipe_update_written(p);
		}
		uk_mutex_unlock(&p->lock);
		if (n > 0)
			done += n;
		if (!it->left || (n < 0 && n != -EAGAIN) || !n)
			return done ? done : n;
		if (f->flags & UK_O_NONBLOCK)
			return done ? done : -EAGAIN;
		if (n > 0)
			continue;
		n = uk_event_wait(&p->wr, UK_POLLOUT | UK_POLLERR, UK_NSEC_MAX);
		if (n)
			return done ? done : n;
	}
}

/* ---- the rest ---- */

static int pipe_ioctl(struct uk_file *f, unsigned cmd, uintptr_t arg)
{
	struct uk_pipe *p = f->priv;
	int n;

	if (cmd != UK_FIONREAD)
		return -ENOTTY;
	uk_mutex_lock(&p->lock);
	n = (int)(p->head - p->tail);
	uk_mutex_unlock(&p->lock);
	return uk_user_write(arg, &n, sizeof(n));
}

static void pipe_release(struct uk_file *f)
{
	struct uk_pipe *p = f->priv;
	bool last;

	if (f->inode) {
		/* The inode's lock decides between the last close of a FIFO and a new open. */
		uk_mutex_lock(&f->inode->lock);
	}
	uk_mutex_lock(&p->lock);
	if (f->ops == &fifo_both_ops)
		p->both--;
	if (uk_file_readable(f) && !--p->readers)
		uk_event_set(&p->wr, UK_POLLERR);
	if (uk_file_writable(f) && !--p->writers)
		uk_event_set(&p->rd, UK_POLLHUP);
	uk_mutex_unlock(&p->lock);
	/* Only now: the other end may be waiting for that lock, and free the pipe while we let go of it. */
	last = ref_put(&p->files);
	if (f->inode) {
		if (last)
			f->inode->pipe = NULL;
		uk_mutex_unlock(&f->inode->lock);
	}
	if (last)
		pipe_free(p);
}

static const struct uk_file_ops pipe_read_ops = {
	.read = pipe_read, .ioctl = pipe_ioctl, .release = pipe_release, .type = UK_S_IFIFO
};
static const struct uk_file_ops pipe_write_ops = {
	.write = pipe_write, .ioctl = pipe_ioctl, .release = pipe_release, .type = UK_S_IFIFO
};
static const struct uk_file_ops fifo_both_ops = {
	.read = pipe_read, .write = pipe_write, .ioctl = pipe_ioctl, .release = pipe_release
};

int uk_pipe_create(unsigned flags, struct uk_file **rd, struct uk_file **wr)
{
	struct uk_pipe *p = pipe_new();

	*rd = p ? uk_file_new(&pipe_read_ops, flags | UK_O_RDONLY, p) : NULL;
	*wr = *rd ? uk_file_new(&pipe_write_ops, flags | UK_O_WRONLY, p) : NULL;
	if (!*wr) {
		if (*rd)
			file_abandon(*rd); /* not put: that would release the pipe */
		uk_free(p);
		return -ENOMEM;
	}
	p->files = 2;
	p->readers = p->writers = 1;
	(*rd)->events = &p->rd;
	(*wr)->events = &p->wr;
	return 0;
}

/*
 * Another number of slots. p->lock is held. The newest bytes may be at the beginning of the page whose end has
 * the oldest: then they get a page of their own. 0, -EBUSY: holds more than that, -ENOMEM.
 */
static int resize(struct uk_pipe *p, unsigned slots)
{
	uint64_t first = p->tail / PIPE_BUF, end = UK_DIV_ROUND_UP(p->head, PIPE_BUF), i;
	char **page, *fresh = NULL;

	if (p->head == p->tail)
		end = first; /* one page may be kept, in slot 0 */
	if (end - first > slots)
		return -EBUSY;
	page = uk_calloc(slots, sizeof(*page));
	if (page && end - first > p->slots)
		fresh = uk_malloc(PIPE_BUF);
	if (!page || (end - first > p->slots && !fresh)) {
		uk_free(page);
		return -ENOMEM;
	}
	for (i = first; i < end; i++) {
		page[i % slots] = p->page[i % p->slots];
		if (i - first == p->slots) {
			memcpy(fresh, page[i % slots], p->head % PIPE_BUF);
			page[i % slots] = fresh;
		}
	}
	for (i = end; i < first + p->slots; i++)
		uk_free(p->page[i % p->slots]);
	if (p->page != p->first)
		uk_free(p->page);
	p->page = page;
	p->slots = slots;
	return 0;
}

static long set_size(struct uk_pipe *p, uintptr_t size)
{
	unsigned slots = 1;
	long rc = 0;

	if (size > SLOTS_MAX * PIPE_BUF)
		return size > UINT32_MAX / 2 ? -EINVAL
					     : -EPERM; /* beyond the limit of the system */
	while (slots * PIPE_BUF < size)
		slots *= 2;
	uk_mutex_lock(&p->lock);
	if (slots != p->slots)
		rc = resize(p, slots);
	if (!rc) {
		rc = (long)pipe_capacity(p);
		if (pipe_room(p) < PIPE_BUF)
			uk_event_clear(&p->wr, UK_POLLOUT);
		else if (!(uk_event_ready(&p->wr) & UK_POLLOUT))
			uk_event_set(&p->wr, UK_POLLOUT);
		update_both(p);
	}
	uk_mutex_unlock(&p->lock);
	return rc;
}

struct uk_pipe *pipe_of(const struct uk_file *f)
{
	return f->ops == &pipe_read_ops || f->ops == &pipe_write_ops || f->ops == &fifo_both_ops
		       ? f->priv
		       : NULL;
}

long pipe_fcntl(struct uk_file *f, int cmd, uintptr_t arg)
{
	struct uk_pipe *p = pipe_of(f);

	if (!p)
		return -EBADF;
	return cmd == UK_F_SETPIPE_SZ ? set_size(p, arg) : (long)pipe_capacity(p);
}

/* ---- FIFOs: the pipe hangs off an inode while any end is open ---- */

int fifo_open(struct uk_file *f)
{
	const bool rd = uk_file_readable(f), wr = uk_file_writable(f);
	struct uk_inode *inode = f->inode;
	struct uk_pipe *p;
	uint32_t *others, seen;
	int err = 0;

	uk_mutex_lock(&inode->lock);
	p = inode->pipe;
	if (!p)
		p = inode->pipe = pipe_new();
	if (!p) {
		uk_mutex_unlock(&inode->lock);
		return -ENOMEM;
	}
	uk_mutex_lock(&p->lock);
	/* Who waits for the other end counts how often it came: it may be gone again by then. */
	others = rd ? &p->opened_wr : &p->opened_rd;
	seen = *others - !!(rd ? p->writers : p->readers);
	if (wr && !rd && !p->readers && f->flags & UK_O_NONBLOCK) {
		err = -ENXIO;
	} else {
		p->files++;
		p->readers += rd;
		p->writers += wr;
		p->both += rd && wr;
		update_both(p);
		p->opened_rd += rd;
		p->opened_wr += wr;
		if (rd)
			uk_event_clear(&p->wr, UK_POLLERR);
		if (wr)
			uk_event_clear(&p->rd, UK_POLLHUP);
	}
	uk_mutex_unlock(&p->lock);
	if (err && !p->files) {
		inode->pipe = NULL;
		pipe_free(p);
	}
	uk_mutex_unlock(&inode->lock);
	if (err)
		return err;

	f->priv = p;
	f->ops = rd && wr ? &fifo_both_ops : rd ? &pipe_read_ops : &pipe_write_ops;
	f->events = rd && wr ? &p->rw : rd ? &p->rd : &p->wr;
	uk_waitq_wake_all(&p->opening);
	if (rd && wr)
		return 0;
	if (wr || !(f->flags & UK_O_NONBLOCK))
		err = UK_WAIT(&p->opening, UK_READ_ONCE(*others) != seen, UK_NSEC_MAX);
	if (err)
		pipe_release(f);
	return err;
}
