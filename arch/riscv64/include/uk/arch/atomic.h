/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations that no interrupt can come into the middle of, for images with one CPU: the instructions of the
 * A extension (RISC-V ISA vol. 1 §8), without their bits of ordering. <uk/atomic.h> gives them their
 * names. On 1 and 2 bytes they are functions (atomic.c).
 */
#ifndef UK_ARCH_ATOMIC_H
#define UK_ARCH_ATOMIC_H

#include <uk/essentials.h>

#define UK_ARCH_LOCAL_RMW(op, p, n) __atomic_##op(p, n, __ATOMIC_RELAXED)

#define uk_arch_local_add(p, n)                                                                    \
	do {                                                                                       \
		UK_BARRIER();                                                                      \
		(void)UK_ARCH_LOCAL_RMW(fetch_add, p, n);                                          \
		UK_BARRIER();                                                                      \
	} while (0)

#define uk_arch_local_or(p, n)                                                                     \
	do {                                                                                       \
		UK_BARRIER();                                                                      \
		(void)UK_ARCH_LOCAL_RMW(fetch_or, p, n);                                           \
		UK_BARRIER();                                                                      \
	} while (0)

#define uk_arch_local_and(p, n)                                                                    \
	do {                                                                                       \
		UK_BARRIER();                                                                      \
		(void)UK_ARCH_LOCAL_RMW(fetch_and, p, n);                                          \
		UK_BARRIER();                                                                      \
	} while (0)

/* Returns the old value. */
#define uk_arch_local_fetch_add(p, n)                                                              \
	({                                                                                         \
		UK_BARRIER();                                                                      \
		__typeof__(*(p) + 0) old_ = UK_ARCH_LOCAL_RMW(fetch_add, p, n);                    \
		UK_BARRIER();                                                                      \
		(__typeof__(*(p)))old_;                                                            \
	})

/* If *p is *old it becomes v: true. Otherwise *old becomes what it is. */
#define uk_arch_local_cas(p, old, v)                                                               \
	({                                                                                         \
		UK_BARRIER();                                                                      \
		bool same_ = __atomic_compare_exchange_n(p, old, v, false, __ATOMIC_RELAXED,       \
							 __ATOMIC_RELAXED);                        \
		UK_BARRIER();                                                                      \
		same_;                                                                             \
	})

#endif
