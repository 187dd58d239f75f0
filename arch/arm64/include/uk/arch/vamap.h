/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address map of arm64: see <uk/plat/mem.h>. It is x86_64's.
 */
#ifndef UK_ARCH_VAMAP_H
#define UK_ARCH_VAMAP_H

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
#define ARM_VA_IMAGE_LEN (1UL << 39)
#define ARM_VA_BOOT      (UK_VA_IMAGE + (1UL << 40))
#define ARM_VA_BOOT_LEN  (1UL << 41)

/* Registers of devices, and the bits of an address there that are random. */
#define ARM_VA_DEVICES        (ARM_VA_BOOT + 2 * ARM_VA_BOOT_LEN)
#define ARM_VA_DEVICES_RANDOM ((1UL << 39) - 1)

/* Memory above this is not used; the direct map begins at a random place so far below its end. */
#define ARM_PADDR_LIMIT (1UL << 43)

#define ARM_VA_KEPT (ARM_VA_BOOT + ARM_VA_BOOT_LEN)

#endif
