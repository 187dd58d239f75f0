/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What assembly differs in between architectures, for code that is in several of them.
 *
 *	UK_LANDING		first instruction of what an indirect call or jump may reach: none yet
 *	UK_ASM_SYMBOL(n)	in C: the name of the symbol that operand n (UK_ASM_SYMBOL_IN) is the address of
 */
#ifndef UK_ARCH_ASM_H
#define UK_ARCH_ASM_H

#define UK_LANDING

#define UK_ASM_SYMBOL(n) "%" #n
#define UK_ASM_SYMBOL_IN "i"

#endif
