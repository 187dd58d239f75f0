/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timer_create(2) and family: timers of the process that send any signal, to the process or to
 * one thread of it. The signal is part of the timer, so that an expiry allocates nothing;
 * expiries while it is pending are counted as overruns.
 */
#include <uk/alloc.h>
#include <uk/signal.h>
#include "internal.h"

#define SIGEV_SIGNAL    0
#define SIGEV_NONE      1
#define SIGEV_THREAD_ID 4

#define OVERRUN_MAX 0x7fffffffU

/*
 * Linux asm-generic/siginfo.h, without the padding up to 64 bytes behind it: musl hands over no more
 * than this.
 */
struct uk_abi_sigevent {
	uint64_t value;
	int32_t signo;
	int32_t notify;
	int32_t tid;
};

struct timer {
	struct uk_list node;
	int id;
	int clock;
	bool silent;
	int tid;    /* 0: the process */
	int of_tid; /* whose CPU time it counts; 0: nobody's, or the process's */
	struct cpu_period time;
	struct uk_sigentry entry;
	struct uk_sigoverrun overrun;
};

static struct uk_list timers = UK_LIST_INIT(timers);
static struct uk_spinlock lock; /* taken before the process's */

static void add_overrun(struct timer *t, uint64_t n)
{
	t->overrun.count =
		n > OVERRUN_MAX - t->overrun.count ? OVERRUN_MAX : t->overrun.count + (uint32_t)n;
}

static void expired(struct uk_timer *timer)
{
	struct timer *t = UK_CONTAINER_OF(timer, struct timer, time.period.timer);
	uint64_t n;
	bool irq;

	if (!period_lock(&t->time.period, &lock, &irq))
		return;
	n = period_advance(&t->time.period);
	if (!t->silent) {
		bool pending;

		uk_spin_acquire(&uk_process_boot.lock); /* another CPU may be taking the signal */
		pending = uk_queue_linked(&t->entry.node);
		add_overrun(t, pending ? n : n - 1);
		uk_spin_release(&uk_process_boot.lock);
		if (pending)
			; /* counted */
		else if (t->time.period.clock && !t->tid)
			uk_signal_send_running(&uk_process_boot, t->entry.sig, &t->entry);
		else
			uk_signal_send_entry(&uk_process_boot, t->tid, &t->entry);
	}
	uk_spin_unlock_irq(&lock, irq);
}

/* lock */
static struct timer *find(int id)
{
	struct timer *t;

	uk_list_for_each(t, &timers, node)
		if (t->id == id)
			return t;
	return NULL;
}

static int set_event(struct timer *t, const struct uk_abi_sigevent *ev)
{
	struct uk_process *p = uk_process_current();
	bool irq, found = true;

	switch (ev->notify) {
	case SIGEV_NONE:
		t->silent = true;
		return 0;
	case SIGEV_THREAD_ID:
		irq = uk_spin_lock_irq(&p->lock);
		found = uk_task_find(p, ev->tid);
		uk_spin_unlock_irq(&p->lock, irq);
		t->tid = ev->tid;
		break;
	case SIGEV_SIGNAL:
		break;
	default:
		return -EINVAL;
	}
	if (!found || ev->signo < 1 || ev->signo > UK_SIGNALS)
		return -EINVAL;
	t->entry = (struct uk_sigentry){
		.sig = ev->signo,
		.code = UK_SI_TIMER,
		.value = ev->value,
		.keep = true,
		.overrun = &t->overrun,
	};
	return 0;
}

UK_SYSCALL(long, timer_create, int clock, const struct uk_abi_sigevent *event, int32_t *id)
{
	struct uk_abi_sigevent ev = { .signo = UK_SIGALRM, .notify = SIGEV_SIGNAL };
	static int last_id;
	struct timer *t;
	int rc, of_tid = 0;
	uk_nsec unused;
	bool irq, cpu;

	cpu = posix_clock_deadline(clock, false, 0, &unused);
	if (cpu && (posix_cpu_clock(clock, &of_tid) || posix_clock_read(clock, &unused)))
		return -EINVAL;
	if ((event && uk_get_user(&ev, event)) || !uk_access_ok(id, sizeof(*id)))
		return -EFAULT;
	t = uk_calloc(1, sizeof(*t));
	if (!t)
		return -EAGAIN;
	rc = set_event(t, &ev);
	if (rc) {
		uk_free(t);
		return rc;
	}
	t->clock = clock;
	t->of_tid = of_tid;
	t->time = (struct cpu_period)CPU_PERIOD_INIT(expired);
	if (!cpu)
		t->time.period.clock = NULL;
	irq = uk_spin_lock_irq(&lock);
	do
		t->id = last_id++ & 0x7fffffff;
	while (find(t->id));
	t->entry.pid = t->id;
	if (!event)
		t->entry.value = (uint64_t)t->id;
	uk_list_add_tail(&timers, &t->node);
	uk_spin_unlock_irq(&lock, irq);
	return uk_put_user(t->id, id);
}

/* lock, and the process's. Is the thread there whose time it counts, if it does? */
static bool has_clock(struct timer *t)
{
	struct uk_task *task = t->of_tid ? uk_task_find(&uk_process_boot, t->of_tid) : NULL;

	if (task)
		t->time.cpu.thread = task->thread;
	return task || !t->of_tid;
}

/* lock. As Linux: one whose thread has gone looks like one that was never set. */
static void state(struct timer *t, struct uk_abi_itimerspec *out)
{
	struct period *p = &t->time.period;
	bool there;

	uk_spin_acquire(&uk_process_boot.lock);
	there = has_clock(t);
	out->value = uk_abi_timespec(there ? period_left(p) : 0);
	out->interval = uk_abi_timespec(there ? p->interval : 0);
	uk_spin_release(&uk_process_boot.lock);
}

/* lock */
static long start(struct timer *t, bool absolute, uk_nsec first, uk_nsec interval)
{
	struct period *p = &t->time.period;
	uk_nsec deadline = UK_NSEC_MAX;
	bool there;

	uk_spin_acquire(&uk_process_boot.lock);
	there = has_clock(t);
	if (there) {
		if (first && !p->clock)
			posix_clock_deadline(t->clock, absolute, first, &deadline);
		else if (first &&
			 __builtin_add_overflow(first, absolute ? 0 : period_now(p), &deadline))
			deadline = UK_NSEC_MAX;
		period_start(p, deadline, first ? interval : 0);
	}
	uk_spin_release(&uk_process_boot.lock);
	return there ? 0 : -ESRCH;
}

static long settime(int id, bool absolute, uk_nsec first, uk_nsec interval,
		    struct uk_abi_itimerspec *was)
{
	bool irq = uk_spin_lock_irq(&lock);
	struct timer *t = find(id);
	long rc = -EINVAL;

	if (t) {
		state(t, was);
		/*
		 * A signal of the old setting that is still pending does not speak for the new one.
		 */
		uk_signal_cancel_entry(&uk_process_boot, &t->entry);
		t->overrun.count = 0;
		rc = start(t, absolute, first, interval);
	}
	uk_spin_unlock_irq(&lock, irq);
	return rc;
}

UK_SYSCALL(long, timer_settime, int id, int flags, const struct uk_abi_itimerspec *new,
	   struct uk_abi_itimerspec *old)
{
	struct uk_abi_itimerspec want, was;
	uk_nsec first, interval;
	long rc;

	if (uk_get_user(&want, new))
		return -EFAULT;
	if (!uk_abi_timespec_nsec(&want.value, &first) ||
	    !uk_abi_timespec_nsec(&want.interval, &interval))
		return -EINVAL;
	rc = settime(id, flags & UK_TIMER_ABSTIME, first, interval, &was);
	return rc || !old ? rc : uk_put_user(was, old);
}

UK_SYSCALL(long, timer_gettime, int id, struct uk_abi_itimerspec *user)
{
	struct uk_abi_itimerspec now;
	bool irq = uk_spin_lock_irq(&lock);
	struct timer *t = find(id);

	if (t)
		state(t, &now);
	uk_spin_unlock_irq(&lock, irq);
	return t ? uk_put_user(now, user) : -EINVAL;
}

UK_SYSCALL(long, timer_getoverrun, int id)
{
	bool irq = uk_spin_lock_irq(&lock);
	struct timer *t = find(id);
	long n = -EINVAL;

	if (t) {
		uk_spin_acquire(&uk_process_boot.lock);
		n = (long)t->overrun.delivered;
		uk_spin_release(&uk_process_boot.lock);
	}
	uk_spin_unlock_irq(&lock, irq);
	return n;
}

UK_SYSCALL(long, timer_delete, int id)
{
	bool irq = uk_spin_lock_irq(&lock);
	struct timer *t = find(id);

	if (t) {
		period_start(&t->time.period, UK_NSEC_MAX, 0);
		uk_signal_cancel_entry(&uk_process_boot, &t->entry);
		uk_list_del(&t->node);
	}
	uk_spin_unlock_irq(&lock, irq);
	uk_free(t);
	return t ? 0 : -EINVAL;
}
