/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls that change names: mkdir, mknod, symlink, link, unlink, rmdir, rename.
 */
#include "vfs_priv.h"

/* ---- new names ---- */

/*
 * Walk to the place of a new name and lock its directory. On success the name is known not to
 * exist there; finish with leave(). `dir_ok`: a slash may follow, as what is made is a directory.
 */
static int enter_new(struct walk *w, struct uk_fs_ctx *ctx, struct uk_file *at, const char *path,
		     bool dir_ok)
{
	struct uk_inode *there;
	int err = walk_begin(w, ctx, at, path);

	if (err)
		return err;
	err = -EEXIST;
	if (w->last != WALK_NAME)
		goto fail;
	uk_mutex_lock(&w->dir->lock);
	err = walk_last_locked(w, &there);
	if (!err) {
		uk_inode_put(there);
		err = -EEXIST;
	} else if (err == -ENOENT) {
		if (w->slash && !dir_ok)
			err = -ENOENT;
		else if (!w->dir->nlink)
			err = -ENOENT; /* the directory itself was removed */
		else
			err = may_write(ctx, w->dir, UK_W_OK | UK_X_OK);
	}
	if (!err)
		return 0;
	uk_mutex_unlock(&w->dir->lock);
fail:
	walk_end(w);
	return err;
}

static void leave(struct walk *w)
{
	uk_mutex_unlock(&w->dir->lock);
	walk_end(w);
}

static int create(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, struct uk_new *what)
{
	const bool is_dir = (what->mode & UK_S_IFMT) == UK_S_IFDIR;
	struct uk_inode *dir, *inode;
	struct walk w;
	int err = enter_new(&w, ctx, at, path, is_dir);

	if (err)
		return err;
	dir = w.dir;
	what->uid = ctx->uid;
	what->gid = ctx->gid;
	dir_change_begin(dir);
	err = dir->ops->create ? dir->ops->create(dir, &w.name, what, &inode) : -EPERM;
	if (!err) {
		if (is_dir) {
			inode_adopt(dir, inode);
			uk_shared_set(dir->nlink, dir->nlink + 1);
		}
		uk_inode_changed(dir, inode->ctime);
	}
	dir_change_end(dir);
	leave(&w);
	if (!err)
		uk_inode_put(inode);
	return err;
}

int uk_vfs_mkdir(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, uint32_t mode)
{
	struct uk_new what = { .mode = UK_S_IFDIR | (mode & 01777 & ~ctx->umask) };

	return create(ctx, at, path, &what);
}

int uk_vfs_mknod(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, uint32_t mode,
		 uint64_t rdev)
{
	struct uk_new what = { .rdev = rdev };
	uint32_t type = mode & UK_S_IFMT;

	switch (type) {
	case 0:
		type = UK_S_IFREG;
		break;
	case UK_S_IFREG:
	case UK_S_IFIFO:
	case UK_S_IFSOCK:
		break;
	case UK_S_IFCHR:
	case UK_S_IFBLK:
		if (ctx->uid)
			return -EPERM;
		break;
	case UK_S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	what.mode = type | (mode & 07777 & ~ctx->umask);
	return create(ctx, at, path, &what);
}

int uk_vfs_symlink(struct uk_fs_ctx *ctx, const char *target, struct uk_file *at, const char *path)
{
	struct uk_new what = { .mode = UK_S_IFLNK | 0777, .target = target };
	size_t len = uk_strnlen(target, UK_PATH_MAX);

	if (!len)
		return -ENOENT;
	if (len == UK_PATH_MAX)
		return -ENAMETOOLONG;
	return create(ctx, at, path, &what);
}

int uk_vfs_link(struct uk_fs_ctx *ctx, struct uk_file *oldat, const char *oldpath,
		struct uk_file *newat, const char *newpath, unsigned flags)
{
	unsigned how = flags & UK_AT_EMPTY_PATH;
	struct uk_inode *inode;
	struct walk w;
	int err;

	if (flags & ~(UK_AT_SYMLINK_FOLLOW | UK_AT_EMPTY_PATH))
		return -EINVAL;
	if (!(flags & UK_AT_SYMLINK_FOLLOW))
		how |= UK_AT_SYMLINK_NOFOLLOW;
	err = walk_path(ctx, oldat, oldpath, how, &inode);
	if (err)
		return err;
	err = enter_new(&w, ctx, newat, newpath, false);
	if (err)
		goto out;
	if (inode->fs != w.dir->fs)
		err = -EXDEV;
	else if (uk_inode_is(inode, UK_S_IFDIR) || !w.dir->ops->link)
		err = -EPERM;
	else if (inode->nlink == UINT32_MAX)
		err = -EMLINK;
	if (err)
		goto leave;
	uk_mutex_lock(&inode->lock);
	/* A file that lost its last name may get one again only if it never had one (O_TMPFILE). */
	if (!inode->nlink && !(oldat && !*oldpath)) {
		err = -ENOENT;
	} else {
		dir_change_begin(w.dir);
		err = w.dir->ops->link(w.dir, &w.name, inode);
		dir_change_end(w.dir);
	}
	if (!err) {
		uk_shared_set(inode->nlink, inode->nlink + 1);
		uk_shared_set(inode->ctime, uk_inode_now());
		uk_inode_changed(w.dir, inode->ctime);
	}
	uk_mutex_unlock(&inode->lock);
leave:
	leave(&w);
out:
	uk_inode_put(inode);
	return err;
}

/* ---- fewer names ---- */

/* May `inode` be removed from a directory of file system fs, as directory or as something else? */
static int may_remove(const struct uk_inode *inode, const struct uk_fs *fs, bool is_dir)
{
	if (inode->fs != fs || (uk_inode_is(inode, UK_S_IFDIR) && inode->mounted))
		return -EBUSY; /* something is mounted there */
	if (uk_inode_is(inode, UK_S_IFDIR) != is_dir)
		return is_dir ? -ENOTDIR : -EISDIR;
	return 0;
}

/* The name of `inode` in `dir` is gone: both are locked. */
static void lost_name(struct uk_inode *dir, struct uk_inode *inode)
{
	uk_shared_set(inode->ctime, uk_inode_now());
	uk_inode_changed(dir, inode->ctime);
	if (uk_inode_is(inode, UK_S_IFDIR)) {
		uk_shared_set(inode->nlink, 0);
		uk_shared_set(dir->nlink, dir->nlink - 1);
	} else {
		uk_shared_set(inode->nlink, inode->nlink - 1);
	}
}

/* Remove the name of `inode` from a directory that is locked. */
static int remove_name(struct uk_fs_ctx *ctx, struct uk_inode *dir, const struct uk_name *name,
		       struct uk_inode *inode, bool is_dir)
{
	int err = may_remove(inode, dir->fs, is_dir);

	if (!err)
		err = may_write(ctx, dir, UK_W_OK | UK_X_OK);
	if (!err && !dir->ops->unlink)
		err = -EPERM;
	if (err)
		return err;
	uk_mutex_lock(&inode->lock);
	dir_change_begin(dir);
	name_goes(inode);
	err = dir->ops->unlink(dir, name, inode);
	dir_change_end(dir);
	if (!err)
		lost_name(dir, inode);
	uk_mutex_unlock(&inode->lock);
	return err;
}

static UK_NOINLINE int unlink_fully(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path,
				    bool is_dir)
{
	static const int8_t rmdir_errors[] = {
		[WALK_ROOT] = -EBUSY, [WALK_DOT] = -EINVAL, [WALK_DOTDOT] = -ENOTEMPTY
	};
	struct uk_inode *inode;
	struct walk w;
	int err = walk_begin(&w, ctx, at, path);

	if (err)
		return err;
	if (w.last != WALK_NAME) {
		err = is_dir ? rmdir_errors[w.last] : -EISDIR;
		goto end;
	}
	uk_mutex_lock(&w.dir->lock);
	err = walk_last_locked(&w, &inode);
	if (err) {
		uk_mutex_unlock(&w.dir->lock);
		goto end;
	}
	if (w.slash && !uk_inode_is(inode, UK_S_IFDIR))
		err = -ENOTDIR;
	else
		err = remove_name(ctx, w.dir, &w.name, inode, is_dir);
	/* The file may go with this reference; its directory need not wait for that. */
	uk_mutex_unlock(&w.dir->lock);
	uk_inode_put(inode);
end:
	walk_end(&w);
	return err;
}

int uk_vfs_unlink(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned flags)
{
	const bool is_dir = flags & UK_AT_REMOVEDIR;
	struct quick_walk q;
	int err;

	if (flags & ~UK_AT_REMOVEDIR)
		return -EINVAL;
	if (UK_UNLIKELY(!walk_quick_lock(ctx, at, path, &q)))
		return unlink_fully(ctx, at, path, is_dir);
	err = q.inode ? remove_name(ctx, q.dir, &q.name, q.inode, is_dir) : -ENOENT;
	walk_unlock(&q);
	return err;
}

/* ---- rename ---- */

/* Is `a` the directory b or above it? Needs fs->rename_lock, which keeps parents as they are. */
static bool is_above(const struct uk_inode *a, const struct uk_inode *b)
{
	while (b != a && b->parent != b)
		b = b->parent;
	return a == b;
}

/* Lock two directories of one file system; see the order in uk/inode.h. */
static void lock_dirs(struct uk_inode *a, struct uk_inode *b)
{
	if (a == b) {
		uk_mutex_lock(&a->lock);
		return;
	}
	uk_mutex_lock(&a->fs->rename_lock);
	if (is_above(b, a) || (a > b && !is_above(a, b))) {
		struct uk_inode *t = a;

		a = b;
		b = t;
	}
	uk_mutex_lock(&a->lock);
	uk_mutex_lock(&b->lock);
}

static void unlock_dirs(struct uk_inode *a, struct uk_inode *b)
{
	uk_mutex_unlock(&a->lock);
	if (a == b)
		return;
	uk_mutex_unlock(&b->lock);
	uk_mutex_unlock(&a->fs->rename_lock);
}

/* A directory moved: it keeps its new parent alive instead of the old one. */
static void move_parent(struct uk_inode *inode, struct uk_inode *from, struct uk_inode *to)
{
	uk_inode_get(to);
	__atomic_store_n(&inode->parent, to, __ATOMIC_RELEASE);
	tree_wait();
	uk_shared_set(from->nlink, from->nlink - 1);
	uk_shared_set(to->nlink, to->nlink + 1);
	uk_inode_put(from); /* not the last one: the caller's walk has one as well */
}

/* Is everything as rename(2) wants it? Directories are locked; victim may be NULL. */
static int may_rename(struct walk *old, struct walk *new, struct uk_inode *inode,
		      struct uk_inode *victim, unsigned flags)
{
	const bool is_dir = uk_inode_is(inode, UK_S_IFDIR);
	const bool exchange = flags & UK_RENAME_EXCHANGE;
	const bool victim_dir = victim && uk_inode_is(victim, UK_S_IFDIR);
	int err;

	if (victim && (flags & UK_RENAME_NOREPLACE))
		return -EEXIST;
	if (exchange && !victim)
		return -ENOENT;
	if (!is_dir && (old->slash || (!exchange && new->slash)))
		return -ENOTDIR;
	if (exchange && !victim_dir && new->slash)
		return -ENOTDIR;
	/* Below itself; onto something that it is in. Within one directory neither can be. */
	if (is_dir && old->dir != new->dir &&is_above(inode, new->dir))
		return -EINVAL;
	if (victim_dir && old->dir != new->dir &&is_above(victim, old->dir))
		return exchange ? -EINVAL : -ENOTEMPTY;
	err = may_write(old->ctx, old->dir, UK_W_OK | UK_X_OK);
	if (!err)
		err = may_write(new->ctx, new->dir, UK_W_OK | UK_X_OK);
	if (!err)
		err = may_remove(inode, old->dir->fs, is_dir);
	if (!err && victim)
		err = may_remove(victim, new->dir->fs, exchange ? victim_dir : is_dir);
	if (!err && !new->dir->nlink)
		err = -ENOENT;
	if (!err && !old->dir->ops->rename)
		err = -EPERM;
	return err;
}

static int rename_locked(struct walk *old, struct walk *new, unsigned flags)
{
	struct uk_inode *from = old->dir, *to = new->dir, *inode, *victim = NULL;
	int err = walk_last_locked(old, &inode);

	if (err)
		return err;
	err = walk_last_locked(new, &victim);
	if (err == -ENOENT) {
		victim = NULL;
		err = 0;
	}
	if (err)
		goto out;
	/* Two names of one file: both stay, says POSIX. */
	if (victim == inode && !(flags & UK_RENAME_NOREPLACE))
		goto out;
	err = may_rename(old, new, inode, victim, flags);
	if (err)
		goto out;

	/* Not ancestor and descendant, as has just been checked; a directory may be emptied meanwhile. */
	if (victim && victim < inode)
		uk_mutex_lock(&victim->lock);
	uk_mutex_lock(&inode->lock);
	if (victim && victim > inode)
		uk_mutex_lock(&victim->lock);
	dir_mark(from);
	dir_change_begin(to);
	names_change();
	err = from->ops->rename(from, &old->name, inode, to, &new->name, victim, flags);
	if (!err) {
		uk_shared_set(inode->ctime, uk_inode_now());
		uk_inode_changed(from, inode->ctime);
		uk_inode_changed(to, inode->ctime);
		if (victim && (flags & UK_RENAME_EXCHANGE)) {
			uk_shared_set(victim->ctime, inode->ctime);
			if (from != to && uk_inode_is(victim, UK_S_IFDIR))
				move_parent(victim, to, from);
		} else if (victim) {
			lost_name(to, victim);
		}
		if (from != to && uk_inode_is(inode, UK_S_IFDIR))
			move_parent(inode, from, to);
	}
	dir_change_end(from);
	dir_change_end(to);
	uk_mutex_unlock(&inode->lock);
	if (victim)
		uk_mutex_unlock(&victim->lock);
out:
	/*
	 * Dropping the last reference here, under the directories' locks, is allowed: a provider's
	 * release takes no lock of another inode.
	 */
	uk_inode_put(inode);
	if (victim)
		uk_inode_put(victim);
	return err;
}

int uk_vfs_rename(struct uk_fs_ctx *ctx, struct uk_file *oldat, const char *oldpath,
		  struct uk_file *newat, const char *newpath, unsigned flags)
{
	struct walk old, new;
	int err;

	if (flags & ~(UK_RENAME_NOREPLACE | UK_RENAME_EXCHANGE) ||
	    flags == (UK_RENAME_NOREPLACE | UK_RENAME_EXCHANGE))
		return -EINVAL;
	err = walk_begin(&old, ctx, oldat, oldpath);
	if (err)
		return err;
	err = walk_begin(&new, ctx, newat, newpath);
	if (err)
		goto end_old;
	if (old.dir->fs != new.dir->fs)
		err = -EXDEV;
	else if (old.last != WALK_NAME)
		err = -EBUSY;
	else if (new.last != WALK_NAME)
		err = flags & UK_RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (!err) {
		lock_dirs(old.dir, new.dir);
		err = rename_locked(&old, &new, flags);
		unlock_dirs(old.dir, new.dir);
	}
	walk_end(&new);
end_old:
	walk_end(&old);
	return err;
}
