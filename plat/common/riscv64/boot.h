/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the platforms that own a RISC-V CPU share on the way from the first instruction to uk_boot().
 */
#ifndef RISCV_BOOT_H
#define RISCV_BOOT_H

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

#define PADDR_LIMIT RISCV_PADDR_LIMIT
#define INFO_LIMIT  RISCV_VA_BOOT_LEN
#define BOOT_MAP    riscv_boot_map
#define BOOT_UNMAP  riscv_boot_unmap

/* For early.c: page tables, where the image's random places are, and relocations by an image's base. */
#define BOOT_PT(name)     riscv_pt_##name
#define BOOT_VA_IMAGE_LEN RISCV_VA_IMAGE_LEN
#define BOOT_RELATIVE     3 /* R_RISCV_RELATIVE */
#define boot_time()       riscv_time()

/* entry.S, called with what the firmware said: which hart this is, and where the device tree lies. */
void boot_start(uint64_t hart, uk_paddr_t tree);

/* Of boot_early(), which runs before there can be a canary, and that variable has its address: random numbers. */
extern uint64_t boot_random[3];

#endif
#endif
