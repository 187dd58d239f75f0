/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What assembly differs in between architectures, for code that is in several of them.
 *
 * Packages do not see the configuration: __ARM_FEATURE_BTI_DEFAULT is the compiler's own.
 *
 *	UK_LANDING		first instruction of what an indirect call may reach, or a jump by x16 or x17 (BTI)
 *	UK_LANDING_ANY		the same of any indirect jump
 *	UK_ASM_SYMBOL(n)	in C: the name of the symbol that operand n (UK_ASM_SYMBOL_IN) is the address of
 */
#ifndef UK_ARCH_ASM_H
#define UK_ARCH_ASM_H

#ifdef __ARM_FEATURE_BTI_DEFAULT
#define UK_LANDING     hint #34
#define UK_LANDING_ANY hint #38
#else
#define UK_LANDING
#define UK_LANDING_ANY
#endif

#define UK_ASM_SYMBOL(n) "%" #n
#define UK_ASM_SYMBOL_IN "S"

#endif
