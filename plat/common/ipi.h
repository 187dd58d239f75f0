/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts to other CPUs that wait until this one has released its locks: the part of uk_plat_ipi_later() that is the same
 * everywhere. How a CPU comes to send them when it opens interrupts is the platform's.
 */
#ifndef PLAT_IPI_H
#define PLAT_IPI_H

#include <uk/types.h>

/* Notes CPU `cpu`. With interrupts masked. */
void plat_ipi_withhold(uint32_t cpu);

/* uk_plat_ipi() to all that this CPU has noted. With interrupts masked, or the hardware's off. */
void plat_ipi_withheld(void);

#endif
