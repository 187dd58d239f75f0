/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pending signals: a set of numbers for a task and one for the process, and a queue of what is
 * known beside the number. The set is the truth; an entry may be missing (sent from an
 * interrupt, or no memory), and the receiver then sees SI_KERNEL.
 */
#include <uk/alloc.h>
#include <uk/sched_ops.h>
#include <uk/string.h>
#include "internal.h"

static struct uk_sigentry *find(struct uk_sigpending *q, int sig, struct uk_sigentry *after)
{
	struct uk_queue_node *n = after ? after->node.next : q->queue.first;

	if (!n || (after && n == q->queue.first))
		return NULL;
	do {
		struct uk_sigentry *e = UK_CONTAINER_OF(n, struct uk_sigentry, node);

		if (e->sig == sig)
			return e;
		n = n->next;
	} while (n != q->queue.first);
	return NULL;
}

static bool holds(const struct uk_sigpending *q, const struct uk_sigentry *e)
{
	const struct uk_queue_node *n = q->queue.first;

	if (n)
		do {
			if (n == &e->node)
				return true;
			n = n->next;
		} while (n != q->queue.first);
	return false;
}

void signal_release(struct uk_process *p, struct uk_sigentry *e, struct uk_queue *garbage)
{
	if (e->spare)
		uk_shared_set(p->signals.spares_used,
			      p->signals.spares_used & ~(1U << (e->spare - 1)));
	else
		uk_queue_push(garbage, &e->node);
}

static void dequeue(struct uk_process *p, struct uk_sigpending *q, struct uk_sigentry *e,
		    struct uk_queue *garbage)
{
	uk_queue_remove(&q->queue, &e->node);
	if (e->keep)
		return;
	uk_shared_set(p->signals.queued, p->signals.queued - 1);
	signal_release(p, e, garbage);
}

static void describe(struct uk_abi_siginfo *info, const struct uk_sigentry *e)
{
	info->code = e->code;
	info->value = e->value;
	if (e->code > 0 && (UK_SIGBIT(e->sig) & SIG_SYNCHRONOUS)) {
		info->addr = e->value;
		info->value = 0;
		return;
	}
	info->pid = e->pid;
	info->uid = e->uid;
	if (e->overrun) {
		info->uid = e->overrun->delivered = e->overrun->count;
		e->overrun->count = 0;
	}
}

int signal_take(struct uk_task *t, uint64_t set, struct uk_abi_siginfo *info,
		struct uk_queue *garbage)
{
	struct uk_process *p = t->process;
	struct uk_sigpending *q = &t->signals.pending;
	struct uk_sigentry *e;
	int sig = signal_next(t, set);

	if (!sig)
		return 0;
	if (!(q->set & set))
		q = &p->signals.pending;
	memset(info, 0, sizeof(*info));
	info->signo = sig;
	info->code = UK_SI_KERNEL;
	e = find(q, sig, NULL);
	if (UK_LIKELY(e))
		describe(info, e);
	/* Only real-time signals queue. */
	if (sig < UK_SIGRTMIN || !e || !find(q, sig, e))
		uk_shared_set(q->set, q->set & ~UK_SIGBIT(sig));
	if (UK_LIKELY(e))
		dequeue(p, q, e, garbage);
	return sig;
}

void signal_withdraw(struct uk_process *p, struct uk_sigentry *entry)
{
	struct uk_sigpending *q = &p->signals.pending;
	struct uk_task *t;

	if (!uk_queue_linked(&entry->node))
		return;
	/* Whose queue? The ring tells only by walking it. */
	if (!holds(q, entry))
		uk_list_for_each(t, &p->tasks, node)
			if (holds(&t->signals.pending, entry))
				q = &t->signals.pending;
	dequeue(p, q, entry, NULL); /* it is its owner's: no garbage */
	if (!find(q, entry->sig, NULL))
		uk_shared_set(q->set, q->set & ~UK_SIGBIT(entry->sig));
}

void signal_flush(struct uk_process *p, struct uk_sigpending *q, int sig, struct uk_queue *garbage)
{
	struct uk_sigentry *e;

	if (!(q->set & UK_SIGBIT(sig)))
		return;
	uk_shared_set(q->set, q->set & ~UK_SIGBIT(sig));
	while ((e = find(q, sig, NULL)))
		dequeue(p, q, e, garbage);
}

void signal_free_all(struct uk_queue *garbage)
{
	struct uk_queue_node *n;

	while ((n = uk_queue_pop(garbage)))
		uk_free(UK_CONTAINER_OF(n, struct uk_sigentry, node));
}

void signal_update(struct uk_task *t)
{
	if (signal_deliverable(t))
		uk_thread_interrupt(t->thread);
	else
		uk_thread_interrupt_clear(t->thread);
}

void signal_mark(struct uk_task *t)
{
	struct uk_thread *thread = t->thread;

	uk_thread_interrupt(thread);
	/* The running one looks where this system call ends, or this interrupt (divert.c). */
	if (thread == uk_thread_current())
		return;
#ifdef CONFIG_SMP
	/* Who runs on another CPU may be leaving the kernel: it has looked, and still counts as inside. */
	if (uk_sched_running(thread->sched) == thread) {
		signal_retry();
		return;
	}
#endif
	/*
	 * Ready to run but outside the kernel: if an interrupt preempted it, it delivers when it
	 * returns from that; if it gave up the CPU elsewhere (a section of the allocator ended),
	 * the next interrupt will find it.
	 */
	if (!uk_shared_get(thread->in_syscall))
		signal_retry();
}

void signal_find_taker(struct uk_process *p, uint64_t set)
{
	struct uk_task *t;
	uint64_t left = set & p->signals.pending.set;

	/*
	 * Whoever waits for it with sigwait() comes first, then the oldest that does not block it.
	 */
	if (p->signals.waiting)
		uk_list_for_each(t, &p->tasks, node)
			if (left & t->signals.waiting) {
				left &= ~t->signals.waiting;
				signal_mark(t);
			}
	uk_list_for_each(t, &p->tasks, node) {
		if (!left)
			break;
		uint64_t blocked = uk_shared_get(t->signals.blocked);

		if (left & ~blocked) {
			left &= blocked;
			signal_mark(t);
		}
	}
}

void signal_set_mask(struct uk_task *self, uint64_t mask)
{
	uint64_t old = self->signals.blocked;

	uk_shared_set(self->signals.blocked, mask & ~SIG_UNBLOCKABLE);
	signal_update(self);
	if (self->process->signals.pending.set & ~old & self->signals.blocked)
		signal_find_taker(self->process, ~old & self->signals.blocked);
}
