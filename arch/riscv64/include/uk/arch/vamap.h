/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address map of riscv64: see <uk/plat/mem.h>. With Sv48 it is x86_64's, within the 256 GiB of Sv39's lower
 * half a small one.
 */
#ifndef UK_ARCH_VAMAP_H
#define UK_ARCH_VAMAP_H

#include <uk/config.h>

#ifdef CONFIG_RISCV64_SV48
#define UK_VA_AREAS      0x008000000000UL
#define UK_VA_AREAS_END  0x080000000000UL
#define UK_VA_DIRECT     0x100000000000UL
#define UK_VA_IMAGE      0x200000000000UL
#define UK_VA_STACKS     0x280000000000UL
#define UK_VA_STACKS_END 0x288000000000UL
#define UK_VA_SHADOW     0x400000000000UL

/* An address that an application may ask for: Go wants its heap there. */
#define UK_VA_AREAS_WISH 0x00c000000000UL

/* Where ukvmem begins in its window: 2^29 places, far enough above that. */
#define UK_VA_AREAS_RANDOM     (UK_VA_AREAS + (1UL << 40))
#define UK_VA_AREAS_RANDOM_END (UK_VA_AREAS + (3UL << 40))

/* The image's random places; where what the loader left is seen, and how much of it can be. */
#define RISCV_VA_IMAGE_LEN (1UL << 39)
#define RISCV_VA_BOOT      (UK_VA_IMAGE + (1UL << 40))
#define RISCV_VA_BOOT_LEN  (1UL << 41)

/* Registers of devices, and the bits of an address there that are random. */
#define RISCV_VA_DEVICES        (RISCV_VA_BOOT + 2 * RISCV_VA_BOOT_LEN)
#define RISCV_VA_DEVICES_RANDOM ((1UL << 39) - 1)

/* The same for stacks for page faults of the other CPUs. */
#define RISCV_VA_CPUS        (RISCV_VA_DEVICES + (1UL << 40))
#define RISCV_VA_CPUS_RANDOM ((1UL << 39) - 1)

/* Memory above this is not used; the direct map begins at a random place so far below its end. */
#define RISCV_PADDR_LIMIT (1UL << 43)
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

#define RISCV_VA_IMAGE_LEN (8UL << 30)
#define RISCV_VA_BOOT      (UK_VA_IMAGE + RISCV_VA_IMAGE_LEN)
#define RISCV_VA_BOOT_LEN  (6UL << 30)

#define RISCV_VA_DEVICES        (RISCV_VA_BOOT + 2 * RISCV_VA_BOOT_LEN)
#define RISCV_VA_DEVICES_RANDOM ((2UL << 30) - 1)

#define RISCV_VA_CPUS        (RISCV_VA_DEVICES + (2UL << 30) + (1UL << 30))
#define RISCV_VA_CPUS_RANDOM ((512UL << 20) - 1)

#define RISCV_PADDR_LIMIT (32UL << 30)
#endif

#define RISCV_VA_KEPT (RISCV_VA_BOOT + RISCV_VA_BOOT_LEN)

#endif
