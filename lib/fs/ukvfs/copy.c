/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sendfile(2): bytes from one file to another through a page of the kernel's.
 */
#include "vfs_priv.h"

ssize_t uk_file_copy(struct uk_file *out, uk_off_t *out_pos, struct uk_file *in, uk_off_t *in_pos,
		     size_t n)
{
	char *page;
	ssize_t done = 0, got = 0, put = 0;

	if (!uk_file_readable(in) || !uk_file_writable(out))
		return -EBADF;
	if (out->flags & UK_O_APPEND)
		return -EINVAL;
	page = uk_malloc(VFS_BLOCK);
	if (!page)
		return -ENOMEM;
	n = UK_MIN(n, UK_IO_BYTES);
	while ((size_t)done < n) {
		struct uk_iter it = uk_iter_buf(page, UK_MIN(n - (size_t)done, VFS_BLOCK));
		uk_off_t start = in->pos;

		got = in_pos ? uk_file_pread(in, &it, *in_pos) : uk_file_read(in, &it);
		if (got <= 0)
			break;
		it = uk_iter_buf(page, (size_t)got);
		put = out_pos ? uk_file_pwrite(out, &it, *out_pos) : uk_file_write(out, &it);
		if (put > 0) {
			done += put;
			if (out_pos)
				*out_pos += put;
		}
		if (in_pos)
			*in_pos += put > 0 ? put : 0;
		else if (put < got && in->ops->seek)
			in->ops->seek(in, start + (put > 0 ? put : 0), UK_SEEK_SET);
		if (put < got)
			break;
	}
	uk_free(page);
	if (done)
		return done;
	return got < 0 ? got : put;
}
