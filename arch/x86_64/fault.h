/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between trap.S, fault.S and fault.c: see fault.S.
 */
#ifndef X86_FAULT_H
#define X86_FAULT_H

#define VEC_PF 14

/* What x86_fault() answers. */
#define X86_FAULT_DONE 0 /* try again */
#define X86_FAULT_MOVE 1 /* a trap, to be handled on the interrupted stack */
#define X86_FAULT_HERE 2 /* one that cannot be: that stack is what is missing */

#ifndef __ASSEMBLER__
#include <uk/essentials.h>

/* IST entries of the TSS. */
#define X86_IST_NMI   1U
#define X86_IST_DF    2U
#define X86_IST_FAULT 3U
#define X86_IST_IRQ   4U
#define X86_IST_MC    5U

/* Let `vector` enter at `entry`, on the stack that ends at `top` (IST entry `ist`). trap.c. */
void x86_gate_set(unsigned vector, const void *entry, unsigned ist, void *top);

unsigned x86_fault(uintptr_t va, uint64_t error, uintptr_t sp);
#endif
#endif
