/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * alarm(2) and setitimer(2): one timer of the process on real time, and two on the CPU time of its
 * threads, for profilers. Kernel and application are not told apart, so ITIMER_VIRTUAL counts
 * what ITIMER_PROF does.
 */
#include <uk/signal.h>
#include "internal.h"

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

static void expired(struct uk_timer *t);

static struct cpu_period timers[] = {
	[ITIMER_REAL] = { .period = { .timer = UK_TIMER_INIT(expired), .deadline = UK_NSEC_MAX } },
	[ITIMER_VIRTUAL] = CPU_PERIOD_INIT(expired),
	[ITIMER_PROF] = CPU_PERIOD_INIT(expired),
};
static struct uk_spinlock lock;

static void expired(struct uk_timer *t)
{
	struct period *p = UK_CONTAINER_OF(t, struct period, timer);
	bool irq;

	if (!period_lock(p, &lock, &irq))
		return;
	period_advance(p);
	uk_spin_unlock_irq(&lock, irq);
	if (!p->clock)
		uk_signal_send(&uk_process_boot, UK_SIGALRM);
	else /* who was it that used the time? */
		uk_signal_send_running(&uk_process_boot,
				       p == &timers[ITIMER_PROF].period ? UK_SIGPROF : UK_SIGVTALRM,
				       NULL);
}

static struct period *find(int which)
{
	return (unsigned)which < UK_ARRAY_SIZE(timers) ? &timers[which].period : NULL;
}

/* Replaces the timer; `first` 0 stops it. What was left of it before, and its interval. */
static uk_nsec replace(struct period *p, uk_nsec first, uk_nsec interval, uk_nsec *old_interval)
{
	bool irq = uk_spin_lock_irq(&lock);
	uk_nsec left = period_left(p), deadline;

	*old_interval = p->interval;
	if (!first || __builtin_add_overflow(period_now(p), first, &deadline))
		deadline = UK_NSEC_MAX;
	period_start(p, deadline, first ? interval : 0);
	uk_spin_unlock_irq(&lock, irq);
	return left;
}

UK_SYSCALL(long, setitimer, int which, const struct uk_abi_itimerval *new,
	   struct uk_abi_itimerval *old)
{
	struct uk_abi_itimerval want = { 0 }, was;
	struct period *p = find(which);
	uk_nsec first, interval;

	if (!p)
		return -EINVAL;
	if (new &&uk_get_user(&want, new)) /* NULL stops it, as on Linux */
		return -EFAULT;
	if (!uk_abi_timeval_nsec(&want.value, &first) ||
	    !uk_abi_timeval_nsec(&want.interval, &interval))
		return -EINVAL;
	was.value = uk_abi_timeval(replace(p, first, interval, &interval));
	was.interval = uk_abi_timeval(interval);
	return old ? uk_put_user(was, old) : 0;
}

UK_SYSCALL(long, getitimer, int which, struct uk_abi_itimerval *user)
{
	struct uk_abi_itimerval now;
	struct period *p = find(which);
	bool irq;

	if (!p)
		return -EINVAL;
	irq = uk_spin_lock_irq(&lock);
	now.value = uk_abi_timeval(period_left(p));
	now.interval = uk_abi_timeval(p->interval);
	uk_spin_unlock_irq(&lock, irq);
	return uk_put_user(now, user);
}

#ifdef UK_SYSCALL_LEGACY
/* Seconds that were left, rounded to the nearest but never down to 0. */
UK_SYSCALL(long, alarm, unsigned seconds)
{
	uk_nsec interval, left = replace(&timers[ITIMER_REAL].period, seconds * UK_NSEC_PER_SEC, 0,
					 &interval);
	uk_nsec rounded = (left + UK_NSEC_PER_SEC / 2) / UK_NSEC_PER_SEC;

	return left && !rounded ? 1 : (long)rounded;
}
#endif
