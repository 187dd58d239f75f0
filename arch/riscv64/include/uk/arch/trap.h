/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traps and interrupt entry: between arch/riscv64 and the platforms that own the bare CPU. (What other libraries
 * may use is in <uk/plat/trap.h>.)
 */
#ifndef UK_ARCH_TRAP_H
#define UK_ARCH_TRAP_H

/* What entry code keeps beside the stack, at the address that is in sscratch: see trap.S. */
#define RISCV_AREA_T0     0
#define RISCV_AREA_T1     8
#define RISCV_AREA_SP     16
#define RISCV_AREA_LEVEL  24 /* how many page faults are being dealt with: 0, 1, 2 */
#define RISCV_AREA_STACKS 32 /* tops of the stacks for that, by level */
#define RISCV_AREA_OUTER  48 /* registers of a trap while there may be another one: t0, t1, t2, pc, status, cause, tval */
#define RISCV_AREA_SIZE   104

#define RISCV_FAULT_LEVELS 2

#ifndef __ASSEMBLER__
#include <uk/api.h>
#include <uk/arch/regs.h>
#include <uk/config.h>
#include <uk/essentials.h>

UK_API_BEGIN

/*
 * From here on this CPU's traps are reported. The tops of two stacks, below which nothing should be mapped: one for page faults,
 * which is also how a stack overflow shows, and one for a page fault in what is done about such.
 */
void riscv_trap_init(uintptr_t fault_stack, uintptr_t nested_stack);

/*
 * Implemented by the platform: the CPU's interrupt `cause` (RISCV_IRQ_*) happened. Called with the hardware's
 * interrupts off, irq_depth counted.
 */
void riscv_irq_dispatch(unsigned cause);

/*
 * Interrupt `cause`, not masked by software, as entry code has it: dispatches it, and lets other threads run if that is
 * due. With the hardware's interrupts off.
 */
void riscv_irq(struct uk_regs *r, unsigned cause);

/*
 * Print where `pc` (0: not known) is and the calls that led there to the crash stream, from stack
 * pointer and frame pointer. Any context.
 */
void riscv_backtrace(uintptr_t pc, uintptr_t sp, uintptr_t fp);

/* A trap: hand it to uk_trap_hook(), or report it and end. */
void riscv_trap(struct uk_regs *r);

#ifdef CONFIG_SMP
/*
 * Has this CPU call riscv_irq_withheld(), the platform's, when it opens interrupts, before those that came meanwhile. With
 * interrupts masked. It is called with the hardware's interrupts off.
 */
void riscv_irq_later(void);
void riscv_irq_withheld(void);
#endif

/*
 * Goes on with the general registers of a signal's frame, which begins with 128 bytes in front of *uc; interrupts stay as they are.
 * The frame is on the stack, and of no use afterwards: a platform in user mode, which has its own of this, hands it to the host.
 */
struct uk_abi_ucontext;
void riscv_resume(struct uk_abi_ucontext *uc);

/* For uk_plat_crash(): say which thread and how it came here, unless a trap's report is under way. */
void riscv_crash_report(void);

UK_API_END

/* Where the caller is, as far as a backtrace needs to know. */
static UK_ALWAYS_INLINE void riscv_regs_here(struct uk_regs *r)
{
	__builtin_memset(r, 0, sizeof(*r));
	__asm__ volatile("auipc %0, 0" : "=r"(r->pc));
	__asm__ volatile("mv %0, sp" : "=r"(r->sp));
	__asm__ volatile("mv %0, s0" : "=r"(r->s0));
}
#endif
#endif
