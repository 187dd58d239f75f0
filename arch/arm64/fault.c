/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page faults as a normal thing: the first look at them, on a stack of their own.
 *
 * Runs with the hardware's interrupts off, and masked, wherever the fault was.
 */
#include <uk/irq.h>
#include <uk/plat/mem.h>
#include <uk/plat/trap.h>
#include <uk/string.h>

#include "common/room.h"
#include "fault.h"
#include "report.h"

extern const char arm_touch[], arm_touch_end[];

bool arm_is_page_fault(const struct uk_regs *r)
{
	unsigned ec = (unsigned)(r->cause >> ARM_ESR_EC) & 0x3f,
		 fsc = ARM_FSC(r->cause) & ARM_FSC_LEVELS;

	return (int64_t)r->cause >= 0 && (ec == ARM_EC_FETCH || ec == ARM_EC_DATA) &&
	       fsc <= ARM_FSC_PERMISSION;
}

unsigned arm_fault_access(const struct uk_regs *r)
{
	uk_paddr_t pa;
	unsigned prot;

	return ((r->cause >> ARM_ESR_EC & 0x3f) == ARM_EC_FETCH           ? UK_TRAP_EXEC
		: r->cause & ARM_ISS_WRITE && !(r->cause & ARM_ISS_CACHE) ? UK_TRAP_WRITE
									  : UK_TRAP_READ) |
	       (!uk_plat_lookup(r->addr, &pa, &prot) && prot != UK_PROT_NONE ? UK_TRAP_PRESENT : 0);
}

/* Did somebody map it? */
static bool resolved(const struct uk_regs *r)
{
	struct uk_percpu *c = uk_percpu();
	uint32_t masked = c->irq_off;
	bool done;

	if (!arm_is_page_fault(r))
		return false;
	c->irq_off = 1;
	done = !uk_page_fault_hook(r->addr, arm_fault_access(r), UK_PAGE_FAULT_FAST);
	c->irq_off = masked;
	return done;
}

/* Of *r there are only the registers that a call changes. */
unsigned arm_fault(struct uk_regs *r)
{
	struct uk_percpu *c = uk_percpu();
	uint32_t masked = c->irq_off;
	unsigned answer;

	if (resolved(r))
		return ARM_FAULT_DONE;
	c->irq_off = 1;
	answer = has_room(r->sp) ? ARM_FAULT_MOVE : ARM_FAULT_HERE;
	c->irq_off = masked;
	return answer;
}

/* Where the trap goes on with the complete frame. */
struct uk_regs *arm_fault_frame(struct uk_regs *r, unsigned where)
{
	if (where == ARM_FAULT_MOVE) {
		r->level = 0;
		return memcpy((struct uk_regs *)UK_ALIGN_DOWN(r->sp, 16UL) - 1, r, sizeof(*r));
	}
	r->level = 1;
	return r;
}

/*
 * A fault while one is being dealt with, or while entry code looks for room: on the second stack. NULL: it is dealt with.
 * Otherwise it was the interrupted stack that is missing: the frame, now on the first stack, to go on with.
 */
struct uk_regs *arm_nested(struct uk_regs *r)
{
	if (resolved(r))
		return NULL;
	if (r->pc >= (uintptr_t)arm_touch && r->pc < (uintptr_t)arm_touch_end) {
		/* Say where that was. What entry code has kept is all that lies on that stack. */
		const struct arm_outer *o = (const struct arm_outer *)r->sp;

		r->x[0] = o->x0;
		r->x[1] = o->x1;
		r->x[2] = o->x2;
		r->pc = o->pc;
		r->status = o->status;
		r->sp = arm_read(sp_el0);
		r->level = 1;
		return memcpy((struct uk_regs *)(o + 1) - 1, r, sizeof(*r));
	}
	r->level = 2;
	arm_trap(r);
	arm_hopeless(); /* whoever repairs what threads do cannot repair this */
}

UK_WEAK UK_COLD void uk_plat_page_faults_start(void *stack)
{
	uint64_t masks = arm_read(daif);

	arm_irq_close();
	__asm__ volatile("msr spsel, #1\n\t"
			 "mov sp, %0\n\t"
			 "msr spsel, #0" ::"r"((uintptr_t)stack + UK_PAGE_FAULT_STACK)
			 : "memory");
	arm_write(daif, masks);
}
