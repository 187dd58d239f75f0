/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for a reader-writer spin lock. Other CPUs are answered meanwhile, as in ukbase/spin.c.
 */
#include <uk/arch/relax.h>
#include <uk/rwspin.h>

void uk_rwspin_read_wait(struct uk_rwspin *l)
{
	unsigned turns = 0;

	for (;;) {
		uint32_t s = __atomic_load_n(&l->state, __ATOMIC_RELAXED);

		if (!(s & (UK_RWSPIN_WRITER | UK_RWSPIN_WAITING)) &&
		    __atomic_compare_exchange_n(&l->state, &s, s + 1, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		uk_arch_relax();
		uk_spin_hook(++turns);
	}
}

/*
 * Who enters takes the mark of waiting away, his own or another's; another one who waits sets it again in
 * his next turn.
 */
void uk_rwspin_write_wait(struct uk_rwspin *l)
{
	unsigned turns = 0;

	for (;;) {
		uint32_t s = __atomic_load_n(&l->state, __ATOMIC_RELAXED);

		if (!(s & ~UK_RWSPIN_WAITING)) {
			if (__atomic_compare_exchange_n(&l->state, &s, UK_RWSPIN_WRITER, false,
							__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				return;
		} else if (!(s & UK_RWSPIN_WAITING)) {
			__atomic_fetch_or(&l->state, UK_RWSPIN_WAITING, __ATOMIC_RELAXED);
		}
		uk_arch_relax();
		uk_spin_hook(++turns);
	}
}
