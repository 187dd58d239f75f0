/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recently walked paths: whoever opens the same few files again and again need not walk to them.
 *
 * An entry maps a starting directory and the text of a path to an inode. It holds no reference:
 * it is valid as long as no name anywhere has changed since, which one counter tells, and an inode
 * that has a name is alive. So there is nothing to keep consistent; a program that keeps
 * changing names pays one comparison per walk, since the first walk after a change neither looks
 * here nor leaves a note.
 *
 * Under the tree lock, and for walks that only cross directories in memory (walk_quick()).
 */
#include "words.h"

#define ENTRIES_SHIFT 4
#define TEXT_WORDS    12 /* paths shorter than 96 bytes; an entry is 128 then */

struct entry {
	unsigned long hash;
	struct uk_inode *dir;
	struct uk_inode *inode;
	unsigned long generation;
	unsigned long text[TEXT_WORDS]; /* with zeros to the end of the last word */
};

uint32_t vfs_names_generation = 1;
static uint32_t settled; /* the generation of the last walk */
static struct entry entries[1 << ENTRIES_SHIFT];

/*
 * The entry where directory and path belong; *last is the word that ends the path, *end where that
 * starts. NULL: too long.
 */
static inline struct entry *place(struct uk_inode *dir, const char *path, unsigned long *hash,
				  unsigned long *last, const char **end)
{
	unsigned long h = (uintptr_t)dir, w, zero;
	const char *p = path;

	for (;;) {
		w = load_word(p);
		zero = find_zero(w);
		if (zero)
			break;
		h = hash_word(h, w);
		p += sizeof(w);
		if (UK_UNLIKELY(p - path == TEXT_WORDS * sizeof(w)))
			return NULL;
	}
	*last = w & below_end(zero);
	*end = p;
	*hash = h = hash_word(h, *last);
	return &entries[h >> (64 - ENTRIES_SHIFT)];
}

struct uk_inode *walk_recall(struct uk_inode *dir, const char *path)
{
	unsigned long last, h, *text;
	struct entry *e;
	const char *end;

	if (settled != vfs_names_generation)
		return NULL;
	e = place(dir, path, &h, &last, &end);
	if (UK_UNLIKELY(!e))
		return NULL;
	if (e->hash != h || e->generation != vfs_names_generation || e->dir != dir)
		return NULL;
	for (text = e->text; path != end; path += sizeof(last))
		if (*(const word_t *)path != *text++)
			return NULL;
	return *text == last ? e->inode : NULL;
}

void walk_remember(struct uk_inode *dir, const char *path, struct uk_inode *inode)
{
	unsigned long last, h, *text;
	struct entry *e;
	const char *end;

	if (settled != vfs_names_generation) {
		settled = vfs_names_generation;
		return;
	}
	e = place(dir, path, &h, &last, &end);
	if (UK_UNLIKELY(!e))
		return;
	*e = (struct entry){ h, dir, inode, vfs_names_generation, { 0 } };
	for (text = e->text; path != end; path += sizeof(last))
		*text++ = *(const word_t *)path;
	*text = last;
}
