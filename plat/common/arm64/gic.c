/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts: the GIC, version 2 (Arm IHI 0048) or 3 (IHI 0069), which is set up when the first interrupt is asked for. Its
 * numbers: up to 15 what CPUs send each other, of which one is used; up to 31 each CPU's own, such as its timer's; from 32 on those
 * of devices, which all go to the CPU that boots.
 *
 * All have the same priority: one at a time, and it is over when its handler has run.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/io.h>
#include <uk/arch/trap.h>
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/plat/cpu.h>
#include <uk/plat/irq.h>
#include <uk/print.h>
#include <uk/spin.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

#include "image.h"
#include "machine.h"

#define LINES       160
#define SENT        0 /* by another CPU */
#define OWN_MIN     16
#define OWN         32
#define SPECIAL     1020 /* from here on, and ... */
#define SPECIAL_END 1023 /* ... up to here: there is none */
#define PRIORITY    0xa0a0a0a0U

/* The distributor, and of version 3 what each CPU has of it (IHI 0069 §12.8, §12.10). */
#define GICD_CTLR       0x000
#define GICD_TYPER      0x004
#define GICD_IGROUPR    0x080 /* a bit per interrupt, as in the next */
#define GICD_ISENABLER  0x100
#define GICD_ICENABLER  0x180
#define GICD_IPRIORITYR 0x400 /* a byte each, ... */
#define GICD_ITARGETSR  0x800 /* ... and of version 2 its CPUs */
#define GICD_ICFGR      0xc00 /* two bits each, the upper says edge */
#define GICD_SGIR       0xf00 /* of version 2: to CPUs, from bit 16 on, an interrupt below 16 */
#define GICD_IROUTER    0x6000
#define CTLR_WAITS      0x80000000U
#define CTLR_V2         0x1U
#define CTLR_V3         0x13U /* affinity routing, group 1 of either kind */

/* The redistributor's frames: one or two of 128 KiB per CPU. */
#define GICR_TYPER   0x008
#define GICR_WAKER   0x014
#define GICR_SGI     0x10000
#define GICR_FRAME   0x20000UL
#define TYPER_VLPIS  0x2U
#define TYPER_LAST   0x10U
#define WAKER_SLEEP  0x2U
#define WAKER_ASLEEP 0x4U

/* The CPU's interface of version 2. */
#define GICC_CTLR 0x00
#define GICC_PMR  0x04
#define GICC_IAR  0x0c
#define GICC_EOIR 0x10

#define WAIT_TRIES 1000000U

static struct {
	void (*fn)(void *arg);
	void *arg;
} lines[LINES];

void (*arm_gic_message)(unsigned n);

static volatile uint8_t *dist, *routes, *own,
	*cpu; /* `own`: the distributor's part for interrupts below 32; `cpu`: version 2 */

/* Of each CPU's own: those in use, and how they are raised. */
static uint32_t own_lines, own_raised;

static uint32_t acknowledge(void)
{
	return cpu ? uk_mmio_read32(cpu + GICC_IAR)
		   : (uint32_t)arm_read(S3_0_C12_C12_0) /* ICC_IAR1_EL1 */;
}

static void finish(uint32_t value)
{
	if (cpu) {
		uk_mmio_write32(cpu + GICC_EOIR, value);
	} else {
		arm_write(S3_0_C12_C12_1, value); /* ICC_EOIR1_EL1 */
		arm_isb();
	}
}

static inline void sent(void)
{
#ifdef CONFIG_SMP
	uk_smp_interrupt();
#endif
}

static void raised(unsigned n)
{
	void (*fn)(void *arg) = __atomic_load_n(&lines[n].fn, __ATOMIC_ACQUIRE);

	if (fn)
		fn(lines[n].arg);
}

void arm_irq_dispatch(unsigned which UK_UNUSED)
{
	for (;;) {
		uint32_t value = acknowledge(),
			 n = value & (cpu ? 0x3ff : 0xffffff); /* version 2 also says who sent it */

		if (n >= SPECIAL && n <= SPECIAL_END)
			return;
		if (n == SENT)
			sent();
		else if (n < LINES)
			raised(n);
		else if (arm_gic_message)
			arm_gic_message(n);
		finish(value);
	}
}

static void settle(volatile uint8_t *part)
{
	for (unsigned i = 0; (uk_mmio_read32(part + GICD_CTLR) & CTLR_WAITS) && i < WAIT_TRIES; i++)
		uk_arch_relax();
}

/* Nothing is enabled, all have one priority and, in version 3, are of group 1. `from` and `to`: multiples of 32. */
static void quiet(volatile uint8_t *part, unsigned from, unsigned to, bool groups)
{
	for (unsigned n = from; n < to; n += 32) {
		uk_mmio_write32(part + GICD_ICENABLER + n / 8, ~0U);
		if (groups)
			uk_mmio_write32(part + GICD_IGROUPR + n / 8, ~0U);
		for (unsigned i = 0; i < 32; i += 4)
			uk_mmio_write32(part + GICD_IPRIORITYR + n + i, PRIORITY);
	}
}

static unsigned supported(void)
{
	return UK_MIN(((uk_mmio_read32(dist + GICD_TYPER) & 31) + 1) * 32, (unsigned)LINES);
}

/* This CPU takes interrupts. */
static void open_v2(void)
{
	uk_mmio_write32(cpu + GICC_PMR, 0xff);
	uk_mmio_write32(cpu + GICC_CTLR, 1);
}

static void open_v3(void)
{
	arm_write(S3_0_C12_C12_5, 1); /* ICC_SRE_EL1 */
	arm_isb();
	arm_write(S3_0_C4_C6_0, 0xff); /* ICC_PMR_EL1 */
	arm_write(S3_0_C12_C12_3, 0);  /* ICC_BPR1_EL1 */
	arm_write(S3_0_C12_C12_4, 0);  /* ICC_CTLR_EL1: an interrupt ends by one write */
	arm_write(S3_0_C12_C12_7, 1);  /* ICC_IGRPEN1_EL1 */
	arm_isb();
}

static int init_v2(int node)
{
	uk_paddr_t pa[2];
	size_t len;

	for (unsigned i = 0; i < 2; i++)
		if (!devtree_nth_reg(node, i, &pa[i], &len) || (pa[i] & UK_PAGE_MASK))
			return -ENODEV;
	dist = boot_map_device(BOOT_FIXED_GICD, pa[0]);
	cpu = boot_map_device(BOOT_FIXED_GIC_CPU, pa[1]);
	if (!dist || !cpu)
		return -ENOMEM;
	own = dist;
	quiet(dist, 0, supported(), false);
	for (unsigned n = OWN; n < supported(); n += 4) /* to the CPU that the first 32 are of */
		uk_mmio_write32(dist + GICD_ITARGETSR + n,
				(uk_mmio_read32(dist + GICD_ITARGETSR) & 0xff) * 0x01010101U);
	uk_mmio_write32(dist + GICD_CTLR, CTLR_V2);
	open_v2();
	return 0;
}

/* Where the part of the distributor is that CPU `id` has: the frame with its affinity. 0: nowhere. */
uk_paddr_t arm_gic_frame(uint64_t id)
{
	int node = devtree_next(-1, "arm,gic-v3");
	uint64_t affinity = (id >> 32 & 0xff) << 24 | (id & 0xffffff);
	static const devtree_name name[] = { "#redistributor-regions" };
	uint32_t regions = devtree_u32(node, name, 1);
	uk_paddr_t pa, end;
	size_t len;

	for (uint32_t i = 1; i <= regions && devtree_nth_reg(node, i, &pa, &len); i++) {
		uint32_t low = 0;

		for (end = pa + len; pa < end && end - pa >= GICR_FRAME && !(low & TYPER_LAST);
		     pa += GICR_FRAME << !!(low & TYPER_VLPIS)) {
			volatile uint8_t *page = boot_map_device(BOOT_FIXED_GIC_CPU, pa);

			if (!page)
				return 0;
			low = uk_mmio_read32(page + GICR_TYPER);
			if (uk_mmio_read32(page + GICR_TYPER + 4) == affinity)
				return pa;
		}
	}
	return 0;
}

/* `own` is from now on that of the CPU whose frame is at pa, with its first page; NULL: that cannot be. */
static volatile uint8_t *map_own(uk_paddr_t pa)
{
	volatile uint8_t *frame = boot_map_device(BOOT_FIXED_GIC_CPU, pa);

	own = boot_map_device(BOOT_FIXED_GIC_SGI, pa + GICR_SGI);
	return own ? frame : NULL;
}

/* The same, and wakes it up, with nothing enabled. */
static bool wake(uk_paddr_t pa)
{
	volatile uint8_t *frame = map_own(pa);

	if (!frame)
		return false;
	uk_mmio_write32(frame + GICR_WAKER, uk_mmio_read32(frame + GICR_WAKER) & ~WAKER_SLEEP);
	for (unsigned i = 0; (uk_mmio_read32(frame + GICR_WAKER) & WAKER_ASLEEP) && i < WAIT_TRIES;
	     i++)
		uk_arch_relax();
	quiet(own, 0, OWN, true);
	return true;
}

static int init_v3(int node)
{
	uk_paddr_t pa, own_pa;
	size_t len;

	if (!(arm_read(id_aa64pfr0_el1) >> 24 & 15) || !devtree_reg(node, &pa, &len) ||
	    (pa & UK_PAGE_MASK))
		return -ENODEV;
	own_pa = arm_gic_frame(arm_cpu_id());
	if (!own_pa)
		return -ENODEV;
	dist = boot_map_device(BOOT_FIXED_GICD, pa);
	routes = boot_map_device(BOOT_FIXED_GICD_ROUTES, pa + GICD_IROUTER);
	if (!dist || !routes)
		return -ENOMEM;
	uk_mmio_write32(dist + GICD_CTLR, 0);
	settle(dist);
	quiet(dist, OWN, supported(), true);
	uk_mmio_write32(dist + GICD_CTLR, CTLR_V3);
	settle(dist);
	for (unsigned n = OWN; n < supported(); n++) {
		uk_mmio_write32(routes + 8 * n, (uint32_t)arm_cpu_id());
		uk_mmio_write32(routes + 8 * n + 4, (uint32_t)(arm_cpu_id() >> 32));
	}
	if (!wake(own_pa))
		return -ENOMEM;
	open_v3();
	return 0;
}

static int init(void)
{
	static const char version2[][20] = { "arm,cortex-a15-gic", "arm,gic-400" };
	int node = devtree_next(-1, "arm,gic-v3"), rc = -ENODEV;

	if (node >= 0)
		rc = init_v3(node);
	for (unsigned i = 0; rc == -ENODEV && i < UK_ARRAY_SIZE(version2); i++) {
		node = devtree_next(-1, version2[i]);
		if (node >= 0)
			rc = init_v2(node);
	}
	if (rc)
		uk_pr_warn("no interrupt controller that is known (GICv2, GICv3): there will be no "
			   "interrupts");
	return rc;
}

int arm_gic_init(void)
{
	static bool ready;
	int rc = ready ? 0 : init();

	ready = !rc;
	return rc;
}

#ifdef CONFIG_SMP
/* ---- several CPUs ---- */

static uint64_t send_to[UK_CPUS]; /* what sends an interrupt to a CPU */
static uint64_t affinity[UK_CPUS];

static void enable_own(void)
{
	uk_mmio_write32(own + GICD_ICFGR + OWN_MIN / 16 * 4, own_raised);
	uk_mmio_write32(own + GICD_ISENABLER, own_lines | 1U << SENT);
}

/* Version 2 numbers CPUs itself; each finds its number where the first interrupts go to. In version 3 they have their affinities. */
static void note_cpu(uint32_t i, uint64_t id)
{
	uint64_t aff3 = id >> 32 & 0xff, aff2 = id >> 16 & 0xff, aff1 = id >> 8 & 0xff;

	affinity[i] = id;
	if (cpu)
		send_to[i] = (uk_mmio_read32(dist + GICD_ITARGETSR) & 0xff) << 16 | SENT;
	else
		send_to[i] = aff3 << 48 | (id >> 4 & 0xf) << 44 | aff2 << 32 | SENT << 24 |
			     aff1 << 16 | 1UL << (id & 0xf);
}

void arm_gic_first_cpu(void)
{
	note_cpu(0, arm_cpu_id());
	enable_own();
}

int arm_gic_cpu(uint32_t i, uint64_t id)
{
	uk_paddr_t pa;
	bool done;

	if (cpu)
		return 0; /* that part of version 2 only the CPU itself sees */
	pa = arm_gic_frame(id);
	done = pa && wake(pa);
	if (done)
		enable_own();
	note_cpu(i, id);
	map_own(arm_gic_frame(arm_cpu_id()));
	return done ? 0 : -ENODEV;
}

void arm_gic_cpu_init(uint32_t i)
{
	if (!cpu) {
		open_v3();
		return;
	}
	quiet(dist, 0, OWN, false);
	note_cpu(i, 0);
	enable_own();
	open_v2();
}

/* What was written for it is to be seen there. */
void uk_plat_ipi(uint32_t i)
{
	if (cpu) {
		uk_mmio_write32(dist + GICD_SGIR, (uint32_t)send_to[i]);
		return;
	}
	__asm__ volatile("dsb ishst" ::: "memory");
	arm_write(S3_0_C12_C11_5, send_to[i]); /* ICC_SGI1R_EL1 */
	arm_isb();
}
#endif

/* The interrupt of a device goes to this CPU; without that, to the one that boots. */
static void route(unsigned n UK_UNUSED, uint32_t to UK_UNUSED)
{
#ifdef CONFIG_SMP
	if (!to)
		return;
	if (cpu) { /* a byte for each */
		uk_mmio_write8(dist + GICD_ITARGETSR + n, (uint8_t)(send_to[to] >> 16));
	} else {
		uk_mmio_write32(routes + 8 * n, (uint32_t)affinity[to]);
		uk_mmio_write32(routes + 8 * n + 4, (uint32_t)(affinity[to] >> 32));
	}
#endif
}

int arm_gic_request(unsigned irq, void (*fn)(void *arg), void *arg, uint32_t to)
{
	unsigned n = irq & ARM_IRQ_NUMBER;
	volatile uint8_t *part, *word;
	uint32_t edge = 2U << n % 16 * 2;
	static struct uk_spinlock changing;
	bool off;
	int rc;

	if (n < OWN_MIN || n >= LINES)
		return -EINVAL;
	if (lines[n].fn)
		return -EBUSY;
	rc = arm_gic_init();
	if (rc)
		return rc;
	part = n < OWN ? own : dist;
	word = part + GICD_ICFGR + n / 16 * 4;
	off = uk_spin_lock_save(&changing);
	uk_mmio_write32(word, irq & ARM_IRQ_EDGE ? uk_mmio_read32(word) | edge
						 : uk_mmio_read32(word) & ~edge);
	uk_spin_unlock_restore(&changing, off);
	if (n < OWN) {
		own_lines |= 1U << n;
		own_raised = uk_mmio_read32(word);
	}
	if (n >= OWN)
		route(n, to);
	lines[n].arg = arg;
	__atomic_store_n(&lines[n].fn, fn, __ATOMIC_RELEASE);
	uk_mmio_write32(part + GICD_ISENABLER + n / 32 * 4, 1U << n % 32);
	return 0;
}

void arm_gic_release(unsigned n)
{
	uk_mmio_write32(dist + GICD_ICENABLER + n / 32 * 4, 1U << n % 32);
	__atomic_store_n(&lines[n].fn, NULL, __ATOMIC_RELEASE);
}

int uk_plat_irq_request(unsigned irq, void (*fn)(void *arg), void *arg)
{
	return arm_gic_request(irq, fn, arg, 0);
}
