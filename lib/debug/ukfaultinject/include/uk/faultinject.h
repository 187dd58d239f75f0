/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fault injection from inside a program: a test arms a failure, calls something, and asks whether
 * it was met. (From outside it is the parameters fault.*, see fault.c.)
 *
 *	for (n = 1;; n++) {
 *		uk_fault_arm(n, 1, UK_FAULT_ALL);
 *		try_something();
 *		if (uk_fault_disarm() < n)
 *			break;		(it needs fewer than n allocations: all have failed once)
 *	}
 *
 * There is one arming for the whole image; what other threads allocate counts as well.
 */
#ifndef UK_FAULTINJECT_H
#define UK_FAULTINJECT_H

#include <uk/fault.h>

#define UK_FAULT_ALL ((1U << UK_FAULT_KINDS) - 1) /* else bits 1 << UK_FAULT_HEAP and so on */

UK_API_BEGIN

/*
 * From now on, of the allocations of these kinds, the nth (from 1) and those behind it, `times` in
 * a row, fail; times 0: all from the nth on. nth 0: none fails, but they are counted.
 */
void uk_fault_arm(uint64_t nth, uint64_t times, unsigned kinds);

/* No more failures. Returns how many allocations there were since uk_fault_arm(). */
uint64_t uk_fault_disarm(void);

UK_API_END

#endif
