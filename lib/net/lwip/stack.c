/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lock around lwIP, and who does its work.
 *
 * Received packets are taken and processed by the thread that waits for them: before it blocks it
 * polls the devices (uk/event.h, fetch), and what it finds may be what it waits for. Only when there is nothing does
 * it ask for an interrupt, which wakes this same thread. So under load there is no
 * interrupt and no switch between threads for a packet, and with several threads that wait one of them polls
 * for all.
 *
 * A thread that found packets goes away to work on them, with interrupts still off: it will be
 * back soon. For the case that it is not, a timer looks every millisecond whether anybody polled since, and else
 * wakes the thread "net", which does and asks for interrupts. That thread also runs timers when
 * nobody else is there.
 *
 * For the same reason the device is not told of each packet that such a thread sends (to tell it leaves the
 * guest, which costs more than to make the packet), but of all when it comes back. Before that: when there are many bytes, when a CPU has
 * nothing else to do, and when that timer finds that the thread has not been back since it last looked. So a packet
 * waits for two milliseconds at most, whatever the thread does in between.
 *
 * With several CPUs one that has nothing more to do may ask for an interrupt while threads of others are away. That is no reason to tell the
 * device of each packet of theirs: they come back as well. And before it asks it looks at the device for a while (look_for_more()): an interrupt, and
 * waking a CPU that sleeps, each take longer than most of the times without a packet last.
 */
#include <lwip/init.h>
#include <lwip/priv/tcp_priv.h>
#include <uk/param.h>
#include <uk/event.h>
#include <uk/init.h>
#include <uk/page.h>
#include <uk/print.h>
#include <uk/sched_idle.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif
#include <uk/thread.h>
#include <uk/waitq.h>
#include "internal.h"

#define GUARD_NSEC UK_NSEC_PER_MS

struct uk_mutex lwip_mutex;

static struct uk_spinlock
	wake_lock; /* the fields up to the empty line; a leaf, as a wait queue's is */
static struct uk_thread *fetcher; /* blocks, and shall be woken by interrupts; or NULL */
static bool wanted;               /* the thread "net" shall work */
static struct uk_waitq net_waiting;

bool lwip_resting = true; /* interrupts were asked for: nothing can be missed */
static uint32_t polls, polls_seen;
static uint32_t fetches, fetches_seen; /* when devices were told of what was sent */

void lwip_wake(void)
{
	bool irq = uk_spin_lock_irq(&wake_lock);
	struct uk_thread *t = fetcher;

	fetcher = NULL;
	if (t)
		uk_thread_wake(t); /* it cannot be gone: it takes the lock to leave */
	else
		wanted = true;
	uk_spin_unlock_irq(&wake_lock, irq);
	if (!t)
		uk_waitq_wake_one(&net_waiting);
}

static void set_fetcher(struct uk_thread *t)
{
	bool irq = uk_spin_lock_irq(&wake_lock);

	fetcher = t;
	uk_spin_unlock_irq(&wake_lock, irq);
}

/* ---- work, with the lock held ---- */

/* Packets that were sent to ourselves; what they cause may be more of them. */
static UK_NOINLINE void deliver_to_self(void)
{
	struct netif *n = netif_list;

	while (n) {
		if (n->loop_first) {
			netif_poll(n);
			n = netif_list; /* start again */
		} else {
			n = n->next;
		}
	}
}

static inline void settle(void)
{
	struct netif *n;
	unsigned i;

	NETIF_FOREACH(n)
	{
		if (UK_UNLIKELY(n->loop_first != NULL))
			deliver_to_self();
	}
	for (i = 0; i < lwip_n_devices; i++)
		if (lwip_devices[i]->n_pending)
			device_flush(lwip_devices[i]);
}

#ifdef CONFIG_SMP
bool lwip_untold;

void lwip_release(void)
{
	bool tell = lwip_untold;

	lwip_untold = false;
	uk_mutex_unlock(&lwip_mutex);
	if (tell)
		lwip_tell();
}

/* With the lock held, and released soon. */
static void tell_soon(void)
{
	lwip_untold = true;
}

/* With the lock held, and perhaps for long. */
static void tell_now(void)
{
	if (lwip_untold)
		lwip_tell();
	lwip_untold = false;
}
#else
static inline void tell_soon(void)
{
	lwip_tell();
}

static inline void tell_now(void)
{
}
#endif

void lwip_unlock(void)
{
	settle();
	lwip_release();
}

bool lwip_work(void)
{
	bool found = false;
	unsigned i;

	polls++;
	for (i = 0; i < lwip_n_devices; i++)
		found |= device_poll(lwip_devices[i]);
	if (UK_UNLIKELY(uk_shared_get(lwip_timer_due))) {
		lwip_timers_run();
		found = true;
	}
	return found;
}

UK_NOINLINE void lwip_tell(void)
{
	for (unsigned i = 0; i < lwip_n_devices; i++)
		uk_netdev_tell(lwip_devices[i]->dev->tx[0]);
}

/* ---- who is away, with several CPUs ---- */

#ifdef CONFIG_SMP
/* CPUs (by their number modulo 64) on which a thread works on what was found, and will be back. Words of others are only hints. */
static uint64_t away;

static inline uint64_t own_bit(void)
{
	return (uint64_t)1 << (uk_cpu() % 64);
}

static inline void is_away(void)
{
	if (!(uk_shared_get(away) & own_bit()))
		__atomic_fetch_or(&away, own_bit(), __ATOMIC_RELAXED);
}

/* This one is not. Are others? */
static inline bool others_are_away(void)
{
	return __atomic_and_fetch(&away, ~own_bit(), __ATOMIC_RELAXED) != 0;
}

/* They have been for long. */
static inline void none_is_away(void)
{
	uk_shared_set(away, 0);
}
#else
static inline void is_away(void)
{
}

static inline bool others_are_away(void)
{
	return false;
}

static inline void none_is_away(void)
{
}
#endif

/*
 * Ask for interrupts. True: there is something already. While others are away the guard goes on; when nobody is for as long
 * as that waits, it has a thread come here again.
 */
static bool arm(void)
{
	unsigned i;

	for (i = 0; i < lwip_n_devices; i++)
		if (device_arm(lwip_devices[i]))
			return true;
	tell_soon();
	if (!others_are_away())
		lwip_resting = true;
	return uk_shared_get(lwip_timer_due);
}

/* ---- polling without anybody who waits ---- */

void uk_sched_will_idle(void)
{
	if (uk_shared_get(lwip_resting) && !uk_shared_get(lwip_row))
		return;
	uk_shared_set(lwip_row, 0);
	lwip_tell();
}

static void guard_expired(struct uk_timer *t)
{
	if (uk_shared_get(lwip_resting))
		return;
	if (fetches_seen == uk_shared_get(fetches))
		lwip_tell();
	fetches_seen = uk_shared_get(fetches);
	if (polls_seen == uk_shared_get(polls)) {
		none_is_away();
		lwip_wake();
	}
	polls_seen = uk_shared_get(polls);
	uk_timer_start(t, uk_clock_monotonic() + GUARD_NSEC);
}

static struct uk_timer guard = UK_TIMER_INIT(guard_expired);

static void leave_polling(void)
{
	is_away();
	lwip_resting = false;
	if (UK_UNLIKELY(!uk_timer_pending(&guard)) && lwip_n_devices)
		uk_timer_start(&guard, uk_clock_monotonic() + GUARD_NSEC);
}

/* ---- datagrams in a row ---- */

/*
 * Who sends one after the other, and waits for nothing meanwhile, is sending many: the device is told of some at a time. The
 * first ones go at once, so that nothing waits for what may not come; none waits longer than this, whatever the thread does.
 */
#define ROW_NSEC (100 * UK_NSEC_PER_US)

unsigned lwip_row;

/* Looked at twice: another CPU's thread may have seen that the timer runs, and not have sent yet. */
static UK_COLD void row_expired(struct uk_timer *t)
{
	static unsigned seen, quiet;
	unsigned now = uk_shared_get(lwip_row);

	quiet = now == seen ? quiet + 1 : 0;
	seen = now;
	lwip_tell();
	if (quiet < 2)
		uk_timer_start(t, uk_clock_monotonic() + ROW_NSEC);
}

struct uk_timer lwip_row_timer = UK_TIMER_INIT(row_expired);

UK_COLD void lwip_row_begins(void)
{
	uk_timer_start(&lwip_row_timer, uk_clock_monotonic() + ROW_NSEC);
}

static bool fetch(bool wait)
{
	struct uk_thread *self = uk_thread_current();
	bool found;

	if (wait && uk_shared_get(fetcher) == self && uk_shared_get(lwip_resting))
		return false; /* the second look: an interrupt would have taken it away */
	lwip_tell();
	lwip_lock();
	fetches++;
	uk_shared_set(lwip_row, 0);
	found = lwip_work();
	if (!found && wait) {
		set_fetcher(self);
		found = arm();
		if (found)
			lwip_work();
	}
	if (found)
		leave_polling();
	lwip_unlock();
	return found;
}

static void fetch_done(void)
{
	bool irq;

	if (!uk_shared_get(lwip_resting))
		is_away();
	if (UK_LIKELY(uk_shared_get(fetcher) != uk_thread_current()))
		return;
	irq = uk_spin_lock_irq(&wake_lock);
	if (fetcher == uk_thread_current())
		fetcher = NULL;
	uk_spin_unlock_irq(&wake_lock, irq);
}

#ifdef CONFIG_SMP
#define LOOK_NSEC  (300 * UK_NSEC_PER_US)
#define LOOK_EVERY UK_NSEC_PER_US /* at the devices, as that takes the lock */
#define SKIP_MAX   255U

/* Where it is in vain it is done more and more seldom, as an idle CPU's look for threads is (uksched/cpus.c). */
static struct {
	unsigned in_vain,
		skip; /* threads that are moved meanwhile may mix them up, which does no harm */
} UK_CPU_ALIGNED looks[UK_CPUS];

/* If nobody has the lock: who has it is going to wake those for whom he finds something. */
static bool look_once(void)
{
	bool found;

	if (!uk_mutex_trylock(&lwip_mutex))
		return false;
	fetches++;
	found = lwip_work();
	if (found)
		leave_polling();
	lwip_unlock();
	return found;
}

/*
 * Without `pause`: for QEMU's emulation of x86 that is to leave the loop that executes instructions, and to take the lock of all devices, which
 * the device that is waited for needs.
 */
static bool is_there_soon(const struct uk_queue *ready)
{
	uk_nsec next = uk_clock_monotonic() + LOOK_EVERY;

	do
		if (!uk_queue_empty(ready))
			return true;
	while (uk_clock_monotonic() < next);
	return look_once();
}

/* Does nobody else want this CPU, or this thread? */
static inline bool may_look(void)
{
	return uk_sched_is_alone() && !uk_thread_interrupted(uk_thread_current());
}

/* The device is told first, as it would be by fetch(): a packet that is waited for may be the answer to one that it has not seen. */
static bool look_for_more(const struct uk_queue *ready, uk_nsec deadline)
{
	unsigned cpu = uk_cpu(), skip = uk_shared_get(looks[cpu].skip), vain;
	uk_nsec end;

	if (uk_smp_cpus() == 1 || uk_shared_get(lwip_resting))
		return false;
	if (skip) {
		uk_shared_set(looks[cpu].skip, skip - 1);
		return false;
	}
	lwip_tell();
	uk_shared_set(lwip_row, 0);
	if (look_once())
		return true;
	end = UK_MIN(uk_clock_monotonic() + LOOK_NSEC, deadline);
	do {
		if (is_there_soon(ready)) {
			uk_shared_set(looks[cpu].in_vain, 0);
			return true;
		}
	} while (may_look() && uk_clock_monotonic() < end);
	vain = UK_MIN(2 * uk_shared_get(looks[cpu].in_vain) + 1, SKIP_MAX);
	uk_shared_set(looks[cpu].in_vain, vain);
	uk_shared_set(looks[cpu].skip, vain);
	return false;
}
#endif

static const struct uk_event_input input = {
	.fetch = fetch,
	.done = fetch_done,
#ifdef CONFIG_SMP
	.look = look_for_more,
#endif
};

static void net_thread(void *arg)
{
	for (;;) {
		UK_WAIT_UNINTERRUPTIBLE(&net_waiting, uk_shared_get(wanted), UK_NSEC_MAX);
		uk_shared_set(wanted, false);
		lwip_lock();
		do
			while (lwip_work()) {
				settle();
				tell_now();
			}
		while (arm());
		lwip_unlock();
		lwip_files_update();
	}
}

#define HALF_OPEN_MAX 1024U
#define HALF_OPEN_PER (16U << 10) /* bytes of the machine's memory for which one is allowed */

static void limit_half_open(void)
{
	struct uk_page_stats st;

	uk_page_stats(&st);
	lwip_half_open_max = (unsigned)UK_MIN(UK_MAX(st.total / HALF_OPEN_PER, lwip_half_open_max),
					      HALF_OPEN_MAX);
}

static UK_COLD int lwip_start(void)
{
	const struct uk_thread_attr attr = { .flags = UK_THREAD_DETACHED };
	int rc;

	lwip_lock();
	limit_half_open();
	lwip_init();
	rc = lwip_setup();
	lwip_unlock();
	if (rc)
		return rc;
	if (!uk_thread_create(NULL, "net", net_thread, NULL, &attr))
		return -ENOMEM;
	uk_event_input = &input;
	lwip_wake();
	return lwip_files();
}

UK_PARAM_UINT(netdev, linger, 2000,
	      "ms that the image lives on at exit until the other sides have what was sent");

static bool unfinished(void)
{
	const struct tcp_pcb *pcb;

	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		if (pcb->state >= ESTABLISHED && (pcb->unsent || pcb->unacked))
			return true;
	return false;
}

/*
 * A process that ends leaves its connections to the kernel, which closes them and goes on sending what they have. This kernel ends as
 * well; it waits for that a while, if it must.
 */
static void finish_connections(void)
{
	uk_nsec end = uk_deadline(uk_param_netdev_linger.u * UK_NSEC_PER_MS), next = 0, now;

	streams_close();
	settle();
	while (unfinished() && (now = uk_clock_monotonic()) < end) {
		if (now >= next) {
			lwip_timers_run();
			next = now + RECOVERY_TICK_MS * UK_NSEC_PER_MS;
		}
		lwip_work();
		settle();
		lwip_tell();
	}
}

/* Whoever holds the lock will not go on. */
static UK_COLD void lwip_stop(void)
{
	if (!uk_mutex_trylock(&lwip_mutex))
		return;
	finish_connections();
	device_drain();
	uk_mutex_unlock(&lwip_mutex);
}
UK_INIT(UK_INIT_POSIX, "6", lwip_start, lwip_stop);
