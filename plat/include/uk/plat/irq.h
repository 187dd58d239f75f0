/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts of devices, for drivers.
 */
#ifndef UK_PLAT_IRQ_H
#define UK_PLAT_IRQ_H

#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN

/*
 * Has fn(arg) called in interrupt context whenever line `irq` (x86: ISA number or GSI) is raised,
 * and opens the line. Level-triggered lines must be quiet when fn returns. 0, -EINVAL (no such
 * line), -EBUSY (taken), -ENOSPC. Thread context.
 */
int uk_plat_irq_request(unsigned irq, void (*fn)(void *arg), void *arg);

UK_API_END

#endif
