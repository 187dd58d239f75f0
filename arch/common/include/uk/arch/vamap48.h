/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address map of CPUs with 48 bits of virtual address: see <uk/plat/mem.h>. A part of <uk/arch/vamap.h>.
 */
#ifndef UK_ARCH_VAMAP48_H
#define UK_ARCH_VAMAP48_H

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

/* The image's random places. */
#define UK_VA_IMAGE_LEN (1UL << 39)

/* What the loader left is seen at UK_VA_BOOT + its physical address, or at UK_VA_KEPT if it stays; so much of it can be. */
#define UK_VA_BOOT     (UK_VA_IMAGE + (1UL << 40))
#define UK_VA_BOOT_LEN (1UL << 41)
#define UK_VA_KEPT     (UK_VA_BOOT + UK_VA_BOOT_LEN)

/* Registers of devices, and the bits of an address there that are random: as random as the direct map's place. */
#define UK_VA_DEVICES        (UK_VA_KEPT + UK_VA_BOOT_LEN)
#define UK_VA_DEVICES_RANDOM ((1UL << 39) - 1)

/* The same for stacks for page faults of the other CPUs. */
#define UK_VA_CPUS        (UK_VA_DEVICES + (1UL << 40))
#define UK_VA_CPUS_RANDOM ((1UL << 39) - 1)

#endif
