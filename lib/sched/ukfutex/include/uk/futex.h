/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Futex: wait on a word of the application's memory, the ground on which a libc builds its locks.
 *
 * Waiters are found by address, in a table of buckets hashed by it; the word itself belongs to the
 * application and is read with the bucket locked, so that a wake-up between the application's look
 * at the word and the wait is not lost. There is one address space: FUTEX_PRIVATE changes nothing.
 *
 * All addresses must be 4-byte aligned (-EINVAL). Semantics are Linux's, futex(2). The system call
 * layer checks that the application may access the words (uk/uaccess.h), and converts relative
 * and CLOCK_REALTIME timeouts to deadlines on the monotonic clock (uk_deadline(),
 * uk_clock_from_wall()).
 */
#ifndef UK_FUTEX_H
#define UK_FUTEX_H

#include <uk/api.h>
#include <uk/types.h>

#define UK_FUTEX_BITSET_ANY 0xffffffffu

UK_API_BEGIN

/*
 * If *addr == val, wait until a wake-up whose bitset has a bit in common with `bitset`: 0.
 * -EAGAIN if the value is another, -ETIMEDOUT after `deadline` (UK_NSEC_MAX: never), -EINTR if
 * interrupted, -EINVAL if bitset is 0. Thread context.
 */
int uk_futex_wait(uint32_t *addr, uint32_t val, uk_nsec deadline, uint32_t bitset);

/*
 * Wake up to `n` of those who wait on addr with a bit of `bitset`, longest wait first. The number
 * woken, or -EINVAL. Does not look at the word. Any context.
 */
int uk_futex_wake(uint32_t *addr, unsigned int n, uint32_t bitset);

/*
 * Wake up to `nwake` waiters of `from`; let up to `nmove` of the others wait on `to` instead. If
 * `cmp` is not NULL and *from != *cmp, do nothing: -EAGAIN. Returns the number woken
 * (FUTEX_REQUEUE), with `cmp` woken plus moved (FUTEX_CMP_REQUEUE). Thread context.
 */
int uk_futex_requeue(uint32_t *from, uint32_t *to, unsigned int nwake, unsigned int nmove,
		     const uint32_t *cmp);

/*
 * FUTEX_WAKE_OP: change *addr2 as `op` says, atomically; wake up to n1 waiters of addr1 and, if
 * the old value of *addr2 compares as `op` says, up to n2 of addr2. The number woken, or
 * -ENOSYS for an operation or comparison that does not exist. Thread context.
 */
int uk_futex_wake_op(uint32_t *addr1, unsigned int n1, uint32_t *addr2, unsigned int n2,
		     uint32_t op);

UK_API_END

#endif
