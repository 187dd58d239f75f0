/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a process sees of the tree: root, working directory, umask, and the way back from a
 * directory to its path.
 */
#include "vfs_priv.h"

struct uk_fs_ctx uk_fs_ctx_boot = { .refs = 1, .umask = 022 };

/* A directory that a context refers to keeps its file system from being unmounted. */
static void use(struct uk_inode *dir)
{
	__atomic_fetch_add(&dir->fs->users, 1, __ATOMIC_RELAXED);
}

static void unuse(struct uk_inode *dir)
{
	__atomic_fetch_sub(&dir->fs->users, 1, __ATOMIC_RELAXED);
	uk_inode_put(dir);
}

struct uk_fs_ctx *uk_fs_ctx_clone(struct uk_fs_ctx *from)
{
	struct uk_fs_ctx *ctx = uk_malloc(sizeof(*ctx));

	if (!ctx)
		return NULL;
	tree_enter();
	*ctx = *from;
	ctx->refs = 1;
	if (ctx->root) {
		uk_inode_get(ctx->root);
		use(ctx->root);
		uk_inode_get(ctx->cwd);
		use(ctx->cwd);
	}
	tree_leave();
	return ctx;
}

void uk_fs_ctx_get(struct uk_fs_ctx *ctx)
{
	ref_get(&ctx->refs);
}

void uk_fs_ctx_put(struct uk_fs_ctx *ctx)
{
	if (!ref_put(&ctx->refs))
		return;
	if (ctx->root) {
		unuse(ctx->cwd);
		unuse(ctx->root);
	}
	uk_free(ctx);
}

/* Takes over the caller's reference. */
static void set_dir(struct uk_inode **slot, struct uk_inode *dir)
{
	struct uk_inode *old;

	use(dir);
	old = __atomic_exchange_n(slot, dir, __ATOMIC_SEQ_CST);
	tree_wait();
	if (old)
		unuse(old);
}

static int find_dir(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path,
		    struct uk_inode **dir)
{
	int err = walk_path(ctx, at, path, 0, dir);

	if (err)
		return err;
	if (!uk_inode_is(*dir, UK_S_IFDIR))
		err = -ENOTDIR;
	else
		err = may(ctx, *dir, UK_X_OK);
	if (err)
		uk_inode_put(*dir);
	return err;
}

int uk_vfs_chdir(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path)
{
	struct uk_inode *dir;
	int err;

	if (!path && at && !at->inode)
		return -ENOTDIR;
	err = find_dir(ctx, at, path, &dir);
	if (!err)
		set_dir(&ctx->cwd, dir);
	return err;
}

int uk_vfs_chroot(struct uk_fs_ctx *ctx, const char *path)
{
	struct uk_inode *dir;
	int err;

	if (ctx->uid)
		return -EPERM;
	err = find_dir(ctx, NULL, path, &dir);
	if (!err)
		set_dir(&ctx->root, dir);
	return err;
}

/* ---- getcwd ---- */

static int name_of(struct uk_inode *dir, struct uk_inode *child, char *buf, ssize_t *len)
{
	ssize_t n;

	uk_mutex_lock(&dir->lock);
	n = child->nlink && dir->ops->name_of ? dir->ops->name_of(dir, child, buf) : -ENOENT;
	uk_mutex_unlock(&dir->lock);
	*len = n;
	return n < 0 ? (int)n : 0;
}

/* One step up, across mounts. `name` and *len: what the step left behind. */
static int step_out(struct uk_inode **inode, char *name, ssize_t *len)
{
	struct uk_inode *here = *inode, *up;
	int err;

	tree_enter();
	while (here->parent == here && here->fs->covered)
		here = here->fs->covered;
	up = here->parent;
	uk_inode_get(here);
	uk_inode_get(up);
	tree_leave();
	err = name_of(up, here, name, len);
	uk_inode_put(here);
	uk_inode_put(*inode);
	*inode = up;
	return err;
}

ssize_t uk_vfs_getcwd(struct uk_fs_ctx *ctx, char *buf, size_t size)
{
	char name[UK_NAME_MAX + 1];
	struct uk_inode *inode, *root;
	size_t pos = UK_PATH_MAX;
	ssize_t len, n;
	char *path;

	if (!size)
		return -EINVAL;
	path = uk_malloc(UK_PATH_MAX); /* filled from the end */
	if (!path)
		return -ENOMEM;
	tree_enter();
	inode = ctx->cwd;
	root = ctx->root;
	if (inode) {
		uk_inode_get(inode);
		uk_inode_get(root);
	}
	tree_leave();
	n = -ENOENT;
	if (!inode)
		goto free;
	path[--pos] = '\0';
	while (inode != root && (inode->parent != inode || inode->fs->covered)) {
		n = step_out(&inode, name, &len);
		if (n < 0)
			goto out;
		n = -ENAMETOOLONG;
		if (pos < (size_t)len + 1)
			goto out;
		pos -= (size_t)len;
		memcpy(path + pos, name, (size_t)len);
		path[--pos] = '/';
	}
	if (pos == UK_PATH_MAX - 1)
		path[--pos] = '/';
	n = -ERANGE;
	if (UK_PATH_MAX - pos <= size) {
		struct uk_iter it = uk_iter_buf(buf, size);

		n = (ssize_t)uk_iter_put(&it, path + pos, UK_PATH_MAX - pos);
	}
out:
	uk_inode_put(inode);
	uk_inode_put(root);
free:
	uk_free(path);
	return n;
}
