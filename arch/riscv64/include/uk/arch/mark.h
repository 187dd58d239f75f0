/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The phase marker on riscv64: lui zero, 0x55000 + id, which is a hint and does nothing (RISC-V ISA vol. 1 §2.9); ids
 * below 0x1000. See <uk/mark.h>.
 */
#ifndef UK_ARCH_MARK_H
#define UK_ARCH_MARK_H

#ifdef __ASSEMBLER__
#define UK_MARK(id) .word (0x55000 + (id)) << 12 | 0x37
#else
#define UK_MARK(id) __asm__ volatile(".word (0x55000 + %0) << 12 | 0x37" ::"i"(id) : "memory")
#endif

#endif
