/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * splice(2): bytes from a pipe to a file, from a file to a pipe, or from pipe to pipe. They are copied once: written
 * from where they lie in the pipe, or read to where they are to lie. As on Linux the pipe is locked meanwhile,
 * so whoever uses it waits while the other file makes us wait.
 */
#include "pipe_priv.h"

#define PIECES 16u

/* Both ends of a transfer without a pipe are of a kind that can be one: no eventfd, no epoll instance. */
static bool is_kind(const struct uk_file *f)
{
	return f->inode || f->ops->type;
}

/* ---- from a pipe ---- */

/* What lies in the ring, as pieces. */
static unsigned describe(const struct uk_pipe *p, size_t n, struct uk_iovec *iov, size_t *sum)
{
	uint64_t at = p->tail, end = p->tail + UK_MIN(n, p->head - p->tail);
	unsigned k = 0;

	for (; at < end && k < PIECES; k++) {
		size_t off = at % PIPE_BUF;

		iov[k].base = p->page[at / PIPE_BUF % p->slots] + off;
		iov[k].len = UK_MIN(PIPE_BUF - off, end - at);
		at += iov[k].len;
	}
	*sum = at - p->tail;
	return k;
}

static ssize_t write_pieces(struct uk_pipe *p, struct uk_file *out, uk_off_t *out_pos, size_t n)
{
	struct uk_iovec iov[PIECES];
	struct uk_iter it;
	size_t done = 0, sum;
	ssize_t moved = 0;

	while (done < n && p->head != p->tail) {
		uk_iter_iov(&it, iov, describe(p, n - done, iov, &sum));
		moved = out_pos ? uk_file_pwrite(out, &it, *out_pos) : uk_file_write(out, &it);
		if (moved <= 0)
			break;
		if (out_pos)
			*out_pos += moved;
		pipe_consume(p, (size_t)moved);
		done += (size_t)moved;
		if ((size_t)moved < sum)
			break;
	}
	if (done)
		pipe_update_read(p);
	return done ? (ssize_t)done : moved;
}

/* Waits until there is something to read: true, with the pipe locked; else *rc. */
static bool lock_filled(struct uk_pipe *p, bool wait, ssize_t *rc)
{
	for (;;) {
		uk_mutex_lock(&p->lock);
		if (p->head != p->tail)
			return true;
		*rc = p->writers ? -EAGAIN : 0;
		uk_mutex_unlock(&p->lock);
		if (!*rc || !wait)
			return false;
		*rc = uk_event_wait(&p->rd, UK_POLLIN | UK_POLLHUP, UK_NSEC_MAX);
		if (*rc)
			return false;
	}
}

static ssize_t from_pipe(struct uk_pipe *p, struct uk_file *out, uk_off_t *out_pos, size_t n,
			 bool wait)
{
	ssize_t rc;

	if (out->flags & UK_O_APPEND || !(out->flags & UK_FILE_WRITE) || !is_kind(out))
		return -EINVAL;
	if (out_pos && (!(out->flags & UK_FILE_PWRITE) || *out_pos < 0))
		return -EINVAL;
	if (!lock_filled(p, wait, &rc))
		return rc;
	rc = write_pieces(p, out, out_pos, n);
	uk_mutex_unlock(&p->lock);
	return rc;
}

/* ---- to a pipe ---- */

/* Pages for what is to come: pieces of the ring, as many as it has room for and memory allows. */
static unsigned prepare(struct uk_pipe *p, size_t n, struct uk_iovec *iov, size_t *sum)
{
	uint64_t at = p->head, end = p->head + UK_MIN(n, pipe_room(p));
	unsigned k = 0;

	for (; at < end && k < PIECES; k++) {
		unsigned slot = at / PIPE_BUF % p->slots;
		size_t off = at % PIPE_BUF;

		if (!p->page[slot])
			p->page[slot] = uk_malloc(PIPE_BUF);
		if (!p->page[slot])
			break;
		iov[k].base = p->page[slot] + off;
		iov[k].len = UK_MIN(PIPE_BUF - off, end - at);
		at += iov[k].len;
	}
	*sum = at - p->head;
	return k;
}

/* Pages that were for up to `sum` bytes and have got none; of an empty pipe one is kept, in slot 0. */
static void unprepare(struct uk_pipe *p, size_t sum)
{
	uint64_t first = UK_DIV_ROUND_UP(p->head, PIPE_BUF);
	uint64_t end = UK_DIV_ROUND_UP(p->head + sum, PIPE_BUF);

	for (uint64_t i = UK_MAX(first, 1UL); i < end; i++) {
		unsigned slot = i % p->slots;

		if (i >= p->tail / PIPE_BUF + p->slots)
			break; /* its end has the oldest bytes */
		uk_free(p->page[slot]);
		p->page[slot] = NULL;
	}
}

/* A file is read as far as it goes; of a socket once, since that may wait. */
static ssize_t read_pieces(struct uk_pipe *p, struct uk_file *in, uk_off_t *in_pos, size_t n)
{
	struct uk_iovec iov[PIECES];
	struct uk_iter it;
	size_t done = 0, sum;
	ssize_t got;
	unsigned k;

	do {
		k = prepare(p, n - done, iov, &sum);
		got = -ENOMEM;
		if (!k)
			break;
		uk_iter_iov(&it, iov, k);
		got = in_pos ? uk_file_pread(in, &it, *in_pos) : uk_file_read(in, &it);
		if (got > 0) {
			p->head += (uint64_t)got;
			done += (size_t)got;
			if (in_pos)
				*in_pos += got;
		}
		unprepare(p, sum - (got > 0 ? (size_t)got : 0));
	} while (got > 0 && (size_t)got == sum && done < n && pipe_room(p) &&
		 in->flags & UK_FILE_PREAD);
	if (done)
		pipe_update_written(p);
	return done ? (ssize_t)done : got;
}

/* Waits until there is room: 0, with the pipe locked. */
static ssize_t lock_roomy(struct uk_pipe *p, bool wait)
{
	ssize_t rc;

	for (;;) {
		uk_mutex_lock(&p->lock);
		if (p->readers && pipe_room(p))
			return 0;
		rc = p->readers ? -EAGAIN : -EPIPE;
		uk_mutex_unlock(&p->lock);
		if (rc == -EPIPE || !wait)
			return rc;
		rc = uk_event_wait(&p->wr, UK_POLLOUT | UK_POLLERR, UK_NSEC_MAX);
		if (rc)
			return rc;
	}
}

static ssize_t to_pipe(struct uk_pipe *p, struct uk_file *in, uk_off_t *in_pos, size_t n, bool wait)
{
	ssize_t rc;

	if (!(in->flags & UK_FILE_READ) || !is_kind(in))
		return -EINVAL;
	if (in_pos && (!(in->flags & UK_FILE_PREAD) || *in_pos < 0))
		return -EINVAL;
	rc = lock_roomy(p, wait);
	if (rc)
		return rc;
	if (!wait && !(uk_file_ready(in) & (UK_POLLIN | UK_POLLHUP | UK_POLLERR)))
		rc = -EAGAIN;
	else
		rc = read_pieces(p, in, in_pos, n);
	uk_mutex_unlock(&p->lock);
	return rc;
}

/* ---- from pipe to pipe ---- */

static ssize_t move(struct uk_pipe *to, struct uk_pipe *from, size_t n)
{
	size_t done = 0, len;
	ssize_t moved = 0;

	while (done < n && from->head != from->tail && pipe_room(to)) {
		const char *at = pipe_first(from, &len);
		struct uk_iter it = uk_iter_buf((void *)(uintptr_t)at, UK_MIN(len, n - done));

		moved = pipe_put_bytes(to, &it);
		if (moved <= 0)
			break;
		pipe_consume(from, (size_t)moved);
		done += (size_t)moved;
	}
	if (done) {
		pipe_update_read(from);
		pipe_update_written(to);
	}
	return done ? (ssize_t)done : moved;
}

static ssize_t pipe_to_pipe(struct uk_pipe *to, struct uk_pipe *from, size_t n, bool wait)
{
	struct uk_pipe *first = from < to ? from : to, *second = from < to ? to : from;
	ssize_t rc;
	bool empty;

	for (;;) {
		uk_mutex_lock(&first->lock); /* of two pipes the one with the lower address */
		uk_mutex_lock(&second->lock);
		empty = from->head == from->tail;
		if (empty)
			rc = from->writers ? -EAGAIN : 0;
		else if (!to->readers)
			rc = -EPIPE;
		else
			rc = pipe_room(to) ? move(to, from, n) : -EAGAIN;
		uk_mutex_unlock(&second->lock);
		uk_mutex_unlock(&first->lock);
		if (rc != -EAGAIN || !wait)
			return rc;
		rc = empty ? uk_event_wait(&from->rd, UK_POLLIN | UK_POLLHUP, UK_NSEC_MAX)
			   : uk_event_wait(&to->wr, UK_POLLOUT | UK_POLLERR, UK_NSEC_MAX);
		if (rc)
			return rc;
	}
}

bool uk_file_is_pipe(const struct uk_file *f)
{
	return pipe_of(f);
}

ssize_t uk_file_splice(struct uk_file *out, uk_off_t *out_pos, struct uk_file *in, uk_off_t *in_pos,
		       size_t n, bool wait)
{
	struct uk_pipe *from = pipe_of(in), *to = pipe_of(out);

	if (!uk_file_readable(in) || !uk_file_writable(out))
		return -EBADF;
	if ((from && in_pos) || (to && out_pos))
		return -ESPIPE;
	n = UK_MIN(n, UK_IO_BYTES);
	if (from)
		wait = wait && !(in->flags & UK_O_NONBLOCK);
	if (to)
		wait = wait && !(out->flags & UK_O_NONBLOCK);
	if (from && to)
		return from == to ? -EINVAL : pipe_to_pipe(to, from, n, wait);
	if (from)
		return from_pipe(from, out, out_pos, n, wait);
	return to ? to_pipe(to, in, in_pos, n, wait) : -EINVAL;
}
