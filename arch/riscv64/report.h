/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to arch/riscv64, and for arch/common.
 */
#ifndef RISCV_REPORT_H
#define RISCV_REPORT_H

#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/plat/trap.h>

#ifndef ARCH
#define ARCH(name) riscv_##name
#endif

/* As UK_TRAP_*. That something is mapped there the CPU does not tell; the page tables do. */
unsigned riscv_fault_access(const struct uk_regs *r);

/* uksched's, if it is there: see its <uk/sched.h>. */
void uk_sched_preempt(void) __attribute__((__visibility__("default")));

#endif
