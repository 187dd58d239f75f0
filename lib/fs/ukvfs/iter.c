/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Moving bytes between a file and several buffers: the cases that are not one memcpy.
 */
#include <uk/errno.h>
#include <uk/iov.h>

int uk_iter_iov(struct uk_iter *it, const struct uk_iovec *iov, unsigned n)
{
	size_t sum = 0;
	unsigned i;

	if (n > UK_IOV_MAX)
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (__builtin_add_overflow(sum, iov[i].len, &sum) || sum > PTRDIFF_MAX)
			return -EINVAL;
	*it = (struct uk_iter){ .left = UK_MIN(sum, UK_IO_BYTES), .iov = iov, .n = n };
	return 0;
}

bool uk_iter_next(struct uk_iter *it)
{
	while (!it->here) {
		if (!it->left || !it->n)
			return false;
		it->p = it->iov->base;
		it->here = UK_MIN(it->iov->len, it->left);
		it->iov++;
		it->n--;
	}
	return true;
}

UK_COLD void uk_iter_skip(struct uk_iter *it, size_t n)
{
	while (n && uk_iter_next(it)) {
		size_t part = UK_MIN(n, it->here);

		uk_iter_advance(it, part);
		n -= part;
	}
}

size_t uk_iter_put_slow(struct uk_iter *it, const void *src, size_t n)
{
	size_t done = 0;

	while (done < n && uk_iter_next(it)) {
		size_t part = UK_MIN(n - done, it->here);

		memcpy(it->p, (const char *)src + done, part);
		uk_iter_advance(it, part);
		done += part;
	}
	return done;
}

size_t uk_iter_get_slow(struct uk_iter *it, void *dst, size_t n)
{
	size_t done = 0;

	while (done < n && uk_iter_next(it)) {
		size_t part = UK_MIN(n - done, it->here);

		memcpy((char *)dst + done, it->p, part);
		uk_iter_advance(it, part);
		done += part;
	}
	return done;
}

size_t uk_iter_zero_slow(struct uk_iter *it, size_t n)
{
	size_t done = 0;

	while (done < n && uk_iter_next(it)) {
		size_t part = UK_MIN(n - done, it->here);

		memset(it->p, 0, part);
		uk_iter_advance(it, part);
		done += part;
	}
	return done;
}

void uk_iter_each(struct uk_iter *it, void (*fn)(void *arg, const void *piece, size_t n), void *arg)
{
	while (uk_iter_next(it)) {
		fn(arg, it->p, it->here);
		uk_iter_advance(it, it->here);
	}
}
