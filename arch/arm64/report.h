/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to arch/arm64, and for arch/common.
 */
#ifndef ARM_REPORT_H
#define ARM_REPORT_H

#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/plat/trap.h>

#ifndef ARCH
#define ARCH(name) arm_##name
#endif

/* Is it an access to what page tables do not have, or not so? */
bool arm_is_page_fault(const struct uk_regs *r);

/* As UK_TRAP_*. */
unsigned arm_fault_access(const struct uk_regs *r);

/* uksched's, if it is there: see its <uk/sched.h>. */
void uk_sched_preempt(void) __attribute__((__visibility__("default")));

#endif
