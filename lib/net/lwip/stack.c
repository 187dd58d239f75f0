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
 */
#include <lwip/init.h>
#include <lwip/priv/tcp_priv.h>
#include <uk/param.h>
#include <uk/event.h>
#include <uk/init.h>
#include <uk/page.h>
#include <uk/print.h>
#include <uk/sched_idle.h>
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

void lwip_unlock(void)
{
	settle();
	uk_mutex_unlock(&lwip_mutex);
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

/* Ask for interrupts. True: there is something already. */
static bool arm(void)
{
	unsigned i;

	for (i = 0; i < lwip_n_devices; i++)
		if (device_arm(lwip_devices[i]))
			return true;
	lwip_tell();
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
	if (polls_seen == uk_shared_get(polls))
		lwip_wake();
	polls_seen = uk_shared_get(polls);
	uk_timer_start(t, uk_clock_monotonic() + GUARD_NSEC);
}

static struct uk_timer guard = UK_TIMER_INIT(guard_expired);

static void leave_polling(void)
{
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
	lwip_lock();
	fetches++;
	uk_shared_set(lwip_row, 0);
	lwip_tell();
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

	if (UK_LIKELY(uk_shared_get(fetcher) != uk_thread_current()))
		return;
	irq = uk_spin_lock_irq(&wake_lock);
	if (fetcher == uk_thread_current())
		fetcher = NULL;
	uk_spin_unlock_irq(&wake_lock, irq);
}

static const struct uk_event_input input = { .fetch = fetch, .done = fetch_done };

static void net_thread(void *arg)
{
	for (;;) {
		UK_WAIT_UNINTERRUPTIBLE(&net_waiting, uk_shared_get(wanted), UK_NSEC_MAX);
		uk_shared_set(wanted, false);
		lwip_lock();
		do
			while (lwip_work())
				settle();
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

static int lwip_start(void)
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
static void lwip_stop(void)
{
	if (!uk_mutex_trylock(&lwip_mutex))
		return;
	finish_connections();
	device_drain();
	uk_mutex_unlock(&lwip_mutex);
}
UK_INIT(UK_INIT_POSIX, "6", lwip_start, lwip_stop);
