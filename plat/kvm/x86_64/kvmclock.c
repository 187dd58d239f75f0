/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * KVM's clock (Linux Documentation/virt/kvm/x86/msr.rst, cpuid.rst): the hypervisor keeps a small
 * structure in our memory that says how to turn the TSC into nanoseconds.
 */
#include <uk/arch/cpu.h>
#include <uk/percpu.h>
#include <uk/plat/clock.h>

#include "kvm.h"

#define CPUID_SIGNATURE      0x40000000U
#define CPUID_FEATURES       0x40000001U
#define FEATURE_CLOCKSOURCE2 (1U << 3)
#define MSR_WALL_CLOCK       0x4b564d00
#define MSR_SYSTEM_TIME      0x4b564d01

struct time_info {
	volatile uint32_t version; /* odd while it is being changed */
	uint32_t pad;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags;
	uint8_t pad2[2];
} UK_ALIGNED(32);

struct wall_clock {
	volatile uint32_t version;
	uint32_t sec;
	uint32_t nsec;
} UK_ALIGNED(4);

static struct time_info infos[UK_CPUS]; /* one per CPU */
static uk_nsec base;
static bool there;

static uk_nsec now(void)
{
	const struct time_info *i;
	uint32_t version;
	uint64_t delta;
	uk_nsec ns;

	/* Moved to another CPU in between, we read that one's counter: so look which it is, twice. */
	do {
		i = &infos[uk_cpu()];
		version = i->version;
		UK_BARRIER();
		delta = x86_rdtsc() - i->tsc_timestamp;
		delta = i->shift < 0 ? delta >> -i->shift : delta << i->shift;
		ns = i->system_time + (uk_nsec)((unsigned __int128)delta * i->mul >> 32);
		UK_BARRIER();
	} while ((version & 1) || version != i->version || i != &infos[uk_cpu()]);
	return ns;
}

bool kvm_kvmclock_init(void)
{
	struct x86_cpuid r;

	if (!(x86_cpu.f1_ecx & X86_F1_ECX_HYPERVISOR))
		return false;
	r = x86_cpuid(CPUID_SIGNATURE, 0);
	if (r.ebx != 0x4b4d564b || r.ecx != 0x564b4d56 || r.edx != 0x4d || /* KVMKVMKVM */
	    !(x86_cpuid(CPUID_FEATURES, 0).eax & FEATURE_CLOCKSOURCE2))
		return false;
	kvm_kvmclock_cpu_init();
	base = now();
	there = infos[0].mul != 0;
	return there;
}

void kvm_kvmclock_cpu_init(void)
{
	if (there || !uk_cpu())
		x86_wrmsr(MSR_SYSTEM_TIME, kvm_image_paddr(&infos[uk_cpu()]) | 1);
}

uk_nsec kvm_kvmclock_read(void)
{
	static uk_nsec last; /* of any CPU */
	uk_nsec ns = now() - base, seen = UK_READ_ONCE(last);

	/* The host corrects the structure now and then, by nanoseconds, and also backwards. */
#ifdef CONFIG_SMP
	do
		if (ns < seen)
			return seen;
	while (!__atomic_compare_exchange_n(&last, &seen, ns, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
#else
	if (ns < seen)
		return seen;
	last = ns;
#endif
	return ns;
}

uint64_t kvm_kvmclock_ticks(uk_nsec span)
{
	const struct time_info *i = &infos[0];
	uint64_t ticks = kvm_mul_div(span, 1UL << 32, i->mul);

	return i->shift < 0 ? ticks << -i->shift : ticks >> i->shift;
}

uk_nsec kvm_kvmclock_wall(void)
{
	static struct wall_clock wall;

	if (!there)
		return 0;
	x86_wrmsr(MSR_WALL_CLOCK, kvm_image_paddr(&wall));
	/* The wall clock at the hypervisor's time 0; filled in before wrmsr returns. */
	return wall.sec ? wall.sec * UK_NSEC_PER_SEC + wall.nsec + base : 0;
}
