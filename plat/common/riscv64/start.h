/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each CPU has to be told at the final address.
 */
#ifndef RISCV_START_H
#define RISCV_START_H

#include <uk/arch/cpu.h>
#include <uk/config.h>

/* Floating point on; a CPU without it ends here, with a message. */
void boot_fpu(void);

static inline void boot_cpu(void)
{
	riscv_csr_clear(sstatus, RISCV_SSTATUS_SUM); /* pages of user mode are not for us */
#ifdef CONFIG_SMP
	riscv_csr_set(sie, 1UL << RISCV_IRQ_SOFTWARE);
#endif
}

#include "firststeps.h"

#endif
