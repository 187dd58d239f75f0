/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of posix-time. */
#ifndef POSIX_TIME_INTERNAL_H
#define POSIX_TIME_INTERNAL_H

#include <uk/abi/time.h>
#include <uk/cputimer.h>
#include <uk/errno.h>
#include <uk/process.h>
#include <uk/syscall.h>
#include <uk/time.h>
#include <uk/timer.h>
#include <uk/uaccess.h>

/* What a clock shows: 0 and the time, or -EINVAL. */
int posix_clock_read(int clock, uk_nsec *now);

/*
 * The monotonic instant that a time on `clock` means, relative or absolute. 0 or -EINVAL (no such
 * clock, or none that can be waited for).
 */
int posix_clock_deadline(int clock, bool absolute, uk_nsec time, uk_nsec *deadline);

/*
 * Is `clock` one of CPU time? 0, and the thread whose time it is, or *tid = 0: that of the process.
 * -EINVAL: it is not, or nobody counts threads' time (CONFIG_LIBUKSCHED_CPUTIME).
 */
int posix_cpu_clock(int clock, int *tid);

struct period;

/* What a period is measured on. */
struct period_clock {
	uk_nsec (*now)(const struct period *p);
	void (*start)(struct period *p); /* ... to expire at p->deadline */
};

/*
 * A timer with an interval: all that setitimer, timer_settime and timerfd_settime have in common.
 */
struct period {
	struct uk_timer timer;
	uk_nsec deadline;                 /* of the next expiry; UK_NSEC_MAX: not armed */
	uk_nsec interval;                 /* 0: once */
	const struct period_clock *clock; /* NULL: the monotonic one */
#ifdef CONFIG_SMP
	bool setting; /* somebody is starting or stopping it, and may be waiting for its function */
#endif
};

/*
 * For the timer's function: takes the lock under which the period is set. False: it is just being set
 * on another CPU, which waits for the function to return, so this expiry is of no use any more.
 * Interrupt context. Ends with uk_spin_unlock_irq(l, *irq) if it is true.
 */
static inline bool period_lock(struct period *p UK_UNUSED, struct uk_spinlock *l, bool *irq)
{
#ifdef CONFIG_SMP
	*irq = uk_irq_save();
	for (unsigned turns = 0; !uk_spin_try(l); turns++) {
		if (__atomic_load_n(&p->setting, __ATOMIC_ACQUIRE)) {
			uk_irq_restore(*irq);
			return false;
		}
		uk_spin_hook(turns);
	}
#else
	*irq = uk_spin_lock_irq(l);
#endif
	return true;
}

/* One that may be on CPU time, in images that link cputime.c. */
struct cpu_period {
	struct period period;
	struct uk_cputimer cpu;
};

extern const struct period_clock cpu_period_clock;
void cpu_period_expired(struct uk_cputimer *c);

#define CPU_PERIOD_INIT(fn_)                                                                       \
	{                                                                                          \
		.period = { .timer = UK_TIMER_INIT(fn_),                                           \
			    .deadline = UK_NSEC_MAX,                                               \
			    .clock = &cpu_period_clock },                                          \
		.cpu = { .fn = cpu_period_expired },                                               \
	}

/* What its clock shows. Of a thread's time: while that is there. */
uk_nsec period_now(const struct period *p);

/* Deadline UK_NSEC_MAX: disarm. The function set in p->timer.fn is called at each expiry. */
void period_start(struct period *p, uk_nsec deadline, uk_nsec interval);

/* In the timer's function: goes on to the next expiry. How many there were since the last time. */
uint64_t period_advance(struct period *p);

/*
 * The same without starting it, for one with an interval that has expired: how many expiries there were, and
 * p->deadline is the next. Under the lock under which it is set.
 */
uint64_t period_count(struct period *p);

/* Time left until the next expiry; 0 if not armed, and at least 1 if it is. */
uk_nsec period_left(const struct period *p);

#endif
