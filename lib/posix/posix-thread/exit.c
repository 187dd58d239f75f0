/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of a thread, and what is told to others by it: the word that a joiner waits on
 * (set_tid_address, CLONE_CHILD_CLEARTID) and the locks it still held (robust lists).
 */
#include <uk/errno.h>
#include <uk/futex.h>
#include <uk/irq.h>
#include <uk/process.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>
#include "internal.h"
#ifdef CONFIG_LIBPOSIX_SIGNAL
#include <uk/signal.h>
#endif

#define ROBUST_MAX 2048 /* locks; so that a ring without end cannot hold the thread for ever */

/* A futex word under a robust lock (linux/futex.h). */
#define FUTEX_WAITERS    0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK   0x3fffffffu

UK_SYSCALL_LEAF(long, gettid)
{
	return uk_task_current()->tid;
}

UK_SYSCALL_LEAF(long, set_tid_address, uint32_t *addr)
{
	struct uk_task *self = uk_task_current();

	self->clear_tid = addr;
	return self->tid;
}

UK_SYSCALL_LEAF(long, set_robust_list, struct uk_abi_robust_list *list, size_t size)
{
	if (size != sizeof(*list))
		return -EINVAL;
	uk_task_current()->robust = list;
	return 0;
}

UK_SYSCALL(long, get_robust_list, int tid, struct uk_abi_robust_list **list, size_t *size)
{
	struct uk_process *p = uk_process_current();
	struct uk_abi_robust_list *found = NULL;
	struct uk_task *t;
	bool irq;

	irq = uk_spin_lock_irq(&p->lock);
	t = tid ? uk_task_find(p, tid) : uk_task_current();
	if (t)
		found = t->robust;
	uk_spin_unlock_irq(&p->lock, irq);
	if (!t)
		return -ESRCH;
	if (uk_put_user(sizeof(*found), size) || uk_put_user(found, list))
		return -EFAULT;
	return 0;
}

/* The lock at `link` may be ours: mark it so that the next who locks it knows. */
static void robust_died(const struct uk_abi_robust_list *list, void **link, uint32_t tid)
{
	uint32_t *word = (uint32_t *)((char *)link + list->offset);
	uint32_t old;

	if (!uk_access_ok(word, sizeof(*word)) || ((uintptr_t)word & 3))
		return;
	old = __atomic_load_n(word, __ATOMIC_RELAXED);
	do {
		if ((old & FUTEX_TID_MASK) != tid)
			return;
	} while (!__atomic_compare_exchange_n(word, &old, (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED,
					      false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	if (old & FUTEX_WAITERS)
		uk_futex_wake(word, 1, UK_FUTEX_BITSET_ANY);
}

static void **robust_link(void *link)
{
	return (void **)((uintptr_t)link & ~(uintptr_t)1);
}

/* Apart: few threads die with locks, and none needs the registers of this. */
static UK_NOINLINE void robust_exit(const struct uk_abi_robust_list *list, uint32_t tid)
{
	void **doing = robust_link(list->doing), **link, **next;
	unsigned n;

	link = robust_link(list->head);
	for (n = 0; n < ROBUST_MAX && link != (void **)list; n++, link = next) {
		if (!uk_access_ok(link, sizeof(*link)))
			break;
		next = robust_link(*link); /* the lock may be freed once it is marked */
		if (link != doing)
			robust_died(list, link, tid);
	}
	if (doing)
		robust_died(list, doing, tid);
}

static inline void tell_joiner(const struct uk_task *self)
{
	uint32_t *word = self->clear_tid;

	if (word && uk_access_ok(word, sizeof(*word))) {
		__atomic_store_n(word, 0, __ATOMIC_RELEASE);
		uk_futex_wake(word, 1, UK_FUTEX_BITSET_ANY);
	}
}

#ifdef CONFIG_SMP
static void has_left(struct uk_thread *t)
{
	tell_joiner(t->posix);
}
#endif

/*
 * As soon as its word is 0 the joiner may free the stack that this code runs on. On a single CPU nobody
 * else runs, with interrupts masked, until that has been left for good; with several the word is
 * cleared by the thread that is switched to.
 */
static UK_NORETURN void end(struct uk_task *self, int status)
{
#ifdef CONFIG_SMP
	/* Of several that end at once one is the last. */
	if (!uk_task_remove_unless_last(self))
		uk_process_exit(status);
	self->thread->left = has_left;
#else
	uk_irq_disable();
	uk_task_remove(self);
	tell_joiner(self);
#endif
	uk_thread_exit();
}

UK_SYSCALL(long, exit, int status)
{
	struct uk_task *self = uk_task_current();

	if (self->robust)
		robust_exit(self->robust, (uint32_t)self->tid);
	if (self->process->ntasks == 1)
		uk_process_exit(status);
#ifdef CONFIG_LIBPOSIX_SIGNAL
	uk_signal_task_exit(self);
#endif
	end(self, status);
}
