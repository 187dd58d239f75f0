/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside ukalloc: the layer that describes each block of the default heap.
 *
 *	| what alignment takes | struct block | red zone | user's data | red zone |
 */
#ifndef TRACK_H
#define TRACK_H

#include <uk/alloc.h>
#include <uk/config.h>

#define RED 16

struct block {
	struct block *next, *prev; /* all that are in use; or all in quarantine */
	size_t size;               /* as it was asked for */
	const void *owner;         /* who called for it */
	const void *freed;         /* who freed it; NULL: in use */
	size_t front;              /* from what the allocator gave to the user's data */
	uint64_t check;            /* of the rest; see seal() */
	uint64_t red[RED / 8 + 1]; /* the red zone before the data, which is aligned to 16 */
};

UK_STATIC_ASSERT(sizeof(struct block) % UK_ALLOC_ALIGN == 0, "data follows at once");

/* The operations on the default heap, as in uk/alloc.h; `from` is who called. */
void *track_malloc(struct uk_alloc *a, size_t align, size_t size, const void *from);
void *track_realloc(struct uk_alloc *a, void *p, size_t size, const void *from);
void track_free(struct uk_alloc *a, void *p, const void *from);
size_t track_usable_size(struct uk_alloc *a, const void *p);
size_t track_trim(struct uk_alloc *a);
void track_stats(struct uk_alloc *a, struct uk_alloc_stats *st);

/* Calls fn for each block in use, with preemption off. */
void track_for_each(void (*fn)(const struct block *b, void *arg), void *arg);

#endif
