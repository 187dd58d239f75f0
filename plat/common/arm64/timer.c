/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one-shot timer: the CPU's virtual one (DDI 0487 §D12), whose interrupt is there while the counter is beyond a register.
 */
#include <uk/arch/cpu.h>
#include <uk/plat/clock.h>
#include <uk/plat/irq.h>
#include <uk/print.h>

#include "machine.h"
#include "treeclock.h"

#define FAR     (100 * 366 * 86400UL * UK_NSEC_PER_SEC) /* 100 years: never, and nothing overflows */
#define ON      1UL
#define OFF     0UL
#define VIRTUAL 2 /* of the timer's interrupts: secure, not secure, virtual, hypervisor's */

/* uktime's; nothing where that is not configured. */
void uk_timer_interrupt(void) __attribute__((__visibility__("default")));

UK_WEAK void uk_timer_interrupt(void)
{
}

static void handler(void *arg UK_UNUSED)
{
	arm_write(cntv_ctl_el0, OFF);
	arm_isb();
	uk_timer_interrupt();
}

static void start(void)
{
	int node = devtree_next(-1, "arm,armv8-timer");
	uint32_t irq = node < 0 ? 0 : arm_tree_irq(node, VIRTUAL);

	if (!irq || uk_plat_irq_request(irq, handler, NULL))
		uk_fatal("the CPU's timer (arm,armv8-timer) or its interrupt is not in the device "
			 "tree, or the interrupt controller does not work: nothing would ever time "
			 "out");
}

void arm_timer_init(void)
{
	static bool ready;

	if (!ready) {
		ready = true;
		start();
	}
}

void uk_plat_timer_set(uk_nsec deadline)
{
	arm_timer_init();
	if (deadline >= FAR) {
		arm_write(cntv_ctl_el0, OFF);
		return;
	}
	arm_write(cntv_cval_el0, plat_clock_ticks(deadline));
	arm_write(cntv_ctl_el0, ON);
	arm_isb();
}
