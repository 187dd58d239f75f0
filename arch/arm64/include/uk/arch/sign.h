/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pointer authentication (HARDEN_PAC) of code addresses that lie in memory for other reasons than a compiled function's return.
 *
 * The compiler signs with the stack pointer alone, which is a multiple of 16. Here it is an address that is one, plus what the
 * address signed is for: so nothing that was signed for one purpose serves another, and a crash report can tell which it was
 * (arch/arm64/describe.h). The instructions take the address in x17 and the modifier in x16, and are NOPs to a CPU without them.
 *
 * For packages as well, which do not see the configuration: __ARM_FEATURE_PAC_DEFAULT is the compiler's own.
 *
 * In assembly:
 *	ARM_LINK			the register with an address to save, or that was loaded to return to
 *	arm_sign_link at, as, [ctx]	before the first: ARM_LINK is x30, signed for `at` (and for what `ctx` points to)
 *	arm_auth_link at, as, [ctx]	after the second: ARM_LINK leads somewhere only if it was signed so
 * Both lose x16 and x17. `at` is sp or a register.
 */
#ifndef UK_ARCH_SIGN_H
#define UK_ARCH_SIGN_H

#define ARM_SIGNED_CONTEXT 1 /* where a switch of contexts goes on */
#define ARM_SIGNED_ENTRY   2 /* where a new context begins */
#define ARM_SIGNED_CLONE   3 /* where clone() returns in the new thread */
#define ARM_SIGNED_JUMP    4 /* jmp_buf */
#define ARM_SIGNED_SIGJUMP 5 /* in it, where sigsetjmp() returns */
#define ARM_SIGNED_TRAP    6 /* where a thread was interrupted, in favour of another */
#define ARM_SIGNED_LINK    7 /* its x30 */

#define ARM_SIGNED_FOR(modifier) ((modifier)&15)
#define ARM_AUTIA1716            0xd503219fU

/* clang-format off */
#ifdef __ASSEMBLER__
#ifdef __ARM_FEATURE_PAC_DEFAULT
#define ARM_LINK x17

	.macro	arm_modifier at, as, ctx
	add	x16, \at, #\as
	.ifnb	\ctx
	eor	x16, x16, \ctx, lsl #32
	.endif
	.endm

	.macro	arm_sign_link at, as, ctx
	arm_modifier \at, \as, \ctx
	mov	x17, x30
	hint	#8			/* pacia1716 */
	.endm

	.macro	arm_auth_link at, as, ctx
	arm_modifier \at, \as, \ctx
	hint	#12			/* autia1716 */
	.endm

	/* As the compiler does it, in a function of assembly that saves x30 itself, at the stack pointer of its caller. */
#define ARM_SIGN_RETURN hint #25	/* paciasp */
#define ARM_AUTH_RETURN hint #29	/* autiasp */
#else
#define ARM_LINK x30
#define ARM_SIGN_RETURN
#define ARM_AUTH_RETURN

	.macro	arm_sign_link at, as, ctx
	.endm

	.macro	arm_auth_link at, as, ctx
	.endm
#endif
/* clang-format on */
#else
#include <stdint.h>

/* `address` signed, and what was signed without that again; `modifier` is made as above. */
#ifdef __ARM_FEATURE_PAC_DEFAULT
#define ARM_SIGN_BY(name, instruction)                                                             \
	static inline uint64_t name(uint64_t address, uint64_t modifier)                           \
	{                                                                                          \
		register uint64_t x16 __asm__("x16") = modifier;                                   \
		register uint64_t x17 __asm__("x17") = address;                                    \
                                                                                                   \
		__asm__(instruction : "+r"(x17) : "r"(x16));                                       \
		return x17;                                                                        \
	}
ARM_SIGN_BY(arm_sign, "hint #8")  /* pacia1716 */
ARM_SIGN_BY(arm_auth, "hint #12") /* autia1716 */
#undef ARM_SIGN_BY
#else
static inline uint64_t arm_sign(uint64_t address, uint64_t modifier)
{
	(void)modifier;
	return address;
}

static inline uint64_t arm_auth(uint64_t address, uint64_t modifier)
{
	(void)modifier;
	return address;
}
#endif
#endif
#endif
