/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the device tree says of arm64's interrupts, time and firmware (Linux Documentation/devicetree/bindings/
 * interrupt-controller/arm,gic.yaml, arm,gic-v3.yaml, timer/arm,arch_timer.yaml, arm/psci.yaml).
 */
#include <libfdt.h>
#include <uk/print.h>
#include <uk/string.h>

#include "boot.h"
#include "machine.h"
#include "treeclock.h"

/* An interrupt is three cells: kind, number, how it is raised. */
#define CELLS        3
#define KIND_SHARED  0
#define KIND_OWN     1
#define FIRST_SHARED 32
#define FIRST_OWN    16
#define RAISED_EDGES 3 /* rising 1, falling 2; high 4, low 8 */

uint32_t arm_tree_prop_irq(const struct devtree_prop *p, unsigned n)
{
	const fdt32_t *e = (const void *)p->value;
	uint32_t kind, number, how;

	if (p->len / (4 * CELLS) <= n)
		return 0;
	e += CELLS * n;
	kind = fdt32_ld(e);
	number = fdt32_ld(e + 1);
	how = fdt32_ld(e + 2);
	if (kind > KIND_OWN || number >= (kind == KIND_SHARED ? 988 : 16))
		return 0;
	return (number + (kind == KIND_SHARED ? FIRST_SHARED : FIRST_OWN)) |
	       (how & RAISED_EDGES ? ARM_IRQ_EDGE : 0);
}

uint32_t arm_tree_irq(int node, unsigned n)
{
	static const devtree_name name[] = { "interrupts" };
	struct devtree_prop p;

	devtree_props(node, name, &p, 1);
	return arm_tree_prop_irq(&p, n);
}

/* The register says it, where the firmware has not forgotten to set it. */
uint32_t plat_time_hz(void)
{
	static const devtree_name name[] = { "clock-frequency" };
	uint32_t hz = (uint32_t)arm_read(cntfrq_el0);
	int node = hz ? -1 : devtree_next(-1, "arm,armv8-timer");

	if (node >= 0)
		hz = devtree_u32(node, name, 0);
	if (!hz)
		uk_fatal("neither CNTFRQ_EL0 nor the device tree tell how fast time runs");
	return hz;
}

int arm_tree_psci(void)
{
	static const char versions[][16] = { "arm,psci-1.0", "arm,psci-0.2" };
	static const devtree_name name[] = { "method" };
	struct devtree_prop p = { NULL, 0 };
	int node = -1;

	for (unsigned i = 0; node < 0 && i < UK_ARRAY_SIZE(versions); i++)
		node = devtree_next(-1, versions[i]);
	if (node >= 0)
		devtree_props(node, name, &p, 1);
	if (p.len == 4 && (!memcmp(p.value, "hvc", 4) || !memcmp(p.value, "smc", 4)))
		return *p.value == 'h';
	if (node >= 0)
		uk_pr_warn("the device tree's method of PSCI is neither hvc nor smc: hvc is tried");
	return -1;
}

bool arm_cpu_random(uint64_t *v)
{
	uint64_t failed = 1;

	if (arm_read(id_aa64isar0_el1) >> 60) /* RNDR */
		__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, eq"
				 : "=r"(*v), "=r"(failed)::"cc");
	return !failed;
}

size_t arm_cpu_seed(void *buf, size_t n)
{
	size_t done = 0;
	uint64_t v;

	for (; done < n && arm_cpu_random(&v); done += UK_MIN(n - done, sizeof(v)))
		memcpy((char *)buf + done, &v, UK_MIN(n - done, sizeof(v)));
	return done;
}

/* What the loader left, with the CPU's or the time. */
UK_NO_STACK_PROTECTOR uint64_t boot_seed(uk_paddr_t pa)
{
	uint64_t v = devtree_scan(pa), more;

	return v ^ (arm_cpu_random(&more) ? more : arm_time());
}
