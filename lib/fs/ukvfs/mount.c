/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mounts: which file system takes the place of which directory.
 *
 * A mounted file system points at the directory it covers and that directory points back; the walk
 * follows these two pointers and needs no table.
 */
#include <uk/print.h>
#include "vfs_priv.h"

UK_TABLE_DECLARE(const struct uk_fs_type, fstype);

struct uk_mutex vfs_mount_lock;
struct uk_list vfs_mounts = UK_LIST_INIT(vfs_mounts);
static uint64_t next_dev = 1;

static const struct uk_fs_type *find_type(const char *name)
{
	const struct uk_fs_type *t;

	uk_table_for_each(t, fstype)
		if (!uk_strcmp(t->name, name))
			return t;
	return NULL;
}

/* The first mount becomes the root of the context that boot hands to the first process. */
static void set_root(struct uk_fs_ctx *ctx, struct uk_fs *fs)
{
	__atomic_fetch_add(&fs->users, 2, __ATOMIC_RELAXED);
	uk_inode_get(fs->root);
	uk_inode_get(fs->root);
	ctx->root = ctx->cwd = fs->root;
}

int uk_vfs_mount(struct uk_fs_ctx *ctx, const char *dev, const char *path, const char *fsname,
		 unsigned flags, const char *opts)
{
	const struct uk_fs_type *type = find_type(fsname);
	struct uk_inode *dir = NULL;
	struct uk_fs *fs;
	int err = 0;

	if (!type)
		return -ENODEV;
	if (ctx->uid)
		return -EPERM;
	if (type->populate)
		return type->populate(ctx, dev, path, opts);
	uk_mutex_lock(&vfs_mount_lock);
	if (ctx->root)
		err = walk_path(ctx, NULL, path, 0, &dir);
	else if (uk_strcmp(path, "/"))
		err = -ENOENT; /* the root has to come first */
	if (err)
		goto out;
	if (dir && !uk_inode_is(dir, UK_S_IFDIR))
		err = -ENOTDIR;
	else if (dir && dir == dir->fs->root)
		err = -EBUSY; /* one mount on top of another helps nobody here */
	if (!err)
		err = type->mount(dev, flags, opts, &fs);
	if (err) {
		if (dir)
			uk_inode_put(dir);
		goto out;
	}
	fs->type = type;
	fs->flags = flags;
	fs->dev = next_dev++;
	fs->root->parent = fs->root;
	uk_list_add_tail(&vfs_mounts, &fs->node);
	if (dir) {
		__atomic_fetch_add(&dir->fs->users, 1, __ATOMIC_RELAXED);
		fs->covered = dir;
		__atomic_store_n(&dir->mounted, fs, __ATOMIC_RELEASE);
		tree_wait();
		names_change();
	} else {
		set_root(ctx, fs);
	}
out:
	uk_mutex_unlock(&vfs_mount_lock);
	return err;
}

int uk_vfs_umount(struct uk_fs_ctx *ctx, const char *path)
{
	struct uk_inode *root, *covered;
	struct uk_fs *fs;
	int err;

	if (ctx->uid)
		return -EPERM;
	uk_mutex_lock(&vfs_mount_lock);
	err = walk_path(ctx, NULL, path, 0, &root);
	if (err)
		goto out;
	fs = root->fs;
	if (root != fs->root)
		err = -EINVAL;
	else if (!fs->covered || UK_READ_ONCE(fs->users))
		err = -EBUSY;
	if (!err && fs->ops->sync)
		err = fs->ops->sync(fs);
	if (!err) {
		covered = fs->covered;
		__atomic_store_n(&covered->mounted, NULL, __ATOMIC_RELEASE);
		__atomic_store_n(&fs->covered, NULL, __ATOMIC_RELEASE);
		tree_wait();
		names_change();
		uk_list_del(&fs->node);
		__atomic_fetch_sub(&covered->fs->users, 1, __ATOMIC_RELAXED);
		uk_inode_put(covered);
	}
	uk_inode_put(root);
	if (!err)
		fs->ops->unmount(fs);
out:
	uk_mutex_unlock(&vfs_mount_lock);
	return err;
}

void uk_vfs_sync(void)
{
	struct uk_fs *fs;

	uk_mutex_lock(&vfs_mount_lock);
	uk_list_for_each(fs, &vfs_mounts, node)
		if (fs->ops->sync)
			fs->ops->sync(fs);
	uk_mutex_unlock(&vfs_mount_lock);
}
