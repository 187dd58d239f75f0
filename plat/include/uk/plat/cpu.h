/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for interrupts (masking them is <uk/irq.h>), and the other CPUs of the machine.
 */
#ifndef UK_PLAT_CPU_H
#define UK_PLAT_CPU_H

#include <uk/api.h>
#include <uk/essentials.h>
#include <uk/types.h>

UK_API_BEGIN

/*
 * Stops the CPU until an interrupt is pending. Called with interrupts masked (uk_irq_disable()),
 * returns with them masked: the interrupt is handled when the caller enables them. Returns at once
 * if one is pending already, so that a wake-up between the caller's last look and this call is not
 * lost. May return without reason. Idle thread, or any thread if there is no scheduler.
 */
void uk_plat_idle(void);

/*
 * With CONFIG_SMP. CPUs have an index in <uk/percpu.h> once they run; before, they are the machine's
 * first, second ... in the order of its tables.
 */

/*
 * How many CPUs the machine has that could run, this one (the first) included: 1 if it does not
 * tell. Thread context, at boot.
 */
uint32_t uk_plat_cpus(void);

/*
 * Starts the machine's CPU number `n` (from 1 on) as index `cpu`: it calls fn() on `stack`, with its
 * uk_percpu() set up, interrupts masked. 0; -ETIMEDOUT: it does not answer, and is not going to do
 * anything any more; -ENOMEM. `what` gets the machine's name for it, for messages. Thread context, one
 * at a time.
 */
int uk_plat_cpu_start(uint32_t n, uint32_t cpu, void *stack, size_t stack_size, void (*fn)(void),
		      char what[32]);

/* Raises uk_smp_interrupt() on CPU `cpu`, a running one. Any context. */
void uk_plat_ipi(uint32_t cpu);

/*
 * The same, but it may wait until this CPU opens interrupts: until it has released the locks that the
 * other one will ask for. A host that runs both on one processor may take that from who
 * wakes and give it to who is woken, and the locks would be held for as long.
 */
void uk_plat_ipi_later(uint32_t cpu);

/* This CPU waits for another one: its processor may be given to somebody else for a while. */
void uk_plat_cpu_yield(void);

/*
 * This CPU does nothing any more. Adds one to *stopped when uk_crash_cpu_regs[] says where it was: who has counted it may
 * look there. Any context.
 */
UK_NORETURN void uk_plat_cpu_stop(uint32_t *stopped);

UK_API_END

#endif
