/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hooks of <uk/plat/trap.h> as they are where nobody hooks: what other libraries override. A part of each
 * architecture's trap.c.
 */
#ifndef ARCH_HOOKS_H
#define ARCH_HOOKS_H

#include <uk/errno.h>
#include <uk/plat/trap.h>

UK_WEAK void uk_irq_return_hook(struct uk_regs *regs UK_UNUSED)
{
}

UK_WEAK bool uk_trap_hook(const struct uk_trap_info *info UK_UNUSED, struct uk_regs *regs UK_UNUSED)
{
	return false;
}

UK_WEAK int uk_page_fault_hook(uk_vaddr_t va UK_UNUSED, unsigned access UK_UNUSED,
			       unsigned how UK_UNUSED)
{
	return -EFAULT;
}

UK_WEAK const char *uk_trap_thread_name(void)
{
	return "main";
}

UK_WEAK void uk_sched_preempt(void)
{
}

#endif
