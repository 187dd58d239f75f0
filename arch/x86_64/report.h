/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to arch/x86_64.
 */
#ifndef X86_REPORT_H
#define X86_REPORT_H

#include <uk/arch/trap.h>
#include <uk/plat/trap.h>

#ifndef ARCH
#define ARCH(name) x86_##name
#endif

/* Page fault error code (Intel SDM vol. 3 §4.7). */
#define PF_PRESENT 0x01U
#define PF_WRITE   0x02U
#define PF_RSVD    0x08U
#define PF_EXEC    0x10U

/* As UK_TRAP_*. */
static inline unsigned x86_fault_access(uint64_t error)
{
	return (error & PF_WRITE ? UK_TRAP_WRITE : 0) | (error & PF_EXEC ? UK_TRAP_EXEC : 0) |
	       (error & PF_PRESENT ? UK_TRAP_PRESENT : 0);
}

/* uksched's, if it is there: see its <uk/sched.h>. */
void uk_sched_preempt(void) __attribute__((__visibility__("default")));

#endif
