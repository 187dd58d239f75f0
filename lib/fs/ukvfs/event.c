/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event sources, the part that is not inline: a source is a word and a wait queue, and a
 * subscription is a waiter of that queue which takes note instead of being woken.
 */
#define UK_LOCK_KIND "wait queue"
#include <uk/event.h>

const struct uk_event_input *uk_event_input;

void uk_event_wake(struct uk_event_source *src, uint32_t bits)
{
	/*
	 * Of two wake-ups at once on two CPUs one may see the other's taker. It has not looked yet, so
	 * it finds both.
	 */
	uk_shared_set(src->taken, false);
	uk_waitq_tell_all(&src->waiters, bits);
}

static bool link_notify(struct uk_waiter *w, uint32_t bits)
{
	struct uk_event_link *link = UK_CONTAINER_OF(w, struct uk_event_link, waiter);

	if (bits & uk_shared_get(link->mask))
		link->notify(link);
	return false; /* taking note uses nothing up */
}

void uk_event_subscribe(struct uk_event_link *link)
{
	link->waiter = (struct uk_waiter){ .notify = link_notify };
	uk_waitq_add(&link->src->waiters, &link->waiter);
}

void uk_event_unsubscribe(struct uk_event_link *link)
{
	uk_waitq_remove(&link->src->waiters, &link->waiter);
}

struct uk_event_link *uk_event_find(struct uk_event_source *src,
				    bool (*match)(struct uk_event_link *link, void *arg), void *arg)
{
	bool irq = uk_spin_lock_irq(&src->waiters.lock);
	struct uk_queue_node *first = src->waiters.waiters.first, *n = first;
	struct uk_event_link *found = NULL;

	while (n && !found) {
		struct uk_waiter *w = UK_CONTAINER_OF(n, struct uk_waiter, node);
		struct uk_event_link *link = UK_CONTAINER_OF(w, struct uk_event_link, waiter);

		if (w->notify == link_notify && match(link, arg))
			found = link;
		n = n->next == first ? NULL : n->next;
	}
	uk_spin_unlock_irq(&src->waiters.lock, irq);
	return found;
}

/* Ready, perhaps only after a look at what has arrived? */
static inline bool look(const struct uk_event_source *src, uint32_t bits)
{
	do
		if (uk_event_ready(src) & bits)
			return true;
	while (uk_event_fetch(true));
	return false;
}

int uk_event_wait(struct uk_event_source *src, uint32_t bits, uk_nsec deadline)
{
	int rc = UK_WAIT(&src->waiters, look(src, bits), deadline);

	uk_event_fetched();
	return rc;
}
