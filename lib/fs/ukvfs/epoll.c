/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * epoll(7): items that subscribe to files, a list of those that may be ready, threads that wait for it.
 *
 * The list is a hint: an item is on it if its file became ready since the last look. Who takes it off
 * asks the file again, and a level-triggered item that was ready goes back to the end, to be asked
 * at the next wait. So nothing has to take items off when a file ceases to be ready, and an item that
 * is taken off before the question cannot miss what happens after it.
 *
 * An item stays until it is deleted, its instance closes, or its file does, which is when the last
 * descriptor of that is closed: uk_file_close() calls unwatch() for files that have been watched.
 *
 * Locks: `nesting` (what epoll instances watch each other), then epoll.lock of the outer and then of the
 * inner instance (the items; taking off the list), then the wait queue of a source, then epoll.noted
 * (the list and who waits for it), which notify() takes, maybe in an interrupt.
 */
#define UK_LOCK_KIND "epoll list"
#include <uk/epoll.h>
#include <uk/thread.h>
#include "vfs_priv.h"

/* Reported whether or not asked for. */
#define ALWAYS (UK_POLLERR | UK_POLLHUP)
#define FLAGS  (UK_EPOLLEXCLUSIVE | UK_EPOLLWAKEUP | UK_EPOLLONESHOT | UK_EPOLLET)
/* What may go with EXCLUSIVE. */
#define EXCLUSIVE_WITH                                                                             \
	(UK_POLLIN | UK_POLLOUT | ALWAYS | UK_EPOLLEXCLUSIVE | UK_EPOLLWAKEUP | UK_EPOLLET)
/* In item.flags: the source says it all, in the bits that are asked for. */
#define ASK_SOURCE 1U
#define CHAIN_MAX  5u /* instances, each of which watches the next */
#define CAP_MIN    16u

struct epoll {
	struct uk_mutex lock;
	uint32_t refs; /* the file's, and one for each unwatch() under way */
	unsigned cap;
	struct item **items; /* by descriptor; several if one was closed and its file lives on */
	bool nested;         /* watches, or has watched, another instance: under `nesting` */
	struct uk_spinlock noted;
	struct uk_queue ready;         /* struct item.ready */
	struct uk_queue sleepers;      /* struct sleeper.node */
	struct uk_event_source events; /* for who polls or watches this instance */
};

struct item {
	struct uk_event_link link; /* mask: what puts it on the list */
	struct uk_queue_node ready;
	struct epoll *ep;
	struct uk_file *file;
	struct item *next; /* of the same descriptor */
	uint32_t events;   /* what is reported */
	uint32_t flags;    /* UK_EPOLL*, ASK_SOURCE */
	uint64_t data;
	int fd;
};

struct sleeper {
	struct uk_queue_node node;
	struct uk_thread *thread;
};

static const struct uk_file_ops epoll_ops;
static struct uk_mutex nesting;

static inline bool is_epoll(const struct uk_file *f)
{
	return f->ops == &epoll_ops;
}

/* ---- becoming ready ---- */

/* The one that has waited longest looks at the list. noted. */
static inline bool wake_sleeper(struct epoll *ep)
{
	struct uk_queue_node *n = uk_queue_pop(&ep->sleepers);

	if (!n)
		return false;
	uk_thread_wake(UK_CONTAINER_OF(n, struct sleeper, node)->thread);
	return true;
}

/* The item may be ready: onto the list. Any context. True: a thread was woken for it. */
static bool note(struct item *item)
{
	struct epoll *ep = item->ep;
	bool irq = uk_spin_lock_irq(&ep->noted), woken;

	if (!uk_queue_linked(&item->ready))
		uk_queue_push(&ep->ready, &item->ready);
	woken = wake_sleeper(ep);
	uk_spin_unlock_irq(&ep->noted, irq);
	/* Instances that watch this one: a wait queue in a wait queue, in the order of nesting. */
	if (UK_UNLIKELY(!uk_waitq_nobody(&ep->events.waiters))) {
		uk_event_set(&ep->events, UK_POLLIN);
		woken = true;
	}
	return woken;
}

static void notify(struct uk_event_link *link)
{
	struct item *item = UK_CONTAINER_OF(link, struct item, link);

	if (UK_LIKELY(!(item->flags & UK_EPOLLEXCLUSIVE))) {
		note(item);
		return;
	}
	/* One of those that said so is enough. */
	if (!uk_shared_get(link->src->taken) && note(item))
		uk_shared_set(link->src->taken, true);
}

/* What an item reports now. ep->lock. */
static inline uint32_t ask(const struct item *item)
{
	uint32_t ready = UK_LIKELY(item->flags & ASK_SOURCE) ? uk_event_ready(item->link.src)
							     : uk_file_ready(item->file);

	return ready & item->events;
}

/* Somebody has changed what is asked for, or begun to ask: what is ready already counts. ep->lock. */
static void ask_first(struct item *item)
{
	/* The mask is seen by who makes the file ready after this look. */
	uk_atomic_fence();
	if (ask(item))
		note(item);
}

/* ---- waiting ---- */

static inline void take(struct epoll *ep, struct item *item)
{
	bool irq = uk_spin_lock_irq(&ep->noted);

	uk_queue_remove(&ep->ready, &item->ready);
	uk_spin_unlock_irq(&ep->noted, irq);
}

static inline void put_back(struct epoll *ep, struct item *item)
{
	bool irq = uk_spin_lock_irq(&ep->noted);

	if (!uk_queue_linked(&item->ready))
		uk_queue_push(&ep->ready, &item->ready);
	uk_spin_unlock_irq(&ep->noted, irq);
}

/*
 * What the first item of the list has to report. If that is something and it shall be asked again, it
 * becomes the last one, else it is taken off. ep->lock.
 */
static inline uint32_t ask_next(struct epoll *ep, struct item *item)
{
	bool again = !(item->flags & (UK_EPOLLONESHOT | UK_EPOLLET)), irq;
	uint32_t events;

	if (UK_LIKELY(again)) {
		events = ask(item);
		if (UK_LIKELY(events)) {
			if (item->ready.next != &item->ready) {
				irq = uk_spin_lock_irq(&ep->noted);
				uk_queue_rotate(&ep->ready);
				uk_spin_unlock_irq(&ep->noted, irq);
			}
			return events;
		}
	}
	/* What happens after the look puts it back; it must be off the list to be put back. */
	take(ep, item);
	events = ask(item);
	if (UK_UNLIKELY(events && again))
		put_back(ep, item);
	return events;
}

/* Nobody but who has ep->lock takes items off, so the first one stays. */
static inline struct item *first_item(const struct epoll *ep)
{
	struct uk_queue_node *n = uk_shared_get(ep->ready.first);

	return n ? UK_CONTAINER_OF(n, struct item, ready) : NULL;
}

/* Nobody is told of it until it is asked for again. ep->lock. */
static inline void disarm(struct item *item)
{
	uk_shared_set(item->link.mask, 0);
	item->events = 0;
}

/* What is left, or ready still, may be somebody else's. */
static UK_NOINLINE void wake_next(struct epoll *ep)
{
	bool irq = uk_spin_lock_irq(&ep->noted);

	if (!uk_queue_empty(&ep->ready))
		wake_sleeper(ep);
	uk_spin_unlock_irq(&ep->noted, irq);
}

/* Go through the list as it is now, once. The number of events. Ends with ep->lock released. */
static UK_NOINLINE int collect(struct epoll *ep, struct uk_abi_epoll_event *out, int max)
{
	struct uk_abi_epoll_event *at = out;
	struct item *item = first_item(ep), *last;

	last = item ? UK_CONTAINER_OF(uk_shared_get(item->ready.prev), struct item, ready) : NULL;
	for (; item; item = item == last || !max ? NULL : first_item(ep)) {
		struct uk_abi_epoll_event ev = { .events = ask_next(ep, item), .data = item->data };

		if (UK_UNLIKELY(!ev.events))
			continue;
		uk_user_store(at, &ev);
		at++;
		max--;
		if (UK_UNLIKELY(item->flags & UK_EPOLLONESHOT))
			disarm(item);
	}
	if (UK_UNLIKELY(!uk_queue_empty(&ep->sleepers)))
		wake_next(ep);
	uk_mutex_unlock(&ep->lock);
	return (int)(at - out);
}

/* Somebody else collects just now. */
static UK_NOINLINE int collect_later(struct epoll *ep, struct uk_abi_epoll_event *out, int max)
{
	uk_mutex_lock(&ep->lock);
	return collect(ep, out, max);
}

/*
 * What collect() does if there is a single item on the list, level-triggered and ready: the answer
 * that a server with little to do gets nearly always. False: it is not that simple. ep->lock.
 */
static inline bool collect_one(struct epoll *ep, struct uk_abi_epoll_event *out)
{
	struct item *item = first_item(ep);
	struct uk_abi_epoll_event ev;

	if (UK_UNLIKELY(!item || item->ready.next != &item->ready || item->flags != ASK_SOURCE ||
			!uk_queue_empty(&ep->sleepers)))
		return false;
	ev.events = ask(item);
	ev.data = item->data;
	if (UK_UNLIKELY(!ev.events))
		return false;
	uk_user_store(out, &ev);
	return true;
}

int uk_epoll_collect(struct uk_file *f, struct uk_abi_epoll_event *out, int max)
{
	struct epoll *ep = f->priv;

	if (UK_UNLIKELY(!is_epoll(f)))
		return -EINVAL;
	if (uk_queue_empty(&ep->ready))
		return 0;
	if (UK_UNLIKELY(!uk_mutex_trylock(&ep->lock)))
		return collect_later(ep, out, max);
	if (!collect_one(ep, out))
		return collect(ep, out, max);
	uk_mutex_unlock(&ep->lock);
	return 1;
}

/* Until there is something on the list, or input to fetch. 0, -ETIMEDOUT, -EINTR. */
static int sleep(struct epoll *ep, uk_nsec deadline)
{
	struct sleeper s = { .thread = uk_thread_current() };
	bool irq = uk_spin_lock_irq(&ep->noted);
	int err = 0;

	if (uk_queue_empty(&ep->ready)) {
		uk_queue_push(&ep->sleepers, &s.node);
		uk_spin_unlock_irq(&ep->noted, irq);
		err = uk_thread_block(deadline, true);
		irq = uk_spin_lock_irq(&ep->noted);
	}
	if (uk_queue_linked(&s.node))
		uk_queue_remove(&ep->sleepers, &s.node);
	uk_spin_unlock_irq(&ep->noted, irq);
	return err;
}

int uk_epoll_wait(struct uk_file *f, struct uk_abi_epoll_event *out, int max, uk_nsec deadline)
{
	int n = uk_epoll_collect(f, out, max), err = 0;

	if (!n && !deadline && uk_event_fetch(false))
		return uk_epoll_collect(f, out, max);
	if (n || !deadline)
		return n;
	while (!n && !err) {
		struct epoll *ep = f->priv;

		if (!uk_event_look(&ep->ready, deadline) && !uk_event_fetch(true))
			err = sleep(ep, deadline);
		/* After an error too: we may have been the one that was woken for it. */
		n = uk_epoll_collect(f, out, max);
	}
	uk_event_fetched();
	return n || err == -ETIMEDOUT ? n : err;
}

/* poll(2) of the instance: is there an item that is really ready? */
static void epoll_poll(struct uk_file *f)
{
	struct epoll *ep = f->priv;
	struct item *item, *end;
	bool found = false;

	uk_mutex_lock(&ep->lock);
	uk_event_clear(&ep->events, UK_POLLIN);
	item = first_item(ep);
	end = item ? UK_CONTAINER_OF(uk_shared_get(item->ready.prev), struct item, ready) : NULL;
	for (; item && !found; item = item == end ? NULL : first_item(ep)) {
		take(ep, item);
		found = ask(item);
		if (found)
			put_back(ep,
				 item); /* an edge is told to who waits, not to who only looks */
	}
	if (found)
		__atomic_or_fetch(&ep->events.ready, UK_POLLIN, __ATOMIC_SEQ_CST);
	uk_mutex_unlock(&ep->lock);
}

/* ---- items ---- */

static struct item **find(struct epoll *ep, int fd, const struct uk_file *f)
{
	struct item **at = &ep->items[fd];

	while (*at && (*at)->file != f)
		at = &(*at)->next;
	return at;
}

/* ep->lock. */
static void delete (struct epoll *ep, struct item **at)
{
	struct item *item = *at;
	bool irq;

	*at = item->next;
	uk_event_unsubscribe(&item->link);
	irq = uk_spin_lock_irq(&ep->noted);
	if (uk_queue_linked(&item->ready))
		uk_queue_remove(&ep->ready, &item->ready);
	uk_spin_unlock_irq(&ep->noted, irq);
	uk_free(item);
}

/* ep->lock. */
static void ask_for(struct item *item, const struct uk_abi_epoll_event *ev)
{
	uint32_t mask = (ev->events & ~FLAGS) | ALWAYS;

	item->data = ev->data;
	item->events = mask;
	item->flags = ev->events & FLAGS;
	if (!item->file->ops->poll && !(mask & (UK_POLLRDNORM | UK_POLLWRNORM)))
		item->flags |= ASK_SOURCE;
	if (mask & UK_POLLRDNORM)
		mask |= UK_POLLIN;
	if (mask & UK_POLLWRNORM)
		mask |= UK_POLLOUT;
	uk_shared_set(item->link.mask, mask);
}

/* Room for descriptor fd. ep->lock. */
static int grow(struct epoll *ep, int fd)
{
	unsigned cap = UK_MAX(ep->cap, CAP_MIN);
	struct item **items;

	while (cap <= (unsigned)fd)
		cap *= 2;
	items = uk_calloc(cap, sizeof(struct item *));
	if (!items)
		return -ENOMEM;
	if (ep->items)
		memcpy(items, ep->items, ep->cap * sizeof(struct item *));
	uk_free(ep->items);
	ep->items = items;
	ep->cap = cap;
	return 0;
}

/* ep->lock. */
static int add(struct epoll *ep, struct uk_file *f, int fd, const struct uk_abi_epoll_event *ev)
{
	struct item *item = uk_calloc(1, sizeof(*item));

	if (!item)
		return -ENOMEM;
	item->ep = ep;
	item->file = f;
	item->fd = fd;
	item->link.src = f->events;
	item->link.notify = notify;
	ask_for(item, ev);
	item->next = ep->items[fd];
	ep->items[fd] = item;
	if (!(f->flags & UK_FILE_WATCHED))
		__atomic_fetch_or(&f->flags, UK_FILE_WATCHED, __ATOMIC_RELAXED);
	uk_event_subscribe(&item->link);
	ask_first(item);
	return 0;
}

/* ---- instances that watch instances ---- */

/* The longest chain from `ep` down, itself included; more than CHAIN_MAX if it meets `outer`. nesting. */
static unsigned below(struct epoll *ep, const struct epoll *outer, unsigned depth)
{
	unsigned longest = 0, fd;
	struct item *item;

	if (ep == outer || depth > CHAIN_MAX)
		return CHAIN_MAX + 1;
	if (!ep->nested)
		return 1;
	uk_mutex_lock(&ep->lock);
	for (fd = 0; fd < ep->cap; fd++)
		for (item = ep->items[fd]; item; item = item->next)
			if (is_epoll(item->file))
				longest =
					UK_MAX(longest, below(item->file->priv, outer, depth + 1));
	uk_mutex_unlock(&ep->lock);
	return longest + 1;
}

struct above {
	unsigned longest, depth;
};

static bool measure_above(struct uk_event_link *link, void *arg)
{
	struct above *a = arg;

	if (link->notify == notify && a->depth < CHAIN_MAX) {
		struct above next = { .longest = 1, .depth = a->depth + 1 };
		struct epoll *ep = UK_CONTAINER_OF(link, struct item, link)->ep;

		uk_event_find(&ep->events, measure_above, &next);
		a->longest = UK_MAX(a->longest, next.longest + 1);
	}
	return false;
}

/* For the checker of locks: which wait queue comes after which. */
static void name_lock(struct epoll *ep UK_UNUSED, unsigned depth UK_UNUSED)
{
#ifdef UK_LOCK_DEBUG
	static const char *const names[CHAIN_MAX] = { "epoll", "epoll of epolls", "third epoll",
						      "fourth epoll", "fifth epoll" };

	uk_lock_name(&ep->events.waiters.lock, names[depth]);
#endif
}

/* May `outer` watch `inner`? nesting. */
static int may_nest(struct epoll *outer, struct epoll *inner)
{
	struct above a = { .longest = 1 };
	unsigned depth;

	uk_event_find(&outer->events, measure_above, &a);
	depth = below(inner, outer, 1);
	if (a.longest + depth > CHAIN_MAX)
		return -ELOOP;
	name_lock(outer, depth);
	return 0;
}

/* ---- control ---- */

static int control(struct epoll *ep, int op, struct uk_file *f, int fd,
		   const struct uk_abi_epoll_event *ev)
{
	struct item **at, *item;
	int err;

	if ((unsigned)fd >= ep->cap) {
		err = grow(ep, fd);
		if (err)
			return err;
	}
	at = find(ep, fd, f);
	item = *at;
	switch (op) {
	case UK_EPOLL_CTL_ADD:
		return item ? -EEXIST : add(ep, f, fd, ev);
	case UK_EPOLL_CTL_MOD:
		if (!item)
			return -ENOENT;
		if (item->flags & UK_EPOLLEXCLUSIVE)
			return -EINVAL;
		ask_for(item, ev);
		ask_first(item);
		return 0;
	case UK_EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		delete (ep, at);
		return 0;
	}
	return -EINVAL;
}

static int check(const struct uk_file *ef, const struct uk_file *f, int op, uint32_t events)
{
	if (!f->events)
		return -EPERM;
	if (!is_epoll(ef) || ef == f)
		return -EINVAL;
	if (op != UK_EPOLL_CTL_DEL && events & UK_EPOLLEXCLUSIVE &&
	    (op == UK_EPOLL_CTL_MOD || is_epoll(f) || events & ~EXCLUSIVE_WITH))
		return -EINVAL;
	return 0;
}

static int control_locked(struct uk_file *ef, int op, struct uk_file *f, int fd,
			  const struct uk_abi_epoll_event *ev)
{
	struct epoll *ep = ef->priv;
	int err = check(ef, f, op, ev ? ev->events : 0);
	bool nested = !err && is_epoll(f);

	if (err)
		return err;
	if (UK_UNLIKELY(nested)) {
		uk_mutex_lock(&nesting);
		if (op == UK_EPOLL_CTL_ADD) {
			err = may_nest(ep, f->priv);
			ep->nested |= !err;
		}
	}
	if (!err) {
		uk_mutex_lock(&ep->lock);
		err = control(ep, op, f, fd, ev);
		uk_mutex_unlock(&ep->lock);
	}
	if (nested)
		uk_mutex_unlock(&nesting);
	return err;
}

int uk_epoll_ctl(struct uk_fdtab *t, int epfd, int op, int fd, const struct uk_abi_epoll_event *ev)
{
	struct uk_file *ef = uk_fd_get_io(t, epfd), *f;
	int err = -EBADF;

	if (!ef)
		return -EBADF;
	f = uk_fd_get_io(t, fd);
	if (f) {
		err = control_locked(ef, op, f, fd, ev);
		uk_file_put(f);
	}
	uk_file_put(ef);
	return err;
}

/* ---- the end ---- */

static void epoll_put(struct epoll *ep)
{
	if (!ref_put(&ep->refs))
		return;
	uk_free(ep->items);
	uk_free(ep);
}

struct watch {
	struct uk_file *file;
	struct epoll *ep;
	int fd;
};

/* With the source locked, so the item stays, and its instance has a reference left. */
static bool watches(struct uk_event_link *link, void *arg)
{
	struct watch *w = arg;
	struct item *item = UK_CONTAINER_OF(link, struct item, link);

	if (link->notify != notify || item->file != w->file)
		return false;
	w->ep = item->ep;
	w->fd = item->fd;
	ref_get(&w->ep->refs);
	return true;
}

/* The file's last reference is gone. */
static void unwatch(struct uk_file *f)
{
	struct watch w = { .file = f };
	struct item **at;

	if (is_epoll(f))
		uk_mutex_lock(&nesting);
	while (uk_event_find(f->events, watches, &w)) {
		uk_mutex_lock(&w.ep->lock);
		at = find(w.ep, w.fd, f);
		if (*at) /* else somebody was faster */
			delete (w.ep, at);
		uk_mutex_unlock(&w.ep->lock);
		epoll_put(w.ep);
	}
	if (is_epoll(f))
		uk_mutex_unlock(&nesting);
}

static void epoll_release(struct uk_file *f)
{
	struct epoll *ep = f->priv;
	bool nested = ep->nested;
	unsigned fd;

	if (nested)
		uk_mutex_lock(&nesting);
	uk_mutex_lock(&ep->lock);
	for (fd = 0; fd < ep->cap; fd++)
		while (ep->items[fd])
			delete (ep, &ep->items[fd]);
	uk_mutex_unlock(&ep->lock);
	if (nested)
		uk_mutex_unlock(&nesting);
	epoll_put(ep);
}

static const struct uk_file_ops epoll_ops = { .poll = epoll_poll, .release = epoll_release };

int uk_epoll_create(struct uk_file **f)
{
	struct epoll *ep = uk_calloc(1, sizeof(*ep));

	*f = ep ? uk_file_new(&epoll_ops, UK_O_RDWR, ep) : NULL;
	if (!*f) {
		uk_free(ep);
		return -ENOMEM;
	}
	ep->refs = 1;
	name_lock(ep, 0);
	(*f)->events = &ep->events;
	vfs_unwatch = unwatch;
	return 0;
}
