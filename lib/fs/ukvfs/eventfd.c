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

static void update(struct eventfd *e)
{
	if (e->count)
		uk_event_set(&e->events, UK_POLLIN);
	else
		uk_event_clear(&e->events, UK_POLLIN);
	if (e->count < COUNT_MAX)
		uk_event_set(&e->events, UK_POLLOUT);
	else
		uk_event_clear(&e->events, UK_POLLOUT);
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
		e->count -= value;
		if (value)
			update(e);
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
			e->count += value;
			update(e);
		} else {
			/* Writable by 1, but not by this: wait for the next read. */
			uk_event_clear(&e->events, UK_POLLOUT);
		}
		uk_mutex_unlock(&e->lock);
		if (fits)
			return (ssize_t)sizeof(value);
		if (f->flags & UK_O_NONBLOCK) {
			uk_mutex_lock(&e->lock);
			update(e);
			uk_mutex_unlock(&e->lock);
			return -EAGAIN;
		}
		err = uk_event_wait(&e->events, UK_POLLOUT, UK_NSEC_MAX);
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
	update(e);
	return 0;
}
