/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * read and write, pread and pwrite: one buffer.
 */
#include "internal.h"
#ifdef CONFIG_LIBPOSIX_SIGNAL
#include <uk/signal.h>
#endif

long posix_file_written(long rc)
{
#ifdef CONFIG_LIBPOSIX_SIGNAL
	if (UK_UNLIKELY(rc == -EPIPE))
		uk_signal_send_task(uk_task_current(), UK_SIGPIPE);
#endif
	return restartable(rc);
}

/* A transfer of nothing does not look at the buffer. */
static inline bool bad_buffer(const void *buf, size_t n)
{
	n = UK_MIN(n, UK_IO_BYTES); /* no more is transferred, and the check becomes simpler */
	return UK_UNLIKELY(!uk_access_ok(buf, n)) && n;
}

/* O_PATH is checked with the rest of what the file allows, unless we do not get that far. */
static UK_NOINLINE long bad(const struct uk_file *f)
{
	return f->flags & UK_O_PATH ? -EBADF : -EFAULT;
}

UK_SYSCALL_RESTART(ssize_t, read, int fd, void *buf, size_t n)
{
	struct uk_iter it = uk_iter_buf(buf, n);

	return WITH_FILE(fd, bad_buffer(buf, n) ? bad(f) : restartable(uk_file_read(f, &it)));
}

UK_SYSCALL_RESTART(ssize_t, write, int fd, const void *buf, size_t n)
{
	struct uk_iter it = uk_iter_buf(buf, n);

	return WITH_FILE(fd,
			 bad_buffer(buf, n) ? bad(f) : posix_file_written(uk_file_write(f, &it)));
}

/* What has positions does not make anybody wait, so there is nothing to start again. */
UK_SYSCALL_BARE(ssize_t, pread64, int fd, void *buf, size_t n, uk_off_t pos)
{
	struct uk_iter it = uk_iter_buf(buf, n);

	return WITH_FILE(fd, bad_buffer(buf, n) ? bad(f) : uk_file_pread(f, &it, pos));
}

UK_SYSCALL_BARE(ssize_t, pwrite64, int fd, const void *buf, size_t n, uk_off_t pos)
{
	struct uk_iter it = uk_iter_buf(buf, n);

	return WITH_FILE(fd, bad_buffer(buf, n) ? bad(f) : uk_file_pwrite(f, &it, pos));
}

UK_SYSCALL(uk_off_t, lseek, int fd, uk_off_t off, int whence)
{
	return WITH_IO(fd, uk_file_seek(f, off, whence));
}
