/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which CPU ends it all: for a platform's power.c.
 */
#ifndef PLAT_ENDING_H
#define PLAT_ENDING_H

#include <uk/config.h>
#include <uk/percpu.h>
#include <uk/types.h>

/* True for the first; a fault in what it does then must not come back here. */
#ifdef CONFIG_SMP
#include <uk/arch/relax.h>
#include <uk/smp.h>

static const struct uk_percpu *UK_USED
	uk_core_percpu; /* of the CPU that ends it all: for who writes a core file, by its name */

static bool begin(void)
{
	const struct uk_percpu *who = NULL, *self = uk_percpu();

	if (__atomic_compare_exchange_n(&uk_core_percpu, &who, self, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return true;
	if (who == self)
		return false;
	/* Another CPU has not got to the end of it yet: what the caller does next would swallow the status. */
	for (unsigned turns = 0;; turns++) {
		uk_arch_relax();
		uk_smp_poll(turns);
	}
}
#else
static bool begin(void)
{
	static bool again;
	bool first = !again;

	again = true;
	return first;
}
#endif

#endif
