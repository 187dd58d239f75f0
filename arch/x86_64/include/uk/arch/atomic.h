/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations that no interrupt can come into the middle of, for images with one CPU: an instruction of
 * x86 that changes memory is whole in this sense without the lock prefix (Intel SDM vol. 3 §9.1).
 * <uk/atomic.h> gives them their names.
 */
#ifndef UK_ARCH_ATOMIC_H
#define UK_ARCH_ATOMIC_H

#include <uk/essentials.h>

#define UK_ARCH_LOCAL_OP(op, p, n)                                                                 \
	__asm__ volatile(op " %1, %0" : "+m"(*(p)) : "r"((__typeof__(*(p)))(n)) : "memory", "cc")

#define uk_arch_local_add(p, n) UK_ARCH_LOCAL_OP("add", p, n)
#define uk_arch_local_or(p, n)  UK_ARCH_LOCAL_OP("or", p, n)
#define uk_arch_local_and(p, n) UK_ARCH_LOCAL_OP("and", p, n)

/* Returns the old value. */
#define uk_arch_local_fetch_add(p, n)                                                              \
	({                                                                                         \
		__typeof__(*(p) + 0) sum_ = (n);                                                   \
		__typeof__(*(p)) old_ = (__typeof__(*(p)))sum_;                                    \
		__asm__ volatile("xadd %0, %1" : "+r"(old_), "+m"(*(p))::"memory", "cc");          \
		old_;                                                                              \
	})

/* If *p is *old it becomes v: true. Otherwise *old becomes what it is. */
#define uk_arch_local_cas(p, old, v)                                                               \
	({                                                                                         \
		__typeof__(old) seen_ = (old);                                                     \
		bool same_;                                                                        \
		__asm__ volatile("cmpxchg %3, %1"                                                  \
				 : "=@ccz"(same_), "+m"(*(p)), "+a"(*seen_)                        \
				 : "r"((__typeof__(*(p)))(v))                                      \
				 : "memory");                                                      \
		same_;                                                                             \
	})

#endif
