/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page faults as a normal thing: the first look at them, on a stack of their own.
 *
 * Runs with the hardware's interrupts off, and masked, wherever the fault was. CR2 and this stack
 * are the CPU's only ones: nothing in here, nor in uk_page_fault_hook(), may fault.
 */
#include <uk/arch/shadow.h>
#include <uk/arch/trap.h>
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/plat/mem.h>
#include <uk/plat/shadow.h>
#include <uk/plat/trap.h>

#include "common/room.h"
#include "fault.h"
#include "report.h"

#define IRQ_STACK 512UL /* the frame, and room for an NMI's debugger to look at it */

extern const char x86_fault_stubs[], x86_fault_entry[];

unsigned x86_fault(uintptr_t va, uint64_t error, uintptr_t sp)
{
#ifdef CONFIG_LIBUKKASAN
	if (error & PF_WRITE && x86_shadow_fault(va))
		return X86_FAULT_DONE;
#endif
	if (!(error & PF_RSVD) &&
	    !uk_page_fault_hook(va, x86_fault_access(error), UK_PAGE_FAULT_FAST))
		return X86_FAULT_DONE;
	return has_room(sp) ? X86_FAULT_MOVE : X86_FAULT_HERE;
}

UK_COLD void x86_page_faults_only(void *stack)
{
	char *top = (char *)stack + UK_PAGE_FAULT_STACK;

#ifdef CONFIG_LIBUKKASAN
	/* Checked code notes its variables there: a fault for that would begin at the top again. */
	uk_plat_shadow_need(UK_VA_SHADOW + (uintptr_t)stack / 8, UK_VA_SHADOW + (uintptr_t)top / 8);
#endif
	x86_gate_set(VEC_PF, x86_fault_entry, X86_IST_FAULT, top - IRQ_STACK);
}

UK_COLD void x86_page_faults_start(void *stack)
{
	char *top = (char *)stack + UK_PAGE_FAULT_STACK;

	x86_page_faults_only(stack);
	for (unsigned v = X86_VECTOR_IRQ; v < X86_VECTORS; v++)
		x86_gate_set(v, x86_fault_stubs + (v - X86_VECTOR_IRQ) * X86_STUB_SIZE, X86_IST_IRQ,
			     top);
}

/* A platform may have its own. */
__typeof__(x86_page_faults_start) uk_plat_page_faults_start UK_WEAK UK_COLD
	__attribute__((__alias__("x86_page_faults_start")));
