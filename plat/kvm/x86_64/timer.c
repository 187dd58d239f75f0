/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one-shot timer: the local APIC's (Intel SDM vol. 3 §10.5.4), or channel 0 of the PIT where
 * there is none.
 *
 * Nobody tells the local APIC's frequency. The first guess is the slowest known one, so that the
 * timer is early rather than late; an early interrupt looks at the clock, learns from how far the
 * counter came, and sets the timer again. Two or three interrupts later it is exact.
 */
#include <uk/arch/trap.h>
#include <uk/irq.h>
#include <uk/plat/clock.h>
#include <uk/plat/irq.h>

#include "clock.h"
#include "kvm.h"

#define DIVIDE_BY_1 0x0b
#define SLOWEST_HZ  24000000ULL /* crystals of 24 MHz; virtual machines have 66 MHz to 1 GHz */
#define GOOD_ENOUGH (UK_NSEC_PER_SEC / 2)

#define PIT_HZ       1193182
#define PIT_CH0      0x40
#define PIT_COMMAND  0x43
#define PIT_CH0_ONCE 0x30 /* channel 0, both bytes, mode 0: interrupt at terminal count */
#define PIT_IRQ      0
#define PIT_MAX      0xffff

struct timer {
	uk_nsec user_deadline, sample_deadline;
	bool ready, in_handler;
	uint32_t armed; /* what the counter was started with; 0: it is not running */
	uk_nsec armed_at;
} UK_CPU_ALIGNED;

#define TIMER_OFF                                                                                  \
	{                                                                                          \
		.user_deadline = UK_NSEC_MAX, .sample_deadline = UK_NSEC_MAX                       \
	}

static struct timer timers[UK_CPUS] = { TIMER_OFF };

static uint64_t rate = (SLOWEST_HZ << 32) / UK_NSEC_PER_SEC; /* counts per ns, 32.32 fixed point */
static uk_nsec rate_span; /* the longest time over which that was confirmed */

/* This CPU's. */
static inline struct timer *timer(void)
{
	return &timers[uk_cpu()];
}

/* uktime's; nothing where that is not configured. */
void uk_timer_interrupt(void) __attribute__((__visibility__("default")));

UK_WEAK void uk_timer_interrupt(void)
{
}

/*
 * Look how far the counter came. It went down by so much or more between the two looks at the
 * clock, so this is a lower bound of the rate, however long the host kept us from running in
 * between. The highest bound is the best, and a timer set by it is never late. A bound over a
 * long time that confirms it ends the search. (That an interrupt is being handled does not say
 * that the counter has come to its end: it may have been started again since.)
 *
 * To read the counter leaves the guest, and where timers are all short the search would never end. So unless the
 * interrupt came too early, a span that is hardly longer than one that confirmed the rate is not looked at.
 */
static void learn(bool early)
{
	struct timer *t = timer();
	uint64_t counts, bound;
	uk_nsec span;

	if (!t->armed || rate_span >= GOOD_ENOUGH)
		return;
	span = uk_plat_clock_monotonic() - t->armed_at;
	if (!early && span < rate_span + rate_span / 4)
		return;
	counts = t->armed - kvm_lapic_read(LAPIC_TIMER_NOW);
	span = uk_plat_clock_monotonic() - t->armed_at;
	if (!span)
		return;
	bound = (counts << 32) / span;
	if (bound > rate - rate / 1024 && span > rate_span)
		rate_span = span;
	if (bound > rate)
		rate = bound;
}

static void pit_arm(uk_nsec span)
{
	uint64_t n = span > UK_NSEC_PER_SEC ? PIT_MAX : span * PIT_HZ / UK_NSEC_PER_SEC + 1;

	n = UK_MIN(n, (uint64_t)PIT_MAX);
	uk_outb(PIT_COMMAND, PIT_CH0_ONCE);
	uk_outb(PIT_CH0, (uint8_t)n);
	uk_outb(PIT_CH0, (uint8_t)(n >> 8));
}

/* Start the counter for the earlier of the two deadlines. */
static void arm(uk_nsec now)
{
	struct timer *t = timer();
	uk_nsec next = UK_MIN(t->user_deadline, t->sample_deadline);
	uk_nsec span = next > now ? next - now : 0;
	uint64_t n;

	if (!kvm_lapic()) {
		if (next != UK_NSEC_MAX)
			pit_arm(span);
		return;
	}
	if (next == UK_NSEC_MAX) {
		if (t->armed)
			kvm_lapic_write(LAPIC_TIMER_INIT, 0);
		t->armed = 0;
		return;
	}
	n = (uint64_t)((unsigned __int128)span * rate >> 32) + 1;
	t->armed = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	t->armed_at = now;
	kvm_lapic_write(LAPIC_TIMER_INIT, t->armed);
}

static void handler(void *arg UK_UNUSED)
{
	struct timer *t = timer();
	uk_nsec now;

	now = uk_plat_clock_monotonic();
	learn(now < t->user_deadline && now < t->sample_deadline);
	t->armed = 0;
	if (t->sample_deadline <= now) /* looking at the clock was all */
		t->sample_deadline = kvm_clock_wanted();
	if (t->user_deadline <= now) {
		t->user_deadline = UK_NSEC_MAX;
		t->in_handler = true;
		uk_timer_interrupt();
		t->in_handler = false;
	}
	if (t->user_deadline != UK_NSEC_MAX || t->sample_deadline != UK_NSEC_MAX)
		arm(uk_plat_clock_monotonic());
}

static void init(void)
{
	struct timer *t = timer();

	t->ready = true;
	if (!kvm_lapic()) {
		uk_plat_irq_request(PIT_IRQ, handler, NULL);
		return;
	}
	kvm_timer_handler = handler;
	kvm_lapic_write(LAPIC_TIMER_DIV, DIVIDE_BY_1);
	kvm_lapic_write(LAPIC_LVT_TIMER, KVM_VECTOR_TIMER);
}

static void set(void)
{
	struct timer *t = timer();

	if (!t->ready)
		init();
	if (t->in_handler)
		return; /* it starts the counter in the end */
	learn(false);
	arm(uk_plat_clock_monotonic());
}

void uk_plat_timer_set(uk_nsec deadline)
{
	timer()->user_deadline = deadline;
	set();
}

void kvm_timer_sample(uk_nsec when)
{
	timer()->sample_deadline = when;
	set();
}

#ifdef CONFIG_SMP
void kvm_timer_cpu_init(uint32_t cpu)
{
	timers[cpu] = (struct timer)TIMER_OFF;
}
#endif
