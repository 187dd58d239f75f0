/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the device tree says of arm64's interrupts, time and firmware (Linux Documentation/devicetree/bindings/
 * interrupt-controller/arm,gic.yaml, arm,gic-v3.yaml, timer/arm,arch_timer.yaml, arm/psci.yaml).
 */
#include <libfdt.h>
#include <uk/print.h>
#include <uk/string.h>

#include "kvm.h"

/* An interrupt is three cells: kind, number, how it is raised. */
#define CELLS        3
#define KIND_SHARED  0
#define KIND_OWN     1
#define FIRST_SHARED 32
#define FIRST_OWN    16
#define RAISED_EDGES 3 /* rising 1, falling 2; high 4, low 8 */

/* A property and its length, 0 if it is not there. These are asked once each, when something is used first. */
static const uint8_t *property(int node, const char *name, uint32_t *len)
{
	int n = 0;
	const void *value = fdt_getprop(devtree(), node, name, &n);

	*len = value && n > 0 ? (uint32_t)n : 0;
	return value;
}

static uint32_t cell(const uint8_t *p)
{
	return fdt32_ld((const void *)p);
}

/* At p, in `len` bytes; 0: none. */
static uint32_t interrupt(const uint8_t *p, uint32_t len)
{
	uint32_t kind, number, how;

	if (len < 4 * CELLS)
		return 0;
	kind = cell(p);
	number = cell(p + 4);
	how = cell(p + 8);
	if (kind > KIND_OWN || number >= (kind == KIND_SHARED ? 988 : 16))
		return 0;
	return (number + (kind == KIND_SHARED ? FIRST_SHARED : FIRST_OWN)) |
	       (how & RAISED_EDGES ? KVM_IRQ_EDGE : 0);
}

uint32_t kvm_tree_nth_irq(int node, unsigned n)
{
	uint32_t len;
	const uint8_t *p = property(node, "interrupts", &len);

	return len / (4 * CELLS) <= n ? 0 : interrupt(p + 4 * CELLS * n, len - 4 * CELLS * n);
}

unsigned kvm_tree_pci_irq(int node, unsigned bdf, unsigned pin)
{
	struct devtree_prop p;

	return devtree_pci_irq(node, bdf, pin, &p) ? interrupt(p.value, p.len) : 0;
}

uint32_t kvm_tree_irq(int node)
{
	return kvm_tree_nth_irq(node, 0);
}

unsigned kvm_tree_ranges(int node, struct kvm_range *list, unsigned max)
{
	uint32_t len, na = (uint32_t)fdt_address_cells(devtree(), 0),
		      ns = (uint32_t)fdt_size_cells(devtree(), 0);
	const uint8_t *p = property(node, "reg", &len);
	unsigned n = 0;

	if (na - 1 > 1 || ns - 1 > 1 || fdt_parent_offset(devtree(), node) != 0)
		return 0;
	for (; n < max && len >= 4 * (na + ns); n++, len -= 4 * (na + ns)) {
		list[n].start = na == 2 ? (uint64_t)cell(p) << 32 | cell(p + 4) : cell(p);
		p += 4 * na;
		list[n].len = ns == 2 ? (uint64_t)cell(p) << 32 | cell(p + 4) : cell(p);
		p += 4 * ns;
		if (list[n].start >= UK_ARCH_PADDR_LIMIT ||
		    list[n].len > UK_ARCH_PADDR_LIMIT - list[n].start)
			break;
	}
	return n;
}

uint32_t kvm_tree_number(int node, const char *name, uint32_t none)
{
	uint32_t len;
	const uint8_t *p = property(node, name, &len);

	return len == 4 ? cell(p) : none;
}

/* The register says it, where the firmware has not forgotten to set it. */
uint32_t kvm_tree_time_hz(void)
{
	uint32_t hz = (uint32_t)arm_read(cntfrq_el0);
	int node = hz ? -1 : devtree_next(-1, "arm,armv8-timer");

	if (node >= 0)
		hz = kvm_tree_number(node, "clock-frequency", 0);
	if (!hz)
		uk_fatal("neither CNTFRQ_EL0 nor the device tree tell how fast time runs");
	return hz;
}

bool kvm_tree_psci(bool *hvc)
{
	static const char versions[][16] = { "arm,psci-1.0", "arm,psci-0.2" };
	const uint8_t *p = NULL;
	uint32_t len = 0;
	int node = -1;

	for (unsigned i = 0; node < 0 && i < UK_ARRAY_SIZE(versions); i++)
		node = devtree_next(-1, versions[i]);
	if (node >= 0)
		p = property(node, "method", &len);
	if (len != 4)
		return false;
	*hvc = memcmp(p, "smc", 4) != 0;
	return true;
}

bool kvm_cpu_random(uint64_t *v)
{
	uint64_t failed = 1;

	if (arm_read(id_aa64isar0_el1) >> 60) /* RNDR */
		__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, eq"
				 : "=r"(*v), "=r"(failed)::"cc");
	return !failed;
}

size_t kvm_more_seed(void *buf, size_t n)
{
	size_t done = 0;
	uint64_t v;

	for (; done < n && kvm_cpu_random(&v); done += UK_MIN(n - done, sizeof(v)))
		memcpy((char *)buf + done, &v, UK_MIN(n - done, sizeof(v)));
	return done + kvm_channel_seed((char *)buf + done, n - done);
}

/* What the loader left, with the CPU's or the time. */
UK_NO_STACK_PROTECTOR uint64_t boot_seed(uk_paddr_t pa)
{
	uint64_t v = devtree_scan(pa), more;

	return v ^ (kvm_cpu_random(&more) ? more : arm_time());
}
