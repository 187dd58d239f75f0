/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The phase marker on arm64: movz xzr, 0x5000 + id, which does nothing; ids below 0x1000. See <uk/mark.h>.
 */
#ifndef UK_ARCH_MARK_H
#define UK_ARCH_MARK_H

#ifdef __ASSEMBLER__
#define UK_MARK(id) .inst 0xd280001f | (0x5000 + (id)) << 5
#else
#define UK_MARK(id) __asm__ volatile(".inst 0xd280001f | (0x5000 + %0) << 5" ::"i"(id) : "memory")
#endif

#endif
