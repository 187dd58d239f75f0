/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other CPUs: how many run, and how to reach them.
 *
 * A CPU reaches another one by an interrupt. What it wants is left in memory first, so one interrupt
 * may answer for several requests. Schedulers kick; page tables call (TLB shoot-down), and so does
 * whoever needs all CPUs to have passed a point. CPUs are numbered without holes, by the order in
 * which they started; 0 booted.
 */
#ifndef UK_SMP_H
#define UK_SMP_H

#include <uk/api.h>
#include <uk/cpuset.h>

UK_API_BEGIN

extern uint32_t uk_smp_ncpus; /* use uk_smp_cpus() */

/* The running CPU is number `cpu`, and takes interrupts from now on: counts it. */
void uk_smp_arrived(void);

/*
 * Has CPU `cpu`, which may be this one, look whether it should run another thread, or the thread
 * whether it has a signal. Any context; does not wait.
 */
void uk_smp_kick(uint32_t cpu);

/*
 * Calls fn(arg) on all running CPUs of `set` (NULL: all) but this one, and waits until all are done. The
 * function runs in interrupt context, or inside whatever waits there for a spin lock: so it
 * takes no lock and touches the CPU's own state only. For it the caller may hold spin locks and mask
 * interrupts. Not from interrupt handlers.
 */
void uk_smp_call(const struct uk_cpuset *set, void (*fn)(void *arg), void *arg);

/*
 * Calls fn(arg) on this CPU, with interrupts masked, while all others stand still, wherever they may be, holding locks even: so it
 * takes none, and calls nobody. They go on when it returns. Not from interrupt handlers, nor with spin locks held.
 */
void uk_smp_alone(void (*fn)(void *arg), void *arg);

/*
 * Stops all other CPUs for good, for a crash or the end. Any context. Returns when they stand still, or
 * after a while if one does not answer. From then on uk_smp_call() calls nobody.
 */
void uk_smp_stop_others(void);

/* For the platform: another CPU's interrupt has come. Interrupt context. */
void uk_smp_interrupt(void);

/* For who waits for another CPU with interrupts masked, in each turn: answers what came. Any context. */
void uk_smp_poll(unsigned turns);

#ifdef CONFIG_SMP_RANDOM
/* Any number, for decisions that are to be made at random. Any context. */
uint32_t uk_smp_random(void);
#endif

UK_API_END

/* How many CPUs run. It only grows, at boot. */
static inline uint32_t uk_smp_cpus(void)
{
	return __atomic_load_n(&uk_smp_ncpus, __ATOMIC_ACQUIRE);
}

#endif
