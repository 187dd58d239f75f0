/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * KVM's clock (Linux Documentation/virt/kvm/x86/msr.rst, cpuid.rst): the hypervisor keeps a small
 * structure in our memory that says how to turn the TSC into nanoseconds.
 */
#include <uk/arch/cpu.h>
#include <uk/percpu.h>
#include <uk/plat/clock.h>

#include "kvm.h"
#include "pvclock.h"

#define CPUID_SIGNATURE      0x40000000U
#define CPUID_FEATURES       0x40000001U
#define FEATURE_CLOCKSOURCE2 (1U << 3)
#define MSR_WALL_CLOCK       0x4b564d00
#define MSR_SYSTEM_TIME      0x4b564d01

struct wall_clock {
	volatile uint32_t version;
	uint32_t sec;
	uint32_t nsec;
} UK_ALIGNED(4);

static struct pvclock infos[UK_CPUS] UK_ALIGNED(32); /* one per CPU */
static uk_nsec base;
static bool there;

static uk_nsec now(void)
{
	const struct pvclock *c;
	uk_nsec ns;

	/* Moved to another CPU in between, we read that one's counter: so look which it is, twice. */
	do {
		c = &infos[uk_cpu()];
		ns = pvclock_read(c);
	} while (c != &infos[uk_cpu()]);
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
		x86_wrmsr(MSR_SYSTEM_TIME, image_paddr(&infos[uk_cpu()]) | 1);
}

uk_nsec kvm_kvmclock_read(void)
{
	static uk_nsec last;

	return pvclock_forward(&last, now() - base);
}

uint64_t kvm_kvmclock_ticks(uk_nsec span)
{
	return pvclock_ticks(&infos[0], span);
}

uk_nsec kvm_kvmclock_wall(void)
{
	static struct wall_clock wall;

	if (!there)
		return 0;
	x86_wrmsr(MSR_WALL_CLOCK, image_paddr(&wall));
	/* The wall clock at the hypervisor's time 0; filled in before wrmsr returns. */
	return wall.sec ? wall.sec * UK_NSEC_PER_SEC + wall.nsec + base : 0;
}
