/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sendfile(2): bytes from one file to another. Where the first can lend them, they are written from where they
 * lie, several pages at a time; else they go through a page of the kernel's.
 */
#include <uk/page.h>
#include "vfs_priv.h"

#define PIECES 16u

static ssize_t put(struct uk_file *out, struct uk_iter *it, uk_off_t *out_pos)
{
	ssize_t n = out_pos ? uk_file_pwrite(out, it, *out_pos) : uk_file_write(out, it);

	if (n > 0 && out_pos)
		*out_pos += n;
	return n;
}

/* From *pos on. */
static ssize_t lend(struct uk_file *out, uk_off_t *out_pos, struct uk_file *in, uk_off_t *pos,
		    size_t n)
{
	struct uk_iovec iov[PIECES];
	uk_paddr_t frame[PIECES];
	ssize_t done = 0, moved = 0;
	struct uk_iter it;
	unsigned i, k;

	while ((size_t)done < n) {
		size_t sum = 0;

		for (k = 0; k < PIECES && sum < n - (size_t)done; k++) {
			const void *p;

			iov[k].len = n - (size_t)done - sum;
			in->ops->borrow(in, *pos + (uk_off_t)sum, &p, &iov[k].len, &frame[k]);
			if (!iov[k].len)
				break;
			iov[k].base = (void *)(uintptr_t)p;
			sum += iov[k].len;
		}
		if (!k)
			break;
		if (k == 1)
			it = uk_iter_buf(iov[0].base, sum);
		else
			uk_iter_iov(&it, iov, k);
		moved = put(out, &it, out_pos);
		for (i = 0; i < k; i++)
			if (frame[i] != UK_PAGE_NONE)
				uk_page_unref(frame[i]);
		if (moved > 0) {
			done += moved;
			*pos += moved;
		}
		if (moved < (ssize_t)sum)
			break;
	}
	return done ? done : moved;
}

static ssize_t copy(struct uk_file *out, uk_off_t *out_pos, struct uk_file *in, uk_off_t *in_pos,
		    size_t n)
{
	char *page;
	ssize_t done = 0, got = 0, moved = 0;

	page = uk_malloc(VFS_BLOCK);
	if (!page)
		return -ENOMEM;
	while ((size_t)done < n) {
		struct uk_iter it = uk_iter_buf(page, UK_MIN(n - (size_t)done, VFS_BLOCK));
		uk_off_t start = in->pos;

		got = in_pos ? uk_file_pread(in, &it, *in_pos) : uk_file_read(in, &it);
		if (got <= 0)
			break;
		it = uk_iter_buf(page, (size_t)got);
		moved = put(out, &it, out_pos);
		if (moved > 0)
			done += moved;
		if (in_pos)
			*in_pos += moved > 0 ? moved : 0;
		else if (moved < got && in->ops->seek)
			in->ops->seek(in, start + (moved > 0 ? moved : 0), UK_SEEK_SET);
		if (moved < got)
			break;
	}
	uk_free(page);
	if (done)
		return done;
	return got < 0 ? got : moved;
}

ssize_t uk_file_copy(struct uk_file *out, uk_off_t *out_pos, struct uk_file *in, uk_off_t *in_pos,
		     size_t n)
{
	if (!uk_file_readable(in) || !uk_file_writable(out))
		return -EBADF;
	if (out->flags & UK_O_APPEND)
		return -EINVAL;
	/* As on Linux, from what has positions. */
	if (!(in->flags & UK_FILE_PREAD))
		return in_pos && !in->ops->seek ? -ESPIPE : -EINVAL;
	if (in_pos && *in_pos < 0)
		return -EINVAL;
	n = UK_MIN(n, UK_IO_BYTES);
	/* Not to a file of the same kind: it may lend bytes that are being written. */
	if (in->ops->borrow && !out->ops->borrow)
		return lend(out, out_pos, in, in_pos ? in_pos : &in->pos, n);
	return copy(out, out_pos, in, in_pos, n);
}
