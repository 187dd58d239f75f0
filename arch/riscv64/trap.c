/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens behind the entry code: interrupts go to the platform and may end in a switch of threads; traps go to the
 * hook, or to a report.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/ctx.h>
#include <uk/arch/trap.h>
#include <uk/crash.h>
#include <uk/plat/power.h>

#include "fault.h"
#include "report.h"

/* Entry code has noted its cause, to which with several CPUs one more bit may have come. */
#define IRQ_LATER          0x10000U
#define IRQ_NOTED(pending) ((pending) & ~(UK_CPUS > 1 ? IRQ_LATER : 0))

#define CHECK(field, offset) UK_STATIC_ASSERT(offsetof(struct uk_regs, field) == (offset), #field)
CHECK(pc, UK_REGS_PC);
CHECK(ra, UK_REGS_X(1));
CHECK(t2, UK_REGS_X(7));
CHECK(a0, UK_REGS_X(10));
CHECK(s11, UK_REGS_X(27));
CHECK(t6, UK_REGS_X(31));
CHECK(status, UK_REGS_STATUS);
CHECK(cause, UK_REGS_CAUSE);
CHECK(tval, UK_REGS_TVAL);
CHECK(level, UK_REGS_LEVEL);
UK_STATIC_ASSERT(sizeof(struct uk_regs) == UK_REGS_SIZE, "trap.S");
UK_STATIC_ASSERT(offsetof(struct riscv_area, level) == RISCV_AREA_LEVEL, "trap.S");
UK_STATIC_ASSERT(offsetof(struct riscv_area, stacks) == RISCV_AREA_STACKS, "trap.S");
UK_STATIC_ASSERT(offsetof(struct riscv_area, outer) == RISCV_AREA_OUTER, "trap.S");
UK_STATIC_ASSERT(sizeof(struct riscv_area) == RISCV_AREA_SIZE, "trap.S");

extern const char riscv_trap_entry[] __attribute__((visibility("hidden")));

#ifdef CONFIG_SMP
#include <uk/smp.h>

UK_STATIC_ASSERT(offsetof(struct uk_percpu, canary) == UK_PERCPU_CANARY, "flags.mk");
UK_STATIC_ASSERT(offsetof(struct uk_percpu, area) == UK_PERCPU_AREA, "<uk/arch/percpu.h>");
#else
struct riscv_area riscv_the_area;
#endif

UK_COLD void riscv_trap_init(uintptr_t fault_stack, uintptr_t nested_stack)
{
	struct riscv_area *area = riscv_area();

	area->stacks[0] = fault_stack;
	area->stacks[1] = nested_stack;
	riscv_csr_write(sscratch, (uintptr_t)area);
	riscv_csr_write(stvec, (uintptr_t)riscv_trap_entry);
}

#include "common/dispatch.h"

#ifdef CONFIG_SMP
#include "common/later.h"
#endif

void riscv_entry(struct uk_regs *r)
{
	if ((int64_t)r->cause < 0)
		riscv_irq(r, (unsigned)r->cause);
	else
		riscv_trap(r);
}

UK_COLD UK_NORETURN void riscv_hopeless(void)
{
	uk_crash_say("CRASH: page faults in the handling of page faults");
	uk_plat_exit(UK_PLAT_CRASH_STATUS);
}

#include "common/hooks.h"
