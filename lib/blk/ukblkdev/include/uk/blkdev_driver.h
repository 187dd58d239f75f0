/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other half of uk/blkdev.h: what a driver of block devices does.
 *
 * Its library says `provides := ukblkdev`, and, if it serves devices that only some platforms have,
 * `platforms-y := kvm` (docs/build.md). It defines the functions that UK_BLKDEV_PROVIDER() declares; with one
 * driver in an image they are the API's own. It embeds struct uk_blkdev and struct uk_blkq at the start of structures
 * of its own.
 *
 * - In an initialiser of UK_INIT_DEV (or when its bus finds a device): fill in struct uk_blkdev,
 *   uk_blkdev_register(). Users look at UK_INIT_FS.
 * - start(): uk_blkdev_opening(), make dev->queues queues with uk_blkq_init(), dev->started = true.
 * - submit(): uk_blkreq_check() each request; one that it refuses is given to uk_blkreq_end(). Room comes first:
 *   what is taken must end some time.
 * - reap(): uk_blkq_ended() for those first; then what the device has done: the result into r->result. A write with
 *   UK_BLKREQ_FUA on a device that knows flushes only becomes a flush when it is done (uk_blkreq_fua()).
 * - Requests that touch may go to the device as one, if they come or wait together: uk_blkreq_follows(), uk_blkreq_take(). Of one
 *   that fails the parts are tried again each by itself (`alone`), so that an error is of the request that has it.
 * - irq_on(): also true when q->ended is not NULL.
 * - A queue's interrupt: switch it off (it was asked for once), then uk_blkq_event().
 * - Whatever the device says is checked before it is used. Where it cannot be trusted any more it is reset, with a
 *   message that names it, and from then on all requests end with -EIO: uk_blkdev_failed(). No request may end, for the
 *   user, while the device can still write to its memory.
 *
 * lib/blk/blkram is the smallest one.
 */
#ifndef UK_BLKDEV_DRIVER_H
#define UK_BLKDEV_DRIVER_H

#include <uk/atomic.h>
#include <uk/blkdev.h>

/* Declares the functions that provider `p` has to define: p_start() and so on. */
#define UK_BLKDEV_PROVIDER(p)                                                                      \
	int p##_start(struct uk_blkdev *dev, const struct uk_blkdev_conf *conf);                   \
	void p##_stop(struct uk_blkdev *dev);                                                      \
	unsigned p##_submit(struct uk_blkq *q, struct uk_blkreq *const *reqs, unsigned n);         \
	unsigned p##_reap(struct uk_blkq *q, struct uk_blkreq **done, unsigned n);                 \
	bool p##_irq_on(struct uk_blkq *q);                                                        \
	void p##_irq_off(struct uk_blkq *q)

/* Defines its operations struct, for UK_OPS(&p_ops). */
#define UK_BLKDEV_OPS(p)                                                                           \
	static const struct uk_blkdev_ops UK_UNUSED p##_ops = {                                    \
		p##_start, p##_stop, p##_submit, p##_reap, p##_irq_on, p##_irq_off,                \
	}

UK_API_BEGIN

/*
 * Makes a device known; it lives for ever. Filled in is all up to max_queues, but `next` and `index`; the name if it is not
 * to be called blk0, blk1 ... Initialisers only (one thread).
 */
void uk_blkdev_register(struct uk_blkdev *dev);

/* What is the same in each start(). Sets dev->queues to what is wanted and can be had. 0, -EBUSY. */
int uk_blkdev_opening(struct uk_blkdev *dev, const struct uk_blkdev_conf *conf);

/* Fills in a queue's common part. */
void uk_blkq_init(struct uk_blkq *q, struct uk_blkdev *dev, unsigned index,
		  const struct uk_blkdev_conf *conf);

/*
 * Can it be done? Sets r->size of those that have segments. 0; 1: it has been already (a flush of a device without cache);
 * else what r->result is to be. Whoever asks has looked at dev->failed.
 */
int uk_blkreq_check(const struct uk_blkdev *dev, struct uk_blkreq *r);

/* The size of the device is another one now. Interrupt handlers and threads. */
void uk_blkdev_resized(struct uk_blkdev *dev, uint64_t size);

/* The device has failed; also again and again. Interrupt handlers and threads. */
void uk_blkdev_failed(struct uk_blkdev *dev);

UK_API_END

/* A request that the device is not given: it is reaped with this result. */
static inline void uk_blkreq_end(struct uk_blkq *q, struct uk_blkreq *r, int result)
{
	r->result = result;
	r->next = q->ended;
	q->ended = r;
}

/* Takes up to n of those. */
static inline unsigned uk_blkq_ended(struct uk_blkq *q, struct uk_blkreq **done, unsigned n)
{
	unsigned i;

	for (i = 0; i < n && UK_UNLIKELY(q->ended != NULL); i++) {
		done[i] = q->ended;
		q->ended = q->ended->next;
	}
	return i;
}

/*
 * Requests that the device has as one are a chain: linked by `next`, NULL behind the last. Is `r`, of which only the caller's part is valid,
 * one that reads or writes on where the chain's last one, which has been checked, ends?
 */
static inline bool uk_blkreq_follows(const struct uk_blkreq *last, const struct uk_blkreq *r)
{
	return r->offset == last->offset + last->size && r->op == last->op &&
	       r->op <= UK_BLK_WRITE && r->flags == last->flags && !r->alone && !last->alone;
}

/* The parts of a chain that has ended get its result, and up to n > 0 of them are taken; the rest is reaped next. How many are taken. */
static inline unsigned uk_blkreq_take(struct uk_blkq *q, struct uk_blkreq *chain, int result,
				      struct uk_blkreq **done, unsigned n)
{
	struct uk_blkreq *r = chain, *rest;
	unsigned i = 0;

	do {
		r->result = result;
		done[i++] = r;
		r = r->next;
	} while (r && i < n);
	rest = r;
	for (; UK_UNLIKELY(r != NULL); r = r->next) {
		r->result = result;
		if (!r->next) {
			r->next = q->ended;
			q->ended = rest;
			break;
		}
	}
	return i;
}

/* Is what has ended well to be followed by a flush? Then it is one from now on. */
static inline bool uk_blkreq_fua(const struct uk_blkdev *dev, struct uk_blkreq *r)
{
	return UK_UNLIKELY(r->flags & UK_BLKREQ_FUA) && r->op == UK_BLK_WRITE && !r->result &&
	       (dev->features & UK_BLKDEV_FLUSH);
}

/* Tells the queue's user that there is what irq_on() waited for. Interrupt context. */
static inline void uk_blkq_event(struct uk_blkq *q)
{
	if (q->event)
		q->event(q, q->arg);
}

#endif
