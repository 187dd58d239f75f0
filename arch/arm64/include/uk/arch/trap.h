/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traps and interrupt entry: between arch/arm64 and the platforms that own the bare CPU. (What other libraries
 * may use is in <uk/plat/trap.h>.)
 *
 * Threads run with SP_EL0 for their stack pointer, exceptions come with SP_EL1, which is a stack of its own.
 */
#ifndef UK_ARCH_TRAP_H
#define UK_ARCH_TRAP_H

#include <uk/api.h>
#include <uk/arch/regs.h>
#include <uk/config.h>
#include <uk/essentials.h>

UK_API_BEGIN

/* The vectors, 2 KiB that must be aligned to as many bytes; see trap.S and the platform's linker script. */
extern const char arm_vectors[];

/*
 * From here on traps are reported, and the caller is a thread. The tops of two stacks, below which nothing should be mapped: one for
 * page faults, which is also how a stack overflow shows, and one for a page fault in what is done about such.
 */
void arm_trap_init(uintptr_t fault_stack, uintptr_t nested_stack);

/*
 * Implemented by the platform: an interrupt is pending; which one, its controller knows. Called with the hardware's interrupts off,
 * irq_depth counted.
 */
void arm_irq_dispatch(unsigned which);

/*
 * An interrupt that is not masked by software: dispatches it, and lets other threads run if that is due. With the hardware's
 * interrupts off.
 */
void arm_irq(struct uk_regs *r, unsigned which);

/*
 * Print where `pc` (0: not known) is and the calls that led there to the crash stream, from stack
 * pointer and frame pointer. Any context.
 */
void arm_backtrace(uintptr_t pc, uintptr_t sp, uintptr_t fp);

/* A trap: hand it to uk_trap_hook(), or report it and end. */
void arm_trap(struct uk_regs *r);

#ifdef CONFIG_SMP
/*
 * Has this CPU call arm_irq_withheld(), the platform's, when it opens interrupts, before those that came meanwhile. With
 * interrupts masked. It is called with the hardware's interrupts off.
 */
void arm_irq_later(void);
void arm_irq_withheld(void);
#endif

/*
 * Goes on with the general registers of a signal's frame, which begins with 128 bytes in front of *uc; interrupts stay as they are.
 * The frame is on the stack, and of no use afterwards: a platform in user mode, which has its own of this, hands it to the host.
 */
struct uk_abi_ucontext;
void arm_resume(struct uk_abi_ucontext *uc);

/* For uk_plat_crash(): say which thread and how it came here, unless a trap's report is under way. */
void arm_crash_report(void);

UK_API_END

/* Where the caller is, as far as a backtrace needs to know. */
static UK_ALWAYS_INLINE void arm_regs_here(struct uk_regs *r)
{
	__builtin_memset(r, 0, sizeof(*r));
	__asm__ volatile("adr %0, ." : "=r"(r->pc));
	__asm__ volatile("mov %0, sp" : "=r"(r->sp));
	__asm__ volatile("mov %0, x29" : "=r"(r->x[29]));
}
#endif
