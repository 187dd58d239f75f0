/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The caller's buffers of one transfer.
 *
 * read, pread, readv and preadv differ only in how they name memory and position. They become one
 * struct uk_iter, and a file's operations move bytes to and from it with uk_iter_put(),
 * uk_iter_get() and uk_iter_zero(). These are the only functions that touch the caller's
 * buffers: a configuration with user mode replaces the memcpy in here by its accessor.
 */
#ifndef UK_IOV_H
#define UK_IOV_H

#include <uk/api.h>
#include <uk/errno.h>
#include <uk/essentials.h>
#include <uk/string.h>

/* The layout of Linux's struct iovec. */
struct uk_iovec {
	void *base;
	size_t len;
};

#define UK_IOV_MAX  1024
#define UK_IO_BYTES 0x7ffff000UL /* the most that one call transfers, as on Linux */

struct uk_iter {
	char *p;                    /* where the next byte goes */
	size_t here;                /* bytes left at p */
	size_t left;                /* bytes left in all */
	const struct uk_iovec *iov; /* the element after p's */
	unsigned n;                 /* elements left from iov on */
};

/* One buffer. */
static inline struct uk_iter uk_iter_buf(const void *buf, size_t n)
{
	struct uk_iter it;

	if (n > UK_IO_BYTES)
		n = UK_IO_BYTES;
	/* Field by field: with the last byte of `here` goes the last of `left`, so iov is never read. */
	it.p = (char *)buf;
	it.here = n;
	it.left = n;
	it.n = 0;
	return it;
}

/* Move on by n <= it->here bytes. For the functions below. */
static inline void uk_iter_advance(struct uk_iter *it, size_t n)
{
	it->p += n;
	it->here -= n;
	it->left -= n;
}

UK_API_BEGIN

/*
 * Several buffers. `iov` is used, not copied: it must be the kernel's own copy of the caller's
 * array and outlive the iterator. 0, or -EINVAL for n > UK_IOV_MAX or a sum beyond SSIZE_MAX;
 * a sum beyond UK_IO_BYTES is cut to it.
 */
int uk_iter_iov(struct uk_iter *it, const struct uk_iovec *iov, unsigned n);

/* Out of line: the transfer goes past the current buffer. */
size_t uk_iter_put_slow(struct uk_iter *it, const void *src, size_t n);
size_t uk_iter_get_slow(struct uk_iter *it, void *dst, size_t n);
size_t uk_iter_zero_slow(struct uk_iter *it, size_t n);

/*
 * Where `here` is 0: on to the next buffer that has bytes, if there is one. For who hands the caller's bytes on
 * as they lie at p, `here` of them at most, and then advances. Keeps here <= left.
 */
bool uk_iter_next(struct uk_iter *it);

/* Pass over the next n bytes, n <= it->left. */
void uk_iter_skip(struct uk_iter *it, size_t n);

/*
 * Hand all that is left of the caller's bytes to fn, piece by piece as they lie (or, where user
 * memory is foreign, from a buffer of the kernel's), for devices that take them at once.
 */
void uk_iter_each(struct uk_iter *it, void (*fn)(void *arg, const void *piece, size_t n),
		  void *arg);

UK_API_END

/*
 * Move min(n, it->left) bytes and advance: into the caller's buffers, out of them, or zeros into
 * them. Return the number moved; less means that memory of the caller was not accessible (-EFAULT
 * if it is 0 and n was not). Thread context, may fault and so may block.
 */
static inline size_t uk_iter_put(struct uk_iter *it, const void *src, size_t n)
{
	char *p = it->p;

	if (UK_UNLIKELY(n > it->here))
		return uk_iter_put_slow(it, src, n);
	uk_iter_advance(it, n);
	memcpy(p, src, n);
	return n;
}

static inline size_t uk_iter_get(struct uk_iter *it, void *dst, size_t n)
{
	const char *p = it->p;

	if (UK_UNLIKELY(n > it->here))
		return uk_iter_get_slow(it, dst, n);
	uk_iter_advance(it, n);
	memcpy(dst, p, n);
	return n;
}

static inline size_t uk_iter_zero(struct uk_iter *it, size_t n)
{
	char *p = it->p;

	if (UK_UNLIKELY(n > it->here))
		return uk_iter_zero_slow(it, n);
	uk_iter_advance(it, n);
	memset(p, 0, n);
	return n;
}

/*
 * The same for who moves all that is left and has seen that it is in one piece (it->left <=
 * it->here). The iterator is of no use afterwards.
 */
static inline void uk_iter_put_all(const struct uk_iter *it, const void *src, size_t left)
{
	memcpy(it->p, src, left);
}

static inline void uk_iter_get_all(const struct uk_iter *it, void *dst, size_t left)
{
	memcpy(dst, it->p, left);
}

/*
 * One object at an address that came with an ioctl or fcntl: 0 or -EFAULT. (The builtin, so that
 * the small constant sizes become moves.)
 */
static UK_ALWAYS_INLINE int uk_user_read(void *dst, uintptr_t src, size_t n)
{
	if (UK_UNLIKELY(!src))
		return -EFAULT;
	__builtin_memcpy(dst, (const void *)src, n);
	return 0;
}

/* The same to an array that the POSIX layer has checked: uk_user_store(&array[i], &value). */
#define uk_user_store(dst, src) __builtin_memcpy(dst, src, sizeof(*(src)))

static UK_ALWAYS_INLINE int uk_user_write(uintptr_t dst, const void *src, size_t n)
{
	if (UK_UNLIKELY(!dst))
		return -EFAULT;
	__builtin_memcpy((void *)dst, src, n);
	return 0;
}

#endif
