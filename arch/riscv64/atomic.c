/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Atomic operations on 1 and 2 bytes, which the CPU has for words only (RISC-V ISA vol. 1 §8): the bytes are changed
 * within their word, again until nothing came in between. All have the strongest order. By the names that
 * compilers call; of libatomic's arguments those that say which order are not looked at.
 */
#include <uk/api.h>
#include <uk/types.h>

#define ORDER __ATOMIC_SEQ_CST

/* The word that holds the bytes at p, and how far up in it they are. */
static inline uint32_t *word_of(volatile void *p, unsigned *shift)
{
	*shift = ((uintptr_t)p & 3) * 8;
	return (uint32_t *)((uintptr_t)p & ~3UL);
}

#define OPERATION(type, size, name, op)                                                            \
	type atomic_##name##_##size(volatile void *p,                                              \
				    type v) __asm__("__atomic_" #name "_" #size);                  \
	type atomic_##name##_##size(volatile void *p, type v)                                      \
	{                                                                                          \
		unsigned shift;                                                                    \
		uint32_t *w = word_of(p, &shift), all = *w, mask = (uint32_t)(type)-1 << shift;    \
		type old;                                                                          \
                                                                                                   \
		do                                                                                 \
			old = (type)(all >> shift);                                                \
		while (!__atomic_compare_exchange_n(w, &all,                                       \
						    (all & ~mask) | (uint32_t)(type)(op) << shift, \
						    false, ORDER, ORDER));                         \
		return old;                                                                        \
	}

#define OPERATIONS(type, size)                                                                     \
	OPERATION(type, size, exchange, v)                                                         \
	OPERATION(type, size, fetch_add, old + v)                                                  \
	OPERATION(type, size, fetch_sub, old - v)                                                  \
	OPERATION(type, size, fetch_and, old &v)                                                   \
	OPERATION(type, size, fetch_or, old | v)                                                   \
	OPERATION(type, size, fetch_xor, old ^ v)                                                  \
	bool atomic_compare_exchange_##size(volatile void *p, type *old,                           \
					    type v) __asm__("__atomic_compare_exchange_" #size);   \
	bool atomic_compare_exchange_##size(volatile void *p, type *old, type v)                   \
	{                                                                                          \
		unsigned shift;                                                                    \
		uint32_t *w = word_of(p, &shift), all = *w, mask = (uint32_t)(type)-1 << shift;    \
                                                                                                   \
		do {                                                                               \
			type seen = (type)(all >> shift);                                          \
                                                                                                   \
			if (seen != *old) {                                                        \
				*old = seen;                                                       \
				return false;                                                      \
			}                                                                          \
		} while (!__atomic_compare_exchange_n(w, &all,                                     \
						      (all & ~mask) | (uint32_t)v << shift, false, \
						      ORDER, ORDER));                              \
		return true;                                                                       \
	}

UK_API_BEGIN
OPERATIONS(uint8_t, 1)
OPERATIONS(uint16_t, 2)
UK_API_END
