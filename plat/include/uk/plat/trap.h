/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traps and interrupts as the layers above may want to see them: hooks with an empty default
 * (a weak definition in arch or platform code), for whoever overrides them.
 *
 * struct uk_regs, in <uk/arch/regs.h>, is the complete interrupted register state except vector
 * registers; a hook may change it and so continue elsewhere. Kernel code uses no vector
 * registers, so that in a hook they still hold what was interrupted; who switches away or returns
 * to code of the application on the way (a signal handler) saves them with uk_arch_fpu_save().
 */
#ifndef UK_PLAT_TRAP_H
#define UK_PLAT_TRAP_H

#include <uk/api.h>
#include <uk/arch/regs.h>
#include <uk/essentials.h>

enum uk_trap {
	UK_TRAP_PAGE,       /* address not mapped, or not so */
	UK_TRAP_PROTECTION, /* non-canonical address, privileged instruction, ... */
	UK_TRAP_ALIGNMENT,
	UK_TRAP_INSTRUCTION, /* undefined */
	UK_TRAP_ARITHMETIC,  /* division by zero, integer overflow */
	UK_TRAP_FLOAT,       /* floating point exception that is not masked */
	UK_TRAP_BREAKPOINT,
	UK_TRAP_DEBUG, /* single step, watchpoint */
	UK_TRAP_BUS,   /* mapped, but there is nothing behind it: a file became shorter */
	UK_TRAP_OTHER,
};

/* Access that failed, for UK_TRAP_PAGE. */
#define UK_TRAP_READ    0U
#define UK_TRAP_WRITE   1U
#define UK_TRAP_EXEC    2U
#define UK_TRAP_PRESENT 4U /* something is mapped there, but forbids it */
#define UK_TRAP_DENIED  8U /* an area of memory is there, but forbids it, so nothing is mapped */

struct uk_trap_info {
	enum uk_trap cause;
	unsigned access; /* UK_TRAP_PAGE: UK_TRAP_* */
	uk_vaddr_t addr; /* the address concerned, as far as the CPU tells; else the instruction */
};

UK_API_BEGIN

/*
 * A trap in thread context, interrupts as they were. True: it is dealt with, continue with *regs.
 * False: report and end. For demand paging, signals, debuggers. Default: false.
 */
bool uk_trap_hook(const struct uk_trap_info *info, struct uk_regs *regs);

/*
 * A page fault, before anybody else hears of it: ukvmem maps what is missing. 0: done, try again.
 * -EFAULT: there is nothing. -EACCES: not so. -EIO: mapped, but nothing behind it. Never sleeps, and
 * is called with interrupts masked wherever the fault was, also in interrupt handlers and with
 * locks held; so it faults on nothing itself. Default: -EFAULT.
 *
 *	UK_PAGE_FAULT_FAST	on the small stack of fault handlers: -EAGAIN means call again without
 *	UK_PAGE_FAULT_FREE	what was interrupted holds no locks: memory may be taken from others
 */
#define UK_PAGE_FAULT_FAST 1U
#define UK_PAGE_FAULT_FREE 2U
int uk_page_fault_hook(uk_vaddr_t va, unsigned access, unsigned how);

/*
 * From now on uk_page_fault_hook() is asked first, even if the stack of what faulted or is interrupted is
 * what is missing. `stack`: memory for the handler that is never missing, UK_PAGE_FAULT_STACK bytes.
 */
#define UK_PAGE_FAULT_STACK 8192UL
void uk_plat_page_faults_start(void *stack);

/*
 * An interrupt is about to return to the thread it interrupted (not to another interrupt, not to a
 * section with interrupts masked), after any preemption. For delivering signals. Default: nothing.
 *
 * NULL: a section with interrupts masked has ended, and what it held up has been handled. Interrupts are open, and this is
 * a function that uk_irq_enable() calls.
 */
void uk_irq_return_hook(struct uk_regs *regs);

/*
 * For crash reports: the name of the running thread, never NULL. Non-maskable context: must not
 * take locks. Default: "main".
 */
const char *uk_trap_thread_name(void);

/* For crash reports: is `va` in a stack's guard page? Default: only the boot stack's. */
bool uk_trap_is_guard(uk_vaddr_t va);

UK_API_END

#endif
