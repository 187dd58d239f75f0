/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * poll(2): subscribe to every source, look, sleep, look again.
 *
 * The sources say what is ready without being asked, so a poll that finds something takes no
 * lock and subscribes to nothing.
 */
#include <uk/thread.h>
#include "fdtab_priv.h"

struct poll_item {
	struct uk_event_link link;
	struct uk_file *f;
	struct poller *poller;
};

struct poller {
	struct uk_thread *thread;
	bool noted; /* something happened since the thread last looked */
};

#define ITEMS_ON_STACK 8

/* Reported whether or not asked for. */
#define ALWAYS (UK_POLLERR | UK_POLLHUP)

static void note(struct uk_event_link *link)
{
	struct poller *p = UK_CONTAINER_OF(link, struct poll_item, link)->poller;

	__atomic_store_n(&p->noted, true, __ATOMIC_SEQ_CST);
	uk_thread_wake(p->thread);
}

static int look(struct poll_item *items, struct uk_abi_pollfd *fds, unsigned n)
{
	int count = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		struct uk_file *f = items[i].f;

		if (f)
			fds[i].revents =
				(int16_t)(uk_file_ready(f) & ((uint16_t)fds[i].events | ALWAYS));
		else
			fds[i].revents = fds[i].fd < 0 ? 0 : UK_POLLNVAL;
		if (fds[i].revents)
			count++;
	}
	return count;
}

static int sleep_and_look(struct poll_item *items, struct uk_abi_pollfd *fds, unsigned n,
			  uk_nsec deadline)
{
	struct poller p = { .thread = uk_thread_current() };
	int count, err = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		struct uk_event_link *l = &items[i].link;

		l->src = items[i].f ? items[i].f->events : NULL;
		if (!l->src)
			continue;
		items[i].poller = &p;
		l->notify = note;
		l->mask = (uint16_t)fds[i].events | ALWAYS;
		if (l->mask & UK_POLLRDNORM)
			l->mask |= UK_POLLIN;
		if (l->mask & UK_POLLWRNORM)
			l->mask |= UK_POLLOUT;
		uk_event_subscribe(l);
	}
	/* What became ready before a subscription is seen by the first look. */
	while (!(count = look(items, fds, n)) && !err) {
		if (uk_event_fetch(true))
			continue;
		if (!__atomic_exchange_n(&p.noted, false, __ATOMIC_SEQ_CST))
			err = uk_thread_block(deadline, true);
	}
	uk_event_fetched();
	for (i = 0; i < n; i++)
		if (items[i].link.src)
			uk_event_unsubscribe(&items[i].link);
	if (count)
		return count;
	return err == -ETIMEDOUT ? 0 : err;
}

int uk_fd_poll(struct uk_fdtab *t, struct uk_abi_pollfd *fds, unsigned n, uk_nsec deadline)
{
	struct poll_item on_stack[ITEMS_ON_STACK], *items = on_stack;
	unsigned i;
	int count;

	if (n > t->limit)
		return -EINVAL;
	if (n > ITEMS_ON_STACK) {
		items = uk_malloc(n * sizeof(*items));
		if (!items)
			return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		items[i].f = fds[i].fd < 0 ? NULL : uk_fd_get_io(t, fds[i].fd);
	count = look(items, fds, n);
	if (!count && !deadline && uk_event_fetch(false))
		count = look(items, fds, n);
	if (!count && deadline)
		count = sleep_and_look(items, fds, n, deadline);
	for (i = 0; i < n; i++)
		if (items[i].f)
			uk_file_put(items[i].f);
	if (items != on_stack)
		uk_free(items);
	return count;
}
