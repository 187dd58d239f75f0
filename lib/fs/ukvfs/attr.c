/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls that look at or change what a path names, but not names: stat, access, readlink, chmod, chown,
 * utimens, truncate, statfs.
 */
#include "vfs_priv.h"

static UK_NOINLINE int stat_unknown(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path,
				    unsigned flags, struct uk_abi_stat *st)
{
	struct uk_inode *inode;
	int err;

	if (flags & ~(UK_AT_SYMLINK_NOFOLLOW | UK_AT_EMPTY_PATH | UK_AT_NO_AUTOMOUNT))
		return -EINVAL;
	if (at && !*path && (flags & UK_AT_EMPTY_PATH))
		return uk_file_stat(at, st); /* also what has no inode */
	err = walk_path_unknown(ctx, at, path, flags, &inode);
	if (UK_UNLIKELY(err))
		return err;
	err = uk_inode_stat(inode, st);
	uk_inode_put(inode);
	return err;
}

int uk_vfs_stat(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned flags,
		struct uk_abi_stat *st)
{
	struct uk_inode *inode;

	/* Known and in memory: as long as the section lasts, it stays. */
	tree_enter();
	inode = walk_known(ctx, at, path);
	if (UK_UNLIKELY(!inode || inode->ops->getattr)) {
		tree_leave();
		return stat_unknown(ctx, at, path, flags, st);
	}
	inode_fill(inode, st);
	tree_leave();
	return 0;
}

int uk_vfs_access(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned mode,
		  unsigned flags)
{
	struct uk_inode *inode;
	int err;

	if (mode & ~7U || flags & ~(UK_AT_SYMLINK_NOFOLLOW | UK_AT_EMPTY_PATH | UK_AT_EACCESS))
		return -EINVAL;
	err = walk_path(ctx, at, path, flags & ~UK_AT_EACCESS, &inode);
	if (err)
		return err;
	if (mode)
		err = inode_check_mode(ctx, inode, mode);
	if (!err && (mode & UK_W_OK) && (inode->fs->flags & UK_MS_RDONLY) &&
	    (uk_inode_is(inode, UK_S_IFREG) || uk_inode_is(inode, UK_S_IFDIR)))
		err = -EROFS;
	uk_inode_put(inode);
	return err;
}

ssize_t uk_vfs_readlink(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, char *buf,
			size_t size)
{
	struct uk_inode *inode;
	const char *target;
	ssize_t n;

	if (!size)
		return -EINVAL;
	/* An empty path means `at` itself (opened O_PATH | O_NOFOLLOW), never the working directory. */
	n = walk_path(ctx, at, path, UK_AT_SYMLINK_NOFOLLOW | (at ? UK_AT_EMPTY_PATH : 0), &inode);
	if (n)
		return n;
	n = -EINVAL;
	if (uk_inode_is(inode, UK_S_IFLNK)) {
		target = inode->ops->target(inode);
		n = uk_ptr_err(target);
		if (!uk_is_err(target)) {
			struct uk_iter it = uk_iter_buf(buf, size);

			n = (ssize_t)uk_iter_put(&it, target, UK_MIN(uk_strlen(target), it.left));
		}
	}
	uk_inode_put(inode);
	return n;
}

/* The inode for a change of attributes, which a read-only file system refuses. */
static int find_to_change(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path,
			  unsigned flags, struct uk_inode **inode)
{
	int err;

	if (flags & ~(UK_AT_SYMLINK_NOFOLLOW | UK_AT_EMPTY_PATH))
		return -EINVAL;
	if (!path && at && (at->flags & UK_O_PATH))
		return -EBADF; /* fchmod and the like want a real descriptor */
	if (!path && at && !at->inode)
		return -EINVAL;
	err = walk_path(ctx, at, path, flags, inode);
	if (!err && ((*inode)->fs->flags & UK_MS_RDONLY)) {
		uk_inode_put(*inode);
		err = -EROFS;
	}
	return err;
}

static int change(struct uk_inode *inode, struct uk_attr *attr, int err)
{
	if (!err)
		err = inode_setattr(inode, attr);
	uk_inode_put(inode);
	return err;
}

static bool owns(const struct uk_fs_ctx *ctx, const struct uk_inode *inode)
{
	return !ctx->uid || ctx->uid == inode->uid;
}

int uk_vfs_chmod(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, uint32_t mode,
		 unsigned flags)
{
	struct uk_attr attr = { .valid = UK_ATTR_MODE, .mode = mode & 07777 };
	struct uk_inode *inode;
	int err = find_to_change(ctx, at, path, flags, &inode);

	if (err)
		return err;
	if (uk_inode_is(inode, UK_S_IFLNK))
		err = -EOPNOTSUPP; /* a link's own mode means nothing */
	else if (!owns(ctx, inode))
		err = -EPERM;
	attr.mode |= inode->mode & UK_S_IFMT;
	return change(inode, &attr, err);
}

int uk_vfs_chown(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, uint32_t uid,
		 uint32_t gid, unsigned flags)
{
	struct uk_attr attr = { .uid = uid, .gid = gid };
	struct uk_inode *inode;
	int err = find_to_change(ctx, at, path, flags, &inode);

	if (err)
		return err;
	if (uid != UINT32_MAX)
		attr.valid |= UK_ATTR_UID;
	if (gid != UINT32_MAX)
		attr.valid |= UK_ATTR_GID;
	if (ctx->uid && (!owns(ctx, inode) || (uid != UINT32_MAX && uid != inode->uid) ||
			 (gid != UINT32_MAX && gid != inode->gid && gid != ctx->gid)))
		err = -EPERM;
	/* A new owner must not inherit what the old one allowed to run as himself. */
	if (attr.valid && uk_inode_is(inode, UK_S_IFREG) &&
	    inode->mode & (UK_S_ISUID | UK_S_ISGID)) {
		attr.valid |= UK_ATTR_MODE;
		attr.mode = inode->mode & ~UK_S_ISUID;
		if (inode->mode & 010)
			attr.mode &= ~UK_S_ISGID;
	}
	return change(inode, &attr, err);
}

/* One of the two times: 1 if it is to be set. */
static int use_time(const struct uk_vfs_time *t, uk_nsec now, uk_nsec *out)
{
	if (!t || t->nsec == UK_UTIME_NOW) {
		*out = now;
		return 1;
	}
	if (t->nsec == UK_UTIME_OMIT)
		return 0;
	if (t->nsec < 0 || t->nsec >= (int64_t)UK_NSEC_PER_SEC)
		return -EINVAL;
	/* Inodes keep nanoseconds since 1970 without sign: what lies outside is moved to the edge. */
	if (t->sec < 0)
		*out = 0;
	else if ((uint64_t)t->sec >= UK_NSEC_MAX / UK_NSEC_PER_SEC)
		*out = UK_NSEC_MAX;
	else
		*out = (uk_nsec)t->sec * UK_NSEC_PER_SEC + (uk_nsec)t->nsec;
	return 1;
}

int uk_vfs_utimens(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path,
		   const struct uk_vfs_time times[2], unsigned flags)
{
	const bool now_both =
		!times || (times[0].nsec == UK_UTIME_NOW && times[1].nsec == UK_UTIME_NOW);
	struct uk_attr attr = { .valid = 0 };
	uk_nsec now = uk_inode_now();
	struct uk_inode *inode;
	int a, m, err;

	a = use_time(times ? &times[0] : NULL, now, &attr.atime);
	m = use_time(times ? &times[1] : NULL, now, &attr.mtime);
	if (a < 0 || m < 0)
		return -EINVAL;
	err = find_to_change(ctx, at, path, flags, &inode);
	if (err)
		return err;
	if (!a && !m) {
		uk_inode_put(inode);
		return 0;
	}
	attr.valid = (a ? UK_ATTR_ATIME : 0) | (m ? UK_ATTR_MTIME : 0);
	if (!owns(ctx, inode))
		err = now_both ? may(ctx, inode, UK_W_OK) : -EPERM;
	return change(inode, &attr, err);
}

int uk_vfs_truncate(struct uk_fs_ctx *ctx, const char *path, uk_off_t size)
{
	struct uk_attr attr = { .valid = UK_ATTR_SIZE | UK_ATTR_MTIME, .size = (uint64_t)size };
	struct uk_inode *inode;
	int err;

	if (size < 0)
		return -EINVAL;
	err = walk_path(ctx, NULL, path, 0, &inode);
	if (err)
		return err;
	attr.mtime = uk_inode_now();
	if (uk_inode_is(inode, UK_S_IFDIR))
		err = -EISDIR;
	else if (!uk_inode_is(inode, UK_S_IFREG))
		err = -EINVAL;
	else
		err = may_write(ctx, inode, UK_W_OK);
	return change(inode, &attr, err);
}

static int fs_statfs(struct uk_fs *fs, struct uk_abi_statfs *st)
{
	if (!fs->ops->statfs)
		return -ENOSYS;
	*st = (struct uk_abi_statfs){ .f_bsize = VFS_BLOCK, .f_namelen = UK_NAME_MAX };
	st->f_fsid[0] = (int32_t)fs->dev;
	/* Linux's ST_ bits are those of mount(2) here, with ST_VALID set. */
	st->f_flags = 0x20 | fs->flags;
	st->f_frsize = st->f_bsize;
	return fs->ops->statfs(fs, st);
}

int uk_vfs_statfs(struct uk_fs_ctx *ctx, const char *path, struct uk_abi_statfs *st)
{
	struct uk_inode *inode;
	int err = walk_path(ctx, NULL, path, 0, &inode);

	if (err)
		return err;
	err = fs_statfs(inode->fs, st);
	uk_inode_put(inode);
	return err;
}

int uk_file_statfs(struct uk_file *f, struct uk_abi_statfs *st)
{
	return f->inode ? fs_statfs(f->inode->fs, st) : -ENOSYS;
}
