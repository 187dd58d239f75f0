/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtqueues: rings of buffers that a virtio device reads from and writes to (virtio 1.2 §2.6), in both
 * layouts: split (§2.7) and packed (§2.8).
 *
 *	uk_virtq_add(q, segs, out, in, cookie);		as often as there is room
 *	uk_virtq_kick(q);				once
 *	while ((cookie = uk_virtq_get(q, &len)))	some time later
 *
 * The device may write to the rings at any time, so nothing that decides is kept there: descriptors are
 * written and never read, and what is in flight is noted in our own memory. Of the device we read
 * where it is, which buffer, and how long: each once, and checked against that note.
 *
 * Buffers stay the caller's; they may not be touched while they are in the queue. A queue is used by one thread
 * (or interrupt handler) at a time: locks are the caller's. Any context.
 */
#ifndef UK_VIRTQ_H
#define UK_VIRTQ_H

#include <uk/arch/io.h>
#include <uk/atomic.h>
#include <uk/config.h>
#include <uk/virtio.h>

/* One stretch of memory as the device sees it. */
struct uk_virtq_seg {
	uk_dma_t addr;
	uint32_t len;
};

/* A descriptor of the split layout (§2.7.5), and of the packed one (§2.8.13). */
struct uk_virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};
struct uk_virtq_pdesc {
	uint64_t addr;
	uint32_t len;
	uint16_t id, flags;
};

struct uk_virtq_used {
	uint32_t id, len;
};

/* Where one side says when it wants to be told, in the packed layout (§2.8.14). */
struct uk_virtq_event {
	uint16_t off_wrap, flags;
};

/* Indirect descriptors (§2.7.5.3): tables, each a buffer's, in memory of their own. */
struct uk_virtq_tables {
	uk_paddr_t frames;
	uint32_t nframes;
	uint16_t n;
	uint16_t segs;   /* descriptors in a table */
	uint16_t free;   /* the first free one; UK_VIRTQ_NO_TABLE: none is */
	uint16_t next[]; /* of those */
};

#define UK_VIRTQ_NO_TABLE 0x7fffU

/* Our note of a buffer in flight, by its id: that of its first descriptor, or any in the packed layout. */
struct uk_virtq_note {
	void *cookie;    /* NULL: not in flight */
	uint32_t in_len; /* what the device may write at most */
	uint16_t n;      /* descriptors; with UK_VIRTQ_TABLE: one, and the table's number */
	uint16_t next;   /* the next of these, or the next free one */
};

#define UK_VIRTQ_TABLE 0x8000U

struct uk_virtq {
	struct uk_virtio_dev *dev;
	bool packed, event_idx;
	bool notify_wide; /* the transport's register takes 32 bits */
	uint16_t index;
	uint16_t size;     /* a power of two */
	uint16_t free;     /* first free note */
	uint16_t nfree;    /* descriptors that are free */
	uint16_t inflight; /* buffers */
	bool untold;       /* the device may not know of all that it was shown */
	volatile void *notify;
	union {
		struct {
			struct uk_virtq_desc *desc;
			volatile uint16_t *avail; /* flags, index, ring[size], used_event */
			volatile uint16_t *used;  /* flags, index, ring[size], avail_event */
			uint16_t avail_idx;       /* ours; the device's copy follows at a kick */
			uint16_t shown;           /* that copy */
			uint16_t told;     /* the same when it was last asked if it wants to know */
			uint16_t used_idx; /* up to here we have looked */
			uint16_t used_seen; /* the device's index when we last looked */
		} s;
		struct {
			volatile struct uk_virtq_pdesc *desc;
			volatile struct uk_virtq_event *driver, *device;
			uint16_t avail_idx, used_idx;
			uint16_t avail_flags; /* of a descriptor that is available in this round */
			uint16_t used_flags;  /* of one that is used */
			uint16_t first,
				first_flags; /* the first that the device does not see yet */
			uint16_t pending;    /* descriptors that it was not shown */
			uint16_t n_untold; /* those it was shown since it was last told, or more */
			uint16_t
				shown; /* avail_idx when it was last shown some; EVENT_WRAP: its round */
		} p;
	};
	void (*fn)(struct uk_virtq *q);
	void *arg;
	bool armed;                     /* irq_on was called, and no interrupt has come since */
	struct uk_virtq_tables *tables; /* NULL: none */
	uk_paddr_t frames;
	uint32_t nframes;
	struct uk_virtq_note note[];
};

UK_API_BEGIN

int uk_virtq_split_add(struct uk_virtq *q, const struct uk_virtq_seg *seg, unsigned out,
		       unsigned in, void *cookie);
void uk_virtq_split_tell(struct uk_virtq *q);
void *uk_virtq_split_get(struct uk_virtq *q, uint32_t *len);
unsigned uk_virtq_split_get_sent(struct uk_virtq *q, void **cookies, unsigned n);
bool uk_virtq_split_irq(struct uk_virtq *q, unsigned after);
void uk_virtq_split_quiet(struct uk_virtq *q);
int uk_virtq_packed_add(struct uk_virtq *q, const struct uk_virtq_seg *seg, unsigned out,
			unsigned in, void *cookie);
void uk_virtq_packed_add_one(struct uk_virtq *q, uk_dma_t addr, uint32_t len, void *cookie);
void uk_virtq_packed_show(struct uk_virtq *q);
void uk_virtq_packed_tell(struct uk_virtq *q);
void *uk_virtq_packed_get(struct uk_virtq *q, uint32_t *len);
bool uk_virtq_packed_has_used(const struct uk_virtq *q, unsigned n);
bool uk_virtq_packed_irq(struct uk_virtq *q, unsigned after);
void uk_virtq_packed_quiet(struct uk_virtq *q);

/*
 * Makes a queue of `size` entries, a power of two from 2 to 32768, that no device knows of yet, in the
 * layout that the features say. NULL: no memory. uk_virtio_queue() does this and the rest.
 */
struct uk_virtq *uk_virtq_create(struct uk_virtio_dev *d, unsigned index, unsigned size,
				 uint64_t features);

/*
 * Gives the queue `n` tables for `segs` segments each, if the device knows indirect descriptors: buffers of several
 * segments take one entry of the ring, as long as there are tables. 0 (also if it does not), -ENOMEM.
 */
int uk_virtq_indirect(struct uk_virtq *q, unsigned n, unsigned segs);

/* Device addresses of the three parts: descriptors, what the driver writes, what the device writes. */
void uk_virtq_addresses(const struct uk_virtq *q, uk_dma_t part[3]);

/*
 * Takes out one buffer that is in flight, after a reset of the device: its cookie, in no order; NULL: the
 * queue is empty.
 */
void *uk_virtq_drain(struct uk_virtq *q);

/* After that: empty, as it was made. The device does not know of it; uk_virtio_queue_again() does this and the rest. */
void uk_virtq_renew(struct uk_virtq *q);

UK_API_END

#ifdef CONFIG_LIBVIRTIO_PACKED
#define UK_VIRTQ(q, op, ...)                                                                       \
	((q)->packed ? uk_virtq_packed_##op(__VA_ARGS__) : uk_virtq_split_##op(__VA_ARGS__))
#else
#define UK_VIRTQ(q, op, ...) uk_virtq_split_##op(__VA_ARGS__)
#endif

/*
 * Puts a buffer of `out` segments that the device reads and, behind them, `in` that it writes into the queue.
 * `cookie`, not NULL, names it. The device learns of it at the next kick. 0; -ENOSPC: no room for
 * so many now.
 */
static inline int uk_virtq_add(struct uk_virtq *q, const struct uk_virtq_seg *seg, unsigned out,
			       unsigned in, void *cookie)
{
	return UK_VIRTQ(q, add, q, seg, out, in, cookie);
}

/*
 * The same of one segment that the device reads, inline, for who sends packet after packet and has seen that
 * there is room (uk_virtq_room()).
 */
static inline void uk_virtq_add_one(struct uk_virtq *q, uk_dma_t addr, uint32_t len, void *cookie)
{
	uint16_t id = q->free;
	struct uk_virtq_note *note = &q->note[id];
	struct uk_virtq_desc *d = &q->s.desc[id];

#ifdef CONFIG_LIBVIRTIO_PACKED
	if (q->packed) {
		uk_virtq_packed_add_one(q, addr, len, cookie);
		return;
	}
#endif
	d->addr = addr;
	d->len = len;
	d->flags = 0;
	/* Behind flags and index (§2.7.6). */
	q->s.avail[2 + (q->s.avail_idx++ & (q->size - 1U))] = id;
	q->free = note->next;
	note->cookie = cookie;
	note->in_len = 0;
	note->n = 1;
	q->nfree--;
	q->inflight++;
}

static inline void uk_virtq_split_show(struct uk_virtq *q)
{
	uint16_t now = q->s.avail_idx;

	if (UK_UNLIKELY(now == q->s.shown))
		return;
	__atomic_store_n(&q->s.avail[1], now, __ATOMIC_RELEASE); /* behind the flags (§2.7.6) */
	UK_WRITE_ONCE(q->s.shown, now);
	__atomic_store_n(&q->untold, true, __ATOMIC_RELEASE);
}

/* Shows the device what was added: it finds it when it looks. */
static inline void uk_virtq_show(struct uk_virtq *q)
{
	UK_VIRTQ(q, show, q);
}

/*
 * Notifies the device of what it was shown since the last time, if it wants that. Any context, also while a thread uses
 * the queue: what that shows meanwhile is notified of now, or by the next call.
 */
static inline void uk_virtq_tell(struct uk_virtq *q)
{
	UK_VIRTQ(q, tell, q);
}

/* Shows and tells. */
static inline void uk_virtq_kick(struct uk_virtq *q)
{
	uk_virtq_show(q);
	uk_virtq_tell(q);
}

/*
 * The next buffer that the device is done with: its cookie, and in *len how much the device says it
 * has written, which is never more than there was room. NULL: there is none.
 */
static inline void *uk_virtq_get(struct uk_virtq *q, uint32_t *len)
{
	return UK_VIRTQ(q, get, q, len);
}

/* Up to n of them at once, of a queue whose buffers the device only reads; how many these are, 0: there is none. */
static inline unsigned uk_virtq_get_sent(struct uk_virtq *q, void **cookies, unsigned n)
{
#ifdef CONFIG_LIBVIRTIO_PACKED
	uint32_t len;

	if (q->packed)
		return n && (cookies[0] = uk_virtq_packed_get(q, &len));
#endif
	return uk_virtq_split_get_sent(q, cookies, n);
}

/*
 * Has the device used so many buffers more than we have taken out, `n` being a quarter of the queue at most? Costs little. In the
 * packed layout false where it has, if some of them have several descriptors.
 */
static inline bool uk_virtq_has_used(const struct uk_virtq *q, unsigned n)
{
#ifdef CONFIG_LIBVIRTIO_PACKED
	if (q->packed)
		return uk_virtq_packed_has_used(q, n);
#endif
	return (uint16_t)(q->s.used[1] - q->s.used_idx) >= n;
}

/*
 * Asks for an interrupt when the device has used `after` more buffers than we have taken out (1: the next).
 * True: it has already, and no interrupt is to be expected.
 */
static inline bool uk_virtq_irq_on(struct uk_virtq *q, unsigned after)
{
	return UK_VIRTQ(q, irq, q, after);
}

/* No interrupts, as at first. One may be on its way. */
static inline void uk_virtq_irq_off(struct uk_virtq *q)
{
	UK_VIRTQ(q, quiet, q);
}

/*
 * In a queue's interrupt: is it one that was asked for? Then there are no more of them. Tell the user after that: who asks again in
 * between, is told to look.
 */
static inline bool uk_virtq_irq_wanted(struct uk_virtq *q)
{
	if (!q->armed)
		return false;
	uk_virtq_irq_off(q);
	return true;
}

/* Descriptors that are free: an add of up to so many segments succeeds. */
static inline unsigned uk_virtq_room(const struct uk_virtq *q)
{
	return q->nfree;
}

/* Is there a table for n segments? */
static inline bool uk_virtq_has_table(const struct uk_virtq *q, unsigned n)
{
	return q->tables && n <= q->tables->segs && q->tables->free != UK_VIRTQ_NO_TABLE;
}

/* Would an add of n segments succeed? */
static inline bool uk_virtq_fits(const struct uk_virtq *q, unsigned n)
{
	return UK_LIKELY(n <= q->nfree) || (q->nfree && uk_virtq_has_table(q, n));
}

/* The transport's: the device is to look at the queue (§4.1.5.2, §4.2.2). */
static inline void uk_virtq_notify(struct uk_virtq *q)
{
	if (q->notify_wide)
		uk_mmio_write32(q->notify, q->index);
	else
		uk_mmio_write16(q->notify, q->index);
}

/*
 * Between our writes to the ring and a look at what the device says: the device is another CPU, also
 * where the image has only one.
 */
static inline void uk_virtq_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
