/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For loops that wait for another CPU or a device: `pause` (Intel SDM vol. 2) leaves the core to its other
 * thread, and the way out of the loop is not mispredicted.
 */
#ifndef UK_ARCH_RELAX_H
#define UK_ARCH_RELAX_H

static inline void uk_arch_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/*
 * The same in turn `turn` of a loop that mostly ends after a microsecond or two. QEMU's emulation leaves the guest at each `pause` and
 * takes the lock of all its devices, which takes longer than most such waits. So the first turns have `lfence`: one look at a
 * time, so the way out is not mispredicted either, and the core's other thread gets what this one leaves. Then `pause`: by many of them
 * in a row a hypervisor sees that it has to run another CPU, and a QEMU that has one thread for all runs it.
 */
#define UK_ARCH_RELAX_BRIEF 1024U

static inline void uk_arch_relax_turn(unsigned turn)
{
	if (turn < UK_ARCH_RELAX_BRIEF)
		__asm__ volatile("lfence" ::: "memory");
	else
		uk_arch_relax();
}

#include <uk/arch/linger.h>

#endif
