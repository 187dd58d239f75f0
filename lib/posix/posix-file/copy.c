/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From file to file without a detour through the application's memory.
 */
#include <uk/inode.h>
#include "internal.h"

/* Runs `body` with both files held. */
#define WITH_PAIR(in_fd, out_fd, body)                                                             \
	WITH_IO(in_fd, ({                                                                          \
			struct uk_file *in = f;                                                    \
			WITH_IO(out_fd, ({                                                         \
					struct uk_file *out = f;                                   \
					(body);                                                    \
				}));                                                               \
		}))

UK_SYSCALL_RESTART(ssize_t, sendfile, int out_fd, int in_fd, uk_off_t *user_pos, size_t n)
{
	uk_off_t pos;
	ssize_t rc;

	if (user_pos && uk_get_user(&pos, user_pos))
		return -EFAULT;
	rc = WITH_PAIR(in_fd, out_fd, uk_file_copy(out, NULL, in, user_pos ? &pos : NULL, n));
	if (user_pos && rc >= 0)
		uk_put_user(pos, user_pos);
	return posix_file_written(rc);
}

/* Would a part of a file be copied onto itself? */
static bool overlap(const struct uk_file *in, uk_off_t in_pos, const struct uk_file *out,
		    uk_off_t out_pos, size_t n)
{
	uk_off_t apart = in_pos > out_pos ? in_pos - out_pos : out_pos - in_pos;

	return in->inode == out->inode && (uint64_t)apart < n;
}

static bool is_regular(const struct uk_file *f)
{
	return f->inode && uk_inode_is(f->inode, UK_S_IFREG);
}

UK_SYSCALL_RESTART(ssize_t, copy_file_range, int in_fd, uk_off_t *user_in, int out_fd,
		   uk_off_t *user_out, size_t n, unsigned flags)
{
	uk_off_t in_pos, out_pos;
	ssize_t rc;

	if (flags)
		return -EINVAL;
	if ((user_in && uk_get_user(&in_pos, user_in)) ||
	    (user_out && uk_get_user(&out_pos, user_out)))
		return -EFAULT;
	rc = WITH_PAIR(in_fd, out_fd,
		       is_regular(in) && is_regular(out) &&
				       !overlap(in, user_in ? in_pos : in->pos, out,
						user_out ? out_pos : out->pos, n)
			       ? uk_file_copy(out, user_out ? &out_pos : NULL, in,
					      user_in ? &in_pos : NULL, n)
			       : -EINVAL);
	if (user_in && rc >= 0)
		uk_put_user(in_pos, user_in);
	if (user_out && rc >= 0)
		uk_put_user(out_pos, user_out);
	return restartable(rc);
}

#define SPLICE_F_NONBLOCK 2U
#define SPLICE_F_ALL      15U /* the others are advice */

static ssize_t splice(struct uk_file *in, uk_off_t *user_in, struct uk_file *out,
		      uk_off_t *user_out, size_t n, bool wait)
{
	uk_off_t in_pos, out_pos;
	ssize_t rc;

	if ((user_in && uk_file_is_pipe(in)) || (user_out && uk_file_is_pipe(out)))
		return -ESPIPE;
	if ((user_out && uk_get_user(&out_pos, user_out)) ||
	    (user_in && uk_get_user(&in_pos, user_in)))
		return -EFAULT;
	rc = uk_file_splice(out, user_out ? &out_pos : NULL, in, user_in ? &in_pos : NULL, n, wait);
	if (rc >= 0 && ((user_out && uk_put_user(out_pos, user_out)) ||
			(user_in && uk_put_user(in_pos, user_in))))
		return -EFAULT;
	return rc;
}

UK_SYSCALL_RESTART(ssize_t, splice, int in_fd, uk_off_t *user_in, int out_fd, uk_off_t *user_out,
		   size_t n, unsigned flags)
{
	ssize_t rc;

	if (!n)
		return 0;
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	rc = WITH_PAIR(in_fd, out_fd,
		       splice(in, user_in, out, user_out, n, !(flags & SPLICE_F_NONBLOCK)));
	return posix_file_written(rc);
}
