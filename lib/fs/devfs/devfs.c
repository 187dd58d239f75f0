/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device file system: one directory that shows the registered devices.
 *
 * It is the smallest provider of ukvfs and meant to be read first: lookup, readdir and mount
 * are all that a file system needs. An inode is made when its name is looked up for the first
 * time and kept from then on, so that the same device is always the same inode.
 */
#include <uk/alloc.h>
#include <uk/device.h>
#include <uk/errno.h>
#include <uk/inode.h>

#define DEVFS_MAGIC 0x1373 /* Linux's DEVFS_SUPER_MAGIC */

struct devfs_node {
	struct uk_inode i;
	struct uk_cdev *dev; /* NULL: the directory shm */
	struct devfs_node *next;
};

struct devfs {
	struct uk_fs fs;
	struct uk_inode root;
	struct devfs_node *nodes; /* each a reference */
	uint32_t inodes;          /* in memory; the last one frees this */
};

/* Where shm_open(3) and sem_open(3) put their files: something else is mounted on it. */
static const char shm[] = "shm";

enum { INO_ROOT = 1, INO_SHM, INO_DEVICES };

static const struct uk_inode_ops devfs_ops, devfs_node_ops;
static const struct uk_file_ops devfs_dir_fops, devfs_empty_fops;

static bool is_name(const struct uk_name *name, const char *s)
{
	return uk_strlen(s) == name->len && !memcmp(s, name->s, name->len);
}

/* The inode of a device, or of the directory shm. The caller holds the directory's lock. */
static struct devfs_node *node_of(struct devfs *fs, struct uk_cdev *dev, uint64_t ino)
{
	struct devfs_node *n;

	for (n = fs->nodes; n; n = n->next)
		if (n->dev == dev)
			return n;
	n = uk_calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	uk_inode_init(&n->i, &fs->fs, &devfs_node_ops,
		      dev ? UK_S_IFCHR | dev->mode : UK_S_IFDIR | 0777 | UK_S_ISVTX);
	n->i.fops = &devfs_empty_fops; /* of the directory; devices bring their own */
	n->i.ino = ino;
	if (dev)
		n->i.rdev = dev->rdev;
	n->dev = dev;
	n->next = fs->nodes;
	fs->nodes = n;
	fs->inodes++;
	return n;
}

static int devfs_lookup(struct uk_inode *dir, const struct uk_name *name, struct uk_inode **inode)
{
	struct devfs *fs = UK_CONTAINER_OF(dir->fs, struct devfs, fs);
	uint64_t ino = INO_DEVICES;
	struct devfs_node *n;
	struct uk_cdev *dev;

	for (dev = uk_cdev_list; dev && !is_name(name, dev->name); dev = dev->next)
		ino++;
	if (!dev && !is_name(name, shm))
		return -ENOENT;
	n = node_of(fs, dev, dev ? ino : INO_SHM);
	if (!n)
		return -ENOMEM;
	uk_inode_get(&n->i);
	*inode = &n->i;
	return 0;
}

/* Positions count entries: "." and "..", shm, then the devices in order of registration. */
static int devfs_readdir(struct uk_file *f, struct uk_dir_sink *sink)
{
	struct uk_cdev *dev = uk_cdev_list;
	uint64_t ino = INO_DEVICES;
	uk_off_t at = 3;

	if (f->pos == 0 && !uk_dir_emit(sink, ".", 1, INO_ROOT, UK_DT_DIR, 1))
		return 0;
	if (f->pos == 1 && !uk_dir_emit(sink, "..", 2, INO_ROOT, UK_DT_DIR, 2))
		return 0;
	if (f->pos == 2 && !uk_dir_emit(sink, shm, sizeof(shm) - 1, INO_SHM, UK_DT_DIR, 3))
		return 0;
	for (; dev; dev = dev->next, at++, ino++)
		if (f->pos == at &&
		    !uk_dir_emit(sink, dev->name, uk_strlen(dev->name), ino, UK_DT_CHR, at + 1))
			break;
	return 0;
}

static uk_off_t devfs_seek(struct uk_file *f, uk_off_t off, int whence)
{
	return uk_file_seek_in(f, off, whence, 0);
}

static ssize_t devfs_name_of(struct uk_inode *dir, struct uk_inode *child, char *buf)
{
	memcpy(buf, shm, sizeof(shm) - 1); /* the only directory */
	return sizeof(shm) - 1;
}

static const struct uk_file_ops devfs_dir_fops = { .readdir = devfs_readdir, .seek = devfs_seek };

static void root_release(struct uk_inode *inode);

static const struct uk_inode_ops devfs_ops = { .lookup = devfs_lookup,
					       .name_of = devfs_name_of,
					       .release = root_release };

/* ---- the directory shm, as long as nothing is mounted there: empty ---- */

static int no_entry(struct uk_inode *dir, const struct uk_name *name, struct uk_inode **inode)
{
	return -ENOENT;
}

static int no_entries(struct uk_file *f, struct uk_dir_sink *sink)
{
	return 0;
}

static void inode_gone(struct uk_fs *fs)
{
	struct devfs *d = UK_CONTAINER_OF(fs, struct devfs, fs);

	if (!__atomic_sub_fetch(&d->inodes, 1, __ATOMIC_ACQ_REL))
		uk_free(d);
}

static void node_release(struct uk_inode *inode)
{
	struct uk_fs *fs = inode->fs;

	uk_free(UK_CONTAINER_OF(inode, struct devfs_node, i));
	inode_gone(fs);
}

static void root_release(struct uk_inode *inode)
{
	inode_gone(inode->fs);
}

static const struct uk_file_ops devfs_empty_fops = { .readdir = no_entries, .seek = devfs_seek };

static const struct uk_inode_ops devfs_node_ops = { .lookup = no_entry, .release = node_release };

/* ---- the file system ---- */

static int devfs_statfs(struct uk_fs *fs, struct uk_abi_statfs *st)
{
	st->f_type = DEVFS_MAGIC;
	return 0;
}

static void devfs_unmount(struct uk_fs *fs)
{
	struct devfs_node *n = UK_CONTAINER_OF(fs, struct devfs, fs)->nodes, *next;

	for (; n; n = next) {
		next = n->next;
		uk_inode_put(&n->i);
	}
	uk_inode_put(fs->root); /* frees the file system, now or with the last walk */
}

static const struct uk_fs_ops devfs_fs_ops = { .statfs = devfs_statfs, .unmount = devfs_unmount };

static int devfs_mount(const char *dev, unsigned flags, const char *opts, struct uk_fs **out)
{
	struct devfs *fs = uk_calloc(1, sizeof(*fs));

	if (!fs)
		return -ENOMEM;
	uk_inode_init(&fs->root, &fs->fs, &devfs_ops, UK_S_IFDIR | 0755);
	fs->inodes = 1;
	fs->root.fops = &devfs_dir_fops;
	fs->root.ino = INO_ROOT;
	fs->root.nlink = 3; /* shm is a directory */
	fs->fs.ops = &devfs_fs_ops;
	fs->fs.root = &fs->root;
	*out = &fs->fs;
	return 0;
}

UK_FS_TYPE(devfs, .mount = devfs_mount);
