/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one-shot timer: an interrupt is pending while the CPUs' time is beyond a register (the extension Sstc), or the firmware
 * does the same for us (SBI 1.0 §6).
 */
#include <uk/arch/cpu.h>
#include <uk/percpu.h>
#include <uk/plat/clock.h>
#include <uk/print.h>

#include "kvm.h"

#define NEVER UINT64_MAX
#define FAR   (100 * 366 * 86400UL * UK_NSEC_PER_SEC) /* 100 years: the same, and nothing overflows */

static bool ready[UK_CPUS], own;

/* uktime's; nothing where that is not configured. */
void uk_timer_interrupt(void) __attribute__((__visibility__("default")));

UK_WEAK void uk_timer_interrupt(void)
{
}

/* An error of the firmware's, if it has no timer either. */
static long set(uint64_t ticks)
{
	if (!own)
		return sbi_call(SBI_EXT_TIME, 0, ticks, 0).error;
	riscv_csr_write(0x14d, ticks); /* stimecmp */
	return 0;
}

static void handler(void)
{
	set(NEVER);
	uk_timer_interrupt();
}

void uk_plat_timer_set(uk_nsec deadline)
{
	bool *set_up = &ready[uk_cpu()];

	if (!*set_up) {
		*set_up = true;
		own = kvm_tree_has_extension("sstc");
		kvm_timer_handler = handler;
		if (set(NEVER))
			uk_fatal("no timer: the CPU has none of its own (Sstc), and the firmware "
				 "none for us "
				 "(SBI's extension TIME): it has to be of SBI 0.2 or newer");
		riscv_csr_set(sie, 1UL << RISCV_IRQ_TIMER);
	}
	set(deadline >= FAR ? NEVER : plat_clock_ticks(deadline));
}

#ifdef CONFIG_SMP
void kvm_timer_cpu_init(uint32_t cpu)
{
	ready[cpu] = false;
}
#endif
