/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An interrupt between `sti` and `hlt` of x86_wait(), where a CPU lets none come, and one that is emulated within another does. It
 * is masked by software, so its entry closes interrupts: to go on with the `hlt` would be to stop for ever, which is
 * how this test fails.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/irq.h>
#include <uk/test.h>

struct UK_PACKED idt {
	uint16_t limit;
	struct {
		uint16_t low, selector, how, middle;
		uint32_t high, unused;
	} * gate;
};

/* Enters the gate as if an interrupt had come at `rip`, from which code returns to here. */
static void interrupt_at(uintptr_t entry, uintptr_t rip)
{
	uintptr_t at;

	__asm__ volatile("lea	1f(%%rip), %0\n\t"
			 "push	%0\n\t"
			 "mov	%%rsp, %0\n\t"
			 "push	%3\n\t"
			 "push	%0\n\t"
			 "pushfq\n\t"
			 "orq	%4, (%%rsp)\n\t"
			 "push	%5\n\t"
			 "push	%2\n\t"
			 "jmp	*%1\n"
			 "1:"
			 : "=&r"(at)
			 : "r"(entry), "r"(rip), "i"(X86_SEL_DATA), "i"(X86_RFLAGS_IF),
			   "i"(X86_SEL_CODE)
			 : "memory", "cc");
}

static uint64_t rflags(void)
{
	uint64_t f;

	__asm__ volatile("pushfq; pop %0" : "=r"(f)::"memory");
	return f;
}

UK_TEST(x86_wait, interrupt_before_hlt)
{
	const uint8_t *hlt = (const uint8_t *)x86_wait + 1;
	struct uk_percpu *c;
	uint32_t before, noted;
	uint64_t flags;
	struct idt t;
	bool irq;

	UK_REQUIRE(hlt[-1] == 0xfb && hlt[0] == 0xf4);
	__asm__ volatile("sidt %0" : "=m"(t));
	irq = uk_irq_save();
	x86_irq_close();
	c = uk_percpu();
	before = c->irq_pending;
	interrupt_at((uintptr_t)t.gate[X86_VECTOR_IRQ].high << 32 |
			     (uintptr_t)t.gate[X86_VECTOR_IRQ].middle << 16 |
			     t.gate[X86_VECTOR_IRQ].low,
		     (uintptr_t)hlt);
	flags = rflags();
	noted = c->irq_pending;
	c->irq_pending = before; /* nothing has come in truth */
	if (!before)
		x86_irq_open();
	uk_irq_restore(irq);
	UK_EXPECT_EQ(flags & X86_RFLAGS_IF, 0);
	UK_EXPECT(noted != 0);
}
