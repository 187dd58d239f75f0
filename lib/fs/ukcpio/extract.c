/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Building a tree from an archive.
 *
 * Hard links: entries that share an inode number and say so (a link count above one) are names of one
 * file, whose data comes with one of them, usually the last. The first name is created; the
 * others are linked to it.
 *
 * Times of directories change when something is put into them, so they are set in a second
 * pass over the archive.
 */
#include <uk/alloc.h>
#include <uk/cpio.h>
#include <uk/device.h>
#include <uk/errno.h>
#include <uk/inode.h>
#include <uk/page.h>
#include <uk/print.h>
#include <uk/ramfs.h>
#include <uk/vfs.h>

/* The first name of a file that has several. */
struct first_name {
	struct first_name *next;
	uint32_t ino, dev_major, dev_minor;
	const char *name;
};

struct extraction {
	struct uk_fs_ctx *ctx; /* its root is where the archive goes: no link leads out of it */
	const char *label;
	struct first_name *names;
	size_t len;        /* of the archive */
	uint64_t had_free; /* bytes of memory before */
};

/* With less than this free it was memory that ran out, not the file system's own limit. */
#define SCARCE (16 * UK_PAGE_SIZE)

static uint64_t free_memory(void)
{
	struct uk_page_stats st;

	uk_page_stats(&st);
	return st.free;
}

static int add_name(struct extraction *x, const struct uk_cpio_entry *e)
{
	struct first_name *n = uk_malloc(sizeof(*n));

	if (!n)
		return -ENOMEM;
	*n = (struct first_name){ x->names, e->ino, e->dev_major, e->dev_minor, e->name };
	x->names = n;
	return 0;
}

static const char *find_name(const struct extraction *x, const struct uk_cpio_entry *e)
{
	const struct first_name *n;

	for (n = x->names; n; n = n->next)
		if (n->ino == e->ino && n->dev_major == e->dev_major &&
		    n->dev_minor == e->dev_minor)
			return n->name;
	return NULL;
}

static int write_all(struct uk_file *f, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		struct uk_iter it = uk_iter_buf(p, size);
		ssize_t n = uk_file_write(f, &it);

		if (n <= 0)
			return n ? (int)n : -EIO;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

static int make_file(struct extraction *x, const struct uk_cpio_entry *e)
{
	const char *first = e->nlink > 1 ? find_name(x, e) : NULL;
	struct uk_file *f;
	int err = 0;

	if (first) {
		err = uk_vfs_link(x->ctx, NULL, first, NULL, e->name, 0);
		if (err || !e->size)
			return err;
	}
	/* O_EXCL: a name that comes twice must not write through a link that came first. */
	err = uk_vfs_open(x->ctx, NULL, e->name,
			  UK_O_WRONLY | UK_O_NOFOLLOW | (first ? 0 : UK_O_CREAT | UK_O_EXCL),
			  e->mode & 07777, &f);
	if (err)
		return err;
	if (e->size) {
		err = uk_ramfs_set_backing(f->inode, e->data, e->size);
		if (err == -EOPNOTSUPP)
			err = write_all(f, e->data, e->size);
	}
	uk_file_put(f);
	if (!err && e->nlink > 1 && !first)
		err = add_name(x, e);
	return err;
}

static int make_symlink(struct extraction *x, const struct uk_cpio_entry *e)
{
	char *target;
	int err;

	if (e->size >= UK_PATH_MAX)
		return -ENAMETOOLONG;
	target = uk_malloc(e->size + 1);
	if (!target)
		return -ENOMEM;
	memcpy(target, e->data, e->size);
	target[e->size] = '\0'; /* the archive does not terminate it */
	err = uk_strlen(target) == e->size ? uk_vfs_symlink(x->ctx, target, NULL, e->name)
					   : -EINVAL;
	uk_free(target);
	return err;
}

/* A directory may be there already: the root, or one of an archive before. */
static int make_dir(struct extraction *x, const struct uk_cpio_entry *e)
{
	struct uk_abi_stat st;
	int err = uk_vfs_mkdir(x->ctx, NULL, e->name, e->mode & 07777);

	if (err == -EEXIST && !uk_vfs_stat(x->ctx, NULL, e->name, UK_AT_SYMLINK_NOFOLLOW, &st) &&
	    (st.st_mode & UK_S_IFMT) == UK_S_IFDIR)
		err = 0;
	return err;
}

static int make_entry(struct extraction *x, const struct uk_cpio_entry *e)
{
	switch (e->mode & UK_S_IFMT) {
	case UK_S_IFREG:
		return make_file(x, e);
	case UK_S_IFDIR:
		return make_dir(x, e);
	case UK_S_IFLNK:
		return make_symlink(x, e);
	case UK_S_IFCHR:
	case UK_S_IFBLK:
	case UK_S_IFIFO:
	case UK_S_IFSOCK:
		return uk_vfs_mknod(x->ctx, NULL, e->name, e->mode,
				    UK_DEV(e->rdev_major, e->rdev_minor));
	}
	return -EINVAL;
}

/* Owner, times, and what mkdir leaves out of a mode. */
static int set_attributes(struct extraction *x, const struct uk_cpio_entry *e)
{
	const struct uk_vfs_time times[2] = { { e->mtime, 0 }, { e->mtime, 0 } };
	const unsigned flags = UK_AT_SYMLINK_NOFOLLOW;
	int err = 0;

	if (e->uid || e->gid)
		err = uk_vfs_chown(x->ctx, NULL, e->name, e->uid, e->gid, flags);
	if (!err && e->mode & (UK_S_ISUID | UK_S_ISGID) && (e->mode & UK_S_IFMT) != UK_S_IFLNK)
		err = uk_vfs_chmod(x->ctx, NULL, e->name, e->mode & 07777, flags);
	if (!err)
		err = uk_vfs_utimens(x->ctx, NULL, e->name, times, flags);
	return err;
}

static const char *reason(int err)
{
	switch (err) {
	case -EEXIST:
		return "the name is there already";
	case -ENOENT:
	case -ENOTDIR:
		return "its directory is not in the archive before it";
	case -ENOMEM:
	case -ENOSPC:
		return "the file system is full (ramfs.limit)";
	case -ENAMETOOLONG:
		return "the name is too long";
	case -EINVAL:
		return "its type or its link is invalid";
	default:
		return "cannot be created";
	}
}

static int fail(const struct extraction *x, const struct uk_cpio_entry *e, int err)
{
	uint64_t left = free_memory();

	if ((err == -ENOMEM || err == -ENOSPC) && left < SCARCE) {
		/* What is left of the archive will take as much for each byte as what came before. */
		uint64_t used = x->had_free - UK_MIN(left, x->had_free);
		uint64_t more = used / (e->offset + 1) * (x->len - e->offset) +
				used % (e->offset + 1) * (x->len - e->offset) / (e->offset + 1);

		uk_pr_err(
			"%s: not enough memory for `%s` at byte %zu of %zu: it takes about %lu KiB "
			"more (--memory)",
			x->label, e->name, e->offset, x->len,
			(unsigned long)((more + more / 8) >> 10) + 64);
		return err;
	}
	uk_pr_err("%s: `%s` at byte %zu: %s (error %d)", x->label, e->name, e->offset, reason(err),
		  -err);
	return err;
}

static int pass(struct extraction *x, const void *base, size_t len, bool second)
{
	struct uk_cpio_entry e;
	struct uk_cpio ar;
	int more, err;

	uk_cpio_open(&ar, x->label, base, len);
	while ((more = uk_cpio_next(&ar, &e)) == 1) {
		const bool is_dir = (e.mode & UK_S_IFMT) == UK_S_IFDIR;

		err = second ? 0 : make_entry(x, &e);
		if (!err && is_dir == second)
			err = set_attributes(x, &e);
		if (err)
			return fail(x, &e, err);
	}
	return more;
}

int uk_cpio_extract(struct uk_fs_ctx *ctx, const char *path, const char *label, const void *base,
		    size_t len)
{
	struct extraction x = {
		.ctx = uk_fs_ctx_clone(ctx),
		.label = label,
		.len = len,
		.had_free = free_memory(),
	};
	struct first_name *n;
	int err;

	if (!x.ctx) {
		uk_pr_err("%s: not enough memory to unpack it", label);
		return -ENOMEM;
	}
	x.ctx->umask = 0;
	err = uk_vfs_chroot(x.ctx, path);
	if (!err)
		err = uk_vfs_chdir(x.ctx, NULL, "/");
	if (err) {
		uk_pr_err("%s: cannot unpack to %s (error %d)", label, path, -err);
		goto out;
	}
	err = pass(&x, base, len, false);
	if (!err)
		err = pass(&x, base, len, true);
	while ((n = x.names)) {
		x.names = n->next;
		uk_free(n);
	}
out:
	uk_fs_ctx_put(x.ctx);
	return err;
}
