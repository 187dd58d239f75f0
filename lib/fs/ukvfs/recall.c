/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recently walked paths: whoever opens the same few files again and again need not walk to them.
 *
 * An entry maps a starting directory and the text of a path to an inode. It is found by the address
 * of the text, which costs next to nothing where nothing is found: programs that come back to a
 * file mostly keep its name somewhere, or make it in the same place.
 *
 * Two entries are looked at for an address, so that two names that a program uses in turn do not keep
 * driving each other out.
 *
 * An entry holds no reference: it is valid as long as no name that can matter was removed or moved
 * anywhere, which one counter tells, and an inode that has a name is alive. So there is nothing
 * to keep consistent. Files that come and go without being looked up in between do not matter; a
 * program that keeps changing others pays one comparison per walk, since the first walk
 * after a change neither looks here nor leaves a note.
 *
 * Of a path that named nothing, the directory and the name are kept in which it ended: the next walk
 * asks there at once, be it to create the file, to remove it, or in vain again.
 *
 * In a section of the tree, and for walks that only cross directories in memory (walk_quick()). Each
 * CPU has entries of its own.
 */
#include "words.h"

#ifdef CONFIG_SMP
#define ENTRIES_SHIFT 3 /* 1 KiB for each CPU that could be there */
#else
#define ENTRIES_SHIFT 5
#endif
#define TEXT_WORDS 8 /* paths shorter than 64 bytes; an entry is 128 then */

struct entry {
	const char *path;    /* that led to `inode`, or NULL */
	const char *missing; /* a path that named nothing in the directory `inode`, or NULL */
	struct uk_inode *dir;
	struct uk_inode *inode;
	uint64_t name_head; /* of `missing` the last component, which starts at name_at */
	uint32_t name_hash;
	uint16_t name_at;
	uint16_t name_len;
	uint32_t generation;
	uint32_t len;                   /* of the text in bytes without its last word */
	unsigned long mask;             /* the bytes of the last word that count */
	unsigned long text[TEXT_WORDS]; /* with zeros to the end of the last word */
};

uint32_t vfs_names_generation = 1;
static struct {
	struct entry entry[1 << ENTRIES_SHIFT];
	uint32_t settled; /* the generation of the last walk */
} UK_CPU_ALIGNED notes[UK_CPUS];

/* The entry whose `path` (or `missing`) is this address, or NULL. */
static inline struct entry *find(const char *path, bool missing)
{
	const uint64_t i = hash_word(0, (uintptr_t)path) >> (64 - ENTRIES_SHIFT);
	struct entry *entries = notes[uk_cpu()].entry, *e = &entries[i];

	if (UK_UNLIKELY((missing ? e->missing : e->path) != path)) {
		e = &entries[i ^ 1];
		if ((missing ? e->missing : e->path) != path)
			return NULL;
	}
	return e;
}

/* Where to note a path: in place of what was noted of it, or of what is of no use any more. */
static struct entry *place(const char *path)
{
	const uint64_t i = hash_word(0, (uintptr_t)path) >> (64 - ENTRIES_SHIFT);
	struct entry *entries = notes[uk_cpu()].entry;
	struct entry *first = &entries[i], *second = &entries[i ^ 1];

	if (first->path == path || first->missing == path)
		return first;
	if (second->path == path || second->missing == path)
		return second;
	return first->generation == uk_shared_get(vfs_names_generation) &&
			       second->generation != uk_shared_get(vfs_names_generation)
		       ? second
		       : first;
}

/*
 * Is the entry, which is one of this address, of this text, and good?
 * Reads up to seven bytes behind the end of the string, never the next page.
 */
__attribute__((__no_sanitize_address__)) static inline bool matches(const struct entry *e,
								    const struct uk_inode *dir,
								    const char *path)
{
	size_t i;

	if (e->dir != dir || e->generation != uk_shared_get(vfs_names_generation) ||
	    UK_UNLIKELY(e->len + sizeof(long) > VFS_BLOCK - (uintptr_t)path % VFS_BLOCK))
		return false;
	for (i = 0; i < e->len; i += sizeof(long))
		if (*(const word_t *)(path + i) != e->text[i / sizeof(long)])
			return false;
	return (*(const word_t *)(path + i) & e->mask) == e->text[i / sizeof(long)];
}

struct uk_inode *walk_recall(struct uk_inode *dir, const char *path)
{
	const struct entry *e = find(path, false);

	return e && matches(e, dir, path) ? e->inode : NULL;
}

bool walk_recall_place(struct uk_inode *dir, const char *path, struct quick_walk *q)
{
	const struct entry *e = find(path, true);

	if (!e || !matches(e, dir, path))
		return false;
	q->dir = e->inode;
	q->name.s = path + e->name_at;
	q->name.len = e->name_len;
	q->name.hash = e->name_hash;
	q->name.head = e->name_head;
	return true;
}

void walk_remember(struct uk_inode *dir, const char *path, const struct quick_walk *q)
{
	struct entry *e = place(path);
	unsigned long w, zero;
	size_t i;

	if (notes[uk_cpu()].settled != uk_shared_get(vfs_names_generation)) {
		notes[uk_cpu()].settled = uk_shared_get(vfs_names_generation);
		return;
	}
	e->path = e->missing = NULL;
	for (i = 0; i < TEXT_WORDS; i++) {
		w = load_word(path + i * sizeof(w));
		zero = find_zero(w);
		e->text[i] = w;
		if (zero)
			break;
	}
	if (UK_UNLIKELY(i == TEXT_WORDS))
		return;
	e->len = (uint32_t)(i * sizeof(w));
	e->text[i] = w & below_end(zero);
	/* The terminating zero counts: without it another text could begin like this one. */
	e->mask = below_end(zero) << 8 | 255;
	e->dir = dir;
	e->generation = uk_shared_get(vfs_names_generation);
	if (q->inode) {
		e->path = path;
		e->inode = q->inode;
		uk_shared_set(e->inode->recalled, true);
	} else {
		e->missing = path;
		e->inode = q->dir;
		e->name_at = (uint16_t)(q->name.s - path);
		e->name_len = (uint16_t)q->name.len;
		e->name_hash = q->name.hash;
		e->name_head = q->name.head;
	}
}
