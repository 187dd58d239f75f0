/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Monotonic time: the time stamp counter, as soon as its rate is known.
 *
 * KVM tells it (kvmclock), and so does cpuid on some machines. Otherwise a reference counter is the
 * clock at first, and every look at the clock is a sample of both. When the samples are far enough
 * apart for a good ratio, the TSC takes over; nobody ever waits for that. So that it happens before
 * the reference counter wraps, an interrupt takes a sample if nobody else does. Later looks, each
 * 16 times as far from the first as the one before, make the ratio more exact; time itself never
 * jumps.
 *
 * The host may stop us at any instant, and for longer than the reference counter takes to wrap. So a
 * sample counts only if its two halves were read close together; and the first ratio must be
 * confirmed by a second one, since a wrap that nobody saw changes it threefold.
 */
#include <uk/arch/cpu.h>
#include <uk/seqlock.h>
#include <uk/plat/clock.h>
#include <uk/print.h>

#include "kvm.h"
#include "clock.h"

#define REFINE     16
#define APART      256 /* so much closer together than samples are the halves of one */
#define REFINE_MAX (600 * UK_NSEC_PER_SEC)
#define GUESS_HZ   1000000000ULL
#define COARSE     UK_NSEC_PER_MS

#define CPUID_TSC        0x15
#define CPUID_HYPERVISOR 0x40000000U
#define CPUID_TIMING     0x40000010U

static bool ready, use_kvmclock;
static struct uk_spinlock lock; /* of what the reference counter needs */
static uint64_t mult;           /* nanoseconds per tick, 32.32 fixed point; 0 until known */
static uint64_t tsc_base;
static uk_nsec ns_base;                /* the clock at tsc_base */
static struct uk_seqcount changes;     /* of these three, with `lock` held */
static uint64_t tsc_next = UINT64_MAX; /* when to refine the ratio */

static struct kvm_reference ref;
static uint64_t ref_last, ref_ticks; /* its value at the last sample, ticks since the first */
static uint64_t tsc_first;
static uk_nsec ns_first;   /* on the reference counter at tsc_first: the ratio is taken from here */
static uk_nsec ref_refine; /* on it: when the next sample gives a better ratio */
static uk_nsec leg;        /* how long the first ratios are measured */

static uk_nsec scale(uint64_t ticks)
{
	return (uk_nsec)((unsigned __int128)ticks * mult >> 32);
}

static void use_rate(uint64_t hz)
{
	mult = (UK_NSEC_PER_SEC << 32) / hz;
	tsc_base = x86_rdtsc();
}

/*
 * The frequency of the TSC in Hz, if cpuid tells it (Intel SDM vol. 2, cpuid; KVM's timing leaf).
 */
static uint64_t told_rate(void)
{
	struct x86_cpuid r;

	if (x86_cpu.leaf_max >= CPUID_TSC) {
		r = x86_cpuid(CPUID_TSC, 0);
		if (r.eax && r.ebx && r.ecx)
			return (uint64_t)r.ecx * r.ebx / r.eax;
	}
	if ((x86_cpu.f1_ecx & X86_F1_ECX_HYPERVISOR) &&
	    x86_cpuid(CPUID_HYPERVISOR, 0).eax >= CPUID_TIMING)
		return x86_cpuid(CPUID_TIMING, 0).eax * 1000ULL;
	return 0;
}

/* Time by the reference counter; the TSC stands by. */
static uk_nsec sample(void)
{
	static uint64_t unconfirmed;
	uint64_t tsc = x86_rdtsc(), now = ref.read() & ref.mask, apart = x86_rdtsc() - tsc;
	uint64_t ticks = (now - ref_last) & ref.mask, ratio;
	uk_nsec ns;

	/* How often has it wrapped? Only asked when the TSC can tell. */
	if (mult) {
		uint64_t expect =
			kvm_mul_div(ns_base + scale(tsc - tsc_base), ref.hz, UK_NSEC_PER_SEC) -
			ref_ticks;

		if (expect > ticks)
			ticks += (expect - ticks + ref.mask / 2) & ~ref.mask;
	}
	ref_last = now;
	ref_ticks += ticks;
	ns = kvm_mul_div(ref_ticks, UK_NSEC_PER_SEC, ref.hz);
	if (ns >= ref_refine && apart < (tsc - tsc_first) / APART) {
		uk_nsec shown = mult ? ns_base + scale(tsc - tsc_base) : ns;

		ratio = kvm_mul_div(ns - ns_first, 1UL << 32, tsc - tsc_first);
		if (!mult && ratio - unconfirmed + unconfirmed / 8 > unconfirmed / 4) {
			unconfirmed = ratio;
			tsc_first = tsc;
			ns_first = ns;
			ref_refine = ns + leg;
			return ns;
		}
		uk_seq_write_begin(&changes);
		mult = ratio;
		tsc_base = tsc;
		ns_base = shown;
		uk_seq_write_end(&changes);
		ref_refine = UK_MIN(ref_refine * REFINE, REFINE_MAX + ns);
		tsc_next = tsc_first + kvm_mul_div(ref_refine - ns_first, 1UL << 32, mult);
		ns = shown;
	}
	return ns;
}

/* Returns whether an interrupt has to take a sample. */
static bool init(void)
{
	uint64_t hz;

	ready = true;
	use_kvmclock = kvm_kvmclock_init();
	if (use_kvmclock)
		return false;
	hz = told_rate();
	if (hz) {
		use_rate(hz);
		return false;
	}
	kvm_reference_find(&ref);
	if (!ref.read) {
		uk_pr_warn("no clock of known frequency: taking the TSC's to be 1 GHz");
		use_rate(GUESS_HZ);
		return false;
	}
	/* A quarter of what the counter can span, and not more than a twentieth of a second. */
	leg = UK_MIN(kvm_mul_div(ref.mask / 4, UK_NSEC_PER_SEC, ref.hz), UK_NSEC_PER_SEC / 20);
	ref_refine = leg;
	ref_last = ref.read() & ref.mask;
	tsc_first = x86_rdtsc();
	return true;
}

uk_nsec kvm_clock_wanted(void)
{
	return mult ? UK_NSEC_MAX : ref_refine;
}

/* Until the TSC's rate is known, and to refine it. Apart, so that the usual way saves no registers. */
static UK_NOINLINE uk_nsec by_reference(void)
{
	bool irq = uk_spin_lock_save(&lock), first = false;
	uk_nsec ns;

	if (!ready)
		first = init();
	ns = ref.read ? sample() : 0;
	uk_spin_unlock_restore(&lock, irq);
	if (UK_UNLIKELY(first))
		kvm_timer_sample(ref_refine); /* which looks at the clock itself */
	return ns;
}

uk_nsec uk_plat_clock_monotonic(void)
{
	uint64_t tsc;
	uint32_t seen;
	uk_nsec ns;

	while (mult) {
		seen = uk_seq_read_begin(&changes);
		tsc = x86_rdtsc();
		if (tsc >= tsc_next)
			break;
		ns = ns_base + scale(tsc - tsc_base);
		if (!uk_seq_read_retry(&changes, seen))
			return ns;
	}
	if (use_kvmclock)
		return kvm_kvmclock_read();
	return by_reference();
}

/* How many ticks of the TSC this takes; 0 while nobody knows. */
static uint64_t ticks_in(uk_nsec span)
{
	if (mult)
		return kvm_mul_div(span, 1UL << 32, mult);
	return use_kvmclock ? kvm_kvmclock_ticks(span) : 0;
}

static uint64_t coarse_tsc, coarse_ticks; /* good for so many ticks from then on */
static uk_nsec coarse_wall;

static UK_NOINLINE uk_nsec renew_coarse(uint64_t tsc)
{
	uk_nsec wall = uk_plat_clock_wall();
	bool irq = uk_spin_lock_save(&lock);

	coarse_wall = wall;
	coarse_tsc = tsc;
	coarse_ticks = ticks_in(COARSE);
	uk_spin_unlock_restore(&lock, irq);
	return wall;
}

uk_nsec uk_plat_clock_wall_coarse(void)
{
	uint64_t tsc = x86_rdtsc();

	return UK_LIKELY(tsc - coarse_tsc < coarse_ticks) ? coarse_wall : renew_coarse(tsc);
}
