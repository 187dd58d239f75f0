/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside ukvmem: an address space as an ordered set of areas.
 *
 * The set is a treap: a search tree by address that is at the same time a heap by random
 * priorities, which keeps it shallow. Two operations do everything: split() at an address and
 * merge(). Each node knows how far its subtree reaches and the widest gap inside it, so that room is
 * found in logarithmic time.
 *
 * Nobody in here takes a lock or touches page tables.
 */
#ifndef AREA_H
#define AREA_H

#include <uk/essentials.h>

struct area {
	uk_vaddr_t start, end;
	struct area *left, *right;
	uk_vaddr_t low, high; /* of the subtree: first start, last end */
	size_t gap;           /* of the subtree: widest hole between two of its areas */
	uint32_t prio;
	uint32_t prot;
};

struct space {
	struct area *root;
	uk_vaddr_t start, end; /* the window in which room is looked for */
	uk_vaddr_t base;       /* where it is looked for first: random within the window */
	size_t areas;
	size_t mapped; /* bytes in areas */
};

/* Nodes come from pages of frames. Makes sure that `n` are at hand; false if there is no frame. */
bool area_reserve(unsigned n);

/* For area_insert(): a new area, of which there must be one in reserve. */
struct area *area_new(uk_vaddr_t start, uk_vaddr_t end, unsigned prot);
void area_free(struct area *a);

/* The area that contains va or is the next above it; NULL if there is none. */
struct area *area_at(const struct space *s, uk_vaddr_t va);

/* Adds an area; it must not overlap another. */
void area_insert(struct space *s, struct area *a);

/*
 * Takes all areas of [start, end) out of the set, as a tree of their own; areas that reach across
 * the ends are split, which takes up to two nodes of the reserve.
 */
struct area *area_extract(struct space *s, uk_vaddr_t start, uk_vaddr_t end);

/* Joins the area that ends at va with the one that starts there, if their protection is the same. */
void area_join(struct space *s, uk_vaddr_t va);

/* The start of a hole of `len` bytes at a multiple of `align`, or 0. */
uk_vaddr_t area_room(const struct space *s, size_t len, size_t align);

/* Calls fn for every area of an extracted tree, in order. */
void area_walk(struct area *tree, void (*fn)(struct area *a, void *arg), void *arg);

/* Frees an extracted tree. */
void area_free_tree(struct area *tree);

#endif
