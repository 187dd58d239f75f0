/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * KVM's clock (Linux Documentation/virt/kvm/x86/msr.rst, cpuid.rst): the hypervisor keeps a small
 * structure in our memory that says how to turn the TSC into nanoseconds.
 */
#include <uk/arch/cpu.h>
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

static struct time_info info;
static uk_nsec base;

static uk_nsec now(void)
{
	uint32_t version;
	uint64_t delta;
	uk_nsec ns;

	do {
		version = info.version;
		UK_BARRIER();
		delta = x86_rdtsc() - info.tsc_timestamp;
		delta = info.shift < 0 ? delta >> -info.shift : delta << info.shift;
		ns = info.system_time + (uk_nsec)((unsigned __int128)delta * info.mul >> 32);
		UK_BARRIER();
	} while ((version & 1) || version != info.version);
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
	x86_wrmsr(MSR_SYSTEM_TIME, kvm_image_paddr(&info) | 1);
	base = now();
	return info.mul != 0;
}

uk_nsec kvm_kvmclock_read(void)
{
	static uk_nsec last;
	uk_nsec ns = now() - base;

	/* The host corrects the structure now and then, by nanoseconds, and also backwards. */
	if (ns < last)
		return last;
	last = ns;
	return ns;
}

uint64_t kvm_kvmclock_ticks(uk_nsec span)
{
	uint64_t ticks = kvm_mul_div(span, 1UL << 32, info.mul);

	return info.shift < 0 ? ticks << -info.shift : ticks >> info.shift;
}

uk_nsec kvm_kvmclock_wall(void)
{
	static struct wall_clock wall;

	if (!info.mul)
		return 0;
	x86_wrmsr(MSR_WALL_CLOCK, kvm_image_paddr(&wall));
	/* The wall clock at the hypervisor's time 0; filled in before wrmsr returns. */
	return wall.sec ? wall.sec * UK_NSEC_PER_SEC + wall.nsec + base : 0;
}
