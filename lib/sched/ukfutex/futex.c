/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Futex: hashed buckets of waiters.
 *
 * A bucket is a wait queue shared by all addresses that hash to it, in order of arrival. The word is
 * read with the bucket locked; so a waker, which changes the word first and locks the bucket
 * then, either is seen by the reader or sees the waiter.
 */
#define UK_LOCK_KIND "futex bucket"
#include <uk/assert.h>
#include <uk/errno.h>
#include <uk/futex.h>
#include <uk/waitq.h>

#define BUCKETS (1u << CONFIG_LIBUKFUTEX_BUCKETS_SHIFT)

struct futex_waiter {
	struct uk_waiter w;
	struct uk_waitq *bucket; /* changes when it is requeued */
	const uint32_t *addr;
	uint32_t bitset;
};

static struct uk_waitq buckets[BUCKETS];

/*
 * For a waker that has changed the word: is there nobody to wake, without taking the lock? A waiter reads
 * the word inside the lock, before it queues itself. With several CPUs one that is inside may have read
 * the old value: then the answer is no. One that comes later sees the new one, as both sides
 * have a full barrier between their store and their load; one that has left is seen in the queue.
 */
static inline bool nobody(struct uk_waitq *b)
{
#ifdef CONFIG_SMP
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (uk_spin_is_locked(&b->lock))
		return false;
	return uk_waitq_empty(b);
#else
	return uk_waitq_nobody(b);
#endif
}

/* Fibonacci hashing: the upper bits of the product depend on all bits of the address. */
static struct uk_waitq *bucket_of(const uint32_t *addr)
{
	uint64_t h = (uintptr_t)addr * 0x9e3779b97f4a7c15ull;

	return &buckets[(h >> 32) % BUCKETS];
}

static inline bool misaligned(const uint32_t *addr)
{
	return (uintptr_t)addr % sizeof(*addr);
}

/* Two buckets are locked in the order of their addresses, the same one once. Masks interrupts. */
static bool lock_two(struct uk_waitq *a, struct uk_waitq *b)
{
	bool irq = uk_irq_save();

	uk_spin_acquire(a < b ? &a->lock : &b->lock);
	if (a != b)
		uk_spin_acquire(a < b ? &b->lock : &a->lock);
	return irq;
}

static void unlock_two(struct uk_waitq *a, struct uk_waitq *b, bool irq)
{
	if (a != b)
		uk_spin_release(&b->lock);
	uk_spin_unlock_irq(&a->lock, irq);
}

static inline struct futex_waiter *waiter_at(struct uk_queue_node *n)
{
	return UK_CONTAINER_OF(n, struct futex_waiter, w.node);
}

/* Wake the first `n` of those who wait on addr and match; `b`, its bucket, is locked. */
static unsigned int wake(struct uk_waitq *b, const uint32_t *addr, unsigned int n, uint32_t bitset)
{
	struct uk_queue_node *node, *next = b->waiters.first, *last = next ? next->prev : NULL;
	unsigned int woken = 0;

	if (!next || !n)
		return 0;
	do {
		struct futex_waiter *fw = waiter_at(node = next);

		next = node->next;
		if (fw->addr == addr && (fw->bitset & bitset)) {
			uk_queue_remove(&b->waiters, node);
			uk_thread_wake(fw->w.thread);
			if (++woken == n)
				break;
		}
	} while (node != last);
	return woken;
}

/* Let the first `n` of those who wait on `addr` wait on `to` instead. Both buckets are locked. */
static unsigned int move(struct uk_waitq *b, const uint32_t *addr, unsigned int n,
			 struct uk_waitq *to_bucket, uint32_t *to)
{
	struct uk_queue_node *node, *next = b->waiters.first, *last = next ? next->prev : NULL;
	unsigned int moved = 0;

	if (!next)
		return 0;
	do {
		struct futex_waiter *fw = waiter_at(node = next);

		next = node->next; /* what is moved within the bucket lands behind `last` */
		if (fw->addr == addr && moved < n) {
			uk_queue_remove(&b->waiters, node);
			fw->addr = to;
			uk_shared_set(fw->bucket, to_bucket);
			uk_queue_push(&to_bucket->waiters, node);
			moved++;
		}
	} while (node != last && moved < n);
	return moved;
}

/* Lock the bucket that a waiter is in; it may be moved until it is locked. Interrupts masked. */
static struct uk_waitq *lock_bucket_of(struct futex_waiter *fw)
{
	for (;;) {
		struct uk_waitq *b = UK_READ_ONCE(fw->bucket);

		uk_spin_acquire(&b->lock);
		if (b == fw->bucket)
			return b;
		uk_spin_release(&b->lock);
	}
}

UK_NO_STACK_PROTECTOR int uk_futex_wait(uint32_t *addr, uint32_t val, uk_nsec deadline,
					uint32_t bitset)
{
	struct uk_waitq *b = bucket_of(addr);
	struct futex_waiter fw;
	int err;
	bool irq;

	if (misaligned(addr) || !bitset)
		return -EINVAL;
	irq = uk_spin_lock_irq(&b->lock);
#ifdef CONFIG_SMP
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* nobody() */
#endif
	if (UK_READ_ONCE(*addr) != val) {
		err = -EAGAIN;
		goto out;
	}
	fw.w.thread = uk_thread_current();
	fw.bucket = b;
	fw.addr = addr;
	fw.bitset = bitset;
	uk_queue_push(&b->waiters, &fw.w.node);
	do {
		uk_spin_release(&b->lock);
		err = uk_thread_block(deadline, true);
		b = lock_bucket_of(&fw);
		if (!uk_queue_linked(&fw.w.node)) {
			err = 0; /* woken, perhaps just before something else ended the wait */
			goto out;
		}
	} while (!err);
	uk_queue_remove(&b->waiters, &fw.w.node);
out:
	uk_spin_unlock_irq(&b->lock, irq);
	return err;
}

int uk_futex_wake(uint32_t *addr, unsigned int n, uint32_t bitset)
{
	struct uk_waitq *b = bucket_of(addr);
	unsigned int woken;
	bool irq;

	if (misaligned(addr) || !bitset)
		return -EINVAL;
	if (nobody(b))
		return 0;
	irq = uk_spin_lock_irq(&b->lock);
	woken = wake(b, addr, n, bitset);
	uk_spin_unlock_irq(&b->lock, irq);
	return woken;
}

int uk_futex_requeue(uint32_t *from, uint32_t *to, unsigned int nwake, unsigned int nmove,
		     const uint32_t *cmp)
{
	struct uk_waitq *a = bucket_of(from), *b = bucket_of(to);
	unsigned int moved;
	bool irq;
	int n;

	if (misaligned(from) || misaligned(to))
		return -EINVAL;
	irq = lock_two(a, b);
	if (cmp && UK_READ_ONCE(*from) != *cmp) {
		n = -EAGAIN;
	} else {
		n = wake(a, from, nwake, UK_FUTEX_BITSET_ANY);
		moved = move(a, from, nmove, b, to);
		if (cmp)
			n += moved;
	}
	unlock_two(a, b, irq);
	return n;
}

/*
 * Apply the operation that `op` encodes (linux/futex.h: 4 bits operation, 4 bits comparison,
 * 12 bits operand, 12 bits comparand). Returns whether the old value compares true.
 */
static int modify(uint32_t *addr, uint32_t op)
{
	int32_t arg = (int32_t)(op << 8) >> 20, cmparg = (int32_t)(op << 20) >> 20;
	uint32_t old;

	if (op >> 31) /* FUTEX_OP_OPARG_SHIFT */
		arg = (int32_t)(1u << (arg & 31));
	if ((op >> 24 & 15) > 5)
		return -ENOSYS;
	switch (op >> 28 & 7) {
	case 0:
		old = __atomic_exchange_n(addr, (uint32_t)arg, __ATOMIC_SEQ_CST);
		break;
	case 1:
		old = __atomic_fetch_add(addr, (uint32_t)arg, __ATOMIC_SEQ_CST);
		break;
	case 2:
		old = __atomic_fetch_or(addr, (uint32_t)arg, __ATOMIC_SEQ_CST);
		break;
	case 3:
		old = __atomic_fetch_and(addr, ~(uint32_t)arg, __ATOMIC_SEQ_CST);
		break;
	case 4:
		old = __atomic_fetch_xor(addr, (uint32_t)arg, __ATOMIC_SEQ_CST);
		break;
	default:
		return -ENOSYS;
	}
	switch (op >> 24 & 15) {
	case 0:
		return (int32_t)old == cmparg;
	case 1:
		return (int32_t)old != cmparg;
	case 2:
		return (int32_t)old < cmparg;
	case 3:
		return (int32_t)old <= cmparg;
	case 4:
		return (int32_t)old > cmparg;
	default:
		return (int32_t)old >= cmparg;
	}
}

int uk_futex_wake_op(uint32_t *addr1, unsigned int n1, uint32_t *addr2, unsigned int n2,
		     uint32_t op)
{
	struct uk_waitq *a = bucket_of(addr1), *b = bucket_of(addr2);
	unsigned int woken;
	bool irq;
	int holds;

	if (misaligned(addr1) || misaligned(addr2))
		return -EINVAL;
	irq = lock_two(a, b);
	holds = modify(addr2, op);
	if (holds < 0) {
		unlock_two(a, b, irq);
		return holds;
	}
	woken = wake(a, addr1, n1, UK_FUTEX_BITSET_ANY);
	if (holds)
		woken += wake(b, addr2, n2, UK_FUTEX_BITSET_ANY);
	unlock_two(a, b, irq);
	return woken;
}
