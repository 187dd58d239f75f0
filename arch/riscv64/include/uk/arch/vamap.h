/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address map of riscv64: see <uk/plat/mem.h>. With Sv48 it is that of all CPUs with 48 bits, within the 256 GiB
 * of Sv39's lower half a small one.
 */
#ifndef UK_ARCH_VAMAP_H
#define UK_ARCH_VAMAP_H

#include <uk/config.h>

/* UK_ARCH_PADDR_LIMIT: memory above is not used; the direct map begins at a random place so far below its end. */
#ifdef CONFIG_RISCV64_SV48
#include <uk/arch/vamap48.h>

#define UK_ARCH_PADDR_LIMIT (1UL << 43)
#else
#define UK_VA_AREAS      0x0040000000UL
#define UK_VA_AREAS_END  0x2000000000UL
#define UK_VA_DIRECT     0x2000000000UL
#define UK_VA_IMAGE      0x3000000000UL
#define UK_VA_STACKS     0x3600000000UL
#define UK_VA_STACKS_END 0x3800000000UL
#define UK_VA_SHADOW     0x3800000000UL

#define UK_VA_AREAS_WISH 0x1800000000UL

/* 2^23 places. */
#define UK_VA_AREAS_RANDOM     (UK_VA_AREAS + (8UL << 30))
#define UK_VA_AREAS_RANDOM_END (UK_VA_AREAS + (40UL << 30))

#define UK_VA_IMAGE_LEN (8UL << 30)
#define UK_VA_BOOT      (UK_VA_IMAGE + UK_VA_IMAGE_LEN)
#define UK_VA_BOOT_LEN  (6UL << 30)
#define UK_VA_KEPT      (UK_VA_BOOT + UK_VA_BOOT_LEN)

#define UK_VA_DEVICES        (UK_VA_KEPT + UK_VA_BOOT_LEN)
#define UK_VA_DEVICES_RANDOM ((2UL << 30) - 1)

#define UK_VA_CPUS        (UK_VA_DEVICES + (2UL << 30) + (1UL << 30))
#define UK_VA_CPUS_RANDOM ((512UL << 20) - 1)

#define UK_ARCH_PADDR_LIMIT (32UL << 30)
#endif

#endif
