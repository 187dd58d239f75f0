/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptor tables, traps and interrupt entry: between arch/x86_64 and the platforms that own the
 * bare CPU. (What other libraries may use is in <uk/plat/trap.h>.)
 *
 * Vectors 0..31 are the CPU's, X86_VECTOR_IRQ.. the platform's.
 */
#ifndef UK_ARCH_TRAP_H
#define UK_ARCH_TRAP_H

#define X86_VECTORS    64
#define X86_VECTOR_IRQ 32

#define X86_SEL_CODE 0x08
#define X86_SEL_DATA 0x10
#define X86_SEL_TSS  0x18

#ifndef __ASSEMBLER__
#include <uk/api.h>
#include <uk/arch/regs.h>
#include <uk/essentials.h>

UK_API_BEGIN

/* Load our own GDT, TSS (stacks for double fault and NMI) and IDT: from here on traps are reported. */
void x86_trap_init(void);

/*
 * Implemented by the platform: interrupt `vector` happened. Called with the hardware's interrupts
 * off, irq_depth counted; calls handlers and tells the interrupt controller that it is over.
 */
void x86_irq_dispatch(unsigned vector);

/* Print "at" lines for the calls that lead to `sp` (0: here) to the crash stream. Any context. */
void x86_backtrace(uintptr_t pc, uintptr_t sp);

UK_API_END
#endif
#endif
