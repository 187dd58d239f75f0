/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event sources, the part that is not inline: a source is a word and a wait queue, and a
 * subscription is a waiter of that queue which takes note instead of being woken.
 */
#include <uk/event.h>

void uk_event_wake(struct uk_event_source *src)
{
	uk_waitq_wake_all(&src->waiters);
}

static bool link_notify(struct uk_waiter *w)
{
	struct uk_event_link *link = UK_CONTAINER_OF(w, struct uk_event_link, waiter);

	if (uk_event_ready(link->src) & link->mask)
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

int uk_event_wait(struct uk_event_source *src, uint32_t bits, uk_nsec deadline)
{
	return UK_WAIT(&src->waiters, uk_event_ready(src) & bits, deadline);
}
