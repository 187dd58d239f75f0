/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Directories of the ram file system: a hash table of names, and a list of the same entries in
 * order of creation for readdir.
 *
 * A position in readdir is the cookie of the next entry to show. Cookies only grow and are never
 * used again, so entries that come and go while somebody reads do not make others appear twice.
 */
#include "ramfs.h"

#define BUCKETS_MIN 8

/* Positions 0 and 1 are "." and ".."; entries start behind. */
#define COOKIE_MIN 2

static inline struct ramfs_dirent **bucket(struct ramfs_dir *dir, uint32_t hash)
{
	return &dir->buckets[hash & dir->mask];
}

/*
 * Are names of eight bytes or more, whose first eight are known to agree, equal? In words: names
 * are short, and a call of memcmp costs more than this. The last word may overlap the one before
 * it, so that nothing outside of the names is read.
 */
bool ramfs_same_tail(const struct ramfs_dirent *d, const struct uk_name *name)
{
	typedef uint64_t __attribute__((__may_alias__, __aligned__(1))) word_t;
	const uint32_t n = name->len;
	uint32_t i;

	if (d->hash != name->hash || d->len != n)
		return false;
	for (i = 8; i + 8 < n; i += 8)
		if (*(const word_t *)(d->name + i) != *(const word_t *)(name->s + i))
			return false;
	return *(const word_t *)(d->name + n - 8) == *(const word_t *)(name->s + n - 8);
}

/* Twice the buckets once there is an entry for each. Staying small is no error but slow. */
static int grow(struct ramfs_dir *dir)
{
	uint32_t n = dir->buckets ? 2 * (dir->mask + 1) : BUCKETS_MIN;
	struct ramfs_dirent **buckets = uk_calloc(n, sizeof(*buckets)), *d;

	if (!buckets)
		return dir->buckets ? 0 : -ENOMEM;
	if (!dir->buckets) {
		uk_list_init(&dir->entries);
		dir->next_cookie = COOKIE_MIN;
	}
	uk_free(dir->buckets);
	dir->buckets = buckets;
	dir->mask = n - 1;
	uk_list_for_each(d, &dir->entries, node) {
		d->next_hash = *bucket(dir, d->hash);
		*bucket(dir, d->hash) = d;
	}
	return 0;
}

int ramfs_dir_add(struct ramfs_dir *dir, const struct uk_name *name, struct uk_inode *inode)
{
	struct ramfs_dirent *d = uk_malloc(sizeof(*d) + name->len);

	if (!d)
		return -ENOSPC;
	if ((!dir->buckets || dir->count > dir->mask) && grow(dir)) {
		uk_free(d);
		return -ENOSPC;
	}
	d->inode = inode;
	d->cookie = dir->next_cookie++;
	d->head = name->head;
	d->hash = name->hash;
	d->len = (uint8_t)name->len;
	memcpy(d->name, name->s, name->len);
	d->next_hash = *bucket(dir, d->hash);
	*bucket(dir, d->hash) = d;
	uk_list_add_tail(&dir->entries, &d->node);
	dir->count++;
	if (uk_inode_is(inode, UK_S_IFDIR))
		ramfs_i(inode)->dir.self = d;
	return 0;
}

void ramfs_dir_remove(struct ramfs_dir *dir, struct ramfs_dirent *d)
{
	struct ramfs_dirent **p;

	for (p = bucket(dir, d->hash); *p != d; p = &(*p)->next_hash)
		;
	*p = d->next_hash;
	if (dir->cursor == d)
		dir->cursor = NULL;
	uk_list_del(&d->node);
	dir->count--;
	if (uk_inode_is(d->inode, UK_S_IFDIR) && ramfs_i(d->inode)->dir.self == d)
		ramfs_i(d->inode)->dir.self = NULL;
	uk_inode_put(d->inode);
	uk_free(d);
}

void ramfs_dir_free(struct ramfs_dir *dir)
{
	uk_free(dir->buckets);
}

/* The first entry at or behind a position, or NULL. */
static struct ramfs_dirent *entry_at(struct ramfs_dir *dir, uint64_t cookie)
{
	struct ramfs_dirent *d;

	/* Usually the position is where the last call stopped. */
	if (dir->cursor && dir->cursor->cookie == cookie)
		return dir->cursor;
	uk_list_for_each(d, &dir->entries, node)
		if (d->cookie >= cookie)
			return d;
	return NULL;
}

static int ramfs_readdir(struct uk_file *f, struct uk_dir_sink *sink)
{
	struct uk_inode *inode = f->inode;
	struct ramfs_dir *dir = &ramfs_i(inode)->dir;
	struct ramfs_dirent *d;

	if (f->pos == 0 && !uk_dir_emit(sink, ".", 1, inode->ino, UK_DT_DIR, 1))
		return 0;
	if (f->pos == 1 && !uk_dir_emit(sink, "..", 2, inode->parent->ino, UK_DT_DIR, COOKIE_MIN))
		return 0;
	if (!dir->buckets)
		return 0;
	for (d = entry_at(dir, (uint64_t)f->pos); d && &d->node != &dir->entries;
	     d = uk_list_entry(d->node.next, struct ramfs_dirent, node)) {
		struct ramfs_dirent *next = uk_list_entry(d->node.next, struct ramfs_dirent, node);
		bool last = d->node.next == &dir->entries;

		if (!uk_dir_emit(sink, d->name, d->len, d->inode->ino,
				 (uint8_t)(d->inode->mode >> 12),
				 (uk_off_t)(last ? dir->next_cookie : next->cookie)))
			break;
		if (last) {
			d = NULL;
			break;
		}
	}
	dir->cursor = d;
	return 0;
}

static uk_off_t ramfs_dir_seek(struct uk_file *f, uk_off_t off, int whence)
{
	if (whence == UK_SEEK_END || whence == UK_SEEK_DATA || whence == UK_SEEK_HOLE)
		return -EINVAL;
	return uk_file_seek_in(f, off, whence, 0);
}

static int ramfs_dir_sync(struct uk_file *f, bool data_only)
{
	return 0;
}

const struct uk_file_ops ramfs_dir_fops = {
	.readdir = ramfs_readdir,
	.seek = ramfs_dir_seek,
	.sync = ramfs_dir_sync,
};
