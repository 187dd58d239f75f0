/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests from CPU to CPU. Each CPU has a word of requests; who sets its first bit raises the interrupt.
 * The interrupt of a kick may come later than that; of all others it comes at once, since somebody waits.
 *
 * Calls are one at a time: the caller's function lies in one place, and every CPU that is asked
 * counts itself off. Whoever waits, for a spin lock as well, answers requests to itself meanwhile:
 * so two CPUs cannot block each other.
 */
#include <uk/arch/relax.h>
#include <uk/irq.h>
#include <uk/plat/cpu.h>
#include <uk/smp.h>
#include <uk/spinlock.h>

#define KICK 1U
#define CALL 2U
#define STOP 4U

#define STOP_TURNS 10000000U /* a second or so; the machine is lost anyway if it takes longer */

/*
 * Every wait ends soon, as long as the CPU waited for runs. Under a hypervisor, and on linuxu, it may
 * not, if somebody else has its processor: a long wait offers ours to the host now and then.
 */
#define PATIENCE 1024U

uint32_t uk_smp_ncpus = 1;

static struct {
	uint32_t requests;
} UK_CPU_ALIGNED mailbox[UK_CPUS];

static struct uk_spinlock calling;
static void (*call_fn)(void *arg);
static void *call_arg;
static uint32_t call_left; /* CPUs that have not finished */
static uint32_t stopped;
static bool alone; /* the others were told to stop: nobody answers calls */

void uk_smp_arrived(void)
{
	uk_spin_hook = uk_smp_poll;
	__atomic_add_fetch(&uk_smp_ncpus, 1, __ATOMIC_RELEASE);
}

static void request(uint32_t cpu, uint32_t what)
{
	if (!(__atomic_fetch_or(&mailbox[cpu].requests, what, __ATOMIC_ACQ_REL) & ~KICK))
		uk_plat_ipi(cpu);
}

void uk_smp_kick(uint32_t cpu)
{
	if (cpu == uk_cpu()) /* if we are moved meanwhile, the switch was one */
		uk_this_cpu_set(resched, 1);
	else if (!__atomic_fetch_or(&mailbox[cpu].requests, KICK, __ATOMIC_ACQ_REL))
		uk_plat_ipi_later(cpu);
}

static void answer(void)
{
	uint32_t r = __atomic_exchange_n(&mailbox[uk_cpu()].requests, 0, __ATOMIC_ACQ_REL);

	if (r & KICK)
		uk_this_cpu_set(resched, 1);
	if (r & CALL) {
		call_fn(call_arg); /* which stays until we have said that we are done */
		__atomic_sub_fetch(&call_left, 1, __ATOMIC_RELEASE);
	}
	if (UK_UNLIKELY(r & STOP))
		uk_plat_cpu_stop(&stopped);
}

void uk_smp_interrupt(void)
{
	answer();
}

void uk_smp_poll(unsigned turns)
{
	if (UK_UNLIKELY(UK_READ_ONCE(mailbox[uk_cpu()].requests)))
		answer();
	if (UK_UNLIKELY(turns % PATIENCE == PATIENCE - 1))
		uk_plat_cpu_yield();
}

static void wait_for(const uint32_t *count, uint32_t value)
{
	for (unsigned turns = 0; __atomic_load_n(count, __ATOMIC_ACQUIRE) != value; turns++) {
		uk_arch_relax_turn(turns);
		uk_smp_poll(turns);
	}
}

void uk_smp_call(const struct uk_cpuset *set, void (*fn)(void *arg), void *arg)
{
	uint32_t n, self;
	bool irq;

	if (UK_UNLIKELY(UK_READ_ONCE(alone))) /* and whoever stopped may have held the lock */
		return;
	irq = uk_spin_lock_irq(&calling);
	n = uk_smp_cpus();
	self = uk_cpu();
	call_fn = fn;
	call_arg = arg;
	call_left = 0;
	for (uint32_t i = 0; i < n; i++)
		call_left += i != self && (!set || uk_cpuset_has(set, i));
	for (uint32_t i = 0; i < n; i++)
		if (i != self && (!set || uk_cpuset_has(set, i)))
			request(i, CALL);
	wait_for(&call_left, 0);
	uk_spin_unlock_irq(&calling, irq);
}

/* CPUs that stand, and the word for them to go on. */
static uint32_t standing;
static bool wait_here;

static void stand(void *arg UK_UNUSED)
{
	__atomic_add_fetch(&standing, 1, __ATOMIC_RELEASE);
	for (unsigned turns = 0; __atomic_load_n(&wait_here, __ATOMIC_ACQUIRE); turns++) {
		uk_arch_relax();
		if (turns % PATIENCE == PATIENCE - 1)
			uk_plat_cpu_yield();
	}
}

void uk_smp_alone(void (*fn)(void *arg), void *arg)
{
	bool irq = uk_spin_lock_irq(&calling);
	uint32_t n = uk_smp_cpus(), self = uk_cpu();

	call_fn = stand;
	call_left = n - 1;
	standing = 0;
	__atomic_store_n(&wait_here, true, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < n; i++)
		if (i != self)
			request(i, CALL);
	wait_for(&standing, n - 1);
	fn(arg);
	__atomic_store_n(&wait_here, false, __ATOMIC_RELEASE);
	wait_for(&call_left, 0);
	uk_spin_unlock_irq(&calling, irq);
}

void uk_smp_stop_others(void)
{
	uint32_t n = uk_smp_cpus(), self = uk_cpu();

	UK_WRITE_ONCE(alone, true);
	for (uint32_t i = 0; i < n; i++)
		if (i != self)
			request(i, STOP);
	for (uint32_t turns = 0; turns < STOP_TURNS; turns++) {
		if (__atomic_load_n(&stopped, __ATOMIC_ACQUIRE) + 1 >= n)
			return;
		uk_arch_relax();
	}
}
