/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts: the CPU's own three, and those of devices behind a PLIC (RISC-V Platform-Level Interrupt Controller 1.0),
 * which is set up when the first device asks for its line.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/errno.h>
#include <uk/plat/irq.h>
#include <uk/print.h>
#include <uk/spin.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

#include "kvm.h"

#define LINES 128 /* of QEMU's virt there are 95, and 0 is none */

/* Registers of the PLIC, in bytes. */
#define PRIORITY          0x000000 /* a word per line */
#define ENABLE            0x002000 /* a bit per line, ... */
#define ENABLE_CONTEXT    0x80     /* ... for each context */
#define CONTEXT           0x200000
#define CONTEXT_SIZE      0x1000
#define CONTEXT_THRESHOLD 0
#define CONTEXT_CLAIM     4

void (*kvm_timer_handler)(void);
void (*kvm_external_handler)(void);

static struct {
	void (*fn)(void *arg);
	void *arg;
} lines[LINES];

static volatile uint8_t *priority, *enable, *context;

void riscv_irq_dispatch(unsigned cause)
{
	if (cause == RISCV_IRQ_TIMER && kvm_timer_handler)
		kvm_timer_handler();
	else if (cause == RISCV_IRQ_EXTERNAL && kvm_external_handler)
		kvm_external_handler();
#ifdef CONFIG_SMP
	else if (cause == RISCV_IRQ_SOFTWARE) {
		riscv_csr_clear(sip, 1UL << RISCV_IRQ_SOFTWARE);
		uk_smp_interrupt();
	}
#endif
	else
		riscv_csr_clear(sie, 1UL << cause); /* nobody expects it */
}

static void external(void)
{
	uint32_t n;

	while ((n = uk_mmio_read32(context + CONTEXT_CLAIM)) != 0) {
		if (n < LINES && lines[n].fn)
			lines[n].fn(lines[n].arg);
		uk_mmio_write32(context + CONTEXT_CLAIM, n);
	}
}

int kvm_irqchip_init(void)
{
	int node = devtree_next(-1, "sifive,plic-1.0.0"), number;
	volatile uint8_t *page;
	uk_paddr_t pa;
	size_t len;

	if (node < 0)
		node = devtree_next(-1, "riscv,plic0");
	if (node < 0 || !devtree_reg(node, &pa, &len) || (pa & UK_PAGE_MASK)) {
		uk_pr_warn("no interrupt controller that is known (PLIC): devices raise no "
			   "interrupts");
		return -ENODEV;
	}
	number = kvm_tree_plic_context(node);
	if (number < 0 || len < CONTEXT + ((size_t)number + 1) * CONTEXT_SIZE) {
		uk_pr_warn("the interrupt controller has no place for this CPU: devices raise no "
			   "interrupts");
		return -ENODEV;
	}
	priority = boot_map_device(BOOT_FIXED_PLIC_PRIORITY, pa);
	pa += ENABLE + (uk_paddr_t)number * ENABLE_CONTEXT;
	page = boot_map_device(BOOT_FIXED_PLIC_ENABLE, pa & ~UK_PAGE_MASK);
	enable = page + (pa & UK_PAGE_MASK);
	pa += CONTEXT + (uk_paddr_t)number * CONTEXT_SIZE - ENABLE -
	      (uk_paddr_t)number * ENABLE_CONTEXT;
	context = boot_map_device(BOOT_FIXED_PLIC_CONTEXT, pa);
	if (!priority || !page || !context)
		return -ENOMEM;
	for (unsigned i = 0; i < LINES / 8; i += 4)
		uk_mmio_write32(enable + i, 0);
	uk_mmio_write32(context + CONTEXT_THRESHOLD, 0);
	kvm_external_handler = external;
	riscv_csr_set(sie, 1UL << RISCV_IRQ_EXTERNAL);
	return 0;
}

int uk_plat_irq_request(unsigned irq, void (*fn)(void *arg), void *arg)
{
	static struct uk_spinlock enabling;
	volatile uint8_t *word;
	bool off;
	int rc;

	if (!irq || irq >= LINES)
		return -EINVAL;
	if (lines[irq].fn)
		return -EBUSY;
	if (!kvm_external_handler) {
		rc = kvm_irqchip_init();
		if (rc)
			return rc;
	}
	lines[irq].arg = arg;
	lines[irq].fn = fn;
	uk_mmio_write32(priority + 4 * irq, 1);
	word = enable + irq / 32 * 4;
	off = uk_spin_lock_save(&enabling);
	uk_mmio_write32(word, uk_mmio_read32(word) | 1U << irq % 32);
	uk_spin_unlock_restore(&enabling, off);
	return 0;
}
