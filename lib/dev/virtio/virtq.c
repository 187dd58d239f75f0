/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtqueues: their memory, and what happens when the device does not keep to the rules.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/string.h>

#include "virtio_priv.h"

/* Alignments of §2.7 and §2.8: 16 for descriptors, 2 and 4 for the others; cache lines are better. */
#define LINE 64UL

struct virtq_layout virtq_layout(unsigned size, bool packed)
{
	struct virtq_layout l;

	l.driver = 16UL * size;
	l.device = l.driver + UK_ALIGN_UP(packed ? 4UL : 6 + 2UL * size, LINE);
	l.total = l.device + UK_ALIGN_UP(packed ? 4UL : 6 + 8UL * size, LINE);
	return l;
}

static void init_packed(struct uk_virtq *q, char *base, const struct virtq_layout *l)
{
	q->p.avail_idx = q->p.used_idx = 0;
	q->p.pending = q->p.n_untold = q->p.shown = 0;
	q->p.desc = (volatile struct uk_virtq_pdesc *)base;
	q->p.driver = (volatile struct uk_virtq_event *)(base + l->driver);
	q->p.device = (volatile struct uk_virtq_event *)(base + l->device);
	q->p.avail_flags = DESC_AVAIL;
	q->p.used_flags = DESC_AVAIL | DESC_USED;
}

static void init_split(struct uk_virtq *q, char *base, const struct virtq_layout *l)
{
	q->s.avail_idx = q->s.shown = q->s.told = 0;
	q->s.used_idx = q->s.used_seen = 0;
	q->s.desc = (struct uk_virtq_desc *)base;
	q->s.avail = (volatile uint16_t *)(base + l->driver);
	q->s.used = (volatile uint16_t *)(base + l->device);
}

/* All tables are free. */
static void init_tables(struct uk_virtq_tables *t)
{
	t->free = 0;
	for (unsigned i = 0; i < t->n; i++)
		t->next[i] = (uint16_t)(i + 1 < t->n ? i + 1 : UK_VIRTQ_NO_TABLE);
}

/* Empty, in memory that is zero. Pointers that were set are not changed: somebody may be in uk_virtq_tell(). */
static void init(struct uk_virtq *q)
{
	struct virtq_layout l = virtq_layout(q->size, q->packed);

	UK_WRITE_ONCE(q->untold, false);
	q->free = 0;
	q->nfree = q->size;
	q->inflight = 0;
	for (unsigned i = 0; i < q->size; i++)
		q->note[i] = (struct uk_virtq_note){ .next = (uint16_t)(i + 1) };
	if (q->tables)
		init_tables(q->tables);
	(q->packed ? init_packed : init_split)(q, uk_page_to_virt(q->frames), &l);
	uk_virtq_irq_off(q);
}

struct uk_virtq *uk_virtq_create(struct uk_virtio_dev *d, unsigned index, unsigned size,
				 uint64_t features)
{
	bool packed = features >> UK_VIRTIO_F_RING_PACKED & 1;
	struct virtq_layout l = virtq_layout(size, packed);
	struct uk_virtq *q = uk_calloc(1, sizeof(*q) + size * sizeof(q->note[0]));

	if (!q)
		return NULL;
	q->nframes = (uint32_t)UK_DIV_ROUND_UP(l.total, UK_PAGE_SIZE);
	q->frames = uk_page_alloc(q->nframes, UK_PAGE_ZERO);
	if (q->frames == UK_PAGE_NONE) {
		uk_free(q);
		return NULL;
	}
	q->dev = d;
	q->index = (uint16_t)index;
	q->size = (uint16_t)size;
	q->packed = packed;
	q->event_idx = features >> UK_VIRTIO_F_EVENT_IDX & 1;
	init(q);
	return q;
}

void uk_virtq_renew(struct uk_virtq *q)
{
	memset(uk_page_to_virt(q->frames), 0, q->nframes * UK_PAGE_SIZE);
	init(q);
}

int uk_virtq_indirect(struct uk_virtq *q, unsigned n, unsigned segs)
{
	struct uk_virtq_tables *t;

	if (!uk_virtio_has(q->dev, UK_VIRTIO_F_INDIRECT) || !n)
		return 0;
	t = uk_malloc(sizeof(*t) + n * sizeof(t->next[0]));
	if (!t)
		return -ENOMEM;
	t->nframes =
		(uint32_t)UK_DIV_ROUND_UP(n * segs * sizeof(struct uk_virtq_desc), UK_PAGE_SIZE);
	t->frames = uk_page_alloc(t->nframes, 0);
	if (t->frames == UK_PAGE_NONE) {
		uk_free(t);
		return -ENOMEM;
	}
	t->segs = (uint16_t)segs;
	t->n = (uint16_t)n;
	init_tables(t);
	q->tables = t;
	return 0;
}

/* The two layouts have the same table but for where the flags are, and that one is a chain. */
uint16_t virtq_table_fill(struct uk_virtq *q, const struct uk_virtq_seg *seg, unsigned out,
			  unsigned n, struct uk_virtq_note *note, uk_dma_t *addr)
{
	uint16_t number = q->tables->free;
	size_t at = (size_t)number * q->tables->segs;
	struct uk_virtq_desc *d = (struct uk_virtq_desc *)uk_page_to_virt(q->tables->frames) + at;

	*addr = q->tables->frames + at * sizeof(*d);
	note->in_len = 0;
	for (unsigned i = 0; i < n; i++) {
		uint16_t flags = i >= out ? DESC_WRITE : 0;

		if (flags)
			note->in_len += seg[i].len;
		d[i].addr = seg[i].addr;
		d[i].len = seg[i].len;
		if (q->packed) {
			((struct uk_virtq_pdesc *)&d[i])->id = 0;
			((struct uk_virtq_pdesc *)&d[i])->flags = flags;
		} else {
			d[i].flags = i + 1 < n ? flags | DESC_NEXT : flags;
			d[i].next = (uint16_t)(i + 1);
		}
	}
	q->tables->free = q->tables->next[number];
	return number;
}

void uk_virtio_queue_free(struct uk_virtq *q)
{
	if (!q)
		return;
	if (q->index < q->dev->nqueues && q->dev->queues[q->index] == q)
		q->dev->queues[q->index] = NULL;
	if (q->tables)
		uk_page_free(q->tables->frames, q->tables->nframes);
	uk_free(q->tables);
	uk_page_free(q->frames, q->nframes);
	uk_free(q);
}

void uk_virtq_addresses(const struct uk_virtq *q, uk_dma_t part[3])
{
	struct virtq_layout l = virtq_layout(q->size, q->packed);

	part[0] = q->frames;
	part[1] = q->frames + l.driver;
	part[2] = q->frames + l.device;
}

void *uk_virtq_drain(struct uk_virtq *q)
{
	for (unsigned i = 0; q->inflight && i < q->size; i++)
		if (q->note[i].cookie) {
			void *cookie = q->note[i].cookie;

			q->note[i].cookie = NULL;
			q->inflight--;
			return cookie;
		}
	return NULL;
}

void *virtq_bad_id(struct uk_virtq *q, uint32_t id)
{
	uk_virtio_broken(q->dev, "queue %u: it has used buffer %u, which it %s", q->index, id,
			 id < q->size ? "does not have" : "never could have");
	return NULL;
}

void *virtq_bad_index(struct uk_virtq *q, unsigned moved)
{
	uk_virtio_broken(q->dev, "queue %u: it has used %u buffers, and has %u", q->index, moved,
			 q->inflight);
	return NULL;
}
