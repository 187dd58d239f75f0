/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between clock.c and timer.c.
 */
#ifndef KVM_CLOCK_H
#define KVM_CLOCK_H

#include <uk/types.h>

/*
 * Look at the clock in an interrupt at `when`, on that clock, or a little later. Interrupts masked.
 */
void kvm_timer_sample(uk_nsec when);

/* After that: when next? UK_NSEC_MAX: no more. */
uk_nsec kvm_clock_wanted(void);

#endif
