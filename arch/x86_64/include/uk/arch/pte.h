/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bits of a page table's entry (Intel SDM vol. 3 §4.5), for who writes some himself: entry code, and Xen PV.
 */
#ifndef UK_ARCH_PTE_H
#define UK_ARCH_PTE_H

#define X86_PTE_P   0x001
#define X86_PTE_W   0x002
#define X86_PTE_PWT 0x008
#define X86_PTE_PCD 0x010
#define X86_PTE_A   0x020
#define X86_PTE_D   0x040
#define X86_PTE_PS  0x080
#define X86_PTE_NX  (1UL << 63)

#endif
