/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to virtio: constants of the rings.
 */
#ifndef VIRTIO_PRIV_H
#define VIRTIO_PRIV_H

#include <uk/virtq.h>

#define DESC_NEXT  1U
#define DESC_WRITE 2U
#define DESC_TABLE 4U

/* Split layout (§2.7): words of the two index parts. */
#define RING_FLAGS 0
#define RING_IDX   1
#define RING       2
#define NO_EVENT   1U /* of either side's flags */

/* Packed layout (§2.8). */
#define DESC_AVAIL   0x0080U
#define DESC_USED    0x8000U
#define EVENT_ENABLE 0
#define EVENT_OFF    1
#define EVENT_DESC   2
#define EVENT_WRAP   0x8000U

/* §2.7.10: is `event` among what was passed from `old` to `now`? */
static inline bool event_passed(uint16_t event, uint16_t now, uint16_t old)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

/* All that a queue of this size takes, and where its parts are; every layout fits. */
struct virtq_layout {
	size_t driver, device, total;
};
struct virtq_layout virtq_layout(unsigned size, bool packed);

/*
 * A buffer of fewer segments than this is not worth a table, as the device reads it in another place; unless it does not
 * fit otherwise.
 */
#define TABLE_MIN 3U

/* Is there a table for n segments, and are they worth one? Agrees with uk_virtq_fits(). */
static inline bool table_for(const struct uk_virtq *q, unsigned n)
{
	return (n >= TABLE_MIN || n > q->nfree) && uk_virtq_has_table(q, n);
}

/* Fills the next free table: its number, and its address; note->in_len. */
uint16_t virtq_table_fill(struct uk_virtq *q, const struct uk_virtq_seg *seg, unsigned out,
			  unsigned n, struct uk_virtq_note *note, uk_dma_t *addr);

/* The buffer of this note has come back: how many entries of the ring it had. Its table is free. */
static inline unsigned virtq_entries(struct uk_virtq *q, const struct uk_virtq_note *note)
{
	unsigned n = note->n;

	if (UK_LIKELY(!(n & UK_VIRTQ_TABLE)))
		return n;
	n &= ~UK_VIRTQ_TABLE;
	q->tables->next[n] = q->tables->free;
	q->tables->free = (uint16_t)n;
	return 1;
}

/* What the device did to queue q. It is broken from here on. */
UK_COLD void *virtq_bad_id(struct uk_virtq *q, uint32_t id);
UK_COLD void *virtq_bad_index(struct uk_virtq *q, unsigned moved);

#endif
