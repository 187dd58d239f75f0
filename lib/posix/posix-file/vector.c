/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * readv, writev and relatives: several buffers, named by an array that is copied and checked once.
 */
#include <uk/alloc.h>
#include "internal.h"

#define ON_STACK 8
#define POS_NONE (-1) /* the file's own position; preadv2() has the same convention */

struct vector {
	struct uk_iovec on_stack[ON_STACK], *iov;
	struct uk_iter it;
};

static void vector_end(struct vector *v)
{
	if (v->iov != v->on_stack)
		uk_free(v->iov);
}

static int vector_begin(struct vector *v, const struct uk_iovec *user, unsigned long n)
{
	unsigned i;
	int rc;

	if (n > UK_IOV_MAX)
		return -EINVAL;
	v->iov = n <= ON_STACK ? v->on_stack : uk_malloc(n * sizeof(*v->iov));
	if (!v->iov)
		return -ENOMEM;
	rc = n ? uk_copy_from_user(v->iov, user, n * sizeof(*v->iov)) : 0;
	if (!rc)
		rc = uk_iter_iov(&v->it, v->iov, (unsigned)n);
	for (i = 0; i < n && !rc; i++)
		if (v->iov[i].len && !uk_access_ok(v->iov[i].base, v->iov[i].len))
			rc = -EFAULT;
	if (rc)
		vector_end(v);
	return rc;
}

static ssize_t transfer(int fd, const struct uk_iovec *user, unsigned long n, uk_off_t pos,
			bool positioned, bool write)
{
	struct uk_file *f = uk_fd_get_io(files(), fd);
	struct vector v;
	ssize_t rc;

	if (!f)
		return -EBADF;
	rc = vector_begin(&v, user, n);
	if (!rc) {
		if (write)
			rc = posix_file_written(positioned ? uk_file_pwrite(f, &v.it, pos)
							   : uk_file_write(f, &v.it));
		else
			rc = restartable(positioned ? uk_file_pread(f, &v.it, pos)
						    : uk_file_read(f, &v.it));
		vector_end(&v);
	}
	uk_file_put(f);
	return rc;
}

UK_SYSCALL_RESTART(ssize_t, readv, int fd, const struct uk_iovec *iov, unsigned long n)
{
	return transfer(fd, iov, n, 0, false, false);
}

UK_SYSCALL_RESTART(ssize_t, writev, int fd, const struct uk_iovec *iov, unsigned long n)
{
	return transfer(fd, iov, n, 0, false, true);
}

/* The position comes in two halves; on 64-bit machines the first one is all of it. */
UK_SYSCALL_RESTART(ssize_t, preadv, int fd, const struct uk_iovec *iov, unsigned long n,
		   uk_off_t pos, long high)
{
	return transfer(fd, iov, n, pos, true, false);
}

UK_SYSCALL_RESTART(ssize_t, pwritev, int fd, const struct uk_iovec *iov, unsigned long n,
		   uk_off_t pos, long high)
{
	return transfer(fd, iov, n, pos, true, true);
}

/* No flag (RWF_*) is offered. */
UK_SYSCALL_RESTART(ssize_t, preadv2, int fd, const struct uk_iovec *iov, unsigned long n,
		   uk_off_t pos, long high, int flags)
{
	return flags ? -EOPNOTSUPP : transfer(fd, iov, n, pos, pos != POS_NONE, false);
}

UK_SYSCALL_RESTART(ssize_t, pwritev2, int fd, const struct uk_iovec *iov, unsigned long n,
		   uk_off_t pos, long high, int flags)
{
	return flags ? -EOPNOTSUPP : transfer(fd, iov, n, pos, pos != POS_NONE, true);
}
