/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the platforms that own an arm64 CPU share on the way from the first instruction to uk_boot().
 */
#ifndef ARM_BOOT_H
#define ARM_BOOT_H

#include "boot_tree.h"

#define CPU_SWAPS_BYTES 1 /* by an instruction */

#ifndef __ASSEMBLER__
#include <uk/arch/cpu.h>

/* For firststeps.h. */
#define BOOT_TRAP_INIT arm_trap_init

/* For early.c: relocations by an image's base, and the time. */
#define BOOT_RELATIVE 1027 /* R_AARCH64_RELATIVE */
#define boot_time()   arm_time()

/* entry.S, called with what the loader said: where the device tree lies. */
void boot_start(uk_paddr_t tree);

#endif
#endif
