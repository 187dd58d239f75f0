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
		       is_regular(in) && is_regular(out)
			       ? uk_file_copy(out, user_out ? &out_pos : NULL, in,
					      user_in ? &in_pos : NULL, n)
			       : -EINVAL);
	if (user_in && rc >= 0)
		uk_put_user(in_pos, user_in);
	if (user_out && rc >= 0)
		uk_put_user(out_pos, user_out);
	return restartable(rc);
}
