/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recently walked paths: whoever opens the same few files again and again need not walk to them.
 *
 * An entry maps a starting directory and the text of a path to an inode. It is found by the address
 * of the text, which costs next to nothing where nothing is found: programs that come back to a
 * file mostly keep its name somewhere, or make it in the same place.
 *
 * An entry holds no reference: it is valid as long as no name that can matter was removed or moved
 * anywhere, which one counter tells, and an inode that has a name is alive. So there is nothing
 * to keep consistent. Files that come and go without being looked up in between do not matter; a
 * program that keeps changing others pays one comparison per walk, since the first walk
 * after a change neither looks here nor leaves a note.
 *
 * Under the tree lock, and for walks that only cross directories in memory (walk_quick()).
 */
#include "words.h"

#define ENTRIES_SHIFT 4
#define TEXT_WORDS    10 /* paths shorter than 80 bytes; an entry is 128 then */

struct entry {
	const char *path;
	struct uk_inode *dir;
	struct uk_inode *inode;
	uint32_t generation;
	uint32_t len;                   /* of the text in bytes without its last word */
	unsigned long mask;             /* the bytes of the last word that count */
	unsigned long text[TEXT_WORDS]; /* with zeros to the end of the last word */
};

uint32_t vfs_names_generation = 1;
static uint32_t settled; /* the generation of the last walk */
static struct entry entries[1 << ENTRIES_SHIFT];

static inline struct entry *place(const char *path)
{
	return &entries[hash_word(0, (uintptr_t)path) >> (64 - ENTRIES_SHIFT)];
}

/* Reads up to seven bytes behind the end of the string, never the next page. */
__attribute__((__no_sanitize_address__)) struct uk_inode *walk_recall(struct uk_inode *dir,
								      const char *path)
{
	const struct entry *e = place(path);
	size_t i;

	if (e->path != path || e->dir != dir || e->generation != vfs_names_generation ||
	    UK_UNLIKELY(e->len + sizeof(long) > VFS_BLOCK - (uintptr_t)path % VFS_BLOCK))
		return NULL;
	for (i = 0; i < e->len; i += sizeof(long))
		if (*(const word_t *)(path + i) != e->text[i / sizeof(long)])
			return NULL;
	if ((*(const word_t *)(path + i) & e->mask) != e->text[i / sizeof(long)])
		return NULL;
	return e->inode;
}

void walk_remember(struct uk_inode *dir, const char *path, struct uk_inode *inode)
{
	struct entry *e = place(path);
	unsigned long w, zero;
	size_t i;

	if (settled != vfs_names_generation) {
		settled = vfs_names_generation;
		return;
	}
	e->path = NULL;
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
	e->path = path;
	e->dir = dir;
	e->inode = inode;
	e->generation = vfs_names_generation;
	inode->recalled = true;
}
