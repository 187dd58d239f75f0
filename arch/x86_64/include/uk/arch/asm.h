/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What hardening options ask of assembly; for C the compiler does it. The options come as flags, since
 * packages do not see the configuration: __CET__ (the compiler's own), UK_SLS, UK_RETPOLINE.
 *
 *	UK_LANDING		first instruction of what an indirect call or jump may reach (CET)
 *	UK_CALL(reg) UK_JMP(reg) UK_RET
 *	UK_JMP_NOTRACK(reg)	jump to where there is no landing pad, to a return address
 *	UK_ASM_SYMBOL(n)	in C: the name of the symbol that operand n (UK_ASM_SYMBOL_IN) is the address of
 */
#ifndef UK_ARCH_ASM_H
#define UK_ARCH_ASM_H

#ifdef __CET__
#define UK_LANDING endbr64
#define UK_NOTRACK notrack
#else
#define UK_LANDING
#define UK_NOTRACK
#endif

#ifdef UK_SLS
#define UK_AFTER_JUMP ; int3
#else
#define UK_AFTER_JUMP
#endif

#ifdef UK_RETPOLINE
#define UK_CALL(reg)        call __x86_indirect_thunk_##reg
#define UK_JMP(reg)         jmp __x86_indirect_thunk_##reg
#define UK_JMP_NOTRACK(reg) jmp __x86_indirect_thunk_##reg
#else
#define UK_CALL(reg)        call *%reg
#define UK_JMP(reg)         jmp *%reg UK_AFTER_JUMP
#define UK_JMP_NOTRACK(reg) UK_NOTRACK jmp *%reg UK_AFTER_JUMP
#endif

#define UK_RET ret UK_AFTER_JUMP

#define UK_ASM_SYMBOL(n) "%c" #n
#define UK_ASM_SYMBOL_IN "i"

#endif
