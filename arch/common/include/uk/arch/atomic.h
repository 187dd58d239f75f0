/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations that no interrupt can come into the middle of, for images with one CPU: the compiler's atomic ones, which do no
 * more than that if no order is asked for (riscv64: the A extension, vol. 1 §8, and on 1 and 2 bytes functions, atomic.c; arm64:
 * exclusive loads and stores). <uk/atomic.h> gives them their names.
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
