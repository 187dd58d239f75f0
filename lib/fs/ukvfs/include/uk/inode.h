/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inodes and file systems: the provider's side of ukvfs.
 *
 * A file system gives names to inodes (lookup, create, link, unlink, rename) and bytes to
 * files (the file operations of its inodes). Everything else exists once, above: path walking,
 * mounts, symbolic links, permissions, descriptors, record locks. There is no cache of names
 * between the two: a provider that is slow at lookup keeps its own.
 *
 * Identity. An inode is in memory while somebody holds a reference; a provider that finds the same
 * object twice returns the same inode. A directory knows its parent (and holds a reference on
 * it), so `..` and getcwd need no other record. A file system is mounted at one place.
 *
 * Locks, in this order: fs->rename_lock, then inode->lock of directories (ancestors first; of two
 * unrelated ones that at the lower address first), then inode->lock of what they name. The
 * VFS takes them: every directory operation is called with dir->lock held, and setattr and getattr with
 * inode->lock held. File operations are called without a lock.
 *
 * The VFS also keeps nlink, parent and the times of inodes whose names change; a provider only
 * keeps its table of names, and stores what has to last.
 */
#ifndef UK_INODE_H
#define UK_INODE_H

#include <uk/abi/file.h>
#include <uk/api.h>
#include <uk/atomic.h>
#include <uk/list.h>
#include <uk/mutex.h>
#include <uk/preempt.h>
#include <uk/table.h>

struct uk_file_ops;
struct uk_fs;
struct uk_fs_ctx;
struct uk_inode;
struct uk_lock;

/* One component of a path: not terminated, contains no `/`, is not empty, "." or "..". */
struct uk_name {
	const char *s;
	uint32_t len;  /* at most UK_NAME_MAX */
	uint32_t hash; /* uk_name_hash(s, len): providers may index by it */
	uint64_t head; /* the first eight bytes, the missing ones 0: compares short names at once */
};

/* What setattr changes. */
#define UK_ATTR_MODE  1
#define UK_ATTR_UID   2
#define UK_ATTR_GID   4
#define UK_ATTR_SIZE  8
#define UK_ATTR_ATIME 16
#define UK_ATTR_MTIME 32
#define UK_ATTR_CTIME 64

struct uk_attr {
	uint32_t valid; /* UK_ATTR_* */
	uint32_t mode;  /* with the type bits */
	uint32_t uid, gid;
	uint64_t size;
	uk_nsec atime, mtime, ctime; /* since 1970 */
};

/* What create makes. */
struct uk_new {
	uint32_t mode; /* type and permissions, the umask applied */
	uint32_t uid, gid;
	uint64_t rdev;      /* UK_S_IFCHR, UK_S_IFBLK */
	const char *target; /* UK_S_IFLNK */
};

/* Operations that are NULL answer -EPERM (create, link, unlink, rename), -ENOENT (name_of) or as said. */
struct uk_inode_ops {
	/*
	 * Directories. lookup: the inode of that name with a reference for the caller;
	 * 0, -ENOENT, -ENOMEM, -EIO.
	 */
	int (*lookup)(struct uk_inode *dir, const struct uk_name *name, struct uk_inode **inode);
	/*
	 * The same for who can answer without blocking or changing anything: the inode without a
	 * reference, or NULL if the name does not exist. Called with preemption off instead of the
	 * lock, at a moment when nobody holds that. Directories found have their parent. NULL:
	 * always lookup.
	 */
	struct uk_inode *(*peek)(struct uk_inode *dir, const struct uk_name *name);
	/* The name does not exist. *inode gets a reference. 0, -ENOSPC, -ENOMEM, -EIO. */
	int (*create)(struct uk_inode *dir, const struct uk_name *name, const struct uk_new *what,
		      struct uk_inode **inode);
	/* The name does not exist, inode is no directory. 0, -ENOSPC, -ENOMEM, -EIO. */
	int (*link)(struct uk_inode *dir, const struct uk_name *name, struct uk_inode *inode);
	/* The name refers to inode, whose lock is held. A directory that has entries: -ENOTEMPTY. */
	int (*unlink)(struct uk_inode *dir, const struct uk_name *name, struct uk_inode *inode);
	/*
	 * from/old names inode; to/name names victim or, if that is NULL, nothing. All are of this
	 * file system and locked, types fit, and no directory moves below itself. With
	 * UK_RENAME_EXCHANGE both stay. A victim directory that has entries: -ENOTEMPTY.
	 */
	int (*rename)(struct uk_inode *from, const struct uk_name *old, struct uk_inode *inode,
		      struct uk_inode *to, const struct uk_name *name, struct uk_inode *victim,
		      unsigned flags);
	/*
	 * The name of directory `child` in `dir`, written to buf (UK_NAME_MAX bytes): its length.
	 * For getcwd; -ENOENT.
	 */
	ssize_t (*name_of)(struct uk_inode *dir, struct uk_inode *child, char *buf);
	/* An unnamed regular file for O_TMPFILE (nlink 0). NULL: -EOPNOTSUPP. */
	int (*tmpfile)(struct uk_inode *dir, const struct uk_new *what, struct uk_inode **inode);

	/* Symbolic links: the text, valid while the inode is referenced, or an error pointer. */
	const char *(*target)(struct uk_inode *inode);

	/*
	 * Any. setattr: apply and store in the inode's fields; a size may shrink or grow (with
	 * zeros). NULL: the VFS stores all but the size itself. getattr: bring the fields up to
	 * date. NULL: they are.
	 */
	int (*setattr)(struct uk_inode *inode, const struct uk_attr *attr);
	int (*getattr)(struct uk_inode *inode);
	/* The last reference is gone: free it. May block. `parent` has been taken care of. */
	void (*release)(struct uk_inode *inode);
};

/*
 * Somebody has the file's pages in the address space (posix-mmap): is told when they go. The inode's
 * lock is held. Page faults get the pages by uk_file_ops.page, without any lock.
 */
struct uk_inode_mapping {
	/*
	 * Pages [first, first + n) of the file have gone, or are others now. `copies`: the file has
	 * become shorter, so private copies go as well.
	 */
	void (*zap)(struct uk_inode_mapping *m, uint64_t first, uint64_t n, bool copies);
};

/*
 * Embedded in the provider's own inode. Fields are protected by `lock`, but stat() reads the attributes without
 * it: they are written by uk_shared_set() once the inode has a name. See uk_inode_init().
 */
struct uk_inode {
	const struct uk_inode_ops *ops;
	const struct uk_file_ops
		*fops; /* of its open files; devices and FIFOs get theirs at open */
	struct uk_fs *fs;
	uint32_t refs;
	uint32_t mode; /* type and permissions; the type never changes */
	uint32_t uid, gid;
	uint32_t nlink;
	uint32_t blksize;
	uint64_t ino; /* unique in its file system */
	uint64_t size;
	uint64_t blocks; /* of 512 bytes in use */
	uk_nsec atime, mtime, ctime;
	struct uk_mutex lock;
	bool recalled; /* a recently walked path leads here (recall.c) */
#ifdef CONFIG_SMP
	bool changing; /* its names are: no quick walk through this directory */
#endif
	struct uk_lock *locks;            /* advisory locks, under a lock of their own (lock.c) */
	struct uk_inode_mapping *mapping; /* NULL: not mapped */
	union {
		struct {
			struct uk_inode *parent; /* directories: a reference; root: itself, none */
			struct uk_fs *mounted;   /* directories: what is mounted on it */
		};
		struct {
			uint64_t rdev;        /* devices; 0 in all that are no directory */
			struct uk_pipe *pipe; /* FIFOs with an open end */
		};
	};
};

struct uk_fs_ops {
	int (*statfs)(struct uk_fs *fs, struct uk_abi_statfs *st); /* NULL: -ENOSYS */
	int (*sync)(struct uk_fs *fs);                             /* NULL: nothing to do */
	/*
	 * Nothing is open any more and no path leads here: drop fs->root and all else that the file
	 * system itself holds. A walk in progress may still have a reference to an inode: the
	 * structure is to be freed with the last inode.
	 */
	void (*unmount)(struct uk_fs *fs);
};

/* One mounted file system. Embedded in the provider's own. */
struct uk_fs {
	const struct uk_fs_ops *ops;
	const struct uk_fs_type *type;
	struct uk_inode *root;    /* a reference */
	struct uk_inode *covered; /* the directory it is mounted on, a reference; NULL: the root */
	struct uk_list node;      /* in the list of mounts */
	struct uk_mutex rename_lock; /* held while a directory changes its parent */
	uint32_t users;              /* open files, working directories and mounts in it */
	uint32_t flags;              /* UK_MS_RDONLY, UK_MS_NOATIME */
	uint64_t dev;                /* st_dev */
};

/* A kind of file system. */
struct uk_fs_type {
	const char *name;
	/*
	 * Make a file system. `dev` names the source (may be empty), `opts` is a comma separated
	 * list (may be empty). Says why if it fails. 0 with *fs whose root is set, or an error.
	 */
	int (*mount)(const char *dev, unsigned flags, const char *opts, struct uk_fs **fs);
	/*
	 * Or instead: put something into the directory `path`, which exists, without mounting
	 * (an archive). -ENXIO: there is no such source.
	 */
	int (*populate)(struct uk_fs_ctx *ctx, const char *dev, const char *path, const char *opts);
};

/* Registers a kind: UK_FS_TYPE(ramfs, .mount = ramfs_mount); */
#define UK_FS_TYPE(ident, ...)                                                                     \
	static const UK_TABLE_ROOT(struct uk_fs_type, fstype, "5",                                 \
				   uk_fstype_##ident) = { .name = #ident, __VA_ARGS__ }

UK_API_BEGIN

/*
 * Prepare an inode that the provider has allocated and zeroed: one reference, times now, and
 * nlink 1 (2 for directories). The provider sets fops, ino, ids and what else it has; the VFS
 * sets a directory's `parent` when it is looked up or created.
 */
void uk_inode_init(struct uk_inode *inode, struct uk_fs *fs, const struct uk_inode_ops *ops,
		   uint32_t mode);

/* The reference count. get needs a reference that exists; put may call release and so block. */
void uk_inode_get(struct uk_inode *inode);
void uk_inode_put(struct uk_inode *inode);

/* Wall clock now, as inodes store it: the coarse one (uk/time.h), as on Linux. */
uk_nsec uk_inode_now(void);

/* Fill in st from the inode; thread context. 0 or what getattr said. */
int uk_inode_stat(struct uk_inode *inode, struct uk_abi_stat *st);

uint32_t uk_name_hash(const char *s, size_t len);

UK_API_END

/*
 * Keep out everybody else who uses the inode's lock, for a short section that does not block, by
 * switching preemption off: true, where that is enough (one CPU, and the lock is free). Ends with
 * uk_inode_leave_quick(). False: take the lock. Threads; does not block.
 */
static inline bool uk_inode_enter_quick(struct uk_inode *inode)
{
#ifndef CONFIG_SMP
	uk_preempt_disable();
	if (UK_LIKELY(!inode->lock.owner))
		return true;
	uk_preempt_enable();
#endif
	return false;
}

static inline void uk_inode_leave_quick(struct uk_inode *inode UK_UNUSED)
{
	uk_preempt_enable();
}

/* For providers, after pages have gone; with inode->lock held. See struct uk_inode_mapping. */
static inline void uk_inode_zap(struct uk_inode *inode, uint64_t first, uint64_t n, bool copies)
{
	if (UK_UNLIKELY(inode->mapping))
		inode->mapping->zap(inode->mapping, first, n, copies);
}

/* Its data, or a directory's names, are others since `when`. With inode->lock held. */
static inline void uk_inode_changed(struct uk_inode *inode, uk_nsec when)
{
	uk_shared_set(inode->ctime, when);
	uk_shared_set(inode->mtime, when);
}

static inline bool uk_inode_is(const struct uk_inode *inode, uint32_t type)
{
	return (inode->mode & UK_S_IFMT) == type;
}

#endif
