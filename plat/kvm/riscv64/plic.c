/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interrupt controller of most machines: RISC-V Platform-Level Interrupt Controller 1.0. The context of the CPU that boots is
 * used.
 */
#include <uk/arch/cpu.h>
#include <uk/errno.h>

#include "kvm.h"

/* Registers, in bytes. */
#define PRIORITY          0x000000 /* a word per line */
#define ENABLE            0x002000 /* a bit per line, ... */
#define ENABLE_CONTEXT    0x80     /* ... for each context */
#define CONTEXT           0x200000
#define CONTEXT_SIZE      0x1000
#define CONTEXT_THRESHOLD 0
#define CONTEXT_CLAIM     4

static volatile uint8_t *priority, *enable, *context;

static void external(void)
{
	uint32_t n;

	while ((n = uk_mmio_read32(context + CONTEXT_CLAIM)) != 0) {
		kvm_line_raised(n);
		uk_mmio_write32(context + CONTEXT_CLAIM, n);
	}
}

int kvm_plic_init(void)
{
	int node = devtree_next(-1, "sifive,plic-1.0.0"), number;
	volatile uint8_t *page;
	uk_paddr_t pa;
	size_t len;

	if (node < 0)
		node = devtree_next(-1, "riscv,plic0");
	if (node < 0 || !devtree_reg(node, &pa, &len) || (pa & UK_PAGE_MASK))
		return -ENODEV;
	number = kvm_tree_context(node, kvm_hart);
	if (number < 0 || len < CONTEXT + ((size_t)number + 1) * CONTEXT_SIZE)
		return -ENODEV;
	priority = boot_map_device(BOOT_FIXED_IRQCHIP, pa);
	pa += ENABLE + (uk_paddr_t)number * ENABLE_CONTEXT;
	page = boot_map_device(BOOT_FIXED_IRQCHIP_1, pa & ~UK_PAGE_MASK);
	enable = page + (pa & UK_PAGE_MASK);
	pa += CONTEXT + (uk_paddr_t)number * CONTEXT_SIZE - ENABLE -
	      (uk_paddr_t)number * ENABLE_CONTEXT;
	context = boot_map_device(BOOT_FIXED_IRQCHIP_2, pa);
	if (!priority || !page || !context)
		return -ENOMEM;
	for (unsigned i = 0; i < KVM_LINES / 8; i += 4)
		uk_mmio_write32(enable + i, 0);
	uk_mmio_write32(context + CONTEXT_THRESHOLD, 0);
	kvm_external_handler = external;
	riscv_csr_set(sie, 1UL << RISCV_IRQ_EXTERNAL);
	return 0;
}

/* How a line is raised, the controller knows itself. */
int kvm_plic_open(unsigned line, bool edge UK_UNUSED)
{
	volatile uint8_t *word = enable + line / 32 * 4;

	uk_mmio_write32(priority + 4 * line, 1);
	uk_mmio_write32(word, uk_mmio_read32(word) | 1U << line % 32);
	return 0;
}
