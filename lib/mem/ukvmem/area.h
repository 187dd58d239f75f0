/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside ukvmem: an address space as an ordered set of areas.
 *
 * The set is a treap: a search tree by address that is at the same time a heap by random
 * priorities, which keeps it shallow. Two operations do everything: split() at an address and
 * merge(). Each node knows how far its subtree reaches and the widest gap inside it, so that room
 * is found in logarithmic time.
 *
 * Nobody in here takes a lock or touches page tables.
 */
#ifndef AREA_H
#define AREA_H

#include <uk/essentials.h>

struct uk_vmem_object;

/* What is in an area: neighbours merge if that goes on from one to the other. */
struct what {
	uint8_t prot; /* UK_VMEM_READ, _WRITE, _EXEC */
	uint8_t kind; /* enum uk_vmem_kind */
	uint16_t flags;
	const char *name;           /* lives for ever, or NULL */
	struct uk_vmem_object *obj; /* a reference, or NULL: zeroes */
	uint64_t offset;            /* of the area's first byte in the object */
};

#define AREA_SHARED    0x01U /* writes go to the object, not to a copy of the page */
#define AREA_READ_ONLY 0x02U /* may not become writable: the file was opened for reading */
#define AREA_NORESERVE 0x04U /* not counted by strict overcommit */
#define AREA_HUGE      0x08U /* large pages from the first touch on, where they fit */
#define AREA_LOCKED    0x40U /* keeps its memory: may not be discarded */
#define AREA_GUARD     0x10U /* the first page is never there */
#define AREA_FRAMES    0x20U /* of our own frames, even where a host brings memory on demand */

struct area {
	uk_vaddr_t start, end;
	struct area *left, *right;
	uk_vaddr_t low, high; /* of the subtree: first start, last end */
	size_t gap;           /* of the subtree: widest hole between two of its areas */
	uint32_t prio;
	uint32_t window;   /* pages that the last fault brought; see fault.c */
	uk_vaddr_t expect; /* where the next fault is, if they come in sequence */
	struct what what;
};

struct space {
	struct area *root;
	uk_vaddr_t start, end; /* the window in which room is looked for */
	uk_vaddr_t base;       /* where it is looked for first: random within the window */
	size_t areas;
	size_t mapped; /* bytes in areas */
	bool anchored; /* see anchor() */
};

/* Nodes come from pages of frames. Makes sure that `n` are at hand; false if there is no frame. */
bool area_reserve(unsigned n);

/* Some frame that is in use for ever: one that holds nodes. */
uk_paddr_t area_frame(void);

/* The area that contains va or is the next above it; NULL if there is none. */
struct area *area_at(const struct space *s, uk_vaddr_t va);

/*
 * Adds an area where there is none. It becomes one with neighbours that it continues, if `joins`
 * says so. Takes a node of the reserve, and over the reference to the object.
 */
void area_add(struct space *s, uk_vaddr_t start, uk_vaddr_t end, const struct what *w, bool joins);

/* The same with the node of an extracted area, as it is. */
void area_put_back(struct space *s, struct area *a);

/*
 * Takes all areas of [start, end) out of the set, as a tree of their own; areas that reach across
 * the ends are split, which takes up to two nodes of the reserve.
 */
struct area *area_extract(struct space *s, uk_vaddr_t start, uk_vaddr_t end);

/* The start of a hole of `len` bytes at a multiple of `align`, or 0. */
uk_vaddr_t area_room(const struct space *s, size_t len, size_t align);

/* Calls fn for every area of a tree, in order; of an extracted one it may free the area. */
void area_walk(struct area *tree, void (*fn)(struct area *a, void *arg), void *arg);

/* Gives the node of an extracted area back to the reserve, and its reference to the object. */
void area_free(struct area *a);

#endif
