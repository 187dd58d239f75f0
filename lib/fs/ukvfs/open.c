/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * open(2): find or create, check, and make the file.
 */
#include "vfs_priv.h"

/* The name does not exist: make a regular file. dir->lock is held. */
static int create_locked(struct uk_fs_ctx *ctx, struct uk_inode *dir, const struct uk_name *name,
			 uint32_t mode, struct uk_inode **inode)
{
	struct uk_new what = {
		.mode = UK_S_IFREG | (mode & 07777 & ~ctx->umask),
		.uid = ctx->uid,
		.gid = ctx->gid,
	};
	int err = may_write(ctx, dir, UK_W_OK | UK_X_OK);

	if (err)
		return err;
	if (!dir->nlink)
		return -ENOENT;
	if (!dir->ops->create)
		return -EACCES;
	dir_change_begin(dir);
	err = dir->ops->create(dir, name, &what, inode);
	dir_change_end(dir);
	if (!err)
		uk_inode_changed(dir, (*inode)->ctime);
	return err;
}

/* The full walk: *w stops at a last component. The inode to open, with a reference. */
static int find_slowly(struct walk *w, unsigned flags, uint32_t mode, struct uk_inode **out,
		       bool *created)
{
	const bool exclusive = (flags & UK_O_CREAT) && (flags & UK_O_EXCL);
	const bool follow = !(flags & UK_O_NOFOLLOW) && !exclusive;
	struct uk_inode *inode;
	int err = 0;

	while (!err) {
		if (!(flags & UK_O_CREAT) || w->last != WALK_NAME) {
			err = walk_last(w, &inode);
		} else {
			uk_mutex_lock(&w->dir->lock);
			err = walk_last_locked(w, &inode);
			if (err == -ENOENT) {
				err = w->slash ? -EISDIR
					       : create_locked(w->ctx, w->dir, &w->name, mode,
							       &inode);
				*created = !err;
			}
			uk_mutex_unlock(&w->dir->lock);
		}
		if (err || *created)
			break;
		if (exclusive) {
			err = -EEXIST;
		} else if (uk_inode_is(inode, UK_S_IFLNK)) {
			if (follow || w->slash) {
				err = walk_follow(w, inode);
				continue;
			}
			if (!(flags & UK_O_PATH))
				err = flags & UK_O_DIRECTORY ? -ENOTDIR : -ELOOP;
		} else if (w->slash && !uk_inode_is(inode, UK_S_IFDIR)) {
			err = -ENOTDIR;
		}
		if (err)
			uk_inode_put(inode);
		break;
	}
	*out = inode;
	return err;
}

/* Creating, or what the quick walk gave up: from dir (a reference, consumed), or from q on. */
static UK_NOINLINE int find_fully(struct uk_fs_ctx *ctx, struct uk_inode *dir, const char *path,
				  const struct quick_walk *q, unsigned flags, uint32_t mode,
				  struct uk_inode **out, bool *created)
{
	struct walk w;
	int err = 0;

	walk_init(&w, ctx, dir, path);
	if (q)
		walk_continue(&w, q);
	else
		err = walk_parent(&w);
	if (!err)
		err = find_slowly(&w, flags, mode, out, created);
	walk_end(&w);
	return err;
}

/* The inode to open, with a reference. */
static int find(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned flags,
		uint32_t mode, struct uk_inode **out, bool *created)
{
	struct uk_inode *dir, *inode = NULL;
	struct quick_walk q;
	bool quick = false;
	int err;

	tree_enter();
	err = walk_start(ctx, at, path, &dir);
	if (UK_UNLIKELY(err))
		goto out;
	if (may_quick(ctx)) {
		inode = walk_recall(dir, path);
		quick = !inode && walk_quick(dir, path, &q);
		if (quick && q.inode) {
			inode = q.inode;
			walk_remember(dir, path, &q);
		}
	}
	if (UK_LIKELY(inode && !(flags & UK_O_EXCL))) {
		ref_get(&inode->refs);
		*out = inode;
		goto out;
	}
	if (quick && !inode && !(flags & UK_O_CREAT)) {
		err = -ENOENT;
		goto out;
	}
	if (quick && !inode && UK_LIKELY(walk_lock_found(&q))) {
		tree_leave();
		err = create_locked(ctx, q.dir, &q.name, mode, out);
		*created = !err;
		walk_unlock(&q);
		return err;
	}
	if (quick)
		dir = q.dir;
	uk_inode_get(dir);
	tree_leave();
	return find_fully(ctx, dir, path, quick ? &q : NULL, flags, mode, out, created);
out:
	tree_leave();
	return err;
}

/* May an inode that was there already be opened like this? Truncates it if asked for. */
static int check(struct uk_fs_ctx *ctx, struct uk_inode *inode, unsigned flags)
{
	const unsigned access = (flags + 1) & UK_O_ACCMODE; /* bit 0: read, bit 1: write */
	unsigned want =
		(access & 1 ? UK_R_OK : 0) | (access & 2 || flags & UK_O_TRUNC ? UK_W_OK : 0);
	int err;

	if (uk_inode_is(inode, UK_S_IFDIR)) {
		if ((want & UK_W_OK) || (flags & UK_O_CREAT))
			return -EISDIR;
	} else if (UK_UNLIKELY(flags & UK_O_DIRECTORY)) {
		return -ENOTDIR;
	}
	if (UK_UNLIKELY(flags & UK_O_PATH))
		return 0;
	err = want & UK_W_OK && uk_inode_is(inode, UK_S_IFREG) ? may_write(ctx, inode, want)
							       : may(ctx, inode, want);
	if (err)
		return err;
	if (UK_UNLIKELY(flags & UK_O_DIRECT) && !uk_inode_is(inode, UK_S_IFREG))
		return -EINVAL;
	if ((flags & UK_O_NOATIME) && ctx->uid && ctx->uid != inode->uid)
		return -EPERM;
	if ((flags & UK_O_TRUNC) && uk_inode_is(inode, UK_S_IFREG)) {
		struct uk_attr attr = { .valid = UK_ATTR_SIZE | UK_ATTR_MTIME };

		attr.mtime = uk_inode_now();
		return inode_setattr(inode, &attr);
	}
	return 0;
}

/* O_TMPFILE: an inode without a name in directory `path`. */
static int find_tmp(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, uint32_t mode,
		    struct uk_inode **out)
{
	struct uk_new what = { .mode = UK_S_IFREG | (mode & 07777 & ~ctx->umask),
			       .uid = ctx->uid,
			       .gid = ctx->gid };
	struct uk_inode *dir;
	int err = walk_path(ctx, at, path, 0, &dir);

	if (err)
		return err;
	if (!uk_inode_is(dir, UK_S_IFDIR))
		err = -ENOTDIR;
	else if (!dir->ops->tmpfile)
		err = -EOPNOTSUPP;
	else
		err = may_write(ctx, dir, UK_W_OK | UK_X_OK);
	if (!err) {
		uk_mutex_lock(&dir->lock);
		err = dir->nlink ? dir->ops->tmpfile(dir, &what, out) : -ENOENT;
		if (!err)
			uk_shared_set((*out)->nlink, 0);
		uk_mutex_unlock(&dir->lock);
	}
	uk_inode_put(dir);
	return err;
}

int uk_vfs_open(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned flags,
		uint32_t mode, struct uk_file **file)
{
	const bool tmp = (flags & UK_O_TMPFILE) == UK_O_TMPFILE;
	struct uk_inode *inode;
	bool created = tmp;
	struct uk_file *f;
	int err;

	if (UK_UNLIKELY(flags & UK_O_PATH))
		flags = (flags & (UK_O_PATH | UK_O_DIRECTORY | UK_O_NOFOLLOW)) | UK_O_ACCMODE;
	else if (UK_UNLIKELY((flags & UK_O_CREAT) && (flags & UK_O_DIRECTORY)))
		return -EINVAL;

	/* First what can fail without a trace. What open remembers of its flags is status only. */
	f = uk_file_new(NULL,
			flags & ~(UK_O_CREAT | UK_O_EXCL | UK_O_NOCTTY | UK_O_TRUNC | UK_O_CLOEXEC),
			NULL);
	if (UK_UNLIKELY(!f))
		return -ENOMEM;

	if (UK_UNLIKELY(tmp))
		err = uk_file_writable(f) ? find_tmp(ctx, at, path, mode, &inode) : -EINVAL;
	else
		err = find(ctx, at, path, flags, mode, &inode, &created);
	if (UK_UNLIKELY(err))
		goto fail;
	/* Who creates a file may write it in this call, whatever mode it was given. */
	if (!created)
		err = check(ctx, inode, flags);
	if (UK_LIKELY(!err))
		err = file_open_inode(f, inode);
	if (UK_LIKELY(!err)) {
		*file = f;
		return 0;
	}
	uk_inode_put(inode);
fail:
	file_abandon(f);
	return err;
}
