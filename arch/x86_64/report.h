/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to arch/x86_64.
 */
#ifndef X86_REPORT_H
#define X86_REPORT_H

#include <uk/arch/trap.h>

/* uksched's, if it is there: see its <uk/sched.h>. */
void uk_sched_preempt(void) __attribute__((__visibility__("default")));

#endif
