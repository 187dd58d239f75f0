/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens behind the entry code: interrupts go to the platform and may end in a switch of threads; traps go to the
 * hook, or to a report.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/ctx.h>
#include <uk/arch/sign.h>
#include <uk/arch/trap.h>
#include <uk/crash.h>
#include <uk/linked.h>
#include <uk/plat/power.h>

#include "fault.h"
#include "report.h"

/* Which one it is the controller knows. To what entry code has noted one more bit may have come. */
#define IRQ_LATER          0x10000U
#define IRQ_NOTED(pending) ((pending)&0)

#define CHECK(field, offset) UK_STATIC_ASSERT(offsetof(struct uk_regs, field) == (offset), #field)
CHECK(x, UK_REGS_X(0));
CHECK(sp, UK_REGS_SP);
CHECK(pc, UK_REGS_PC);
CHECK(status, UK_REGS_STATUS);
CHECK(cause, UK_REGS_CAUSE);
CHECK(addr, UK_REGS_ADDR);
CHECK(level, UK_REGS_LEVEL);
UK_STATIC_ASSERT(sizeof(struct uk_regs) == UK_REGS_SIZE, "trap.S");
UK_STATIC_ASSERT(offsetof(struct arm_outer, x1) == ARM_OUTER_X1, "trap.S");
UK_STATIC_ASSERT(offsetof(struct arm_outer, pc) == ARM_OUTER_PC, "trap.S");
UK_STATIC_ASSERT(offsetof(struct arm_outer, cause) == ARM_OUTER_CAUSE, "trap.S");
UK_STATIC_ASSERT(sizeof(struct arm_outer) == ARM_OUTER_SIZE, "trap.S");
UK_STATIC_ASSERT(offsetof(struct arm_area, nested) == ARM_AREA_NESTED, "trap.S");
UK_STATIC_ASSERT(offsetof(struct arm_area, nested_stack) == ARM_AREA_NESTED_STACK, "trap.S");

#ifdef CONFIG_SMP
UK_STATIC_ASSERT(offsetof(struct uk_percpu, canary) == UK_PERCPU_CANARY, "flags.mk");
UK_STATIC_ASSERT(offsetof(struct uk_percpu, area) == UK_PERCPU_AREA, "<uk/arch/percpu.h>");
#else
struct arm_area arm_the_area;
#endif
uint64_t arm_pstate UK_RO_AFTER_INIT = ARM_PSTATE_D | ARM_PSTATE_F | ARM_PSTATE_EL1T;

/* In one function with its caller, as far as the stack is concerned, which only changes its name. */
UK_COLD void arm_trap_init(uintptr_t fault_stack, uintptr_t nested_stack)
{
	uintptr_t sp;

	arm_area()->nested_stack = nested_stack;
	arm_write(vbar_el1, (uintptr_t)arm_vectors);
	__asm__ volatile("mov %0, sp\n\t"
			 "msr sp_el0, %0\n\t"
			 "mov sp, %1\n\t"
			 "msr spsel, #0\n\t"
			 "isb\n\t"
			 "msr daifclr, #4" /* errors of the system */
			 : "=&r"(sp)
			 : "r"(fault_stack)
			 : "memory");
}

#ifdef CONFIG_HARDEN_PAC
#define REGS_PUT(r)  regs_put(r)
#define REGS_TAKE(r) regs_take(r)

/*
 * Where an interrupted thread goes on, and where it returns to if that is a leaf function, are signed while others run. Other
 * functions have signed x30 already: then it is no address, and stays what it is.
 */
static inline void regs_put(struct uk_regs *r)
{
	r->pc = arm_sign(r->pc, (uintptr_t)r + ARM_SIGNED_TRAP);
	r->link_signed = !(r->x[30] >> 48);
	if (r->link_signed)
		r->x[30] = arm_sign(r->x[30], (uintptr_t)r + ARM_SIGNED_LINK);
}

static inline void regs_take(struct uk_regs *r)
{
	r->pc = arm_auth(r->pc, (uintptr_t)r + ARM_SIGNED_TRAP);
	if (UK_UNLIKELY(r->pc >> 48)) { /* for the report */
		r->x[16] = (uintptr_t)r + ARM_SIGNED_TRAP;
		r->x[17] = r->pc;
	}
	if (r->link_signed)
		r->x[30] = arm_auth(r->x[30], (uintptr_t)r + ARM_SIGNED_LINK);
	else if (!(r->x[30] >> 48))
		r->x[30] |= 1UL << 48; /* it was none, and is one now */
}
#endif

#include "common/dispatch.h"

#ifdef CONFIG_SMP
#include "common/later.h"

#define MRS_TPIDR_EL1 0xd538d080U /* its lowest 5 bits: the register */

/* Interrupted between the two instructions that access this CPU's data: begin again (<uk/arch/percpu.h>). */
static inline void begin_access_again(struct uk_regs *r)
{
	if (r->pc > (uintptr_t)uk_text_start && r->pc < (uintptr_t)uk_text_end &&
	    arm_between_access(r->pc, MRS_TPIDR_EL1))
		r->pc -= 4;
}
#else
static inline void begin_access_again(struct uk_regs *r UK_UNUSED)
{
}
#endif

void arm_entry(struct uk_regs *r)
{
	if ((int64_t)r->cause < 0) {
		begin_access_again(r);
		arm_irq(r, 0);
	} else {
		arm_trap(r);
	}
}

UK_COLD UK_NORETURN void arm_hopeless(void)
{
	uk_crash_say("CRASH: page faults in the handling of page faults");
	uk_plat_exit(UK_PLAT_CRASH_STATUS);
}

#include "common/hooks.h"
