/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Watches. An event only marks its watch, so that as many events as somebody can cause need no memory; one thread calls.
 */
#include <uk/errno.h>
#include <uk/mutex.h>
#include <uk/print.h>
#include <uk/spinlock.h>
#include <uk/string.h>
#include <uk/thread.h>
#include <uk/waitq.h>
#include <xen/io/xs_wire.h>

#include "xenstore_priv.h"

static struct uk_mutex setup; /* who sets watches, one after the other; taken before `lock` */
static struct uk_spinlock lock;
static struct uk_list watches = UK_LIST_INIT(watches);
static struct uk_waitq fired, finished;
static const struct uk_xenstore_watch *running; /* what is called just now */
static struct uk_thread *thread;
static uint32_t last;

void xenstore_fired(uint32_t token)
{
	struct uk_xenstore_watch *w;
	bool irq = uk_spin_lock_irq(&lock);

	uk_list_for_each(w, &watches, node)
		if (w->token == token)
			w->fired = true;
	uk_spin_unlock_irq(&lock, irq);
	uk_waitq_wake_all(&fired);
}

void uk_xenstore_look(struct uk_xenstore_watch *w)
{
	xenstore_fired(w->token);
}

/* The next to call; the others come first next time. */
static struct uk_xenstore_watch *next(void)
{
	bool irq = uk_spin_lock_irq(&lock);
	struct uk_xenstore_watch *w, *found = NULL;

	uk_list_for_each(w, &watches, node) {
		if (w->fired) {
			found = w;
			break;
		}
	}
	if (found) {
		uk_list_del(&found->node);
		uk_list_add_tail(&watches, &found->node);
		found->fired = false;
	}
	running = found;
	uk_spin_unlock_irq(&lock, irq);
	return found;
}

static void call(void *arg UK_UNUSED)
{
	for (;;) {
		struct uk_xenstore_watch *w;
		bool irq;

		UK_WAIT(&fired, (w = next()), UK_NSEC_MAX);
		w->fn(w);
		irq = uk_spin_lock_irq(&lock);
		running = NULL; /* and w may be gone: it may have ended itself */
		uk_spin_unlock_irq(&lock, irq);
		uk_waitq_wake_all(&finished);
	}
}

static int set(struct uk_xenstore_watch *w, uint32_t type)
{
	char token[12], ok[4];
	struct uk_xenstore_request rq = { .type = type, .reply = ok, .room = sizeof(ok) };
	int rc;

	xenstore_place(&rq, w->path, NULL);
	rq.part[rq.nparts].at = token;
	rq.part[rq.nparts++].len = (size_t)uk_snprintf(token, sizeof(token), "%x", w->token) + 1;
	rc = xenstore_do(&rq);
	return rc > 0 ? 0 : rc;
}

static void drop(struct uk_xenstore_watch *w)
{
	bool irq = uk_spin_lock_irq(&lock);

	uk_list_del(&w->node);
	uk_spin_unlock_irq(&lock, irq);
}

int uk_xenstore_watch(struct uk_xenstore_watch *w)
{
	int rc = -ENOMEM;
	bool irq;

	uk_mutex_lock(&setup);
	if (!thread)
		thread = uk_thread_create(NULL, "xenstore", call, NULL, NULL);
	if (thread) {
		irq = uk_spin_lock_irq(&lock);
		w->token = ++last;
		w->fired = false;
		uk_list_add_tail(&watches,
				 &w->node); /* its first event may come before the answer */
		uk_spin_unlock_irq(&lock, irq);
		rc = set(w, XS_WATCH);
		if (rc)
			drop(w);
	}
	uk_mutex_unlock(&setup);
	return rc;
}

static bool runs(const struct uk_xenstore_watch *w)
{
	bool irq = uk_spin_lock_irq(&lock), yes = running == w;

	uk_spin_unlock_irq(&lock, irq);
	return yes;
}

void uk_xenstore_unwatch(struct uk_xenstore_watch *w)
{
	uk_mutex_lock(&setup);
	drop(w);
	set(w, XS_UNWATCH); /* if that fails, its events find no watch */
	uk_mutex_unlock(&setup);
	if (uk_thread_current() != thread)
		UK_WAIT(&finished, !runs(w), UK_NSEC_MAX);
}

void xenstore_watch_again(void)
{
	struct uk_xenstore_watch *w;

	uk_mutex_lock(&setup); /* so the list stays, but for its order */
	for (uint32_t token = 1; token && token <= last; token++) {
		struct uk_xenstore_watch *found = NULL;
		bool irq = uk_spin_lock_irq(&lock);

		uk_list_for_each(w, &watches, node)
			if (w->token == token)
				found = w;
		uk_spin_unlock_irq(&lock, irq);
		if (found && set(found, XS_WATCH))
			uk_pr_err("the watch of %s cannot be set again", found->path);
	}
	uk_mutex_unlock(&setup);
}
