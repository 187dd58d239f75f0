/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of the application, as system calls see it.
 *
 * Whatever an argument points to is copied exactly once, through these functions, and judged in
 * the copy: between two looks another thread could have changed it. In the default configuration
 * application and kernel share one address space and the copy is a plain one; where they do not,
 * this header is the one place that changes. The buffers of read and write are not copied
 * twice: they go to the file as they are, after uk_access_ok().
 *
 * Only what is cheap is checked: addresses in the lowest and in the highest page, where
 * nothing can be (NULL, small offsets from it, error numbers taken for pointers). Any
 * other address without memory behind it is a fault, reported like one in the application.
 *
 * All functions may be called from thread context only, and do not block.
 */
#ifndef UK_UACCESS_H
#define UK_UACCESS_H

#include <uk/errno.h>
#include <uk/essentials.h>

#define UK_USER_MIN 4096UL

/* Whether the application could own `n` bytes at p; nothing is touched. */
static inline bool uk_access_ok(const void *p, size_t n)
{
	const size_t most = (size_t)-2 * UK_USER_MIN;

	return n <= most && (uintptr_t)p - UK_USER_MIN <= most - n;
}

/* The builtin, so that small constant sizes become moves: kernel code is compiled freestanding. */
#define uk_user_memcpy(dst, src, n) __builtin_memcpy(dst, src, n)

/* 0, or -EFAULT. `n` bytes from the application's `src`. */
static UK_ALWAYS_INLINE int uk_copy_from_user(void *dst, const void *src, size_t n)
{
	if (UK_UNLIKELY(!uk_access_ok(src, n)))
		return -EFAULT;
	uk_user_memcpy(dst, src, n);
	return 0;
}

/* 0, or -EFAULT. `n` bytes to the application's `dst`. */
static UK_ALWAYS_INLINE int uk_copy_to_user(void *dst, const void *src, size_t n)
{
	if (UK_UNLIKELY(!uk_access_ok(dst, n)))
		return -EFAULT;
	uk_user_memcpy(dst, src, n);
	return 0;
}

/*
 * A string from the application with its terminating 0 into a buffer of `size` bytes.
 * Its length, -EFAULT, or -ENAMETOOLONG if it does not fit.
 */
static inline ssize_t uk_strncpy_from_user(char *dst, const char *src, size_t size)
{
	size_t n;

	if (UK_UNLIKELY(!uk_access_ok(src, 1)))
		return -EFAULT;
	for (n = 0; n < size; n++)
		if (!(dst[n] = src[n]))
			return (ssize_t)n;
	return -ENAMETOOLONG;
}

/* One value of the pointed-to type: uk_get_user(&local, user_pointer). */
#define uk_get_user(dst, src)                                                                      \
	({                                                                                         \
		_Static_assert(sizeof(*(dst)) == sizeof(*(src)), "uk_get_user: size");             \
		uk_copy_from_user(dst, src, sizeof(*(dst)));                                       \
	})

/* One value: uk_put_user(value, user_pointer). */
#define uk_put_user(value, dst)                                                                    \
	({                                                                                         \
		__typeof__(*(dst)) uk_put_ = (value);                                              \
		uk_copy_to_user(dst, &uk_put_, sizeof(uk_put_));                                   \
	})

/*
 * A result that is a large structure, built where it goes: uk_out_begin() says where to build it
 * (NULL: -EFAULT), uk_out_end() delivers it, 0 or -EFAULT. `local` is used where the application's
 * memory is foreign; here it is the place itself, and `local` costs nothing.
 *
 *	struct uk_abi_stat local, *st = uk_out_begin(user, &local);
 */
#define uk_out_begin(user, local)                                                                  \
	({                                                                                         \
		(void)(local);                                                                     \
		UK_LIKELY(uk_access_ok(user, sizeof(*(user)))) ? (user) : NULL;                    \
	})
#define uk_out_end(user, built) ((void)(user), (void)(built), 0)

#endif
