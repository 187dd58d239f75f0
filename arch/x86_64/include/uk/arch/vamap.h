/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address map of x86_64: see <uk/plat/mem.h>.
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

#endif
