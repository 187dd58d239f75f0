/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for interrupts. (Masking them is <uk/irq.h>.)
 */
#ifndef UK_PLAT_CPU_H
#define UK_PLAT_CPU_H

#include <uk/api.h>

UK_API_BEGIN

/*
 * Stops the CPU until an interrupt is pending. Called with interrupts masked (uk_irq_disable()),
 * returns with them masked: the interrupt is handled when the caller enables them. Returns at once
 * if one is pending already, so that a wake-up between the caller's last look and this call is not
 * lost. May return without reason. Idle thread, or any thread if there is no scheduler.
 */
void uk_plat_idle(void);

UK_API_END

#endif
