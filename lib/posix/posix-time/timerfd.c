/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timerfd_create(2): a timer as a file. Reading gives the number of expiries since the last read.
 *
 * After an expiry that nobody has read, the timer rests: further ones would tell nobody anything, and
 * one with a period of microseconds would leave no time for anything else. Whoever asks starts
 * it again, and counts what has passed meanwhile.
 */
#include <uk/alloc.h>
#include <uk/fdtab.h>
#include "internal.h"

#define TFD_ABSTIME 1 /* TFD_CANCEL_ON_SET is not offered */

struct timerfd {
	struct uk_spinlock lock;
	int clock;
	struct period period;
	uint64_t expiries;
	bool resting; /* has expired, with a period, and was not started again */
	struct uk_event_source events;
};

static void expired(struct uk_timer *timer)
{
	struct timerfd *t = UK_CONTAINER_OF(timer, struct timerfd, period.timer);
	bool irq;

	if (!period_lock(&t->period, &t->lock, &irq))
		return;
	t->expiries++;
	if (t->period.interval)
		t->resting = true;
	else
		t->period.deadline = UK_NSEC_MAX;
	uk_event_set(&t->events, UK_POLLIN);
	uk_spin_unlock_irq(&t->lock, irq);
}

/* lock. Counts the expiries that nobody was told of. */
static void catch_up(struct timerfd *t)
{
	if (!t->resting)
		return;
	t->resting = false;
	t->expiries += period_count(&t->period) - 1;
	period_start(&t->period, t->period.deadline, t->period.interval);
}

static uint64_t take(struct timerfd *t)
{
	bool irq = uk_spin_lock_irq(&t->lock);
	uint64_t n;

	catch_up(t);
	n = t->expiries;
	t->expiries = 0;
	uk_event_clear(&t->events, UK_POLLIN);
	uk_spin_unlock_irq(&t->lock, irq);
	return n;
}

static ssize_t timerfd_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	struct timerfd *t = f->priv;
	uint64_t n;
	int rc;

	if (it->left < sizeof(n))
		return -EINVAL;
	while (!(n = take(t))) {
		if (f->flags & UK_O_NONBLOCK)
			return -EAGAIN;
		rc = uk_event_wait(&t->events, UK_POLLIN, UK_NSEC_MAX);
		if (rc)
			return rc;
	}
	return uk_iter_put(it, &n, sizeof(n)) == sizeof(n) ? (ssize_t)sizeof(n) : -EFAULT;
}

static void timerfd_release(struct uk_file *f)
{
	struct timerfd *t = f->priv;
	bool irq = uk_spin_lock_irq(&t->lock);

	/* Not just the timer: its function may be running, and would start it again. */
	period_start(&t->period, UK_NSEC_MAX, 0);
	uk_spin_unlock_irq(&t->lock, irq);
	uk_free(t);
}

static const struct uk_file_ops timerfd_ops = { .read = timerfd_read, .release = timerfd_release };

UK_SYSCALL(long, timerfd_create, int clock, unsigned flags)
{
	struct timerfd *t;
	struct uk_file *f;
	uk_nsec unused;
	int fd;

	if (posix_clock_deadline(clock, false, 0, &unused) ||
	    (flags & ~(unsigned)(UK_O_CLOEXEC | UK_O_NONBLOCK)))
		return -EINVAL;
	t = uk_calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->clock = clock;
	t->period.deadline = UK_NSEC_MAX;
	uk_timer_init(&t->period.timer, expired);
	f = uk_file_new(&timerfd_ops, UK_O_RDWR | (flags & UK_O_NONBLOCK), t);
	if (!f) {
		uk_free(t);
		return -ENOMEM;
	}
	f->events = &t->events;
	fd = uk_fd_add(uk_process_current()->files, f, 0, flags & UK_O_CLOEXEC);
	if (fd < 0)
		uk_file_put(f);
	return fd;
}

/* lock */
static void state(const struct timerfd *t, struct uk_abi_itimerspec *out)
{
	out->value = uk_abi_timespec(period_left(&t->period));
	out->interval = uk_abi_timespec(t->period.interval);
}

/* Both may be NULL. */
static long exchange(int fd, bool absolute, const struct uk_abi_itimerspec *new,
		     struct uk_abi_itimerspec *old)
{
	struct uk_file *f = uk_fd_get_io(uk_process_current()->files, fd);
	uk_nsec first, interval, deadline = UK_NSEC_MAX;
	struct timerfd *t;
	bool irq;

	if (!f)
		return -EBADF;
	if (f->ops != &timerfd_ops || (new && (!uk_abi_timespec_nsec(&new->value, &first) ||
					       !uk_abi_timespec_nsec(&new->interval, &interval)))) {
		uk_file_put(f);
		return -EINVAL;
	}
	t = f->priv;
	irq = uk_spin_lock_irq(&t->lock);
	catch_up(t);
	if (old)
		state(t, old);
	if (new) {
		if (first)
			posix_clock_deadline(t->clock, absolute, first, &deadline);
		period_start(&t->period, deadline, first ? interval : 0);
		t->expiries = 0;
		uk_event_clear(&t->events, UK_POLLIN);
	}
	uk_spin_unlock_irq(&t->lock, irq);
	uk_file_put(f);
	return 0;
}

UK_SYSCALL(long, timerfd_settime, int fd, int flags, const struct uk_abi_itimerspec *new,
	   struct uk_abi_itimerspec *old)
{
	struct uk_abi_itimerspec want, was;
	long rc;

	if (flags & ~TFD_ABSTIME)
		return -EINVAL;
	if (uk_get_user(&want, new))
		return -EFAULT;
	rc = exchange(fd, flags & TFD_ABSTIME, &want, &was);
	return rc || !old ? rc : uk_put_user(was, old);
}

UK_SYSCALL(long, timerfd_gettime, int fd, struct uk_abi_itimerspec *user)
{
	struct uk_abi_itimerspec now;
	long rc = exchange(fd, false, NULL, &now);

	return rc ? rc : uk_put_user(now, user);
}
