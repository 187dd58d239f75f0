/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared by the files of posix-file: from the caller's numbers and pointers to what ukvfs takes.
 *
 * Path names are handed on where they are: in the default configuration the caller's memory is
 * the kernel's, and ukvfs looks at each byte once per component. A configuration with foreign
 * user memory copies them in path_check().
 */
#ifndef POSIX_FILE_INTERNAL_H
#define POSIX_FILE_INTERNAL_H

#include <uk/errno.h>
#include <uk/fdtab.h>
#include <uk/process.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>
#include <uk/vfs.h>

static inline struct uk_fdtab *files(void)
{
	return uk_process_current()->files;
}

static inline struct uk_fs_ctx *fs(void)
{
	return uk_process_current()->fs;
}

static inline int path_check(const char *path)
{
	return UK_LIKELY(uk_access_ok(path, 1)) ? 0 : -EFAULT;
}

/*
 * Runs `call`, in which `at` stands for where the path starts, and gives its result; or the
 * error of `path` or `dirfd`.
 */
#define WITH_AT(dirfd, path, call)                                                                 \
	({                                                                                         \
		struct uk_file *at = NULL;                                                         \
		long rc_ = path_check(path);                                                       \
		if (!rc_)                                                                          \
			rc_ = uk_fd_get_at(files(), dirfd, path, &at);                             \
		if (!rc_) {                                                                        \
			rc_ = (call);                                                              \
			uk_fd_put_at(at);                                                          \
		}                                                                                  \
		rc_;                                                                               \
	})

/* The same for a descriptor alone: `f` is its file, found by `get`. */
#define WITH_FILE_BY(get, fd, call)                                                                \
	({                                                                                         \
		struct uk_file *f = get(files(), fd);                                              \
		long rc_ = -EBADF;                                                                 \
		if (UK_LIKELY(f)) {                                                                \
			rc_ = (call);                                                              \
			uk_file_put(f);                                                            \
		}                                                                                  \
		rc_;                                                                               \
	})
#define WITH_FILE(fd, call) WITH_FILE_BY(uk_fd_get, fd, call)

/* And for transfers, which descriptors opened with O_PATH do not allow. */
#define WITH_IO(fd, call) WITH_FILE_BY(uk_fd_get_io, fd, call)

/* For calls that start again after a signal's handler. */
static inline long restartable(long rc)
{
	return UK_UNLIKELY(rc == -EINTR) ? -UK_ERESTART : rc;
}

/* What a write returned: nobody reads any more, and the writer gets SIGPIPE for it. */
long posix_file_written(long rc);

#endif
