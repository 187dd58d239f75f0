/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for a spin lock. Whoever waits with interrupts masked answers other CPUs all the same: the
 * hook does it, or two CPUs could wait for each other.
 */
#include <uk/arch/relax.h>
#include <uk/spin.h>

static void nobody(unsigned turns UK_UNUSED)
{
}

void (*uk_spin_hook)(unsigned turns) = nobody;

#ifdef CONFIG_SMP_RANDOM
void (*uk_spin_jitter)(bool released);
#endif

static bool broken;

void uk_spin_break(void)
{
	broken = true;
}

void uk_spin_wait(struct uk_spinlock *l)
{
	unsigned turns = 0;

	do /* only looking, which leaves the cache line shared */
		do {
			if (UK_UNLIKELY(broken))
				return;
			uk_arch_relax_turn(turns);
			uk_spin_hook(++turns);
		} while (__atomic_load_n(&l->held, __ATOMIC_RELAXED));
	while (!(uk_spin_try)(l)); /* the function: lock debugging has asked already */
}
