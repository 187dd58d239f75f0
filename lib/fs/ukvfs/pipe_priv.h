/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pipe from inside, for pipe.c and splice.c.
 */
#ifndef PIPE_PRIV_H
#define PIPE_PRIV_H

#include "vfs_priv.h"

#define SLOTS     16u
#define SLOTS_MAX 256u  /* 1 MiB, Linux's limit */
#define PIPE_BUF  4096u /* size of a page of the ring; writes up to this are not mixed with others */

struct uk_pipe {
	struct uk_mutex lock;
	uint32_t files;                /* open files: the pipe goes with the last; atomically */
	uint32_t readers, writers;     /* open ends */
	uint32_t opened_rd, opened_wr; /* ever: what the other end's open of a FIFO waits for */
	uint64_t head;                 /* next byte to be written */
	uint64_t tail;                 /* next byte to be read */
	unsigned slots;                /* a power of two */
	char **page;                   /* `first`, unless the size was changed */
	char *first[SLOTS];
	struct uk_event_source rd;
	struct uk_event_source wr;
	struct uk_event_source rw; /* of files that are both ends: what rd and wr say */
	uint32_t both;             /* such files */
	struct uk_waitq opening;
};

static inline uint64_t pipe_capacity(const struct uk_pipe *p)
{
	return (uint64_t)p->slots * PIPE_BUF;
}

static inline uint64_t pipe_room(const struct uk_pipe *p)
{
	return pipe_capacity(p) - (p->head - p->tail);
}

/* The oldest bytes, of which there are some: where, and how many of them lie together. p->lock is held, as below. */
static inline const char *pipe_first(const struct uk_pipe *p, size_t *n)
{
	size_t off = p->tail % PIPE_BUF;

	*n = UK_MIN(PIPE_BUF - off, p->head - p->tail);
	return p->page[p->tail / PIPE_BUF % p->slots] + off;
}

/* The pipe that this file is an end of, or NULL. */
struct uk_pipe *pipe_of(const struct uk_file *f);
/* The oldest n bytes, which are there, are gone. */
void pipe_consume(struct uk_pipe *p, size_t n);
/* Move what fits, up to it->left. -ENOMEM if not even one byte could be stored for want of memory. */
ssize_t pipe_put_bytes(struct uk_pipe *p, struct uk_iter *it);
/* Behind each of these. */
void pipe_update_read(struct uk_pipe *p);
void pipe_update_written(struct uk_pipe *p);

#endif
