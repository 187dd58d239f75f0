/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * alarm(2) and setitimer(2): the one real-time timer of the process, which sends SIGALRM. Timers
 * that count CPU time are not offered.
 */
#include <uk/signal.h>
#include "internal.h"

#define ITIMER_REAL 0

static void expired(struct uk_timer *t);

static struct period real = { .timer = UK_TIMER_INIT(expired), .deadline = UK_NSEC_MAX };
static struct uk_spinlock lock;

static void expired(struct uk_timer *t)
{
	bool irq = uk_spin_lock_irq(&lock);

	period_advance(&real);
	uk_spin_unlock_irq(&lock, irq);
	uk_signal_send(&uk_process_boot, UK_SIGALRM);
}

/* Replaces the timer; `first` 0 stops it. What was left of it before, and its interval. */
static uk_nsec replace(uk_nsec first, uk_nsec interval, uk_nsec *old_interval)
{
	bool irq = uk_spin_lock_irq(&lock);
	uk_nsec left = period_left(&real);

	*old_interval = real.interval;
	period_start(&real, first ? uk_deadline(first) : UK_NSEC_MAX, first ? interval : 0);
	uk_spin_unlock_irq(&lock, irq);
	return left;
}

UK_SYSCALL(long, setitimer, int which, const struct uk_abi_itimerval *new,
	   struct uk_abi_itimerval *old)
{
	struct uk_abi_itimerval want = { 0 }, was;
	uk_nsec first, interval;

	if (which != ITIMER_REAL)
		return -EINVAL;
	if (new &&uk_get_user(&want, new)) /* NULL stops it, as on Linux */
		return -EFAULT;
	if (!uk_abi_timeval_nsec(&want.value, &first) ||
	    !uk_abi_timeval_nsec(&want.interval, &interval))
		return -EINVAL;
	was.value = uk_abi_timeval(replace(first, interval, &interval));
	was.interval = uk_abi_timeval(interval);
	return old ? uk_put_user(was, old) : 0;
}

UK_SYSCALL(long, getitimer, int which, struct uk_abi_itimerval *user)
{
	struct uk_abi_itimerval now;
	bool irq;

	if (which != ITIMER_REAL)
		return -EINVAL;
	irq = uk_spin_lock_irq(&lock);
	now.value = uk_abi_timeval(period_left(&real));
	now.interval = uk_abi_timeval(real.interval);
	uk_spin_unlock_irq(&lock, irq);
	return uk_put_user(now, user);
}

#ifdef UK_SYSCALL_LEGACY
/* Seconds that were left, rounded to the nearest but never down to 0. */
UK_SYSCALL(long, alarm, unsigned seconds)
{
	uk_nsec interval, left = replace(seconds * UK_NSEC_PER_SEC, 0, &interval);
	uk_nsec rounded = (left + UK_NSEC_PER_SEC / 2) / UK_NSEC_PER_SEC;

	return left && !rounded ? 1 : (long)rounded;
}
#endif
