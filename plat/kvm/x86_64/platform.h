/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What plat/common/x86_64 wants to know of this platform.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <uk/config.h>

#define BOOT_STACK_KIB CONFIG_PLAT_KVM_STACK

/* The PC's real time clock. */
#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

#ifndef __ASSEMBLER__
/* Every port access takes the host a different time. */
#define boot_jitter() __asm__ volatile("inb $0x61, %%al" ::: "al")

/* Pages of address space behind the image and its boot stack, for devices and trap stacks. */
enum boot_fixed {
	BOOT_FIXED_LAPIC,
	BOOT_FIXED_IOAPIC,
	BOOT_FIXED_HPET,
	BOOT_FIXED_POWER,
	BOOT_FIXED_BUTTON,
	BOOT_FIXED_GENERATION,
	BOOT_FIXED_DF_GUARD, /* never mapped */
	BOOT_FIXED_DF_STACK,
	BOOT_FIXED_NMI_GUARD,
	BOOT_FIXED_NMI_STACK,
	BOOT_FIXED_MC_GUARD,
	BOOT_FIXED_MC_STACK,
	BOOT_FIXED_N
};

/* As enum boot_fixed, for listings. */
#define BOOT_FIXED_NAMES                                                                           \
	{                                                                                          \
		[BOOT_FIXED_LAPIC] = "local APIC", [BOOT_FIXED_IOAPIC] = "I/O APIC",               \
		[BOOT_FIXED_HPET] = "HPET", [BOOT_FIXED_POWER] = "power",                          \
		[BOOT_FIXED_BUTTON] = "power button", [BOOT_FIXED_GENERATION] = "vmgenid",         \
		[BOOT_FIXED_DF_STACK] = "double faults", [BOOT_FIXED_NMI_STACK] = "NMIs",          \
	}

#ifdef CONFIG_SMP
#include "kvm_cpustart.h"
#define BOOT_KEEP KVM_CPU_START /* a page of low memory that nobody else gets */
#endif
#endif
#endif
