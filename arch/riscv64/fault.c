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

#pragma GCC visibility push(hidden)
extern const char riscv_touch[], riscv_touch_end[];
#pragma GCC visibility pop

unsigned riscv_fault_access(const struct uk_regs *r)
{
	uk_paddr_t pa;
	unsigned prot;

	return (r->cause == RISCV_TRAP_STORE_PAGE   ? UK_TRAP_WRITE
		: r->cause == RISCV_TRAP_FETCH_PAGE ? UK_TRAP_EXEC
						    : UK_TRAP_READ) |
	       (!uk_plat_lookup(r->tval, &pa, &prot) && prot != UK_PROT_NONE ? UK_TRAP_PRESENT : 0);
}

/* Of *r there are only the registers that a call changes. */
unsigned riscv_fault(struct uk_regs *r)
{
	struct uk_percpu *c = uk_percpu();
	uint32_t masked = c->irq_off;
	unsigned answer = RISCV_FAULT_DONE;

	c->irq_off = 1;
	if (uk_page_fault_hook(r->tval, riscv_fault_access(r), UK_PAGE_FAULT_FAST))
		answer = has_room(r->sp) ? RISCV_FAULT_MOVE : RISCV_FAULT_HERE;
	c->irq_off = masked;
	return answer;
}

/* Where the trap goes on with the complete frame. */
struct uk_regs *riscv_fault_frame(struct uk_regs *r, unsigned where)
{
	struct riscv_area *a = riscv_area();
	uintptr_t pc = r->pc;

	if (where == RISCV_FAULT_MOVE) {
		a->level--;
		r->level = 0;
		return memcpy((struct uk_regs *)UK_ALIGN_DOWN(r->sp, 16UL) - 1, r, sizeof(*r));
	}
	r->level = a->level;
	if (pc >= (uintptr_t)riscv_touch && pc < (uintptr_t)riscv_touch_end) {
		/* Entry code found no room for another trap's frame: say where that was. */
		r->t0 = a->outer.t0;
		r->t1 = a->outer.t1;
		r->t2 = a->outer.t2;
		r->pc = a->outer.pc;
		r->status = a->outer.status;
	}
	return r;
}

UK_WEAK UK_COLD void uk_plat_page_faults_start(void *stack)
{
	riscv_area()->stacks[0] = (uintptr_t)stack + UK_PAGE_FAULT_STACK;
}
