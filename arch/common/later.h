/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a CPU notes that it has interrupts to send to others, where the note in irq_pending is changed by whatever the compiler makes of
 * an atomic operation: an interrupt that comes in the middle of it is noted before or behind it. A part of an architecture's trap.c.
 */
#ifndef ARCH_LATER_H
#define ARCH_LATER_H

#include <uk/percpu.h>

void ARCH(irq_later)(void)
{
	__atomic_fetch_or(&uk_percpu()->irq_pending, IRQ_LATER, __ATOMIC_RELAXED);
}

#endif
