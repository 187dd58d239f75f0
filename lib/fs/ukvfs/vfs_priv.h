/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of ukvfs share with each other: the path walk and small helpers.
 */
#ifndef VFS_PRIV_H
#define VFS_PRIV_H

#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/inode.h>
#include <uk/percpu.h>
#include <uk/spinlock.h>
#include <uk/vfs.h>

#define VFS_LINKS_MAX 40    /* symbolic links in one walk */
#define VFS_BLOCK     4096u /* a good size of a transfer: st_blksize */

/* Reference counts: one instruction to take, two to drop. */
static inline void ref_get(uint32_t *refs)
{
	__atomic_fetch_add(refs, 1, __ATOMIC_RELAXED);
}

static inline bool ref_put(uint32_t *refs) /* true: that was the last one */
{
	return __atomic_sub_fetch(refs, 1, __ATOMIC_ACQ_REL) == 0;
}

/*
 * The tree as readers see it: names that a quick walk crosses, and the pointers that have no lock of
 * their own (an inode's parent and mounted, a context's root and cwd). Who reads them is in a
 * section, for a few instructions, just long enough to take a reference. Sections do not keep each
 * other out, do not nest and do not block. Threads.
 *
 * Who changes any of it first makes the change visible, or the directory known as one that is being
 * changed, and then calls tree_wait(): afterwards nobody is left who has seen what was there before, so
 * it may go. On one CPU that is true as soon as the changer runs. With several, each CPU counts the
 * ends of its sections: an odd count is one that runs. So readers write nothing that another CPU
 * reads, unless it changes something; that is why there is no lock here, and no reference.
 */
#ifdef CONFIG_SMP
struct tree_reader {
	uint32_t count;
} UK_CPU_ALIGNED;

extern struct tree_reader vfs_tree_readers[UK_CPUS];

static inline void tree_enter(void)
{
	uk_preempt_disable();
	/* A full barrier: this is seen before anything of the tree is read. */
	__atomic_fetch_add(&vfs_tree_readers[uk_cpu()].count, 1, __ATOMIC_SEQ_CST);
}

static inline void tree_leave(void)
{
	struct tree_reader *r = &vfs_tree_readers[uk_cpu()];

	__atomic_store_n(&r->count, r->count + 1, __ATOMIC_RELEASE);
	uk_preempt_enable();
}

/* Until every section that runs now has ended. Threads, outside of sections; spins. */
void tree_wait(void);
#else
static inline void tree_enter(void)
{
	uk_preempt_disable();
}

static inline void tree_leave(void)
{
	uk_preempt_enable();
}

static inline void tree_wait(void)
{
}
#endif

/* Serialises mount, unmount and changes of the list of mounts. */
extern struct uk_mutex vfs_mount_lock;
extern struct uk_list vfs_mounts;

/* ---- walk.c ---- */

/* What the last component of a path was. */
enum walk_last {
	WALK_NAME,   /* an ordinary name, in walk.name */
	WALK_ROOT,   /* there was none: the path is only slashes */
	WALK_DOT,    /* "." */
	WALK_DOTDOT, /* ".." */
};

/*
 * A walk stops before the last component, so that one function serves calls that look it up, create
 * it or remove it. With last != WALK_NAME the path names `dir` itself.
 */
struct walk {
	struct uk_fs_ctx *ctx;
	struct uk_inode *dir; /* a reference; where `name` is to be looked up */
	struct uk_name name;
	const char *rest; /* what is still to be walked; empty once the walk has stopped */
	enum walk_last last;
	bool slash;       /* a slash followed: what it names must be a directory */
	uint8_t links;    /* symbolic links followed so far */
	const char *path; /* the caller's, while `rest` points into it */
	char *text;       /* or the text of a symbolic link with what followed it */
};

/* Walk up to the last component. walk_end() only after success. */
int walk_begin(struct walk *w, struct uk_fs_ctx *ctx, struct uk_file *at, const char *path);

/*
 * The same in steps, for who wants to use the quick walk. In a section: walk_start() chooses
 * the first directory; then, if may_quick(), walk_quick() tries the whole path. If it returns true,
 * `inode` is what the path names or NULL, and `dir` and `name` are its last component; else it gave
 * up. There are no references here: the caller takes one, of the inode or of the directory, before
 * it leaves the section. Then walk_init() and walk_parent() do it fully, or walk_continue() goes
 * on where the quick walk has stopped.
 */
struct quick_walk {
	struct uk_inode *dir, *inode;
	struct uk_name name;
};

static inline int walk_start(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path,
			     struct uk_inode **dir)
{
	struct uk_inode *d;

	if (*path == '/') {
		d = UK_READ_ONCE(ctx->root);
	} else if (UK_LIKELY(!at)) {
		d = UK_READ_ONCE(ctx->cwd);
	} else {
		d = at->inode;
		if (!d || !uk_inode_is(d, UK_S_IFDIR))
			return *path ? -ENOTDIR : -ENOENT;
	}
	*dir = d;
	return UK_LIKELY(*path && d) ? 0 : -ENOENT; /* no root before the first mount */
}

/* The quick walk does not look at permissions. */
static inline bool may_quick(const struct uk_fs_ctx *ctx)
{
	return UK_LIKELY(!ctx->uid);
}

bool walk_quick(struct uk_inode *dir, const char *path, struct quick_walk *q);

/*
 * The quick walk for who changes the directory that it ends in: that is locked then, so what q says
 * stays true, and `dir` is a reference, and so is `inode` if it is there. walk_unlock() ends it.
 */
bool walk_quick_lock(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path,
		     struct quick_walk *q);

static inline bool walk_lock_found(struct quick_walk *q)
{
	/*
	 * On one CPU nobody has it: the walk would not have been quick. With several, who has it waits
	 * for the end of our section before it changes anything, if that is what it is about.
	 */
	if (UK_UNLIKELY(!uk_mutex_trylock(&q->dir->lock)))
		return false;
	ref_get(&q->dir->refs);
	if (q->inode)
		ref_get(&q->inode->refs);
	return true;
}

static inline void walk_unlock(struct quick_walk *q)
{
	uk_mutex_unlock(&q->dir->lock);
	if (q->inode)
		uk_inode_put(q->inode);
	uk_inode_put(q->dir);
}

/*
 * Recently walked paths (recall.c), also in a section: the inode without a reference, or NULL: walk.
 * What walk_quick() found may be remembered. (That there was nothing, and where, it remembers itself.)
 */
struct uk_inode *walk_recall(struct uk_inode *dir, const char *path);
void walk_remember(struct uk_inode *dir, const char *path, const struct quick_walk *q);
/* Where a path leads that named nothing the last time: q but for its inode. */
bool walk_recall_place(struct uk_inode *dir, const char *path, struct quick_walk *q);

/*
 * With dir->lock held, around every change of its names: nobody walks it quickly meanwhile. Several are
 * marked first and then waited for once.
 */
static inline void dir_mark(struct uk_inode *dir UK_UNUSED)
{
#ifdef CONFIG_SMP
	__atomic_store_n(&dir->changing, true,
			 __ATOMIC_RELAXED); /* tree_wait() starts with a barrier */
#endif
}

static inline void dir_change_begin(struct uk_inode *dir)
{
	dir_mark(dir);
	tree_wait();
}

static inline void dir_change_end(struct uk_inode *dir UK_UNUSED)
{
#ifdef CONFIG_SMP
	__atomic_store_n(&dir->changing, false, __ATOMIC_RELEASE);
#endif
}

/*
 * A name is about to be moved: the directory is locked and marked. Or something was mounted. Nobody who
 * walked before is left, or he would note what he found as of the new generation; and when
 * this returns nobody uses a note of the old one. (A name that is made changes nothing for paths that
 * were walked before.)
 */
extern uint32_t vfs_names_generation;

static inline void names_change(void)
{
	__atomic_fetch_add(&vfs_names_generation, 1, __ATOMIC_SEQ_CST);
	tree_wait();
}

/* A name of this inode is about to be removed. */
static inline void name_goes(const struct uk_inode *inode)
{
	if (uk_shared_get(inode->recalled) || uk_inode_is(inode, UK_S_IFDIR))
		names_change();
}

void walk_init(struct walk *w, struct uk_fs_ctx *ctx, struct uk_inode *dir, const char *path);
void walk_continue(struct walk *w, const struct quick_walk *q);
/* With a reference to w->dir: on to the last component of w->rest. */
int walk_parent(struct walk *w);

/* The inode of the last component (or dir itself) with a reference. -ENOENT if it does not exist. */
int walk_last(struct walk *w, struct uk_inode **inode);
/* The same with dir->lock held; last must be WALK_NAME. */
int walk_last_locked(struct walk *w, struct uk_inode **inode);
/* The last component is this symbolic link: go on with its text, up to the last component of that. */
int walk_follow(struct walk *w, struct uk_inode *link);
void walk_end(struct walk *w);

/*
 * The inode that a path names. `flags`: UK_AT_SYMLINK_NOFOLLOW; UK_AT_EMPTY_PATH or path == NULL
 * for `at` itself.
 */
int walk_path(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned flags,
	      struct uk_inode **inode);

/* The same in two halves: first, in a section, the inode if it is known, or NULL; then the rest. */
static inline struct uk_inode *walk_known(struct uk_fs_ctx *ctx, struct uk_file *at,
					  const char *path)
{
	struct uk_inode *dir;

	if (UK_UNLIKELY(!path) || !may_quick(ctx) || walk_start(ctx, at, path, &dir))
		return NULL;
	return walk_recall(dir, path);
}

int walk_path_unknown(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned flags,
		      struct uk_inode **inode);

/* ---- inode.c ---- */

/* Slow path of may(): not the superuser. */
int inode_check_mode(const struct uk_fs_ctx *ctx, const struct uk_inode *inode, unsigned want);

/* May the context read, write, search (UK_R_OK | ...) this inode? 0 or -EACCES. */
static inline int may(const struct uk_fs_ctx *ctx, const struct uk_inode *inode, unsigned want)
{
	return UK_LIKELY(!ctx->uid) ? 0 : inode_check_mode(ctx, inode, want);
}

/* As may(); also -EROFS for writing to a read-only file system. */
int may_write(const struct uk_fs_ctx *ctx, const struct uk_inode *inode, unsigned want);

/* Fill in st from the inode's fields. */
void inode_fill(const struct uk_inode *inode, struct uk_abi_stat *st);

/* Apply attributes: lock, setattr or plain stores, ctime. */
int inode_setattr(struct uk_inode *inode, struct uk_attr *attr);

/* Give a directory that came from the provider its parent; takes a reference if it had none. */
void inode_adopt(struct uk_inode *dir, struct uk_inode *child);

/* ---- file.c, pipe.c, lock.c ---- */

/* A file on an inode: takes over the caller's reference to the inode if it succeeds. */
int file_open_inode(struct uk_file *f, struct uk_inode *inode);
/* Ends what epoll instances know of a file that goes; set when there may be any. */
extern void (*vfs_unwatch)(struct uk_file *f);
/* Instead of uk_file_put() for a file that was made in vain: its operations are not called. */
void file_abandon(struct uk_file *f);
int fifo_open(struct uk_file *f);
/* F_GETPIPE_SZ, F_SETPIPE_SZ. */
long pipe_fcntl(struct uk_file *f, int cmd, uintptr_t arg);
/* uk_file_lock() with the caller's struct flock. */
int lock_fcntl(struct uk_file *f, struct uk_fdtab *owner, int cmd, uintptr_t arg);
/* Drop the POSIX locks that `owner` has on the inode, or with a file, all that belong to it. */
void locks_drop(struct uk_inode *inode, const void *owner);

#endif
