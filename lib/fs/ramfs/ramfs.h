/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ram file system's own structures: its inode, and the two containers that do the work: an
 * index of pages (pages.c) and a table of names (dir.c).
 */
#ifndef RAMFS_H
#define RAMFS_H

#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/file.h>
#include <uk/inode.h>
#include <uk/spinlock.h>

#define RAMFS_MAGIC 0x858458f6 /* Linux's RAMFS_MAGIC, for statfs */

struct ramfs {
	struct uk_fs fs;
	uint64_t limit; /* pages of file content, 0: as many as there are */
	uint64_t used;  /* atomically */
	uint64_t next_ino;
	uint32_t inodes; /* in memory; the last one frees this */
};

/*
 * Pages of a file by index: a radix tree of 64-way nodes that is as high as the largest index
 * needs. Height 0 is a single page without a node. A page in the tree is whole and its
 * bytes behind the end of the file are zero.
 *
 * What is not in the tree comes from `backing`, bytes that never change (an initrd): pages are
 * copied out of it when they are written to. Behind the backing it is a hole.
 *
 * Who reads it holds the inode's lock, or is a page fault and holds `lock`; who changes it holds
 * `lock`, and the inode's as well if pages go. So a fault may add a page while a read or write is
 * between two pages (where it touches the application's memory, which is when faults happen).
 *
 * With several CPUs a fault on another CPU may add a page while a reader with the inode's lock alone goes
 * down the tree. So the tree is published from below: a new node is filled before its parent points to
 * it, root and height change together (the height is in the low bits of the root's pointer), and
 * slots are read once. insert() is the one place that adds; what it made in vain stays, as a hole. Removal needs
 * nothing more: readers exclude it by the inode's lock, faults by `lock`. Under `lock` only the heap's
 * and ukpage's are taken, so the order is inode, pages, heap, areas, frames.
 */
struct ramfs_pages {
	struct uk_spinlock lock;
	void *root; /* use ramfs_root() */
#ifndef CONFIG_SMP
	unsigned shift;
#endif
	const char *backing;
	uint64_t backing_len;
};

struct ramfs_dirent {
	struct ramfs_dirent *next_hash;
	uint64_t head;          /* struct uk_name.head */
	struct uk_list node;    /* in order of creation: what readdir follows */
	struct uk_inode *inode; /* a reference */
	uint64_t cookie;        /* position in readdir; grows along the list */
	uint32_t hash;
	uint8_t len;
	char name[];
};

struct ramfs_dir {
	struct ramfs_dirent **buckets; /* NULL: no entry was ever made */
	uint32_t mask;
	uint32_t count;
	uint64_t next_cookie;
	struct uk_list entries;
	struct ramfs_dirent *cursor; /* where the last readdir stopped, or NULL */
	struct ramfs_dirent *self;   /* the entry that names this directory */
};

struct ramfs_inode {
	struct uk_inode i;
	union {
		struct ramfs_pages pages;
		struct ramfs_dir dir;
		char *target;
	};
};

static inline struct ramfs *ramfs_of(const struct uk_inode *inode)
{
	return UK_CONTAINER_OF(inode->fs, struct ramfs, fs);
}

static inline struct ramfs_inode *ramfs_i(struct uk_inode *inode)
{
	return UK_CONTAINER_OF(inode, struct ramfs_inode, i);
}

/* The uppermost node (or page), and how many bits of an index the tree looks at: 6 per level. */
struct ramfs_root {
	void *p;
	unsigned shift;
};

static inline struct ramfs_root ramfs_root(const struct ramfs_pages *pages)
{
#ifdef CONFIG_SMP
	uintptr_t word = (uintptr_t)__atomic_load_n(&pages->root, __ATOMIC_ACQUIRE);

	return (struct ramfs_root){ (void *)(word & ~15UL), (word & 15) * 6 };
#else
	return (struct ramfs_root){ pages->root, pages->shift };
#endif
}

static inline void *ramfs_slot_get(void *const *slot)
{
#ifdef CONFIG_SMP
	return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
#else
	return *slot;
#endif
}

/* ---- pages.c: all with inode->lock held, or find with pages->lock ---- */

/* The page of that index in the tree, or NULL. */
static inline char *ramfs_find_page(const struct ramfs_pages *pages, uint64_t index)
{
	struct ramfs_root root = ramfs_root(pages);
	unsigned shift = root.shift;
	void *p = root.p;

	if (UK_UNLIKELY(index >> shift))
		return NULL;
	/* A tree that looks at bits of the index has a root. */
	while (shift) {
		shift -= 6;
		p = ramfs_slot_get(&((void **)p)[index >> shift & 63]);
		if (UK_UNLIKELY(!p))
			break;
	}
	return p;
}

/*
 * Make a page that is not in the tree, with its content except for `skip_len` bytes at `skip`,
 * which the caller is going to write. NULL: no memory or beyond the limit. A page fault (see above)
 * may call it without the inode's lock, and may have been faster: then it is that page.
 */
char *ramfs_add_page(struct ramfs_inode *ri, uint64_t index, size_t skip, size_t skip_len);

/* The page of that index, made if it is not there. */
static inline char *ramfs_make_page(struct ramfs_inode *ri, uint64_t index)
{
	char *page = ramfs_find_page(&ri->pages, index);

	return page ? page : ramfs_add_page(ri, index, 0, 0);
}
/* Free the pages from `first` on to `last`, both included. The backing is not touched. */
void ramfs_drop_pages(struct ramfs_inode *ri, uint64_t first, uint64_t last);
/* The index of the first page >= index that is in the tree, UINT64_MAX if there is none. */
uint64_t ramfs_next_page(const struct ramfs_pages *pages, uint64_t index);

/* ---- file.c ---- */

extern const struct uk_file_ops ramfs_file_ops;
int ramfs_set_size(struct ramfs_inode *ri, uint64_t size);

/* ---- dir.c: the directory's lock is held ---- */

extern const struct uk_file_ops ramfs_dir_fops;
bool ramfs_same_tail(const struct ramfs_dirent *d, const struct uk_name *name);

/* The entry of that name, or NULL. */
static inline struct ramfs_dirent *ramfs_dir_find(struct ramfs_dir *dir, const struct uk_name *name)
{
	struct ramfs_dirent *d;

	if (UK_UNLIKELY(!dir->buckets))
		return NULL;
	for (d = dir->buckets[name->hash & dir->mask]; d; d = d->next_hash)
		if (d->head == name->head && (name->len < 8 || ramfs_same_tail(d, name)))
			break;
	return d;
}

/* A new entry; takes over the reference to inode if it succeeds. */
int ramfs_dir_add(struct ramfs_dir *dir, const struct uk_name *name, struct uk_inode *inode);
/* Remove and free the entry; its reference is dropped. */
void ramfs_dir_remove(struct ramfs_dir *dir, struct ramfs_dirent *d);
/* Free the table of an empty directory. */
void ramfs_dir_free(struct ramfs_dir *dir);

#endif
