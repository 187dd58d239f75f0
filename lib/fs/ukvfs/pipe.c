/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipes and FIFOs: a ring of pages between two ends.
 *
 * The ring holds 64 KiB in 16 pages which are allocated when data arrives and freed when it is read;
 * one is kept. Positions count bytes for ever and are reduced to the ring's size on use.
 * Each end has an event source of its own: the reader's says IN and HUP, the writer's OUT and ERR.
 */
#include <uk/abi/ioctl.h>
#include "vfs_priv.h"

#define SLOTS    16u
#define PIPE_CAP (SLOTS * PIPE_BUF)
#define PIPE_BUF 4096u /* size of a page of the ring; writes up to this are not mixed with others */

struct uk_pipe {
	struct uk_mutex lock;
	uint32_t files;                /* open files: the pipe goes with the last; atomically */
	uint32_t readers, writers;     /* open ends */
	uint32_t opened_rd, opened_wr; /* ever: what the other end's open of a FIFO waits for */
	uint64_t head;                 /* next byte to be written */
	uint64_t tail;                 /* next byte to be read */
	char *page[SLOTS];
	struct uk_event_source rd;
	struct uk_event_source wr;
	struct uk_waitq opening;
};

static const struct uk_file_ops pipe_read_ops, pipe_write_ops, fifo_both_ops;

static struct uk_pipe *pipe_new(void)
{
	struct uk_pipe *p = uk_calloc(1, sizeof(*p));

	if (p)
		p->wr.ready = UK_POLLOUT;
	return p;
}

static void pipe_free(struct uk_pipe *p)
{
	unsigned i;

	for (i = 0; i < SLOTS; i++)
		uk_free(p->page[i]);
	uk_free(p);
}

/* Bring both ends' ready bits up to date after a change. p->lock is held. */
static void update(struct uk_pipe *p)
{
	uint64_t used = p->head - p->tail;

	if (used)
		uk_event_set(&p->rd, UK_POLLIN);
	else
		uk_event_clear(&p->rd, UK_POLLIN);
	/* As Linux: writable when an atomic write would not block. */
	if (PIPE_CAP - used >= PIPE_BUF)
		uk_event_set(&p->wr, UK_POLLOUT);
	else
		uk_event_clear(&p->wr, UK_POLLOUT);
}

/* ---- reading ---- */

/* Move what is there, up to it->left. */
static size_t take_bytes(struct uk_pipe *p, struct uk_iter *it)
{
	size_t done = 0;

	while (it->left && p->tail != p->head) {
		unsigned slot = p->tail / PIPE_BUF % SLOTS;
		size_t off = p->tail % PIPE_BUF;
		size_t n = UK_MIN(PIPE_BUF - off, p->head - p->tail);
		size_t moved = uk_iter_put(it, p->page[slot] + off, UK_MIN(n, it->left));

		if (!moved)
			break;
		p->tail += moved;
		done += moved;
		/*
		 * Free the page behind us, unless the ring is so full that its newest bytes are
		 * in it, or empty now: the next write will want a page.
		 */
		if (p->tail % PIPE_BUF == 0 && p->tail != p->head &&
		    p->head - p->tail <= PIPE_CAP - PIPE_BUF) {
			uk_free(p->page[slot]);
			p->page[slot] = NULL;
		}
	}
	if (done && p->tail == p->head) {
		/* Start again at the beginning of the page that is left. */
		unsigned slot = (p->tail - (p->tail % PIPE_BUF == 0)) / PIPE_BUF % SLOTS;
		char *page = p->page[slot];

		p->page[slot] = NULL;
		p->page[0] = page;
		p->head = p->tail = 0;
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
			update(p);
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

/* Move what fits, up to it->left. -ENOMEM if not even one byte could be stored for want of memory. */
static ssize_t put_bytes(struct uk_pipe *p, struct uk_iter *it)
{
	ssize_t done = 0;

	while (it->left && p->head - p->tail < PIPE_CAP) {
		unsigned slot = p->head / PIPE_BUF % SLOTS;
		size_t off = p->head % PIPE_BUF;
		size_t n = UK_MIN(PIPE_BUF - off, PIPE_CAP - (p->head - p->tail));
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
		} else if (PIPE_CAP - (p->head - p->tail) < need) {
			n = -EAGAIN; /* and less than a page is free, so OUT is not set */
		} else {
			n = put_bytes(p, it);
			update(p);
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
	if (uk_file_readable(f) && !--p->readers)
		uk_event_set(&p->wr, UK_POLLERR | UK_POLLOUT);
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

long pipe_fcntl(struct uk_file *f, int cmd, uintptr_t arg)
{
	if (f->ops != &pipe_read_ops && f->ops != &pipe_write_ops && f->ops != &fifo_both_ops)
		return -EBADF;
	if (cmd == UK_F_SETPIPE_SZ && arg > PIPE_CAP)
		return -EPERM; /* beyond the limit of the system, Linux says */
	return PIPE_CAP;       /* asking for less may be answered with more */
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
	f->events = rd ? &p->rd : &p->wr;
	uk_waitq_wake_all(&p->opening);
	if (rd && wr)
		return 0;
	if (wr || !(f->flags & UK_O_NONBLOCK))
		err = UK_WAIT(&p->opening, UK_READ_ONCE(*others) != seen, UK_NSEC_MAX);
	if (err)
		pipe_release(f);
	return err;
}
