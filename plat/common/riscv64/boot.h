/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the platforms that own a RISC-V CPU share on the way from the first instruction to uk_boot().
 */
#ifndef RISCV_BOOT_H
#define RISCV_BOOT_H

#include "boot_tree.h"

#define CPU_SWAPS_BYTES 0 /* not by one instruction that all have */

#ifndef __ASSEMBLER__
#include <uk/arch/cpu.h>

/* For firststeps.h. */
#define BOOT_TRAP_INIT riscv_trap_init

/* For early.c: relocations by an image's base, and the time. */
#define BOOT_RELATIVE 3 /* R_RISCV_RELATIVE */
#define boot_time()   riscv_time()

/* entry.S, called with what the firmware said: which hart this is, and where the device tree lies. */
void boot_start(uint64_t hart, uk_paddr_t tree);

#endif
#endif
