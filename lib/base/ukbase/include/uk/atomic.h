/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Atomic operations, each with its order in its name, for words that several CPUs, or a thread and an
 * interrupt handler, change without a lock.
 *
 *	name		C11 (§7.17.3)		what it promises
 *	..._relaxed	memory_order_relaxed	the operation is whole; says nothing of other memory
 *	..._acquire	memory_order_acquire	what follows happens after it: entering a section
 *	..._release	memory_order_release	what precedes happened before it: leaving one, publishing
 *	(none)		memory_order_seq_cst	both, and all CPUs agree on the order of such operations
 *	uk_atomic_fence()	atomic_thread_fence(seq_cst)
 *				what precedes is seen before what follows is read: the one order that x86
 *				does not keep by itself (a store, then a load of something else)
 *
 * What is released is seen by who acquires the same word. Consume is not here: compilers make
 * acquire of it, which is an ordinary load on x86.
 *
 * With one CPU there is nobody else to agree with, but interrupts come between any two
 * instructions. So the operations are still whole, and the compiler keeps their order; the lock
 * prefix and the fences, which cost 20 cycles each, are left out.
 *
 * Operands are 1, 2, 4 or 8 bytes, naturally aligned; plain C types, also seen by plain code where
 * only one CPU is left. An operation returns the old value. Any context.
 */
#ifndef UK_ATOMIC_H
#define UK_ATOMIC_H

#include <uk/config.h>
#include <uk/essentials.h>

#ifdef CONFIG_SMP
#define uk_atomic_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#define uk_atomic_load_relaxed(p)     __atomic_load_n(p, __ATOMIC_RELAXED)
#define uk_atomic_load_acquire(p)     __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define uk_atomic_store_relaxed(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define uk_atomic_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

/* No result: for counters, and for bits that others look at later. */
#define uk_atomic_add_relaxed(p, n) ((void)__atomic_fetch_add(p, n, __ATOMIC_RELAXED))
#define uk_atomic_or_relaxed(p, n)  ((void)__atomic_fetch_or(p, n, __ATOMIC_RELAXED))
#define uk_atomic_and_relaxed(p, n) ((void)__atomic_fetch_and(p, n, __ATOMIC_RELAXED))

#define uk_atomic_fetch_add_relaxed(p, n) __atomic_fetch_add(p, n, __ATOMIC_RELAXED)
#define uk_atomic_fetch_add(p, n)         __atomic_fetch_add(p, n, __ATOMIC_SEQ_CST)
#define uk_atomic_exchange(p, v)          __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)

/* If *p is *old, it becomes v: true. Otherwise *old becomes what it is; nothing is ordered then. */
#define uk_atomic_cas_acquire(p, old, v)                                                           \
	__atomic_compare_exchange_n(p, old, v, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
#define uk_atomic_cas_release(p, old, v)                                                           \
	__atomic_compare_exchange_n(p, old, v, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define uk_atomic_cas(p, old, v)                                                                   \
	__atomic_compare_exchange_n(p, old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
#else
#include <uk/arch/atomic.h> /* the same against interrupts only */

#define uk_atomic_fence() UK_BARRIER()

#define uk_atomic_load_relaxed(p) UK_READ_ONCE(*(p))
#define uk_atomic_load_acquire(p)                                                                  \
	({                                                                                         \
		__typeof__(*(p) + 0) v_ = UK_READ_ONCE(*(p));                                      \
		UK_BARRIER();                                                                      \
		v_;                                                                                \
	})
#define uk_atomic_store_relaxed(p, v) UK_WRITE_ONCE(*(p), v)
#define uk_atomic_store_release(p, v)                                                              \
	do {                                                                                       \
		UK_BARRIER();                                                                      \
		UK_WRITE_ONCE(*(p), v);                                                            \
	} while (0)

#define uk_atomic_add_relaxed(p, n)       uk_arch_local_add(p, n)
#define uk_atomic_or_relaxed(p, n)        uk_arch_local_or(p, n)
#define uk_atomic_and_relaxed(p, n)       uk_arch_local_and(p, n)
#define uk_atomic_fetch_add_relaxed(p, n) uk_arch_local_fetch_add(p, n)
#define uk_atomic_fetch_add(p, n)         uk_arch_local_fetch_add(p, n)
#define uk_atomic_exchange(p, v)          __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define uk_atomic_cas_acquire(p, old, v)  uk_arch_local_cas(p, old, v)
#define uk_atomic_cas_release(p, old, v)  uk_arch_local_cas(p, old, v)
#define uk_atomic_cas(p, old, v)          uk_arch_local_cas(p, old, v)
#endif

/*
 * A word that changes under a lock, or by one CPU only, and that others look at without: whole, and ordered
 * with nothing. With one CPU plain accesses, since nobody looks meanwhile but an interrupt handler, for
 * which it is UK_READ_ONCE() and UK_WRITE_ONCE(). Both sides say so, or it is a data race (C11 §5.1.2.4):
 * the compiler may read a plain word twice, or write what it is not to be in between.
 */
#ifdef CONFIG_SMP
#define uk_shared_get(x)    UK_READ_ONCE(x)
#define uk_shared_set(x, v) UK_WRITE_ONCE(x, v)
#else
#define uk_shared_get(x)    (x)
#define uk_shared_set(x, v) ((x) = (v))
#endif

/*
 * Counts of references. Who takes one has another one already, or the lock under which the object
 * is found: nothing to order. Who gives one back has done with the object, and whoever gives back the
 * last, true, sees what all others did with it before.
 */
#define uk_ref_get(p) uk_atomic_add_relaxed(p, 1)
#ifdef CONFIG_SMP
#define uk_ref_put(p)                                                                              \
	({                                                                                         \
		bool last_ = __atomic_fetch_sub(p, 1, __ATOMIC_RELEASE) == 1;                      \
		if (last_)                                                                         \
			__atomic_thread_fence(__ATOMIC_ACQUIRE);                                   \
		last_;                                                                             \
	})
#else
#define uk_ref_put(p) (uk_arch_local_fetch_add(p, -1) == 1)
#endif

#endif
