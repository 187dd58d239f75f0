/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packed layout (virtio 1.2 §2.8): one ring of descriptors. We write a buffer's, one behind the other,
 * each with two bits that say in which round of the ring it is available; the device writes one back in the
 * place of the buffer's first, in the order in which it is done, with the same two bits alike.
 */
#include <uk/errno.h>

#include "virtio_priv.h"

/* A descriptor at the next place. The first since the last kick is shown last, and with it all the others. */
static inline void put(struct uk_virtq *q, uk_dma_t addr, uint32_t len, uint16_t id, unsigned flags)
{
	volatile struct uk_virtq_pdesc *d = &q->p.desc[q->p.avail_idx];

	d->addr = addr;
	d->len = len;
	d->id = id;
	flags |= q->p.avail_flags;
	if (q->p.pending++)
		d->flags = (uint16_t)flags;
	else {
		q->p.first = q->p.avail_idx;
		q->p.first_flags = (uint16_t)flags;
	}
	if (++q->p.avail_idx == q->size) {
		q->p.avail_idx = 0;
		q->p.avail_flags ^= DESC_AVAIL | DESC_USED;
	}
}

int uk_virtq_packed_add(struct uk_virtq *q, const struct uk_virtq_seg *seg, unsigned out,
			unsigned in, void *cookie)
{
	unsigned n = out + in, entries = n;
	uint16_t id = q->free;
	struct uk_virtq_note *note = &q->note[id];
	uk_dma_t addr;

	if (UK_UNLIKELY(q->nfree && table_for(q, n))) {
		note->n =
			(uint16_t)(virtq_table_fill(q, seg, out, n, note, &addr) | UK_VIRTQ_TABLE);
		entries = 1;
		put(q, addr, n * (uint32_t)sizeof(struct uk_virtq_pdesc), id, DESC_TABLE);
	} else {
		if (UK_UNLIKELY(q->nfree < n))
			return -ENOSPC;
		note->n = (uint16_t)n;
		note->in_len = 0;
		for (unsigned i = 0; i < n; i++) {
			if (i >= out)
				note->in_len += seg[i].len;
			put(q, seg[i].addr, seg[i].len, id,
			    (i + 1 < n ? DESC_NEXT : 0) | (i >= out ? DESC_WRITE : 0));
		}
	}
	q->free = note->next;
	note->cookie = cookie;
	q->nfree = (uint16_t)(q->nfree - entries);
	q->inflight++;
	return 0;
}

void uk_virtq_packed_add_one(struct uk_virtq *q, uk_dma_t addr, uint32_t len, void *cookie)
{
	uint16_t id = q->free;
	struct uk_virtq_note *note = &q->note[id];

	put(q, addr, len, id, 0);
	q->free = note->next;
	note->cookie = cookie;
	note->in_len = 0;
	note->n = 1;
	q->nfree--;
	q->inflight++;
}

/* Is the place where the device wants to be told among the last n before `now`, a place with its round's bit? */
static bool wanted(const struct uk_virtq *q, uint16_t off_wrap, uint16_t now, uint16_t n)
{
	uint16_t event = off_wrap & (uint16_t)~EVENT_WRAP;
	bool round = now & EVENT_WRAP;

	now &= (uint16_t)~EVENT_WRAP;

	/* §2.8.21.2: one of the round before lies a whole ring back. */
	if (round != !!(off_wrap & EVENT_WRAP))
		event = (uint16_t)(event - q->size);
	return event_passed(event, now, (uint16_t)(now - n));
}

void uk_virtq_packed_show(struct uk_virtq *q)
{
	uint16_t n = q->p.pending;

	if (!n)
		return;
	__atomic_store_n(&q->p.desc[q->p.first].flags, q->p.first_flags, __ATOMIC_RELEASE);
	q->p.pending = 0;
	UK_WRITE_ONCE(q->p.shown,
		      q->p.avail_idx | (q->p.avail_flags & DESC_AVAIL ? EVENT_WRAP : 0));
	UK_WRITE_ONCE(q->p.n_untold, UK_READ_ONCE(q->p.n_untold) + n);
	__atomic_store_n(&q->untold, true, __ATOMIC_RELEASE);
}

/* `untold` first: who shows more meanwhile sets it again. A notification too many does no harm. */
void uk_virtq_packed_tell(struct uk_virtq *q)
{
	uint16_t flags, n;
	bool tell;

	if (!UK_READ_ONCE(q->untold))
		return;
	UK_WRITE_ONCE(q->untold, false);
	uk_virtq_fence();
	n = UK_READ_ONCE(q->p.n_untold);
	UK_WRITE_ONCE(q->p.n_untold, 0);
	flags = q->p.device->flags & 3;
	if (flags == EVENT_DESC && q->event_idx)
		tell = wanted(q, q->p.device->off_wrap, UK_READ_ONCE(q->p.shown), n);
	else
		tell = flags != EVENT_OFF;
	if (tell && !q->dev->broken)
		uk_virtq_notify(q);
}

static inline bool is_used(const struct uk_virtq *q, uint16_t at, uint16_t want)
{
	uint16_t flags = __atomic_load_n(&q->p.desc[at].flags, __ATOMIC_ACQUIRE);

	return (flags & (DESC_AVAIL | DESC_USED)) == want;
}

/* The n-th place from where we have taken out the last; its flags when it is used. */
static uint16_t place_behind(const struct uk_virtq *q, unsigned n, uint16_t *at)
{
	unsigned place = q->p.used_idx + n - 1;

	*at = (uint16_t)(place & (q->size - 1U));
	return place < q->size ? q->p.used_flags : q->p.used_flags ^ (DESC_AVAIL | DESC_USED);
}

bool uk_virtq_packed_has_used(const struct uk_virtq *q, unsigned n)
{
	uint16_t at, flags = place_behind(q, n, &at);

	return is_used(q, at, flags);
}

void *uk_virtq_packed_get(struct uk_virtq *q, uint32_t *len)
{
	volatile struct uk_virtq_pdesc *d = &q->p.desc[q->p.used_idx];
	struct uk_virtq_note *note;
	uint32_t written;
	unsigned n;
	uint16_t id;
	void *cookie;

	if (!is_used(q, q->p.used_idx, q->p.used_flags) || UK_UNLIKELY(q->dev->broken))
		return NULL;
	id = d->id;
	written = d->len;
	if (UK_UNLIKELY(id >= q->size) || UK_UNLIKELY(!q->note[id].cookie))
		return virtq_bad_id(q, id);
	note = &q->note[id];
	cookie = note->cookie;
	*len = UK_MIN(written, note->in_len);
	n = virtq_entries(q, note);
	q->p.used_idx = (uint16_t)(q->p.used_idx + n);
	if (q->p.used_idx >= q->size) {
		q->p.used_idx = (uint16_t)(q->p.used_idx - q->size);
		q->p.used_flags ^= DESC_AVAIL | DESC_USED;
	}
	note->cookie = NULL;
	note->next = q->free;
	q->free = id;
	q->nfree = (uint16_t)(q->nfree + n);
	q->inflight--;
	return cookie;
}

/*
 * `after` counts buffers, and places are descriptors: with several in a buffer the interrupt comes earlier, when the
 * device has passed that place, whether or not a buffer begins there. Only the next place tells whether something
 * is used already.
 */
bool uk_virtq_packed_irq(struct uk_virtq *q, unsigned after)
{
	uint16_t at, flags = place_behind(q, after, &at);

	q->armed = true;
	if (q->event_idx)
		q->p.driver->off_wrap = (uint16_t)(at | (flags & DESC_AVAIL ? EVENT_WRAP : 0));
	__atomic_store_n(&q->p.driver->flags, q->event_idx ? EVENT_DESC : EVENT_ENABLE,
			 __ATOMIC_RELEASE);
	uk_virtq_fence();
	if (!is_used(q, q->p.used_idx, q->p.used_flags))
		return false;
	uk_virtq_packed_quiet(q);
	return true;
}

void uk_virtq_packed_quiet(struct uk_virtq *q)
{
	q->armed = false;
	q->p.driver->flags = EVENT_OFF;
}
