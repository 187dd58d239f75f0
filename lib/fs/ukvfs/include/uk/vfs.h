/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file tree: path names, mounts, and the calls that take a path.
 *
 * Every call takes the context (root, working directory, umask, ids) and, like Linux's ...at()
 * calls, a starting point `at`: an open directory, or NULL for the working directory. Paths are
 * terminated strings that nobody changes during the call (the system call layer copies them in
 * where user memory is foreign). Errors are Linux's, among them always: -ENOENT, -ENOTDIR, -ELOOP (more than
 * 40 symbolic links), -ENAMETOOLONG, -EACCES, -ENOMEM, -EIO; beside them those that are named.
 *
 * Threads only; anything may block.
 */
#ifndef UK_VFS_H
#define UK_VFS_H

#include <uk/abi/file.h>
#include <uk/api.h>
#include <uk/file.h>

struct uk_inode;

/* What a process sees of the tree. Shared by its threads; fork copies it. */
struct uk_fs_ctx {
	uint32_t refs;
	uint32_t umask;
	uint32_t uid, gid; /* effective: owner of new files, and for permission checks; 0 may all */
	struct uk_inode *root;
	struct uk_inode *cwd;
};

UK_API_BEGIN

/* The context that boot has set up (root directory, umask 022). Not counted. */
extern struct uk_fs_ctx uk_fs_ctx_boot;

/* A copy with one reference, or NULL: no memory. */
struct uk_fs_ctx *uk_fs_ctx_clone(struct uk_fs_ctx *from);
void uk_fs_ctx_get(struct uk_fs_ctx *ctx);
void uk_fs_ctx_put(struct uk_fs_ctx *ctx);

/*
 * open(2), all flags but UK_O_CLOEXEC (the descriptor table's). *file gets one reference. -EEXIST,
 * -EISDIR, -ENXIO (a FIFO without reader, a device nobody drives), -EROFS, -ETXTBSY, -ENOSPC, -EINVAL.
 */
int uk_vfs_open(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned flags,
		uint32_t mode, struct uk_file **file);

/* fstatat(2): `flags` UK_AT_SYMLINK_NOFOLLOW, UK_AT_EMPTY_PATH (`at` itself, which may be NULL: cwd). */
int uk_vfs_stat(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned flags,
		struct uk_abi_stat *st);
int uk_vfs_statfs(struct uk_fs_ctx *ctx, const char *path, struct uk_abi_statfs *st);
/* faccessat2(2); `mode` UK_F_OK or UK_R_OK | UK_W_OK | UK_X_OK. */
int uk_vfs_access(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned mode,
		  unsigned flags);
/* The length; the text is cut to `size` and not terminated. -EINVAL: no link. "" means `at`. */
ssize_t uk_vfs_readlink(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, char *buf,
			size_t size);

int uk_vfs_mkdir(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, uint32_t mode);
int uk_vfs_mknod(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, uint32_t mode,
		 uint64_t rdev);
int uk_vfs_symlink(struct uk_fs_ctx *ctx, const char *target, struct uk_file *at, const char *path);
/* linkat(2): `flags` UK_AT_SYMLINK_FOLLOW, UK_AT_EMPTY_PATH. -EXDEV, -EPERM: a directory. */
int uk_vfs_link(struct uk_fs_ctx *ctx, struct uk_file *oldat, const char *oldpath,
		struct uk_file *newat, const char *newpath, unsigned flags);
/* unlinkat(2): `flags` 0 or UK_AT_REMOVEDIR. -EISDIR, -ENOTEMPTY, -EBUSY: a mount point. */
int uk_vfs_unlink(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned flags);
/* renameat2(2): `flags` 0, UK_RENAME_NOREPLACE or UK_RENAME_EXCHANGE. */
int uk_vfs_rename(struct uk_fs_ctx *ctx, struct uk_file *oldat, const char *oldpath,
		  struct uk_file *newat, const char *newpath, unsigned flags);

/*
 * The four below act on `path`, or on `at` itself if path is NULL (fchmod, fchown, futimens).
 * `flags` UK_AT_SYMLINK_NOFOLLOW, UK_AT_EMPTY_PATH.
 */
int uk_vfs_chmod(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, uint32_t mode,
		 unsigned flags);
/* An id of UINT32_MAX leaves it alone. */
int uk_vfs_chown(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, uint32_t uid,
		 uint32_t gid, unsigned flags);

/* As in utimensat(2): nsec may be UK_UTIME_NOW or UK_UTIME_OMIT. */
struct uk_vfs_time {
	int64_t sec;
	int64_t nsec;
};
/* `times`: of access and of modification, or NULL: both now. */
int uk_vfs_utimens(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path,
		   const struct uk_vfs_time times[2], unsigned flags);
int uk_vfs_truncate(struct uk_fs_ctx *ctx, const char *path, uk_off_t size);

/* chdir(2), or fchdir(2) if path is NULL. */
int uk_vfs_chdir(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path);
int uk_vfs_chroot(struct uk_fs_ctx *ctx, const char *path);
/* The length with the terminating 0; -ERANGE: does not fit; -ENOENT: was removed. */
ssize_t uk_vfs_getcwd(struct uk_fs_ctx *ctx, char *buf, size_t size);

/*
 * Mount file system `fs` ("ramfs") from `dev` on directory `path` with UK_MS_* flags and the
 * file system's own options. -ENODEV: no such file system in this image; -EBUSY: already there.
 */
int uk_vfs_mount(struct uk_fs_ctx *ctx, const char *dev, const char *path, const char *fs,
		 unsigned flags, const char *opts);
/* -EBUSY: something in it is in use; -EINVAL: not the root of a mount. */
int uk_vfs_umount(struct uk_fs_ctx *ctx, const char *path);
/* sync(2): all file systems. */
void uk_vfs_sync(void);

UK_API_END

#endif
