/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptor tables, traps and interrupt entry: between arch/x86_64 and the platforms that own the
 * bare CPU. (What other libraries may use is in <uk/plat/trap.h>.)
 *
 * Vectors 0..31 are the CPU's, X86_VECTOR_IRQ.. the platform's.
 */
#ifndef UK_ARCH_TRAP_H
#define UK_ARCH_TRAP_H

#include <uk/config.h>

#ifdef CONFIG_PLAT_BUSES
#define X86_VECTORS 256
#else
#define X86_VECTORS 64
#endif
#define X86_VECTOR_IRQ 32

/* Bytes of an entry stub: a call, and before it a landing pad where those are wanted; see trap.S. */
#ifdef __CET__
#define X86_STUB_SIZE 9U
#else
#define X86_STUB_SIZE 5U
#endif

/* Vectors for which the CPU pushes an error code: 8, 10..14, 17, 21, 29, 30. */
#define X86_WITH_ERROR 0x60227d00

#define X86_SEL_CODE 0x08
#define X86_SEL_DATA 0x10
#define X86_SEL_TSS  0x18

#ifndef __ASSEMBLER__
#include <uk/api.h>
#include <uk/arch/regs.h>
#include <uk/essentials.h>

UK_API_BEGIN

/*
 * Load our own GDT, TSS and IDT: from here on traps are reported. The tops of three stacks, below which nothing
 * should be mapped: for NMI, for the double fault, which is how a stack overflow shows, and for machine check.
 */
void x86_trap_init(uintptr_t nmi_stack, uintptr_t fault_stack, uintptr_t check_stack);

/*
 * With CONFIG_SMP: the same for another CPU, with its own GDT and TSS in `memory` (X86_CPU_TABLES bytes,
 * zeroed, never freed). Its stacks for traps begin at `stacks`, X86_CPU_STACK bytes from one to the
 * next, X86_CPU_STACKS of them: their upper X86_CPU_STACK_USED are to be mapped, for good.
 */
#define X86_CPU_TABLES     256UL
#define X86_CPU_STACKS     7U
#define X86_CPU_STACK      16384UL
#define X86_CPU_STACK_USED 8192UL
void x86_trap_init_cpu(void *memory, uintptr_t stacks);

#ifdef CONFIG_SMP
/*
 * Has this CPU call x86_irq_withheld(), the platform's, when it opens interrupts, before those that came meanwhile. With interrupts
 * masked. It is called with the hardware's interrupts off.
 */
void x86_irq_later(void);
void x86_irq_withheld(void);
#endif

/* Is stack `i` of those used at all? */
bool x86_trap_uses_stack(unsigned i);

/*
 * Implemented by the platform: interrupt `vector` happened. Called with the hardware's interrupts
 * off, irq_depth counted; calls handlers and tells the interrupt controller that it is over.
 */
void x86_irq_dispatch(unsigned vector);

/* uk_plat_page_faults_start() on a CPU whose descriptor tables are ours. */
void x86_page_faults_start(void *stack);

/*
 * The same, but interrupts come on the stack that they interrupt: where one that the CPU could not deliver there comes
 * again once there is memory.
 */
void x86_page_faults_only(void *stack);

/*
 * Interrupt `vector`, not masked by software, as entry code has it: dispatches it, and lets other threads run if that is
 * due. With the hardware's interrupts off. For a platform with an entry of its own.
 */
void x86_irq(struct uk_regs *r, unsigned vector);

/*
 * Print where `pc` (0: not known) is and the calls that led there to the crash stream, from stack
 * pointer and frame pointer. Any context.
 */
void x86_backtrace(uintptr_t pc, uintptr_t sp, uintptr_t fp);

/*
 * A trap: hand it to uk_trap_hook(), or report it and end. Entry code calls it, and linuxu's signal
 * handler (with the interrupt flag clear in r->rflags: it may not touch the CPU's).
 */
void x86_trap(struct uk_regs *r);

/*
 * Implemented by a platform that knows of something that an NMI may mean: true if it was that, and
 * not a failure of the machine. Non-maskable context. Asked in images with posix-signal.
 */
bool x86_nmi(void) UK_WEAK;

/* Where the last page fault was, for x86_trap(). Weak: cr2; linuxu has it from the host. */
uintptr_t x86_fault_addr(void);

/* The registers of the caller that a backtrace needs. */
static UK_ALWAYS_INLINE void x86_regs_here(struct uk_regs *r)
{
	__builtin_memset(r, 0, sizeof(*r));
	__asm__ volatile("mov %%rbx, %0\n\t"
			 "mov %%rbp, %1\n\t"
			 "mov %%r12, %2\n\t"
			 "mov %%r13, %3\n\t"
			 "mov %%r14, %4\n\t"
			 "mov %%r15, %5\n\t"
			 "mov %%rsp, %6\n\t"
			 "lea 0f(%%rip), %%rax\n"
			 "0:\tmov %%rax, %7"
			 : "=m"(r->rbx), "=m"(r->rbp), "=m"(r->r12), "=m"(r->r13), "=m"(r->r14),
			   "=m"(r->r15), "=m"(r->rsp), "=m"(r->rip)
			 :
			 : "rax");
}

/*
 * For uk_plat_crash(): say which thread and how it came here, unless a trap's report is under way.
 */
void x86_crash_report(void);

UK_API_END
#endif
#endif
