/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the platforms that own an arm64 CPU share on the way from the first instruction to uk_boot().
 */
#ifndef ARM_BOOT_H
#define ARM_BOOT_H

#include <uk/config.h>

#include "platform.h"

#define BOOT_STACK_SIZE (BOOT_STACK_KIB * 1024)

/*
 * The boot stack, last in the image, is mapped a page higher than the rest: a guard page below it.
 */
#ifdef CONFIG_HARDEN_GUARD
#define STACK_SHIFT 0x1000
#else
#define STACK_SHIFT 0
#endif

/* Entry types, as boot_memory() has them. */
#define E820_RAM      1
#define E820_RESERVED 2
#define E820_ACPI     3

#ifndef __ASSEMBLER__
#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>

#include "gather.h"

#define PADDR_LIMIT ARM_PADDR_LIMIT
#define INFO_LIMIT  ARM_VA_BOOT_LEN
#define BOOT_MAP    arm_boot_map
#define BOOT_UNMAP  arm_boot_unmap

/* For early.c: page tables, where the image's random places are, and relocations by an image's base. */
#define BOOT_PT(name)     arm_pt_##name
#define BOOT_VA_IMAGE_LEN ARM_VA_IMAGE_LEN
#define BOOT_RELATIVE     1027 /* R_AARCH64_RELATIVE */
#define boot_time()       arm_time()

/* entry.S, called with what the loader said: where the device tree lies. */
void boot_start(uk_paddr_t tree);

/* Of boot_early(), which runs before there can be a canary, and that variable has its address: random numbers. */
extern uint64_t boot_random[3];

#endif
#endif
