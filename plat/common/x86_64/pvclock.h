/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clock of paravirtual guests, in the form that Xen and KVM share (Xen public/xen.h, struct vcpu_time_info): a
 * structure in memory says how to turn the TSC into nanoseconds.
 */
#ifndef X86_PVCLOCK_H
#define X86_PVCLOCK_H

#include <uk/arch/cpu.h>
#include <uk/config.h>
#include <uk/essentials.h>
#include <uk/types.h>

struct pvclock {
	volatile uint32_t version; /* odd while it is being changed */
	uint32_t pad;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags;
	uint8_t pad2[2];
} UK_ALIGNED(8);

/* On this CPU, whose structure it is. */
static inline uk_nsec pvclock_read(const struct pvclock *c)
{
	uint32_t version;
	uint64_t delta;
	uk_nsec ns;

	do {
		version = c->version;
		UK_BARRIER();
		delta = x86_rdtsc() - c->tsc_timestamp;
		delta = c->shift < 0 ? delta >> -c->shift : delta << c->shift;
		ns = c->system_time + (uk_nsec)((unsigned __int128)delta * c->mul >> 32);
		UK_BARRIER();
	} while ((version & 1) || version != c->version);
	return ns;
}

/* The host corrects the structure now and then, by nanoseconds, and also backwards; *last is for all CPUs. */
static inline uk_nsec pvclock_forward(uk_nsec *last, uk_nsec ns)
{
	uk_nsec seen = UK_READ_ONCE(*last);

#ifdef CONFIG_SMP
	do
		if (ns < seen)
			return seen;
	while (!__atomic_compare_exchange_n(last, &seen, ns, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
#else
	if (ns < seen)
		return seen;
	*last = ns;
#endif
	return ns;
}

/* How many ticks of the TSC this takes, or a few more. */
static inline uint64_t pvclock_ticks(const struct pvclock *c, uk_nsec span)
{
	uint64_t ticks, high;

	/* A division of 128 bits; the result fits for spans of some minutes. */
	__asm__("mulq %3\n\tdivq %4"
		: "=&a"(ticks), "=&d"(high)
		: "0"(span), "r"(1UL << 32), "r"((uint64_t)c->mul)
		: "cc");

	return c->shift < 0 ? ticks << -c->shift : ticks >> c->shift;
}

#endif
