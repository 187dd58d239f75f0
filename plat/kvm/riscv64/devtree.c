/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the device tree says of RISC-V's CPUs and their interrupts (Linux Documentation/devicetree/bindings/riscv/cpus.yaml,
 * interrupt-controller/sifive,plic-1.0.0.yaml).
 */
#include <libfdt.h>
#include <uk/arch/cpu.h>
#include <uk/print.h>
#include <uk/string.h>

#include "kvm.h"

#define RAISED 1 /* how a line is: for a moment */

/* A line's number and, if its controller wants to know, how it is raised. */
static uint32_t line_of(const struct devtree_prop *p)
{
	uint32_t line = devtree_number(p, 0);
	struct devtree_prop how;

	if (p->len < 8 || line >= KVM_LINES)
		return line;
	how = (struct devtree_prop){ p->value + 4, p->len - 4 };
	return devtree_number(&how, 0) == RAISED ? line | KVM_LINE_EDGE : line;
}

uint32_t kvm_tree_irq(int node)
{
	static const devtree_name name[] = { "interrupts" };
	struct devtree_prop p;

	devtree_props(node, name, &p, 1);
	return line_of(&p);
}

unsigned kvm_tree_pci_irq(int node, unsigned bdf, unsigned pin)
{
	struct devtree_prop p;

	return devtree_pci_irq(node, bdf, pin, &p) ? line_of(&p) : 0;
}

uint32_t plat_time_hz(void)
{
	static const devtree_name name[] = { "timebase-frequency" };
	uint32_t hz = devtree_cpus() < 0 ? 0 : devtree_u32(devtree_cpus(), name, 0);

	if (!hz)
		uk_fatal("the device tree does not tell how fast time runs "
			 "(/cpus/timebase-frequency)");
	return hz;
}

/* The node of a hart, -1 if there is none. */
static int cpu_of(uint64_t hart)
{
	uint64_t id;
	int node = -1;

	while ((node = devtree_cpu(node, &id)) >= 0 && id != hart)
		;
	return node;
}

bool kvm_tree_has_extension(const char *name)
{
	static const devtree_name isa_name[] = { "riscv,isa" };
	struct devtree_prop p = { NULL, 0 };
	size_t n = uk_strlen(name);
	const char *isa;
	int cpu = cpu_of(kvm_hart);

	if (cpu >= 0)
		devtree_props(cpu, isa_name, &p, 1);
	if (!p.len || p.value[p.len - 1])
		return false;
	/* As in rv64imafdc_zicsr_sstc. */
	for (isa = uk_strchr((const char *)p.value, '_'); isa; isa = uk_strchr(isa + 1, '_'))
		if (!uk_strncmp(isa + 1, name, n) && (!isa[n + 1] || isa[n + 1] == '_'))
			return true;
	return false;
}

int kvm_tree_context(int node, uint64_t hart)
{
	static const devtree_name name[] = { "interrupts-extended" };
	struct devtree_prop p;
	int cpu = cpu_of(hart), inside = -1;
	const fdt32_t *to;
	uint32_t phandle;

	if (cpu >= 0)
		inside = fdt_first_subnode(devtree(), cpu); /* interrupt-controller */
	phandle = inside < 0 ? 0 : fdt_get_phandle(devtree(), inside);
	if (!phandle)
		return -1;
	devtree_props(node, name, &p, 1);
	to = (const void *)p.value;
	for (uint32_t i = 0; i < p.len / 8; i++, to += 2)
		if (fdt32_ld(to) == phandle && fdt32_ld(to + 1) == RISCV_IRQ_EXTERNAL)
			return (int)i;
	return -1;
}

/* What the loader left, with the time. */
UK_NO_STACK_PROTECTOR uint64_t boot_seed(uk_paddr_t pa)
{
	return devtree_scan(pa) ^ riscv_time();
}

/* The host's, since the CPU has none; and a way into the firmware and back. */
size_t plat_more_seed(void *buf, size_t n)
{
	return kvm_channel_seed(buf, n);
}

void plat_wander(void)
{
	sbi_call(SBI_EXT_BASE, 0, 0, 0);
}
