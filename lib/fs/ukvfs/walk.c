/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path walk: from a string to the directory and name that it ends in.
 *
 * Each step locks one directory, asks its file system for one name, and moves a reference; there is
 * no cache of names, since a directory of the ram file system is a hash table already. A
 * symbolic link puts its text in front of what is still to be walked, in a buffer of that size.
 */
#include "vfs_priv.h"

/* Multiplicative, byte by byte as the scan for the slash meets them. */
static inline uint32_t hash_step(uint32_t h, unsigned char c)
{
	return (h + c) * 0x9e3779b1u;
}

static inline uint32_t hash_end(uint32_t h)
{
	return h ^ h >> 15; /* the low bits index tables and have seen the fewest of the name's */
}

uint32_t uk_name_hash(const char *s, size_t len)
{
	uint32_t h = 0;

	while (len--)
		h = hash_step(h, (unsigned char)*s++);
	return hash_end(h);
}

int walk_begin(struct walk *w, struct uk_fs_ctx *ctx, struct uk_file *at, const char *path)
{
	struct uk_inode *dir;

	if (!*path)
		return -ENOENT;
	uk_spin_lock(&vfs_tree_lock);
	if (*path == '/')
		dir = ctx->root;
	else if (at)
		dir = at->inode;
	else
		dir = ctx->cwd;
	if (UK_LIKELY(dir))
		uk_inode_get(dir);
	uk_spin_unlock(&vfs_tree_lock);
	if (UK_UNLIKELY(!dir))
		return at && *path != '/' ? -ENOTDIR : -ENOENT; /* before the first mount */

	w->ctx = ctx;
	w->dir = dir;
	w->rest = w->path = path;
	w->slash = false;
	w->links = 0;
	w->text = NULL;
	return 0;
}

void walk_end(struct walk *w)
{
	uk_inode_put(w->dir);
	if (UK_UNLIKELY(w->text))
		uk_free(w->text);
}

/* The reference to `from` becomes one to `to`, read under the tree lock. */
static struct uk_inode *step_to(struct uk_inode *from, struct uk_inode *const *to)
{
	struct uk_inode *inode;

	uk_spin_lock(&vfs_tree_lock);
	inode = *to;
	uk_inode_get(inode);
	uk_spin_unlock(&vfs_tree_lock);
	uk_inode_put(from);
	return inode;
}

/* `..`: stays at the context's root, leaves a mounted file system at its root. */
static void step_up(struct walk *w)
{
	while (w->dir != w->ctx->root) {
		if (w->dir->parent != w->dir) {
			w->dir = step_to(w->dir, &w->dir->parent);
			return;
		}
		if (!w->dir->fs->covered)
			return;
		w->dir = step_to(w->dir, &w->dir->fs->covered);
	}
}

/* If something is mounted on the directory, its root takes the directory's place. */
static struct uk_inode *enter_mounts(struct uk_inode *inode)
{
	while (UK_UNLIKELY(inode->mounted)) {
		struct uk_inode *root = NULL;

		uk_spin_lock(&vfs_tree_lock);
		if (inode->mounted) {
			root = inode->mounted->root;
			uk_inode_get(root);
		}
		uk_spin_unlock(&vfs_tree_lock);
		if (!root)
			break;
		uk_inode_put(inode);
		inode = root;
	}
	return inode;
}

int walk_last_locked(struct walk *w, struct uk_inode **inode)
{
	struct uk_inode *dir = w->dir, *child;
	int err;

	if (UK_UNLIKELY(!uk_inode_is(dir, UK_S_IFDIR)))
		return -ENOTDIR;
	err = may(w->ctx, dir, UK_X_OK);
	if (UK_UNLIKELY(err))
		return err;
	err = dir->ops->lookup(dir, &w->name, &child);
	if (UK_UNLIKELY(err))
		return err;
	if (uk_inode_is(child, UK_S_IFDIR)) {
		inode_adopt(dir, child);
		child = enter_mounts(child);
	}
	*inode = child;
	return 0;
}

int walk_last(struct walk *w, struct uk_inode **inode)
{
	int err;

	if (w->last != WALK_NAME) {
		uk_inode_get(w->dir);
		*inode = w->dir;
		return 0;
	}
	uk_mutex_lock(&w->dir->lock);
	err = walk_last_locked(w, inode);
	uk_mutex_unlock(&w->dir->lock);
	/* Linux checks the length first; only a path that fails is worth measuring. */
	if (UK_UNLIKELY(err) && w->path && uk_strnlen(w->path, UK_PATH_MAX) == UK_PATH_MAX)
		err = -ENAMETOOLONG;
	return err;
}

/* Put a link's text before w->rest. Consumes the reference to `link`. */
static int splice(struct walk *w, struct uk_inode *link)
{
	const char *target;
	char *text = NULL;
	size_t len, rest;
	int err = -ELOOP;

	if (++w->links > VFS_LINKS_MAX)
		goto out;
	target = link->ops->target ? link->ops->target(link) : uk_err_ptr(-EINVAL);
	err = (int)uk_ptr_err(target);
	if (uk_is_err(target))
		goto out;
	err = -ENOENT;
	len = uk_strlen(target);
	if (!len)
		goto out;
	/* `dir/link/` keeps its slash, which also forces the last component to be a directory. */
	rest = uk_strlen(w->rest);
	text = uk_malloc(len + 1 + rest + 1);
	err = -ENOMEM;
	if (!text)
		goto out;
	memcpy(text, target, len);
	if (rest || w->slash)
		text[len++] = '/';
	memcpy(text + len, w->rest, rest + 1);
	uk_free(w->text);
	w->text = text;
	w->rest = text;
	w->path = NULL;
	if (*text == '/')
		w->dir = step_to(w->dir, &w->ctx->root);
	err = 0;
out:
	uk_inode_put(link);
	return err;
}

/* Read one component from w->rest into w->name; what follows is in w->rest and w->slash. */
static int next_component(struct walk *w)
{
	const char *p = w->rest, *s;
	uint32_t h = 0;

	while (*p == '/')
		p++;
	for (s = p; *p && *p != '/'; p++)
		h = hash_step(h, (unsigned char)*p);
	w->name.s = s;
	w->name.len = (uint32_t)(p - s);
	w->name.hash = hash_end(h);
	w->slash = *p == '/';
	while (*p == '/')
		p++;
	w->rest = p;
	if (UK_UNLIKELY(p - s > UK_NAME_MAX) && w->name.len > UK_NAME_MAX)
		return -ENAMETOOLONG;

	w->last = WALK_NAME;
	if (UK_UNLIKELY(*s == '.')) {
		if (w->name.len == 1)
			w->last = WALK_DOT;
		else if (w->name.len == 2 && s[1] == '.')
			w->last = WALK_DOTDOT;
	} else if (UK_UNLIKELY(!w->name.len)) {
		w->last = WALK_ROOT;
	}
	return 0;
}

int walk_parent(struct walk *w)
{
	struct uk_inode *child;
	int err;

	for (;;) {
		err = next_component(w);
		if (UK_UNLIKELY(err))
			return err;
		if (w->last != WALK_NAME) {
			if (!uk_inode_is(w->dir, UK_S_IFDIR))
				return -ENOTDIR;
			err = may(w->ctx, w->dir, UK_X_OK);
			if (UK_UNLIKELY(err))
				return err;
			if (w->last == WALK_DOTDOT)
				step_up(w);
		}
		if (!*w->rest) {
			if (UK_UNLIKELY(w->path) && w->rest - w->path >= UK_PATH_MAX)
				return -ENAMETOOLONG;
			return 0;
		}
		if (w->last != WALK_NAME)
			continue;
		err = walk_last(w, &child);
		if (UK_UNLIKELY(err))
			return err;
		if (UK_LIKELY(uk_inode_is(child, UK_S_IFDIR))) {
			uk_inode_put(w->dir);
			w->dir = child;
		} else if (uk_inode_is(child, UK_S_IFLNK)) {
			err = splice(w, child);
			if (err)
				return err;
		} else {
			uk_inode_put(child);
			return -ENOTDIR;
		}
	}
}

int walk_follow(struct walk *w, struct uk_inode *link)
{
	int err = splice(w, link);

	return err ? err : walk_parent(w);
}

int walk_path(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned flags,
	      struct uk_inode **inode)
{
	struct uk_inode *found = NULL;
	struct walk w;
	int err;

	if (!path || (!*path && (flags & UK_AT_EMPTY_PATH))) {
		if (at) {
			*inode = at->inode;
			if (!at->inode)
				return -EBADF;
			uk_inode_get(at->inode);
			return 0;
		}
		path = ".";
	}
	err = walk_begin(&w, ctx, at, path);
	if (UK_UNLIKELY(err))
		return err;
	err = walk_parent(&w);
	while (!err) {
		err = walk_last(&w, &found);
		if (UK_UNLIKELY(err) || uk_inode_is(found, UK_S_IFDIR))
			break;
		if (!uk_inode_is(found, UK_S_IFLNK)) {
			if (UK_UNLIKELY(w.slash))
				err = -ENOTDIR;
			break;
		}
		if ((flags & UK_AT_SYMLINK_NOFOLLOW) && !w.slash)
			break;
		err = walk_follow(&w, found);
		found = NULL;
	}
	walk_end(&w);
	if (UK_UNLIKELY(err) && found)
		uk_inode_put(found);
	*inode = found;
	return err;
}
