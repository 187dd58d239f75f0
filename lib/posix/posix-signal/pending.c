/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pending signals: a set of numbers for a task and one for the process, and a queue of what is
 * known beside the number. The set is the truth; an entry may be missing (sent from an
 * interrupt, or no memory), and the receiver then sees SI_KERNEL.
 */
#include <uk/alloc.h>
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

static void dequeue(struct uk_process *p, struct uk_sigpending *q, struct uk_sigentry *e)
{
	uk_queue_remove(&q->queue, &e->node);
	if (!e->keep)
		p->signals.queued--;
}

bool signal_pend(struct uk_process *p, struct uk_sigpending *q, int sig, struct uk_sigentry *entry)
{
	bool pending = q->set & UK_SIGBIT(sig);

	q->set |= UK_SIGBIT(sig);
	/* Only real-time signals queue. */
	if (!entry || (pending && sig < UK_SIGRTMIN) || uk_queue_linked(&entry->node))
		return false;
	uk_queue_push(&q->queue, &entry->node);
	if (!entry->keep)
		p->signals.queued++;
	return true;
}

static int take_from(struct uk_process *p, struct uk_sigpending *q, int sig,
		     struct uk_sigentry *what, struct uk_sigentry **garbage)
{
	struct uk_sigentry *e = find(q, sig, NULL);

	*garbage = NULL;
	if (!e) {
		*what = (struct uk_sigentry){ .sig = sig, .code = UK_SI_KERNEL };
	} else {
		*what = *e;
		if (e->overrun) {
			what->uid = e->overrun->delivered = e->overrun->count;
			e->overrun->count = 0;
		}
	}
	if (!e || !find(q, sig, e))
		q->set &= ~UK_SIGBIT(sig);
	if (e) {
		dequeue(p, q, e);
		if (!e->keep)
			*garbage = e;
	}
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
	dequeue(p, q, entry);
	if (!find(q, entry->sig, NULL))
		q->set &= ~UK_SIGBIT(entry->sig);
}

int signal_take(struct uk_task *t, uint64_t set, struct uk_sigentry *what,
		struct uk_sigentry **garbage)
{
	struct uk_process *p = t->process;
	uint64_t own = t->signals.pending.set & set;
	uint64_t all = own | (p->signals.pending.set & set);
	uint64_t first = all & SIG_SYNCHRONOUS ? all & SIG_SYNCHRONOUS : all;
	int sig;

	*garbage = NULL;
	if (!all)
		return 0;
	sig = __builtin_ctzll(first) + 1;
	return take_from(p, own & UK_SIGBIT(sig) ? &t->signals.pending : &p->signals.pending, sig,
			 what, garbage);
}

void signal_flush(struct uk_process *p, struct uk_sigpending *q, int sig, struct uk_queue *garbage)
{
	struct uk_sigentry *e;

	if (!(q->set & UK_SIGBIT(sig)))
		return;
	q->set &= ~UK_SIGBIT(sig);
	while ((e = find(q, sig, NULL))) {
		dequeue(p, q, e);
		if (!e->keep)
			uk_queue_push(garbage, &e->node);
	}
}

void signal_free(struct uk_queue *garbage)
{
	struct uk_queue_node *n;

	while ((n = uk_queue_pop(garbage)))
		uk_free(UK_CONTAINER_OF(n, struct uk_sigentry, node));
}

void signal_free_entry(struct uk_sigentry *e)
{
	if (e)
		uk_free(e);
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
	/*
	 * Ready to run but outside the kernel: if an interrupt preempted it, it delivers when it
	 * returns from that; if it gave up the CPU elsewhere (a section of the allocator ended),
	 * the next interrupt will find it.
	 */
	if (!thread->in_syscall && thread != uk_thread_current())
		signal_retry();
}

void signal_find_taker(struct uk_process *p, uint64_t set)
{
	struct uk_task *t;
	uint64_t left = set & p->signals.pending.set;

	/*
	 * Whoever waits for it with sigwait() comes first, then the oldest that does not block it.
	 */
	uk_list_for_each(t, &p->tasks, node)
		if (left & t->signals.waiting) {
			left &= ~t->signals.waiting;
			signal_mark(t);
		}
	uk_list_for_each(t, &p->tasks, node)
		if (left & ~t->signals.blocked) {
			left &= t->signals.blocked;
			signal_mark(t);
		}
}

void signal_set_mask(struct uk_task *self, uint64_t mask)
{
	uint64_t old = self->signals.blocked;

	self->signals.blocked = mask & ~SIG_UNBLOCKABLE;
	signal_update(self);
	if (self->process->signals.pending.set & ~old & self->signals.blocked)
		signal_find_taker(self->process, ~old & self->signals.blocked);
}

void signal_fill_info(struct uk_abi_siginfo *info, const struct uk_sigentry *what)
{
	*info = (struct uk_abi_siginfo){
		.signo = what->sig,
		.code = what->code,
		.pid = what->pid,
		.uid = what->uid,
		.value = what->value,
	};
	if (what->code > 0 && (UK_SIGBIT(what->sig) & SIG_SYNCHRONOUS))
		info->addr = what->value;
}
