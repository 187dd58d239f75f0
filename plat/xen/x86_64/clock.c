/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time and timer (Xen public/xen.h, struct vcpu_time_info; public/vcpu.h): Xen says how to turn the TSC into
 * nanoseconds, and raises a virtual interrupt at a time on the same clock.
 */
#include <uk/arch/cpu.h>
#include <uk/plat/clock.h>
#include <uk/plat/irq.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/print.h>
#include <uk/xen/event.h>

#include "pvclock.h"
#include "xen.h"

#include <xen/vcpu.h>

#define COARSE UK_NSEC_PER_MS
#define NEVER  (UK_NSEC_MAX / 4)

static uk_nsec base; /* Xen's clock at our time 0 */

/* uktime's; nothing where that is not configured. */
void uk_timer_interrupt(void) __attribute__((__visibility__("default")));

UK_WEAK void uk_timer_interrupt(void)
{
}

uk_nsec xen_time(void)
{
	UK_STATIC_ASSERT(sizeof(struct pvclock) == sizeof(struct vcpu_time_info),
			 "one form for KVM and Xen, which invented it");
	const struct pvclock *c;
	uk_nsec ns;

	/* Moved to another CPU in between, we read that one's counter: so look which it is, twice. */
	do {
		c = (const struct pvclock *)&xen_vcpu()->time;
		ns = pvclock_read(c);
	} while (c != (const struct pvclock *)&xen_vcpu()->time);
	return ns;
}

uk_nsec uk_plat_clock_monotonic(void)
{
	static uk_nsec last;

	if (UK_UNLIKELY(!base))
		base = xen_time() - 1;
	return pvclock_forward(&last, xen_time() - base);
}

/* The wall clock at Xen's time 0. */
static uk_nsec wall_base(void)
{
	const volatile struct shared_info *s = xen_shared;
	uint32_t version;
	uk_nsec ns;

	do {
		version = s->wc_version;
		UK_BARRIER();
		ns = ((uint64_t)s->wc_sec_hi << 32 | s->wc_sec) * UK_NSEC_PER_SEC + s->wc_nsec;
		UK_BARRIER();
	} while (version & 1 || version != s->wc_version);
	return ns;
}

uk_nsec uk_plat_clock_wall(void)
{
	uk_nsec now = uk_plat_clock_monotonic();

	return wall_base() + base + now;
}

static uint64_t coarse_tsc, coarse_ticks; /* good for so many ticks from then on */
static uk_nsec coarse_wall;

static UK_NOINLINE uk_nsec renew_coarse(uint64_t tsc)
{
	uk_nsec wall = uk_plat_clock_wall();

	coarse_ticks = 0;
	UK_BARRIER();
	coarse_wall = wall;
	coarse_tsc = tsc;
	UK_BARRIER();
	coarse_ticks = pvclock_ticks((const struct pvclock *)&xen_vcpu()->time, COARSE);
	return wall;
}

uk_nsec uk_plat_clock_wall_coarse(void)
{
	uint64_t tsc = x86_rdtsc();

	return UK_LIKELY(tsc - coarse_tsc < coarse_ticks) ? coarse_wall : renew_coarse(tsc);
}

/* ---- timer ---- */

static uint32_t port[UK_CPUS]; /* 0: none yet */

static void interrupt(void *arg UK_UNUSED)
{
	uk_timer_interrupt();
}

static void init(uint32_t cpu)
{
	int rc = uk_xen_event_virq(VIRQ_TIMER, cpu);

	if (rc < 0 || uk_xen_event_handler((uint32_t)rc, interrupt, NULL))
		uk_panic("Xen gives no timer: error %d", -rc);
	if (XEN_FIFO)
		uk_xen_event_priority((uint32_t)rc,
				      UK_XEN_EVENT_FIRST); /* who waits for it has a time to keep */
	xen_vcpu_op(VCPUOP_stop_periodic_timer, cpu, NULL);
	port[cpu] = (uint32_t)rc;
}

void uk_plat_timer_set(uk_nsec deadline)
{
	struct vcpu_set_singleshot_timer t = { .timeout_abs_ns = deadline + base };
	uint32_t cpu = uk_cpu();

	if (UK_UNLIKELY(!port[cpu])) {
		uk_plat_clock_monotonic(); /* for the base */
		t.timeout_abs_ns = deadline + base;
		init(cpu);
	}
	if (deadline > NEVER) /* Xen counts with a sign */
		xen_vcpu_op(VCPUOP_stop_singleshot_timer, cpu, NULL);
	else
		xen_vcpu_op(VCPUOP_set_singleshot_timer, cpu, &t);
}

/* ---- suspended ---- */

static uk_nsec stopped_at;

void xen_clock_suspend(void)
{
	stopped_at = uk_plat_clock_monotonic();
	for (uint32_t i = 0; i < UK_CPUS; i++) {
		if (port[i])
			uk_xen_event_close(port[i]);
		port[i] = 0;
	}
}

/* Our time stood still, and the other clock goes on from where it is: elsewhere Xen's time is another. */
void xen_clock_resume(bool elsewhere)
{
	if (elsewhere)
		base = xen_time() - stopped_at;
	coarse_ticks = 0;
}

void xen_clock_resume_cpu(void)
{
	bool irq = uk_irq_save();

	uk_plat_timer_set(
		uk_plat_clock_monotonic()); /* who then looks at the clock sets it again */
	uk_irq_restore(irq);
}

/* Interrupt lines are of PCs. */
int uk_plat_irq_request(unsigned irq UK_UNUSED, void (*fn)(void *arg) UK_UNUSED,
			void *arg UK_UNUSED)
{
	return -EINVAL;
}
