/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eventfd(2): a 64-bit counter as a file. A write adds, a read takes all (or one, as a semaphore).
 */
#include "vfs_priv.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
	struct uk_mutex lock;
	uint64_t count;
	bool semaphore;
	struct uk_event_source events;
};

/* Who watches for the edges of one direction hears nothing of the other. */
static void update_read(struct eventfd *e)
{
	if (!e->count)
		uk_event_clear(&e->events, UK_POLLIN);
	uk_event_set(&e->events, UK_POLLOUT);
}

static void update_written(struct eventfd *e)
{
	if (e->count == COUNT_MAX)
		uk_event_clear(&e->events, UK_POLLOUT);
	if (e->count)
		uk_event_set(&e->events, UK_POLLIN);
}

static ssize_t eventfd_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	struct eventfd *e = f->priv;
	uint64_t value;
	int err;

	if (it->left < sizeof(value))
		return -EINVAL;
	for (;;) {
		uk_mutex_lock(&e->lock);
		value = e->semaphore && e->count ? 1 : e->count;
		uk_shared_set(e->count, e->count - value);
		if (value)
			update_read(e);
		uk_mutex_unlock(&e->lock);
		if (value)
			return uk_iter_put(it, &value, sizeof(value)) == sizeof(value)
				       ? (ssize_t)sizeof(value)
				       : -EFAULT;
		if (f->flags & UK_O_NONBLOCK)
			return -EAGAIN;
		err = uk_event_wait(&e->events, UK_POLLIN, UK_NSEC_MAX);
		if (err)
			return err;
	}
}

static ssize_t eventfd_write(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	struct eventfd *e = f->priv;
	uint64_t value;
	bool fits;
	int err;

	if (it->left < sizeof(value))
		return -EINVAL;
	if (uk_iter_get(it, &value, sizeof(value)) != sizeof(value))
		return -EFAULT;
	if (value > COUNT_MAX)
		return -EINVAL;
	for (;;) {
		uk_mutex_lock(&e->lock);
		fits = value <= COUNT_MAX - e->count;
		if (fits) {
			uk_shared_set(e->count, e->count + value);
			update_written(e);
		}
		uk_mutex_unlock(&e->lock);
		if (fits)
			return (ssize_t)sizeof(value);
		if (f->flags & UK_O_NONBLOCK)
			return -EAGAIN;
		/* It may well be writable by 1 meanwhile. */
		err = UK_WAIT(&e->events.waiters, value <= COUNT_MAX - uk_shared_get(e->count),
			      UK_NSEC_MAX);
		if (err)
			return err;
	}
}

static void eventfd_release(struct uk_file *f)
{
	uk_free(f->priv);
}

static const struct uk_file_ops eventfd_ops = { .read = eventfd_read,
						.write = eventfd_write,
						.release = eventfd_release };

int uk_eventfd_create(uint64_t count, unsigned flags, bool semaphore, struct uk_file **f)
{
	struct eventfd *e = uk_calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->count = count;
	e->semaphore = semaphore;
	*f = uk_file_new(&eventfd_ops, flags | UK_O_RDWR, e);
	if (!*f) {
		uk_free(e);
		return -ENOMEM;
	}
	(*f)->events = &e->events;
	e->events.ready = (count ? UK_POLLIN : 0) | (count < COUNT_MAX ? UK_POLLOUT : 0);
	return 0;
}
