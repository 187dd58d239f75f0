/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Randomised scheduling (CONFIG_SMP_RANDOM): what spin locks call where they are taken and released, and
 * the scheduler where it decides. Most calls do nothing; some wait a little, with the lock or
 * just before it, and a few give the host's processor away, as a hypervisor may at any time.
 *
 * The numbers are no secret and need not be good (xorshift); each CPU has its own, and they differ from
 * boot to boot by when the CPU first asks.
 */
#include <uk/arch/relax.h>
#include <uk/init.h>
#include <uk/plat/clock.h>
#include <uk/plat/cpu.h>
#include <uk/smp.h>
#include <uk/spin.h>

static struct {
	uint32_t x;
} UK_CPU_ALIGNED state[UK_CPUS];

uint32_t uk_smp_random(void)
{
	uint32_t cpu = uk_cpu(), x = state[cpu].x;

	if (UK_UNLIKELY(!x))
		x = (uint32_t)uk_plat_clock_monotonic() * 2654435761U | 1;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	state[cpu].x = x; /* an interrupt in between, or a move, only repeats a number */
	return x;
}

static void jitter(bool released)
{
	uint32_t r = uk_smp_random();

	if (released && r % 64 == 1)
		uk_this_cpu_set(resched, 1);
	if (r % 32 == 0)
		uk_arch_linger(r / 64 % 512);
	if (r % 1024 == 2)
		uk_plat_cpu_yield();
}

/* Before there are several CPUs nobody is there to race with, and not all of a CPU is set up. */
static int start(void)
{
	uk_spin_jitter = jitter;
	return 0;
}
UK_INIT(UK_INIT_DEV, "1", start, NULL);
