/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Monotonic time: the CPUs' common counter, whose rate the device tree tells.
 */
#include <uk/arch/cpu.h>
#include <uk/plat/clock.h>

#include "kvm.h"

static uint64_t mult UK_RO_AFTER_INIT_ZERO; /* nanoseconds per tick, 32.32 fixed point */
static uint64_t start UK_RO_AFTER_INIT_ZERO;
static uint32_t hz UK_RO_AFTER_INIT_ZERO;

void kvm_clock_init(void)
{
	hz = kvm_tree_time_hz();
	mult = (UK_NSEC_PER_SEC << 32) / hz;
	start = riscv_time();
}

uk_nsec uk_plat_clock_monotonic(void)
{
	return (uk_nsec)((unsigned __int128)(riscv_time() - start) * mult >> 32);
}

uint64_t kvm_clock_ticks(uk_nsec when)
{
	uint64_t sec = when / UK_NSEC_PER_SEC, rest = when % UK_NSEC_PER_SEC;

	return start + sec * hz + rest * hz / UK_NSEC_PER_SEC + 1;
}

/* To read the clock is as cheap. */
uk_nsec uk_plat_clock_wall_coarse(void)
{
	return uk_plat_clock_wall();
}
