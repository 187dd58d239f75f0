/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to arch/x86_64.
 */
#ifndef X86_FPU_H
#define X86_FPU_H

/* Enable vector state; CR4 must allow it. */
void x86_fpu_init(void);

#endif
