/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ram file system: files live in page frames, names in hash tables, nothing lasts.
 *
 * Memory is taken as data arrives and given back when it goes; sparse files cost what is written. The
 * limit (mount option size=, parameter ramfs.limit) makes a full file system an -ENOSPC before
 * the application runs out of memory.
 */
#include <uk/init.h>
#include <uk/page.h>
#include <uk/param.h>
#include <uk/print.h>
#include <uk/ramfs.h>
#include <uk/table.h>
#include "ramfs.h"

UK_PARAM_UINT(ramfs, limit, 0, "default limit of a ram file system in bytes, 0: free memory");

static const struct uk_inode_ops ramfs_ops;

static struct ramfs_inode *new_inode(struct ramfs *fs, const struct uk_new *what)
{
	struct ramfs_inode *ri = uk_calloc(1, sizeof(*ri));

	if (!ri)
		return NULL;
	uk_inode_init(&ri->i, &fs->fs, &ramfs_ops, what->mode);
	ri->i.ino = __atomic_fetch_add(&fs->next_ino, 1, __ATOMIC_RELAXED);
	ri->i.uid = what->uid;
	ri->i.gid = what->gid;
	__atomic_fetch_add(&fs->inodes, 1, __ATOMIC_RELAXED);
	return ri;
}

static void ramfs_release(struct uk_inode *inode)
{
	struct ramfs_inode *ri = ramfs_i(inode);
	struct ramfs *fs = ramfs_of(inode);

	switch (inode->mode & UK_S_IFMT) {
	case UK_S_IFREG:
		ramfs_drop_pages(ri, 0, UINT64_MAX);
		break;
	case UK_S_IFDIR:
		ramfs_dir_free(&ri->dir);
		break;
	case UK_S_IFLNK:
		uk_free(ri->target);
		break;
	}
	uk_free(ri);
	if (!__atomic_sub_fetch(&fs->inodes, 1, __ATOMIC_ACQ_REL))
		uk_free(fs);
}

/* ---- directory operations ---- */

static int ramfs_lookup(struct uk_inode *dir, const struct uk_name *name, struct uk_inode **inode)
{
	struct ramfs_dirent *d = ramfs_dir_find(&ramfs_i(dir)->dir, name);

	if (UK_UNLIKELY(!d))
		return -ENOENT;
	uk_inode_get(d->inode);
	*inode = d->inode;
	return 0;
}

static struct uk_inode *ramfs_peek(struct uk_inode *dir, const struct uk_name *name)
{
	struct ramfs_dirent *d = ramfs_dir_find(&ramfs_i(dir)->dir, name);

	return d ? d->inode : NULL;
}

/* A new inode of the kind that `what` says, with everything but a name. */
static int make(struct uk_inode *dir, const struct uk_new *what, struct uk_inode **inode)
{
	struct ramfs_inode *ri = new_inode(ramfs_of(dir), what);

	if (!ri)
		return -ENOSPC;
	switch (what->mode & UK_S_IFMT) {
	case UK_S_IFREG:
		ri->i.fops = &ramfs_file_ops;
		break;
	case UK_S_IFDIR:
		ri->i.fops = &ramfs_dir_fops;
		break;
	case UK_S_IFLNK:
		ri->i.size = uk_strlen(what->target);
		ri->target = uk_malloc(ri->i.size + 1);
		if (!ri->target) {
			uk_inode_put(&ri->i);
			return -ENOSPC;
		}
		memcpy(ri->target, what->target, ri->i.size + 1);
		break;
	default:
		ri->i.rdev = what->rdev;
	}
	*inode = &ri->i;
	return 0;
}

static int ramfs_create(struct uk_inode *dir, const struct uk_name *name, const struct uk_new *what,
			struct uk_inode **inode)
{
	int err = make(dir, what, inode);

	if (err)
		return err;
	err = ramfs_dir_add(&ramfs_i(dir)->dir, name, *inode);
	if (err)
		uk_inode_put(*inode);
	else
		uk_inode_get(*inode); /* one for the entry, one for the caller */
	return err;
}

static int ramfs_link(struct uk_inode *dir, const struct uk_name *name, struct uk_inode *inode)
{
	int err = ramfs_dir_add(&ramfs_i(dir)->dir, name, inode);

	if (!err)
		uk_inode_get(inode);
	return err;
}

static bool is_full_dir(struct uk_inode *inode)
{
	return uk_inode_is(inode, UK_S_IFDIR) && ramfs_i(inode)->dir.count;
}

static int ramfs_unlink(struct uk_inode *dir, const struct uk_name *name, struct uk_inode *inode)
{
	struct ramfs_dir *d = &ramfs_i(dir)->dir;

	if (is_full_dir(inode))
		return -ENOTEMPTY;
	ramfs_dir_remove(d, ramfs_dir_find(d, name));
	return 0;
}

static int ramfs_exchange(struct ramfs_dirent *a, struct ramfs_dirent *b)
{
	struct uk_inode *t = a->inode;

	a->inode = b->inode;
	b->inode = t;
	if (uk_inode_is(a->inode, UK_S_IFDIR))
		ramfs_i(a->inode)->dir.self = a;
	if (uk_inode_is(b->inode, UK_S_IFDIR))
		ramfs_i(b->inode)->dir.self = b;
	return 0;
}

static int ramfs_rename(struct uk_inode *from, const struct uk_name *old, struct uk_inode *inode,
			struct uk_inode *to, const struct uk_name *name, struct uk_inode *victim,
			unsigned flags)
{
	struct ramfs_dir *src = &ramfs_i(from)->dir, *dst = &ramfs_i(to)->dir;
	int err;

	if (flags & UK_RENAME_EXCHANGE)
		return ramfs_exchange(ramfs_dir_find(src, old), ramfs_dir_find(dst, name));
	if (victim && is_full_dir(victim))
		return -ENOTEMPTY;
	if (victim) {
		/* The entry stays and names another inode: nothing here can fail. */
		struct ramfs_dirent *d = ramfs_dir_find(dst, name);

		if (uk_inode_is(victim, UK_S_IFDIR))
			ramfs_i(victim)->dir.self = NULL;
		uk_inode_get(inode);
		d->inode = inode;
		ramfs_dir_remove(src, ramfs_dir_find(src, old));
		if (uk_inode_is(inode, UK_S_IFDIR))
			ramfs_i(inode)->dir.self = d;
		uk_inode_put(victim);
		return 0;
	}
	err = ramfs_link(to, name, inode);
	if (!err)
		ramfs_dir_remove(src, ramfs_dir_find(src, old));
	return err;
}

static ssize_t ramfs_name_of(struct uk_inode *dir, struct uk_inode *child, char *buf)
{
	const struct ramfs_dirent *d = ramfs_i(child)->dir.self;

	if (!d)
		return -ENOENT;
	memcpy(buf, d->name, d->len);
	return d->len;
}

static const char *ramfs_target(struct uk_inode *inode)
{
	return ramfs_i(inode)->target;
}

static int ramfs_setattr(struct uk_inode *inode, const struct uk_attr *attr)
{
	return attr->valid & UK_ATTR_SIZE ? ramfs_set_size(ramfs_i(inode), attr->size) : 0;
}

static const struct uk_inode_ops ramfs_ops = {
	.lookup = ramfs_lookup,
	.peek = ramfs_peek,
	.create = ramfs_create,
	.link = ramfs_link,
	.unlink = ramfs_unlink,
	.rename = ramfs_rename,
	.name_of = ramfs_name_of,
	.tmpfile = make,
	.target = ramfs_target,
	.setattr = ramfs_setattr,
	.release = ramfs_release,
};

int uk_ramfs_set_backing(struct uk_inode *inode, const void *data, uint64_t len)
{
	struct ramfs_inode *ri = ramfs_i(inode);

	if (inode->ops != &ramfs_ops || !uk_inode_is(inode, UK_S_IFREG))
		return -EOPNOTSUPP;
	uk_mutex_lock(&inode->lock);
	ramfs_drop_pages(ri, 0, UINT64_MAX);
	ri->pages.backing = data;
	ri->pages.backing_len = inode->size = len;
	uk_inode_zap(inode, 0, UINT64_MAX, true);
	uk_mutex_unlock(&inode->lock);
	return 0;
}

/* ---- the file system ---- */

static int ramfs_statfs(struct uk_fs *ufs, struct uk_abi_statfs *st)
{
	struct ramfs *fs = UK_CONTAINER_OF(ufs, struct ramfs, fs);
	struct uk_page_stats pages;
	uint64_t left;

	uk_page_stats(&pages);
	left = pages.free / UK_PAGE_SIZE;
	if (fs->limit)
		left = UK_MIN(left, fs->limit > fs->used ? fs->limit - fs->used : 0);
	st->f_type = RAMFS_MAGIC;
	st->f_blocks = fs->limit ? fs->limit : fs->used + left;
	st->f_bfree = st->f_bavail = left;
	st->f_files = fs->inodes;
	return 0;
}

/*
 * Drop every entry below root: depth first without recursion, by going back up through `parent`. A walk
 * that began before may still have a reference to a directory: what has no link takes no names.
 */
static void empty(struct uk_inode *root)
{
	struct uk_inode *dir = root, *next;

	do {
		struct ramfs_dir *rd = &ramfs_i(dir)->dir;
		struct ramfs_dirent *d;

		uk_mutex_lock(&dir->lock);
		uk_shared_set(dir->nlink, 0);
		d = rd->buckets ? uk_list_first(&rd->entries, struct ramfs_dirent, node) : NULL;
		next = dir;
		if (!d)
			next = dir == root ? NULL : dir->parent;
		else if (uk_inode_is(d->inode, UK_S_IFDIR) && d->inode->nlink)
			next = d->inode;
		else
			ramfs_dir_remove(rd, d);
		uk_mutex_unlock(&dir->lock);
		dir = next;
	} while (dir);
}

static void ramfs_unmount(struct uk_fs *fs)
{
	struct uk_inode *root = fs->root;

	empty(root);
	uk_inode_put(root); /* frees the file system, now or when the last walk is over */
}

static const struct uk_fs_ops ramfs_fs_ops = { .statfs = ramfs_statfs, .unmount = ramfs_unmount };

static bool parse_mode(const char *s, uint32_t *mode)
{
	uint32_t m = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '7')
			return false;
		m = m << 3 | (uint32_t)(*s - '0');
		if (m > 07777)
			return false;
	}
	*mode = m;
	return true;
}

/* Options as of Linux's tmpfs: size=BYTES[kmg], mode=OCTAL. */
static int parse_option(const char *word, struct ramfs *fs, uint32_t *mode)
{
	uint64_t value;

	if (!uk_strncmp(word, "size=", 5) && !uk_parse_u64(word + 5, &value)) {
		fs->limit = UK_DIV_ROUND_UP(value, UK_PAGE_SIZE);
		return 0;
	}
	if (!uk_strncmp(word, "mode=", 5) && parse_mode(word + 5, mode))
		return 0;
	uk_pr_err("mount option `%s`: there are size=BYTES and mode=OCTAL", word);
	return -EINVAL;
}

static int parse_options(const char *opts, struct ramfs *fs, uint32_t *mode)
{
	char word[64];
	int err = 0;

	while (*opts && !err) {
		const char *comma = uk_strchr(opts, ',');
		size_t n = comma ? (size_t)(comma - opts) : uk_strlen(opts);

		if (n >= sizeof(word))
			n = sizeof(word) - 1;
		memcpy(word, opts, n);
		word[n] = '\0';
		if (n)
			err = parse_option(word, fs, mode);
		opts = comma ? comma + 1 : opts + uk_strlen(opts);
	}
	return err;
}

static int ramfs_mount(const char *dev, unsigned flags, const char *opts, struct uk_fs **out)
{
	struct ramfs *fs = uk_calloc(1, sizeof(*fs));
	struct uk_new what = { .mode = 0755 };
	struct ramfs_inode *root;
	int err;

	UK_TABLE_KEEP(uk_param_ramfs_limit);
	if (!fs)
		return -ENOMEM;
	fs->limit = UK_DIV_ROUND_UP(uk_param_ramfs_limit.u, UK_PAGE_SIZE);
	err = parse_options(opts, fs, &what.mode);
	if (err)
		goto fail;
	fs->fs.ops = &ramfs_fs_ops;
	fs->next_ino = 1;
	what.mode |= UK_S_IFDIR;
	root = new_inode(fs, &what);
	err = -ENOMEM;
	if (!root)
		goto fail;
	root->i.fops = &ramfs_dir_fops;
	fs->fs.root = &root->i;
	*out = &fs->fs;
	return 0;
fail:
	uk_free(fs);
	return err;
}

UK_FS_TYPE(ramfs, .mount = ramfs_mount);
