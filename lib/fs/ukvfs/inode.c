/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inodes: reference counts, attributes, permissions.
 */
#include <uk/arch/relax.h>
#include <uk/assert.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif
#include <uk/time.h>
#include "vfs_priv.h"

#ifdef CONFIG_SMP
struct tree_reader vfs_tree_readers[UK_CPUS];

void tree_wait(void)
{
	const uint32_t cpus = uk_smp_cpus();

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		const uint32_t *count = &vfs_tree_readers[cpu].count;
		const uint32_t seen = __atomic_load_n(count, __ATOMIC_ACQUIRE);

		for (unsigned turns = 0;
		     seen & 1 && __atomic_load_n(count, __ATOMIC_ACQUIRE) == seen; turns++) {
			uk_arch_relax();
			uk_spin_hook(turns);
		}
	}
}
#endif

uk_nsec uk_inode_now(void)
{
	return uk_clock_wall_coarse();
}

void uk_inode_init(struct uk_inode *inode, struct uk_fs *fs, const struct uk_inode_ops *ops,
		   uint32_t mode)
{
	inode->ops = ops;
	inode->fs = fs;
	inode->refs = 1;
	inode->mode = mode;
	inode->nlink = (mode & UK_S_IFMT) == UK_S_IFDIR ? 2 : 1;
	inode->blksize = VFS_BLOCK;
	inode->atime = inode->mtime = inode->ctime = uk_inode_now();
}

void uk_inode_get(struct uk_inode *inode)
{
	ref_get(&inode->refs);
}

void uk_inode_put(struct uk_inode *inode)
{
	/* A loop, not a recursion: a directory's last reference may be its parent's last too. */
	while (ref_put(&inode->refs)) {
		struct uk_inode *parent = uk_inode_is(inode, UK_S_IFDIR) ? inode->parent : NULL;

		UK_ASSERT(!inode->locks);
		if (parent == inode)
			parent = NULL;
		inode->ops->release(inode);
		if (!parent)
			break;
		inode = parent;
	}
}

void inode_adopt(struct uk_inode *dir, struct uk_inode *child)
{
	if (UK_UNLIKELY(!child->parent)) {
		uk_inode_get(dir);
		child->parent = dir;
	}
}

int inode_check_mode(const struct uk_fs_ctx *ctx, const struct uk_inode *inode, unsigned want)
{
	uint32_t mode = inode->mode;

	if (!ctx->uid) {
		/* The superuser may all, but execute only what somebody may execute. */
		if ((want & UK_X_OK) && !uk_inode_is(inode, UK_S_IFDIR) && !(mode & 0111))
			return -EACCES;
		return 0;
	}
	if (ctx->uid == inode->uid)
		mode >>= 6;
	else if (ctx->gid == inode->gid)
		mode >>= 3;
	return (want & ~mode) & 7 ? -EACCES : 0;
}

int may_write(const struct uk_fs_ctx *ctx, const struct uk_inode *inode, unsigned want)
{
	if (UK_UNLIKELY(inode->fs->flags & UK_MS_RDONLY))
		return -EROFS;
	return may(ctx, inode, want);
}

int inode_setattr(struct uk_inode *inode, struct uk_attr *attr)
{
	int err = 0;

	attr->ctime = uk_inode_now();
	attr->valid |= UK_ATTR_CTIME;
	uk_mutex_lock(&inode->lock);
	if (inode->ops->setattr)
		err = inode->ops->setattr(inode, attr);
	else if (attr->valid & UK_ATTR_SIZE)
		err = -EINVAL;
	if (!err) {
		if (attr->valid & UK_ATTR_MODE)
			uk_shared_set(inode->mode,
				      (inode->mode & UK_S_IFMT) | (attr->mode & ~UK_S_IFMT));
		if (attr->valid & UK_ATTR_UID)
			uk_shared_set(inode->uid, attr->uid);
		if (attr->valid & UK_ATTR_GID)
			uk_shared_set(inode->gid, attr->gid);
		if (attr->valid & UK_ATTR_ATIME)
			uk_shared_set(inode->atime, attr->atime);
		if (attr->valid & UK_ATTR_MTIME)
			uk_shared_set(inode->mtime, attr->mtime);
		uk_shared_set(inode->ctime, attr->ctime);
	}
	uk_mutex_unlock(&inode->lock);
	return err;
}

void inode_fill(const struct uk_inode *inode, struct uk_abi_stat *st)
{
	uk_nsec t;

	/*
	 * Unlocked: each field is right for some moment of the call, which is all stat promises.
	 * Field by field, since this is called often and a zeroed temporary costs as much again.
	 */
	st->st_dev = inode->fs->dev;
	st->st_ino = inode->ino;
	st->st_nlink = uk_shared_get(inode->nlink);
	st->st_mode = uk_shared_get(inode->mode);
	st->st_uid = uk_shared_get(inode->uid);
	st->st_gid = uk_shared_get(inode->gid);
	st->pad0 = 0;
	st->st_rdev = uk_inode_is(inode, UK_S_IFDIR) ? 0 : inode->rdev;
	st->st_size = (int64_t)uk_shared_get(inode->size);
	st->st_blksize = inode->blksize;
	st->st_blocks = (int64_t)uk_shared_get(inode->blocks);
	t = uk_shared_get(inode->atime);
	st->st_atime_sec = (int64_t)(t / UK_NSEC_PER_SEC);
	st->st_atime_nsec = (int64_t)(t % UK_NSEC_PER_SEC);
	t = uk_shared_get(inode->mtime);
	st->st_mtime_sec = (int64_t)(t / UK_NSEC_PER_SEC);
	st->st_mtime_nsec = (int64_t)(t % UK_NSEC_PER_SEC);
	if (UK_UNLIKELY(t != uk_shared_get(inode->ctime))) { /* a write sets both */
		t = uk_shared_get(inode->ctime);
		st->st_ctime_sec = (int64_t)(t / UK_NSEC_PER_SEC);
		st->st_ctime_nsec = (int64_t)(t % UK_NSEC_PER_SEC);
	} else {
		st->st_ctime_sec = st->st_mtime_sec;
		st->st_ctime_nsec = st->st_mtime_nsec;
	}
	uk_abi_stat_rest(st);
}

int uk_inode_stat(struct uk_inode *inode, struct uk_abi_stat *st)
{
	int err = 0;

	if (UK_UNLIKELY(inode->ops->getattr)) {
		uk_mutex_lock(&inode->lock);
		err = inode->ops->getattr(inode);
		uk_mutex_unlock(&inode->lock);
	}
	if (!err)
		inode_fill(inode, st);
	return err;
}
