/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sets of CPUs, by index. The functions without "atomic" in their name are for sets that only the
 * caller changes.
 */
#ifndef UK_CPUSET_H
#define UK_CPUSET_H

#include <uk/percpu.h>

#define UK_CPUSET_WORDS ((UK_CPUS + 63) / 64)

struct uk_cpuset {
	uint64_t bits[UK_CPUSET_WORDS];
};

static inline bool uk_cpuset_has(const struct uk_cpuset *s, uint32_t cpu)
{
	return UK_READ_ONCE(s->bits[cpu / 64]) >> cpu % 64 & 1;
}

static inline void uk_cpuset_add(struct uk_cpuset *s, uint32_t cpu)
{
	s->bits[cpu / 64] |= 1UL << cpu % 64;
}

static inline void uk_cpuset_remove(struct uk_cpuset *s, uint32_t cpu)
{
	s->bits[cpu / 64] &= ~(1UL << cpu % 64);
}

static inline void uk_cpuset_fill(struct uk_cpuset *s)
{
	for (unsigned i = 0; i < UK_CPUSET_WORDS; i++)
		s->bits[i] = ~0UL;
}

static inline bool uk_cpuset_empty(const struct uk_cpuset *s)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < UK_CPUSET_WORDS; i++)
		any |= s->bits[i];
	return !any;
}

#endif
