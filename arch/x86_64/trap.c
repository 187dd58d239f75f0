/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptor tables, and what happens behind the entry stubs: interrupts go to the platform and
 * may end in a switch of threads; traps go to the hook, or to a report.
 *
 * Double fault, NMI and machine check run on a stack each, since the stack may be what is broken, and each may
 * interrupt another. All gates are interrupt gates: hardware interrupts are off in handlers.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/ctx.h>
#include <uk/arch/trap.h>
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/percpu.h>
#include <uk/plat/mem.h>
#include <uk/plat/trap.h>
#include <uk/string.h>

#include "fault.h"
#include "report.h"

#define VEC_NMI 2
#define VEC_DF  8
#define VEC_MC  18

/*
 * A present interrupt gate in code segment X86_SEL_CODE (Intel SDM vol. 3 §6.14.1), without its
 * offset.
 */
#define GATE        (0x8eUL << 40 | X86_SEL_CODE << 16)
#define GATE_IST(n) ((uint64_t)(n) << 32)

struct gate {
	uint64_t low;
	uint64_t high;
};

struct UK_PACKED tss { /* §7.7 */
	uint32_t zero0;
	uint64_t rsp[3];
	uint64_t zero1;
	uint64_t ist[7];
	uint64_t zero2;
	uint16_t zero3;
	uint16_t iomap;
};

/* What lgdt and lidt take begins at `limit`; so filled up, the address in it is aligned. */
struct table_ptr {
	uint16_t unused[3];
	uint16_t limit;
	uint64_t base;
};

/* Which one entry code has noted: how far its stub is from the first. */
#define IRQ_NOTED(pending) (-(pending) / X86_STUB_SIZE - 1)
#define IRQ_LATER          1U /* no such distance: they are negative */

extern const char x86_stubs[];
void x86_entry(struct uk_regs *r);

static struct gate idt[X86_VECTORS] UK_RO_AFTER_INIT_ZERO;
static struct tss tss UK_RO_AFTER_INIT_ZERO;
static uint64_t gdt[] UK_RO_AFTER_INIT = {
	0,
	0x00af9b000000ffff, /* X86_SEL_CODE: 64-bit, accessed already */
	0x00cf93000000ffff, /* X86_SEL_DATA */
	0,
	0, /* X86_SEL_TSS, two entries long */
};

/* Has this CPU use them: its own g and ts, and the common idt. */
static void load_tables(uint64_t *g, struct tss *ts)
{
	struct table_ptr gdtr = { .limit = sizeof(gdt) - 1, .base = (uintptr_t)g };
	struct table_ptr idtr = { .limit = sizeof(idt) - 1, .base = (uintptr_t)idt };
	uint64_t t = (uintptr_t)ts;

	ts->iomap = sizeof(*ts);
	g[3] = (sizeof(*ts) - 1) | (t & 0xffffff) << 16 | 0x89UL << 40 | (t >> 24 & 0xff) << 56;
	g[4] = t >> 32;
	__asm__ volatile("lgdt 6(%0)\n\t"
			 "lidt 6(%1)\n\t"
			 "ltr %w2\n\t"
			 "push %3\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "lretq\n"
			 "1:\tmov %4, %%ss\n\t"
			 "xor %%eax, %%eax\n\t"
			 "mov %%eax, %%ds\n\t"
			 "mov %%eax, %%es\n\t"
			 "mov %%eax, %%fs\n\t"
			 "mov %%eax, %%gs" ::"r"(&gdtr),
			 "r"(&idtr), "r"(X86_SEL_TSS), "i"(X86_SEL_CODE), "r"(X86_SEL_DATA)
			 : "rax", "memory");
}

UK_COLD void x86_trap_init(uintptr_t nmi_stack, uintptr_t fault_stack, uintptr_t check_stack)
{
	uint64_t stub = (uintptr_t)x86_stubs;

	tss.ist[X86_IST_NMI - 1] = nmi_stack;
	tss.ist[X86_IST_DF - 1] = fault_stack;
	tss.ist[X86_IST_MC - 1] = check_stack;
	for (struct gate *g = idt; g < idt + X86_VECTORS; g++, stub += X86_STUB_SIZE) {
		g->low = GATE | (stub & 0xffff) | (stub & 0xffff0000) << 32;
		g->high = stub >> 32;
	}
	idt[VEC_NMI].low |= GATE_IST(X86_IST_NMI);
	idt[VEC_DF].low |= GATE_IST(X86_IST_DF);
	idt[VEC_MC].low |= GATE_IST(X86_IST_MC);
	load_tables(gdt, &tss);
}

#ifdef CONFIG_SMP
struct cpu_tables {
	struct tss tss;
	uint64_t gdt[UK_ARRAY_SIZE(gdt)];
};
UK_STATIC_ASSERT(sizeof(struct cpu_tables) <= X86_CPU_TABLES, "platforms allocate it");

bool x86_trap_uses_stack(unsigned i)
{
	return tss.ist[i];
}

UK_COLD void x86_trap_init_cpu(void *memory, uintptr_t stacks)
{
	struct cpu_tables *c = memory;

	memcpy(c->gdt, gdt, sizeof(gdt));
	for (unsigned i = 0; i < X86_CPU_STACKS; i++)
		if (tss.ist[i])
			c->tss.ist[i] = stacks + (i + 1) * X86_CPU_STACK;
	load_tables(c->gdt, &c->tss);
}
#endif

UK_COLD void x86_gate_set(unsigned vector, const void *entry, unsigned ist, void *top)
{
	uint64_t at = (uintptr_t)entry;
	struct gate *g = &idt[vector];

	tss.ist[ist - 1] = (uintptr_t)top;
	g->low = GATE | GATE_IST(ist) | (at & 0xffff) | (at & 0xffff0000) << 32;
	g->high = at >> 32;
}

#include "common/dispatch.h"

#ifdef CONFIG_SMP
void x86_irq_later(void)
{
	uint32_t none = 0;

	__asm__ volatile("cmpxchg %2, %1"
			 : "+a"(none), "+m"(uk_percpu()->irq_pending)
			 : "r"(IRQ_LATER)
			 : "cc");
}
#endif

void x86_entry(struct uk_regs *r)
{
	unsigned vector = (unsigned)(r->vector - (uintptr_t)x86_stubs) / X86_STUB_SIZE - 1;

	r->vector = vector;
	if (vector >= X86_VECTOR_IRQ || !(X86_WITH_ERROR >> vector & 1))
		r->error = 0;
	if (vector >= X86_VECTOR_IRQ)
		x86_irq(r, vector);
	else
		x86_trap(r);
}

#include "common/hooks.h"
