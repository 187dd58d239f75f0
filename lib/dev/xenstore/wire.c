/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests and answers as bytes in a ring of 1,024 each way (xs_wire.h). Both may be longer than the ring, and go through it in
 * pieces: whoever makes room or brings bytes raises the event, and the interrupt goes on where the last one
 * stopped. So nobody has to wait here, and nothing is allocated.
 *
 * The other side is a program in a privileged domain. Its indices, lengths and numbers are checked all the same: what makes no sense
 * ends the connection, since after a byte too many or too few all that follows means something else.
 */
#include <uk/atomic.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/sched.h>
#include <uk/spinlock.h>
#include <uk/string.h>
#include <uk/thread.h>
#include <uk/waitq.h>
#include <xen/io/xs_wire.h>

#include "xenstore_priv.h"

#define HEADER sizeof(struct xsd_sockmsg)
#define TOKEN  9 /* hexadecimal digits of 32 bits, and a NUL */

uk_nsec uk_xenstore_patience = 30 * UK_NSEC_PER_SEC;

static struct uk_spinlock lock;
static struct xenstore_domain_interface *ring;
static void (*tell)(void);
static bool broken, held; /* held: before a suspend, and until the next attach */
static uint32_t last_id, transactions;
static struct uk_list queue = UK_LIST_INIT(queue); /* not yet in the ring */
static struct uk_list asked = UK_LIST_INIT(asked); /* in the ring, no answer yet */
static struct uk_waitq idle;

/* The request that is going into the ring. */
static struct {
	struct uk_xenstore_request *rq;
	struct xsd_sockmsg header;
	size_t at; /* bytes of header and parts that are there */
} out;

/* The message that is coming out of it. */
static struct {
	struct xsd_sockmsg header;
	size_t at;
	struct uk_xenstore_request *rq; /* whose answer it is; NULL: nobody's */
	unsigned strings;               /* of a watch event: NULs seen */
	char text[TOKEN + 8];           /* its token, or the name of an error */
	size_t text_len;
} in;

/* ---- what ends ---- */

/* With the lock; the caller calls done() without. */
static void finish(struct uk_xenstore_request *rq, int err, struct uk_list *done)
{
	uk_list_del(&rq->node);
	rq->err = err;
	uk_list_add_tail(done, &rq->node);
}

static void finish_all(int err, struct uk_list *done)
{
	struct uk_xenstore_request *rq;

	while ((rq = uk_list_first(&asked, struct uk_xenstore_request, node)))
		finish(rq, err, done);
	while ((rq = uk_list_first(&queue, struct uk_xenstore_request, node)))
		finish(rq, err, done);
	out.rq = in.rq = NULL;
}

static void call_done(struct uk_list *done)
{
	struct uk_xenstore_request *rq;

	while ((rq = uk_list_pop(done, struct uk_xenstore_request, node)))
		rq->done(rq);
	uk_waitq_wake_all(&idle);
}

static void protocol_error(const char *what, uint32_t number, struct uk_list *done)
{
	broken = true;
	uk_pr_err("xenstored: %s %u; it is not used any more", what, number);
	finish_all(-EIO, done);
}

/* ---- out ---- */

/* Bytes of header and parts from `at` on, as many as lie together; NULL at the end. */
static const char *piece(const struct uk_xenstore_request *rq, size_t at, size_t *n)
{
	if (at < HEADER) {
		*n = HEADER - at;
		return (const char *)&out.header + at;
	}
	at -= HEADER;
	for (unsigned i = 0; i < rq->nparts; at -= rq->part[i++].len) {
		if (at < rq->part[i].len) {
			*n = rq->part[i].len - at;
			return (const char *)rq->part[i].at + at;
		}
	}
	return NULL;
}

/* What is held back waits; a transaction that has begun is to end. */
static struct uk_xenstore_request *next(void)
{
	struct uk_xenstore_request *rq;

	uk_list_for_each(rq, &queue, node)
		if (!held || rq->tx)
			return rq;
	return NULL;
}

/* Writes what there is room for. True: something was written. */
static bool push(struct uk_list *done)
{
	uint32_t prod = ring->req_prod, room, first = prod;

	for (;;) {
		size_t n;
		const char *from;

		if (!out.rq) {
			out.rq = next();
			if (!out.rq)
				break;
			out.at = 0;
			out.header = (struct xsd_sockmsg){ out.rq->type, out.rq->id, out.rq->tx,
							   (uint32_t)out.rq->len };
		}
		from = piece(out.rq, out.at, &n);
		if (!from) {
			uk_list_del(&out.rq->node);
			uk_list_add_tail(&asked, &out.rq->node);
			out.rq = NULL;
			continue;
		}
		room = XENSTORE_RING_SIZE - (prod - uk_atomic_load_acquire(&ring->req_cons));
		if (room > XENSTORE_RING_SIZE) {
			protocol_error("it has read more than was written: index", prod - room,
				       done);
			break;
		}
		n = UK_MIN(n, UK_MIN(room, XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(prod)));
		if (!n)
			break;
		memcpy(&ring->req[MASK_XENSTORE_IDX(prod)], from, n);
		prod += (uint32_t)n;
		out.at += n;
		uk_atomic_store_release(&ring->req_prod, prod);
	}
	return prod != first;
}

/* ---- in ---- */

static const struct {
	char name[12];
	int err;
} errors[] = {
	{ "EINVAL", EINVAL }, { "EACCES", EACCES },   { "EEXIST", EEXIST },
	{ "EISDIR", EISDIR }, { "ENOENT", ENOENT },   { "ENOMEM", ENOMEM },
	{ "ENOSPC", ENOSPC }, { "EIO", EIO },         { "ENOTEMPTY", ENOTEMPTY },
	{ "ENOSYS", ENOSYS }, { "EROFS", EROFS },     { "EBUSY", EBUSY },
	{ "EAGAIN", EAGAIN }, { "EISCONN", EISCONN }, { "E2BIG", E2BIG },
	{ "EPERM", EPERM },
};

static int error_of(const char *name)
{
	for (size_t i = 0; i < UK_ARRAY_SIZE(errors); i++)
		if (!uk_strcmp(name, errors[i].name))
			return -errors[i].err;
	return -EIO;
}

static void text_add(const char *from, size_t n)
{
	for (; n && in.text_len < sizeof(in.text) - 1; n--)
		in.text[in.text_len++] = *from++;
	in.text[in.text_len] = 0;
}

/* A piece of what follows the header, at in.at. Of a watch event the path is passed over: it has two strings. */
static void payload(const char *from, size_t n)
{
	size_t at = in.at - HEADER;

	if (in.header.type == XS_WATCH_EVENT) {
		for (; n; n--, from++) {
			if (!*from)
				in.strings++;
			else if (in.strings == 1)
				text_add(from, 1);
		}
	} else if (in.header.type == XS_ERROR) {
		text_add(from, n);
	} else if (in.rq && at < in.rq->room) {
		memcpy((char *)in.rq->reply + at, from, UK_MIN(n, in.rq->room - at));
	}
}

static struct uk_xenstore_request *find(uint32_t id)
{
	struct uk_xenstore_request *rq;

	uk_list_for_each(rq, &asked, node)
		if (rq->id == id)
			return rq;
	return NULL;
}

static uint32_t token(void)
{
	uint32_t n = 0;

	for (const char *c = in.text; *c; c++) {
		unsigned digit = *c >= '0' && *c <= '9'   ? (unsigned)(*c - '0')
				 : *c >= 'a' && *c <= 'f' ? (unsigned)(*c - 'a') + 10
							  : 16;

		if (digit > 15 || c - in.text >= TOKEN - 1)
			return 0;
		n = n << 4 | digit;
	}
	return n;
}

/* A message is complete. */
static void received(struct uk_list *done)
{
	struct uk_xenstore_request *rq = in.rq;

	if (in.header.type == XS_WATCH_EVENT) {
		xenstore_fired(token());
		return;
	}
	if (!rq) /* its asker has given up */
		return;
	rq->len = in.header.len;
	if (in.header.type == XS_ERROR)
		finish(rq, error_of(in.text), done);
	else if (in.header.type != rq->type)
		protocol_error("an answer to something else: type", in.header.type, done);
	else
		finish(rq, rq->len > rq->room ? -E2BIG : 0, done);
}

/* The header is complete. False: it makes no sense. */
static bool begins(struct uk_list *done)
{
	in.strings = 0;
	in.text_len = 0;
	in.text[0] = 0;
	in.rq = NULL;
	if (in.header.len > XENSTORE_PAYLOAD_MAX) {
		protocol_error("a message too long: bytes", in.header.len, done);
		return false;
	}
	if (in.header.type != XS_WATCH_EVENT)
		in.rq = find(in.header.req_id);
	return true;
}

/* Reads what is there. True: something was read. */
static bool pull(struct uk_list *done)
{
	uint32_t cons = ring->rsp_cons, first = cons;

	while (!broken) {
		uint32_t there = uk_atomic_load_acquire(&ring->rsp_prod) - cons;
		size_t n, want = in.at < HEADER ? HEADER - in.at : HEADER + in.header.len - in.at;

		if (there > XENSTORE_RING_SIZE) {
			protocol_error("it has written more than there is room for: bytes", there,
				       done);
			break;
		}
		n = UK_MIN(want, UK_MIN(there, XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(cons)));
		if (want && !n)
			break;
		if (in.at < HEADER)
			memcpy((char *)&in.header + in.at, &ring->rsp[MASK_XENSTORE_IDX(cons)], n);
		else
			payload(&ring->rsp[MASK_XENSTORE_IDX(cons)], n);
		cons += (uint32_t)n;
		in.at += n;
		uk_atomic_store_release(&ring->rsp_cons, cons);
		if (in.at == HEADER && n && !begins(done))
			break;
		if (in.at >= HEADER && in.at == HEADER + in.header.len) {
			received(done);
			in.at = 0;
		}
	}
	return cons != first;
}

/* ---- from outside ---- */

/*
 * Who writes looks at the other side's index after that, and the other side, which has moved it, looks at ours after that:
 * with the barrier between both, one of them sees the other.
 */
static void work(struct uk_list *done)
{
	bool moved;

	if (!ring || broken)
		return;
	moved = pull(done);
	if (!broken && push(done))
		moved = true;
	if (moved) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		tell();
	}
}

void uk_xenstore_interrupt(void)
{
	struct uk_list done = UK_LIST_INIT(done);
	bool irq = uk_spin_lock_irq(&lock);

	work(&done);
	uk_spin_unlock_irq(&lock, irq);
	call_done(&done);
}

void uk_xenstore_submit(struct uk_xenstore_request *rq)
{
	struct uk_list done = UK_LIST_INIT(done);
	size_t len = 0;
	bool irq;

	for (unsigned i = 0; i < rq->nparts; i++)
		len += rq->part[i].len;
	uk_list_init(&rq->node);
	rq->len = len;
	rq->err = 1; /* under way */
	irq = uk_spin_lock_irq(&lock);
	rq->id = ++last_id;
	uk_list_add_tail(&queue, &rq->node);
	if (!ring || broken)
		finish(rq, ring ? -EIO : -ENODEV, &done);
	else if (len > XENSTORE_PAYLOAD_MAX)
		finish(rq, -ENAMETOOLONG, &done);
	else
		work(&done);
	uk_spin_unlock_irq(&lock, irq);
	call_done(&done);
}

static void answered(struct uk_xenstore_request *rq)
{
	uk_atomic_store_release(&rq->ended, true); /* the last that is done with it */
}

/* Nobody writes to its answer, or reads its parts, from now on. False: it has ended meanwhile. */
static bool give_up(struct uk_xenstore_request *rq)
{
	struct uk_list done = UK_LIST_INIT(done);
	bool irq = uk_spin_lock_irq(&lock), under_way = rq->err > 0;

	if (under_way) {
		if (rq == out.rq && out.at)
			protocol_error("it does not read; in the middle of request", rq->id, &done);
		if (rq == out.rq)
			out.rq = NULL;
		if (rq == in.rq)
			in.rq = NULL;
		uk_list_del(&rq->node);
	}
	uk_spin_unlock_irq(&lock, irq);
	call_done(&done);
	return under_way;
}

int xenstore_do(struct uk_xenstore_request *rq)
{
	rq->done = answered;
	rq->ended = false;
	uk_xenstore_submit(rq);
	if (UK_WAIT(&idle, uk_atomic_load_acquire(&rq->ended), uk_deadline(uk_xenstore_patience))) {
		if (give_up(rq))
			return -ETIMEDOUT;
		UK_WAIT(&idle, uk_atomic_load_acquire(&rq->ended), UK_NSEC_MAX);
	}
	return rq->err ? rq->err : (int)rq->len;
}

void xenstore_transaction(int begun)
{
	bool irq = uk_spin_lock_irq(&lock);

	transactions += (uint32_t)begun;
	uk_spin_unlock_irq(&lock, irq);
	uk_waitq_wake_all(&idle);
}

/* Nothing in the rings, and nothing that will be before an attach. */
static bool quiet(void)
{
	bool irq = uk_spin_lock_irq(&lock), yes = uk_list_empty(&asked) && !out.rq && !transactions;

	uk_spin_unlock_irq(&lock, irq);
	return yes;
}

void uk_xenstore_continue(void)
{
	bool irq = uk_spin_lock_irq(&lock);

	held = false;
	uk_spin_unlock_irq(&lock, irq);
	uk_xenstore_interrupt();
}

int uk_xenstore_suspend(void)
{
	bool irq = uk_spin_lock_irq(&lock);

	held = true;
	uk_spin_unlock_irq(&lock, irq);
	if (!UK_WAIT(&idle, quiet(), uk_deadline(uk_xenstore_patience)))
		return 0;
	uk_xenstore_continue();
	return -ETIMEDOUT;
}

void uk_xenstore_attach(struct xenstore_domain_interface *r, void (*notify)(void))
{
	struct uk_list done = UK_LIST_INIT(done);
	struct uk_xenstore_request *rq;
	bool irq = uk_spin_lock_irq(&lock);

	while ((rq = uk_list_first(&asked, struct uk_xenstore_request, node)))
		finish(rq, -EIO, &done);
	ring = r;
	tell = notify;
	broken = held = false;
	out.rq = in.rq = NULL;
	in.at = 0;
	uk_spin_unlock_irq(&lock, irq);
	call_done(&done);
	xenstore_watch_again();
	uk_xenstore_interrupt();
}
