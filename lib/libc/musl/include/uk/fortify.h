/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FORTIFY (-D_FORTIFY_SOURCE=2, CONFIG_HARDEN_FORTIFY): C library functions that are given a buffer
 * look first whether what they write or read fits, where the compiler knows how large it is.
 *
 * The headers beside this one stand before musl's of the same name, include it, and put an inline
 * definition before some of its functions. Where the size is not known, or fits for certain, nothing
 * is left of it; otherwise a comparison. A pointer to such a function is musl's function.
 *
 * UK_ROOM(p) is the size of the whole object that p points into, which memcpy() and its like may mean;
 * UK_ROOM_MEMBER(p) that of the member of a structure, for texts. Both end at the object's end.
 */
#ifndef UK_FORTIFY_H
#define UK_FORTIFY_H

#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0 && defined(__OPTIMIZE__) &&                    \
	!defined(__cplusplus)
#define UK_FORTIFY 1

/* Says which function would have gone beyond its buffer, called from where; ends as a crash does. */
extern _Noreturn void __uk_fortify_fail(const char *function) __attribute__((__cold__));

#define UK_FORTIFIED                                                                               \
	extern __inline__ __attribute__((__gnu_inline__, __always_inline__, __artificial__))

#define UK_ROOM(p)        __builtin_object_size(p, 0)
#define UK_ROOM_MEMBER(p) __builtin_object_size(p, 1)
#define UK_ROOM_UNKNOWN   ((__SIZE_TYPE__)-1)

#define UK_FORTIFY_CHECK(function, n, room)                                                        \
	do {                                                                                       \
		if (__builtin_expect((__SIZE_TYPE__)(n) > (room), 0))                              \
			__uk_fortify_fail(function);                                               \
	} while (0)

/* Declares uk_real_NAME, which is NAME itself by a name that is not redefined. */
#define UK_FORTIFY_REAL(name) extern __typeof__(name) uk_real_##name __asm__(#name)
#endif

#endif
