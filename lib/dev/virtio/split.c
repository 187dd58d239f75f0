/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The split layout (virtio 1.2 §2.7): a table of descriptors, a ring in which we say which of them are
 * available, and one in which the device says which are used. Chains of descriptors follow our
 * own list of free ones, which is never read from the table.
 */
#include <uk/errno.h>

#include "virtio_priv.h"

/* The buffer at `head` of `n` descriptors, noted as `noted`, is the device's at the next kick. */
static inline int added(struct uk_virtq *q, unsigned head, unsigned n, unsigned noted, void *cookie)
{
	struct uk_virtq_note *note = &q->note[head];

	note->cookie = cookie;
	note->n = (uint16_t)noted;
	q->nfree = (uint16_t)(q->nfree - n);
	q->inflight++;
	q->s.avail[RING + (q->s.avail_idx & (q->size - 1U))] = (uint16_t)head;
	q->s.avail_idx++;
	return 0;
}

static UK_NOINLINE int add_chain(struct uk_virtq *q, const struct uk_virtq_seg *seg, unsigned out,
				 unsigned n, void *cookie)
{
	unsigned head = q->free;
	uint16_t id = (uint16_t)head;
	uint32_t in_len = 0;

	for (unsigned i = 0;;) {
		struct uk_virtq_desc *d = &q->s.desc[id];
		uint16_t next = q->note[id].next;

		d->addr = seg[i].addr;
		d->len = seg[i].len;
		d->flags = i >= out ? DESC_WRITE : 0;
		if (i >= out)
			in_len += seg[i].len;
		if (++i == n) {
			q->free = next;
			break;
		}
		d->flags |= DESC_NEXT;
		d->next = next;
		id = next;
	}
	q->note[head].in_len = in_len;
	return added(q, head, n, n, cookie);
}

static UK_NOINLINE int add_table(struct uk_virtq *q, const struct uk_virtq_seg *seg, unsigned out,
				 unsigned n, void *cookie)
{
	unsigned head = q->free;
	struct uk_virtq_note *note = &q->note[head];
	struct uk_virtq_desc *d = &q->s.desc[head];
	uk_dma_t addr;
	unsigned table = virtq_table_fill(q, seg, out, n, note, &addr);

	d->addr = addr;
	d->len = n * (uint32_t)sizeof(*d);
	d->flags = DESC_TABLE;
	q->free = note->next;
	return added(q, head, 1, table | UK_VIRTQ_TABLE, cookie);
}

int uk_virtq_split_add(struct uk_virtq *q, const struct uk_virtq_seg *seg, unsigned out,
		       unsigned in, void *cookie)
{
	unsigned n = out + in, head = q->free;
	struct uk_virtq_desc *d = &q->s.desc[head];

	if (UK_UNLIKELY(n != 1)) {
		if (q->nfree && table_for(q, n))
			return add_table(q, seg, out, n, cookie);
		return q->nfree < n ? -ENOSPC : add_chain(q, seg, out, n, cookie);
	}
	if (UK_UNLIKELY(!q->nfree))
		return -ENOSPC;
	d->addr = seg->addr;
	d->len = seg->len;
	d->flags = in ? DESC_WRITE : 0;
	q->note[head].in_len = in ? seg->len : 0;
	q->free = q->note[head].next;
	return added(q, head, 1, 1, cookie);
}

/* `untold` first: who shows more meanwhile sets it again. */
void uk_virtq_split_tell(struct uk_virtq *q)
{
	uint16_t now, old;
	bool wanted;

	if (!UK_READ_ONCE(q->untold))
		return;
	UK_WRITE_ONCE(q->untold, false);
	uk_virtq_fence();
	now = UK_READ_ONCE(q->s.shown);
	old = UK_READ_ONCE(q->s.told);
	UK_WRITE_ONCE(q->s.told, now);
	if (q->event_idx)
		wanted = event_passed(q->s.used[RING + 4 * q->size], now, old);
	else
		wanted = !(q->s.used[RING_FLAGS] & NO_EVENT);
	if (wanted && !q->dev->broken)
		uk_virtq_notify(q);
}

/* The chain's descriptors become the first free ones, in their order. */
static inline void give_back(struct uk_virtq *q, uint16_t head, struct uk_virtq_note *note)
{
	struct uk_virtq_note *last = note;
	unsigned n = virtq_entries(q, note);

	for (unsigned i = 1; i < n; i++)
		last = &q->note[last->next];
	last->next = q->free;
	q->free = head;
	q->nfree = (uint16_t)(q->nfree + n);
	q->inflight--;
	note->cookie = NULL;
}

/* True: the device has used something that we have not looked at. */
static bool look(struct uk_virtq *q)
{
	uint16_t seen = __atomic_load_n(&q->s.used[RING_IDX], __ATOMIC_ACQUIRE);
	uint16_t moved = (uint16_t)(seen - q->s.used_idx);

	if (!moved || UK_UNLIKELY(q->dev->broken))
		return false;
	if (UK_UNLIKELY(moved > q->inflight))
		return virtq_bad_index(q, moved);
	q->s.used_seen = seen;
	return true;
}

void *uk_virtq_split_get(struct uk_virtq *q, uint32_t *len)
{
	volatile struct uk_virtq_used *used;
	struct uk_virtq_note *note;
	uint32_t id, written;
	void *cookie;

	if (q->s.used_idx == q->s.used_seen && !look(q))
		return NULL;
	used = (volatile struct uk_virtq_used *)&q->s.used[RING];
	used += q->s.used_idx & (q->size - 1);
	id = used->id;
	written = used->len;
	if (UK_UNLIKELY(id >= q->size) || UK_UNLIKELY(!q->note[id].cookie))
		return virtq_bad_id(q, id);
	note = &q->note[id];
	cookie = note->cookie;
	*len = UK_MIN(written, note->in_len);
	give_back(q, (uint16_t)id, note);
	q->s.used_idx++;
	return cookie;
}

/* Those of one descriptor in a row, with the queue's fields in registers. For all others, and what is wrong: the function above. */
unsigned uk_virtq_split_get_sent(struct uk_virtq *q, void **cookies, unsigned n)
{
	const volatile struct uk_virtq_used *used = (volatile void *)&q->s.used[RING];
	unsigned i, mask = q->size - 1U;
	uint16_t free = q->free, at = q->s.used_idx;
	uint32_t len;

	if (at == q->s.used_seen && !look(q))
		return 0;
	n = UK_MIN(n, (unsigned)(uint16_t)(q->s.used_seen - at));
	for (i = 0; i < n; i++) {
		uint32_t id = used[(at + i) & mask].id;
		struct uk_virtq_note *note = &q->note[id];

		if (UK_UNLIKELY(id > mask) || UK_UNLIKELY(!note->cookie) ||
		    UK_UNLIKELY(note->n != 1))
			break;
		cookies[i] = note->cookie;
		note->cookie = NULL;
		note->next = free;
		free = (uint16_t)id;
	}
	q->free = free;
	q->s.used_idx = (uint16_t)(at + i);
	q->nfree = (uint16_t)(q->nfree + i);
	q->inflight = (uint16_t)(q->inflight - i);
	if (UK_UNLIKELY(!i)) {
		cookies[0] = uk_virtq_split_get(q, &len);
		return !!cookies[0];
	}
	return i;
}

bool uk_virtq_split_irq(struct uk_virtq *q, unsigned after)
{
	if (q->s.used_idx != q->s.used_seen && after == 1)
		return true;
	q->armed = true;
	if (q->event_idx)
		q->s.avail[RING + q->size] = (uint16_t)(q->s.used_idx + after - 1);
	else
		q->s.avail[RING_FLAGS] = 0;
	uk_virtq_fence();
	if ((uint16_t)(q->s.used[RING_IDX] - q->s.used_idx) < after)
		return false;
	uk_virtq_split_quiet(q);
	return true;
}

/* With event indices: one that the device has passed, and comes to again after 65536 buffers. */
void uk_virtq_split_quiet(struct uk_virtq *q)
{
	q->armed = false;
	if (q->event_idx)
		q->s.avail[RING + q->size] = (uint16_t)(q->s.used_idx - 1);
	else
		q->s.avail[RING_FLAGS] = NO_EVENT;
}
