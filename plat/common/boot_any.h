/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the same on every CPU on the way from the first instruction to uk_boot(): a part of the CPU's boot.h.
 */
#ifndef BOOT_ANY_H
#define BOOT_ANY_H

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

#ifndef __ASSEMBLER__
#include <uk/arch/paging.h>

#include "gather.h"

/* Whose page tables, and how to have a short look at what the loader left: a platform that cannot write tables has functions like these. */
#ifndef BOOT_PT
#define BOOT_PT(name) uk_arch_pt_##name
#endif
#ifndef BOOT_MAP
#define BOOT_MAP   uk_arch_boot_map
#define BOOT_UNMAP uk_arch_boot_unmap
#endif

#endif
#endif
