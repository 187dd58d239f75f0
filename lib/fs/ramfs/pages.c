/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pages of a file: a radix tree from page index to page frame.
 *
 * Nodes have 64 slots (512 bytes), so files up to 4 KiB need no node, up to 256 KiB one level, up to
 * 16 MiB two, and a sparse file costs a path per page that exists. Frames come from ukpage, one
 * by one: fragments of memory serve as well as any.
 */
#include <uk/page.h>
#include "ramfs.h"

#define SLOTS 64

static void **new_node(void)
{
	return uk_calloc(SLOTS, sizeof(void *));
}

/* Account for one more page; false: the limit is reached. */
static bool charge(struct ramfs *fs)
{
	if (__atomic_add_fetch(&fs->used, 1, __ATOMIC_RELAXED) <= fs->limit || !fs->limit)
		return true;
	__atomic_sub_fetch(&fs->used, 1, __ATOMIC_RELAXED);
	return false;
}

static void free_page(struct ramfs_inode *ri, void *page)
{
	uk_page_unref(uk_page_from_virt(page)); /* a mapping of the file may keep the frame */
	ri->i.blocks -= UK_PAGE_SIZE / 512;
	__atomic_sub_fetch(&ramfs_of(&ri->i)->used, 1, __ATOMIC_RELAXED);
}

/* The slot for `index`, with all nodes on the way. NULL: no memory. */
static void **make_slot(struct ramfs_pages *pages, uint64_t index)
{
	unsigned shift;
	void **slot;

	while (index >> pages->shift) {
		if (pages->root) {
			void **node = new_node();

			if (!node)
				return NULL;
			node[0] = pages->root;
			pages->root = node;
		}
		pages->shift += 6;
	}
	slot = &pages->root;
	for (shift = pages->shift; shift; shift -= 6) {
		if (!*slot) {
			*slot = new_node();
			if (!*slot)
				return NULL;
		}
		slot = &((void **)*slot)[index >> (shift - 6) & (SLOTS - 1)];
	}
	return slot;
}

/* Fill bytes [from, to) of a new page with what the file holds there so far. */
static void fill(const struct ramfs_pages *pages, uint64_t index, char *page, size_t from, size_t to)
{
	uint64_t start = index * UK_PAGE_SIZE + from;
	size_t n = 0;

	if (start < pages->backing_len) {
		n = UK_MIN(to - from, pages->backing_len - start);
		memcpy(page + from, pages->backing + start, n);
	}
	memset(page + from + n, 0, to - from - n);
}

char *ramfs_make_page(struct ramfs_inode *ri, uint64_t index, size_t skip, size_t skip_len)
{
	struct ramfs_pages *pages = &ri->pages;
	void **slot = make_slot(pages, index);
	uk_paddr_t frame;
	char *page;

	if (UK_UNLIKELY(!slot))
		return NULL;
	if (*slot)
		return *slot;
	if (!charge(ramfs_of(&ri->i)))
		return NULL;
	frame = uk_page_alloc(1, 0);
	if (UK_UNLIKELY(frame == UK_PAGE_NONE)) {
		__atomic_sub_fetch(&ramfs_of(&ri->i)->used, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	page = uk_page_to_virt(frame);
	if (skip)
		fill(pages, index, page, 0, skip);
	if (skip + skip_len < UK_PAGE_SIZE)
		fill(pages, index, page, skip + skip_len, UK_PAGE_SIZE);
	ri->i.blocks += UK_PAGE_SIZE / 512;
	*slot = page;
	return page;
}

/*
 * Free pages first..last of the subtree at *slot, which covers 64^level pages; indices count from
 * the subtree's first. True if nothing is left of it. The depth is at most 9.
 */
static bool drop(struct ramfs_inode *ri, void **slot, unsigned level, uint64_t first, uint64_t last)
{
	const unsigned shift = level ? (level - 1) * 6 : 0;
	void **node = *slot;
	bool empty = true;
	unsigned i;

	if (!node)
		return true;
	if (!level) {
		free_page(ri, node);
		*slot = NULL;
		return true;
	}
	for (i = 0; i < SLOTS; i++) {
		uint64_t base = (uint64_t)i << shift, end = base + (1ULL << shift) - 1;

		if (node[i] && first <= end && last >= base)
			drop(ri, &node[i], level - 1, UK_MAX(first, base) - base,
			     UK_MIN(last, end) - base);
		if (node[i])
			empty = false;
	}
	if (empty) {
		uk_free(node);
		*slot = NULL;
	}
	return empty;
}

void ramfs_drop_pages(struct ramfs_inode *ri, uint64_t first, uint64_t last)
{
	struct ramfs_pages *pages = &ri->pages;
	uint64_t top = (1ULL << pages->shift) - 1;

	if (!pages->root || first > top)
		return;
	if (drop(ri, &pages->root, pages->shift / 6, first, UK_MIN(last, top)))
		pages->shift = 0;
}

/* As ramfs_next_page() within a subtree. */
static uint64_t next_in(void *const *slot, unsigned level, uint64_t index)
{
	const unsigned shift = level ? (level - 1) * 6 : 0;
	void *const *node = *slot;
	unsigned i;

	if (!node)
		return UINT64_MAX;
	if (!level)
		return 0;
	for (i = (unsigned)(index >> shift); i < SLOTS; i++) {
		uint64_t base = (uint64_t)i << shift;
		uint64_t n = next_in(&node[i], level - 1, index > base ? index - base : 0);

		if (n != UINT64_MAX)
			return base + n;
	}
	return UINT64_MAX;
}

uint64_t ramfs_next_page(const struct ramfs_pages *pages, uint64_t index)
{
	if (index >> pages->shift)
		return UINT64_MAX;
	return next_in(&pages->root, pages->shift / 6, index);
}
