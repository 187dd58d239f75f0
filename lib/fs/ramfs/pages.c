/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pages of a file: a radix tree from page index to page frame.
 *
 * Nodes have 64 slots (520 bytes), so files up to 4 KiB need no node, up to 256 KiB one level, up to
 * 16 MiB two, and a sparse file costs a path per page that exists. Frames come from ukpage, one
 * by one: fragments of memory serve as well as any.
 */
#include <uk/bits.h>
#include <uk/page.h>
#include "ramfs.h"

#define SLOTS 64

/* Most nodes are sparse, so which slots are set is kept in a word: emptying one takes no search. */
struct ramfs_node {
	void *slot[SLOTS];
	uint64_t set;
};

UK_STATIC_ASSERT(offsetof(struct ramfs_node, slot) == 0,
		 "ramfs_find_page() takes a node for its slots");

static struct ramfs_node *new_node(void)
{
	return uk_calloc(1, sizeof(struct ramfs_node));
}

/* Account for one more page; false: the limit is reached. */
static bool charge(struct ramfs *fs)
{
	if (__atomic_add_fetch(&fs->used, 1, __ATOMIC_RELAXED) <= fs->limit || !fs->limit)
		return true;
	__atomic_sub_fetch(&fs->used, 1, __ATOMIC_RELAXED);
	return false;
}

static inline void free_page(struct ramfs_inode *ri, void *page)
{
	uk_page_unref(uk_page_from_virt(page)); /* a mapping of the file may keep the frame */
	uk_shared_set(ri->i.blocks, ri->i.blocks - UK_PAGE_SIZE / 512);
	__atomic_sub_fetch(&ramfs_of(&ri->i)->used, 1, __ATOMIC_RELAXED);
}

/* From here on readers may see it, and what it points to. */
static inline void slot_set(void **slot, void *p)
{
	__atomic_store_n(slot, p, __ATOMIC_RELEASE);
}

static inline void root_set(struct ramfs_pages *pages, void *p, unsigned shift)
{
#ifdef CONFIG_SMP
	slot_set(&pages->root, (void *)((uintptr_t)p | shift / 6));
#else
	pages->root = p;
	pages->shift = shift;
#endif
}

/* Let the tree reach as far as `index`. A tree that looks at bits has a node. False: no memory. */
static bool reach(struct ramfs_pages *pages, uint64_t index)
{
	struct ramfs_root root = ramfs_root(pages);

	while (index >> root.shift) {
		if (root.p) {
			struct ramfs_node *node = new_node();

			if (!node)
				return false;
			node->slot[0] = root.p;
			node->set = 1;
			root_set(pages, node, root.shift + 6);
			root.p = node;
		}
		root.shift += 6;
	}
	if (!root.p && root.shift) {
		root.p = new_node();
		if (!root.p)
			return false;
		root_set(pages, root.p, root.shift);
	}
	return true;
}

/* Puts the page at `index`, with all nodes on the way. False: no memory; some may be there. */
static bool put(struct ramfs_pages *pages, uint64_t index, void *page)
{
	struct ramfs_root root;
	struct ramfs_node *node;
	unsigned shift, i;

	if (!reach(pages, index))
		return false;
	root = ramfs_root(pages);
	if (!root.shift) {
		root_set(pages, page, 0);
		return true;
	}
	node = root.p;
	for (shift = root.shift - 6;; shift -= 6) {
		i = index >> shift & (SLOTS - 1);
		node->set |= UK_BIT(i);
		if (!shift)
			break;
		if (!node->slot[i]) {
			void *below = new_node();

			if (!below)
				return false;
			slot_set(&node->slot[i], below);
		}
		node = node->slot[i];
	}
	slot_set(&node->slot[i], page);
	return true;
}

/* Fill bytes [from, to) of a new page with what the file holds there so far. */
static void fill(const struct ramfs_pages *pages, uint64_t index, char *page, size_t from,
		 size_t to)
{
	uint64_t start = index * UK_PAGE_SIZE + from;
	size_t n = 0;

	if (start < pages->backing_len) {
		n = UK_MIN(to - from, pages->backing_len - start);
		memcpy(page + from, pages->backing + start, n);
	}
	memset(page + from + n, 0, to - from - n);
}

/*
 * Free pages first..last of the subtree at *slot, which covers 64^level pages; indices count from
 * the subtree's first. True if nothing is left of it. The depth is at most 9.
 */
static bool drop(struct ramfs_inode *ri, void **slot, unsigned level, uint64_t first, uint64_t last)
{
	const unsigned shift = level ? (level - 1) * 6 : 0;
	struct ramfs_node *node = *slot;
	uint64_t todo;

	if (!level) {
		if (node)
			free_page(ri, node);
		*slot = NULL;
		return true;
	}
	/* Those of the slots that are set from first's to last's. */
	todo = node->set & ~0UL << (first >> shift) & ~0UL >> (SLOTS - 1 - (last >> shift));
	if (level == 1) {
		node->set &= ~todo;
		for (; todo; todo &= todo - 1) {
			void **page = &node->slot[uk_ctz(todo)];

			if (*page)
				free_page(ri, *page);
			*page = NULL;
		}
	}
	for (; todo; todo &= todo - 1) {
		unsigned i = uk_ctz(todo);
		uint64_t base = (uint64_t)i << shift, end = base + (1ULL << shift) - 1;

		if (!node->slot[i] || drop(ri, &node->slot[i], level - 1,
					   UK_MAX(first, base) - base, UK_MIN(last, end) - base))
			node->set &= ~UK_BIT(i);
	}
	if (node->set)
		return false;
	uk_free(node);
	*slot = NULL;
	return true;
}

static void drop_pages(struct ramfs_inode *ri, uint64_t first, uint64_t last)
{
	struct ramfs_root root = ramfs_root(&ri->pages);
	uint64_t top = (1ULL << root.shift) - 1;

	if (root.p && first <= top && drop(ri, &root.p, root.shift / 6, first, UK_MIN(last, top)))
		root_set(&ri->pages, NULL, 0);
}

void ramfs_drop_pages(struct ramfs_inode *ri, uint64_t first, uint64_t last)
{
	uk_spin_lock(&ri->pages.lock);
	drop_pages(ri, first, last);
	uk_spin_unlock(&ri->pages.lock);
}

/* Puts a page with its content into the tree: that page, another that is there, or NULL. */
static char *insert(struct ramfs_inode *ri, uint64_t index, char *page)
{
	char *there = ramfs_find_page(&ri->pages, index);

	if (UK_UNLIKELY(there))
		return there;
	if (UK_UNLIKELY(!put(&ri->pages, index, page))) {
		if (UK_CPUS ==
		    1) /* the nodes that were made on the way; else somebody may look at them */
			drop_pages(ri, index, index);
		return NULL;
	}
	uk_shared_set(ri->i.blocks, ri->i.blocks + UK_PAGE_SIZE / 512);
	return page;
}

char *ramfs_add_page(struct ramfs_inode *ri, uint64_t index, size_t skip, size_t skip_len)
{
	struct ramfs_pages *pages = &ri->pages;
	uk_paddr_t frame;
	char *page, *in;

	if (!charge(ramfs_of(&ri->i)))
		return NULL;
	frame = uk_page_alloc(1, 0);
	if (UK_UNLIKELY(frame == UK_PAGE_NONE))
		goto no_frame;
	page = uk_page_to_virt(frame);
	if (UK_UNLIKELY(ri->i.mapping)) /* others may see it before it is written */
		skip = skip_len = 0;
	if (skip)
		fill(pages, index, page, 0, skip);
	if (skip + skip_len < UK_PAGE_SIZE)
		fill(pages, index, page, skip + skip_len, UK_PAGE_SIZE);
	uk_spin_lock(&pages->lock);
	in = insert(ri, index, page);
	uk_spin_unlock(&pages->lock);
	if (UK_LIKELY(in == page))
		return page;
	uk_page_free(frame, 1);
	__atomic_sub_fetch(&ramfs_of(&ri->i)->used, 1, __ATOMIC_RELAXED);
	return in;
no_frame:
	__atomic_sub_fetch(&ramfs_of(&ri->i)->used, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* As ramfs_next_page() within a subtree. */
static uint64_t next_in(const void *p, unsigned level, uint64_t index)
{
	const unsigned shift = level ? (level - 1) * 6 : 0;
	const struct ramfs_node *node = p;
	uint64_t todo;

	if (!level)
		return node ? 0 : UINT64_MAX;
	if (!node)
		return UINT64_MAX;
	for (todo = node->set & ~0UL << (index >> shift); todo; todo &= todo - 1) {
		unsigned i = uk_ctz(todo);
		uint64_t base = (uint64_t)i << shift;
		uint64_t n = next_in(node->slot[i], level - 1, index > base ? index - base : 0);

		if (n != UINT64_MAX)
			return base + n;
	}
	return UINT64_MAX;
}

uint64_t ramfs_next_page(const struct ramfs_pages *pages, uint64_t index)
{
	struct ramfs_root root = ramfs_root(pages);

	if (index >> root.shift)
		return UINT64_MAX;
	return next_in(root.p, root.shift / 6, index);
}
