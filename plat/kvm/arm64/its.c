/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interrupt translation service of a GICv3 (Arm IHI 0069 §5). A device writes the number of an event to the service, which
 * looks up which interrupt that is, by who writes, and to which CPU it goes. Such interrupts (LPIs) have numbers from 8192 on; tables in
 * memory, which are the GIC's, say which of them are open, and which are pending for a CPU. The service takes commands from a ring.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/io.h>
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/percpu.h>
#include <uk/plat/bus.h>
#include <uk/print.h>

#include "kvm.h"
#include "treesmp.h"

/* The service's registers (§12.19) and its second frame. */
#define CTLR       0x0000
#define TYPER      0x0008
#define CBASER     0x0080
#define CWRITER    0x0088
#define CREADR     0x0090
#define BASER      0x0100 /* 8 of them */
#define TRANSLATER 0x10040
#define SIZE       0x20000UL

#define CTLR_ON        1U
#define TYPER_ENTRY(v) (((v) >> 4 & 15) + 1) /* bytes for an event in a device's table */
#define TYPER_BY_ADDRESS                                                                           \
	(1UL << 19) /* how a CPU is called: where its redistributor is; or by number */
#define BASER_TYPE(v)  ((v) >> 56 & 7)
#define BASER_ENTRY(v) (((v) >> 48 & 31) + 1)
#define TYPE_DEVICES   1
#define TYPE_CPUS      4

/* The redistributor's (§12.11). */
#define GICR_CTLR            0x00
#define GICR_TYPER           0x08
#define GICR_PROPBASER       0x70
#define GICR_PENDBASER       0x78
#define GICR_SIZE            0x10000UL
#define GICR_CTLR_LPIS       1U
#define GICR_TYPER_LPIS      1U
#define GICR_TYPER_NUMBER(v) ((v) >> 8 & 0xffff)
#define PENDING_ZERO         (1UL << 62)
#define PENDING_ALIGN        0x10000UL

/* Memory of which both sides have the same view, without our help: inner shareable, write-back. */
#define VALID        (1UL << 63)
#define TABLE_CACHE  (7UL << 59 | 1UL << 10)
#define REDIST_CACHE (7UL << 7 | 1UL << 10)
#define SHAREABLE    (3UL << 10)

#define COMMANDS (UK_PAGE_SIZE / 32)
#define MAPD     0x08
#define MAPC     0x09
#define MAPTI    0x0a
#define INV      0x0c
#define DISCARD  0x0f
#define SYNC     0x05

#define LPI_BITS     14   /* of an interrupt's number: the least there is */
#define LPI_OPEN     0xa1 /* the priority of all, and that it is enabled */
#define MESSAGES     128  /* from 8192 on, that are used */
#define MESSAGE_BITS 7
#define DEVICES      4096 /* by their bdf: those on the first 16 buses */
#define WAIT_TRIES   1000000U

static volatile uint8_t *its;
static uk_paddr_t its_pa;
static unsigned event_size; /* bytes that the service wants for one */
static bool by_address;
static uint64_t *ring;
static unsigned next; /* in the ring */
static uint8_t *open; /* of each interrupt from 8192 on, a byte */

static struct {
	void (*fn)(void *arg);
	void *arg;
} messages[MESSAGES];

static struct {
	bool ready;
	uint64_t name; /* as commands have it */
} cpus[UK_CPUS];

/* ---- commands ---- */

static bool command(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t *at = ring + next * 4;

	at[0] = a;
	at[1] = b;
	at[2] = c;
	at[3] = 0;
	next = (next + 1) % COMMANDS;
	uk_mmio_write64(its + CWRITER, next * 32); /* after what was written to memory */
	for (unsigned i = 0; i < WAIT_TRIES; i++) {
		if (uk_mmio_read64(its + CREADR) == next * 32)
			return true;
		uk_arch_relax();
	}
	uk_pr_warn("the GIC's translation service does not take command %#lx", a);
	return false;
}

/* ---- tables ---- */

static void *table(size_t size, size_t align, uk_paddr_t *pa)
{
	size_t more = align > UK_PAGE_SIZE ? align : 0;
	uk_paddr_t all = uk_page_alloc_run((size + more) / UK_PAGE_SIZE, UK_PAGE_ZERO);

	if (!all)
		return NULL;
	*pa = UK_ALIGN_UP(all, align);
	if (*pa > all)
		uk_page_free_run(all, (*pa - all) / UK_PAGE_SIZE);
	if (all + more > *pa)
		uk_page_free_run(*pa + size, (all + more - *pa) / UK_PAGE_SIZE);
	return uk_page_to_virt(*pa);
}

/* The service's own tables, of devices and of CPUs, as large as they can become. */
static bool give_tables(void)
{
	for (unsigned i = 0; i < 8; i++) {
		volatile uint8_t *reg = its + BASER + i * 8;
		uint64_t v = uk_mmio_read64(reg), n;
		uk_paddr_t pa;

		if (BASER_TYPE(v) != TYPE_DEVICES && BASER_TYPE(v) != TYPE_CPUS)
			continue;
		n = (BASER_TYPE(v) == TYPE_DEVICES ? DEVICES : UK_ARRAY_SIZE(cpus)) *
		    BASER_ENTRY(v);
		n = UK_DIV_ROUND_UP(n, UK_PAGE_SIZE);
		if (!table(n * UK_PAGE_SIZE, UK_PAGE_SIZE, &pa))
			return false;
		v = VALID | TABLE_CACHE | pa | (n - 1);
		uk_mmio_write64(reg, v);
		/* The type and an entry's size are not ours to change; the rest is taken, or is not possible. */
		if ((uk_mmio_read64(reg) ^ v) & (VALID | SHAREABLE | 3UL << 8))
			return false;
	}
	return true;
}

/* This CPU takes messages. */
static bool prepare(uint32_t cpu)
{
#ifdef CONFIG_SMP
	uint64_t id = plat_cpu_ids[cpu];
#else
	uint64_t id = arm_cpu_id();
#endif
	uk_paddr_t pa, pending;
	volatile uint8_t *frame;
	uint64_t type, v;

	if (cpus[cpu].ready)
		return true;
	pa = arm_gic_frame(id);
	frame = pa ? uk_plat_map_device(pa, GICR_SIZE) : NULL;
	if (!frame)
		return false;
	type = uk_mmio_read64(frame + GICR_TYPER);
	if (!(type & GICR_TYPER_LPIS) || !table(UK_PAGE_SIZE, PENDING_ALIGN, &pending))
		return false;
	v = REDIST_CACHE | uk_page_from_virt(open) | (LPI_BITS - 1);
	uk_mmio_write64(frame + GICR_PROPBASER, v);
	if ((uk_mmio_read64(frame + GICR_PROPBASER) ^ v) & SHAREABLE)
		return false;
	uk_mmio_write64(frame + GICR_PENDBASER, PENDING_ZERO | REDIST_CACHE | pending);
	uk_mmio_write32(frame + GICR_CTLR, uk_mmio_read32(frame + GICR_CTLR) | GICR_CTLR_LPIS);
	cpus[cpu].name = by_address ? pa : GICR_TYPER_NUMBER(type) << 16;
	cpus[cpu].ready =
		command(MAPC, 0, VALID | cpus[cpu].name | cpu) && command(SYNC, 0, cpus[cpu].name);
	return cpus[cpu].ready;
}

static void raised(unsigned n)
{
	void (*fn)(void *arg) = NULL;

	n -= ARM_GIC_LPI;
	if (n < MESSAGES)
		fn = __atomic_load_n(&messages[n].fn, __ATOMIC_ACQUIRE);
	if (fn)
		fn(messages[n].arg);
}

static bool start(void)
{
	uint64_t v = uk_mmio_read64(its + TYPER);
	uk_paddr_t pa;

	event_size = (unsigned)TYPER_ENTRY(v);
	by_address = v & TYPER_BY_ADDRESS;
	if (uk_mmio_read32(its + CTLR) & CTLR_ON) /* a loader's; tables cannot be changed now */
		return false;
	open = table((1U << LPI_BITS) - ARM_GIC_LPI, UK_PAGE_SIZE, &pa);
	ring = table(UK_PAGE_SIZE, UK_PAGE_SIZE, &pa);
	if (!open || !ring || !give_tables())
		return false;
	uk_mmio_write64(its + CBASER, VALID | TABLE_CACHE | pa);
	if ((uk_mmio_read64(its + CBASER) ^ TABLE_CACHE) & SHAREABLE)
		return false;
	uk_mmio_write64(its + CWRITER, 0);
	uk_mmio_write32(its + CTLR, CTLR_ON);
	arm_gic_message = raised;
	return prepare(0);
}

bool kvm_its_find(void)
{
	int node = devtree_next(-1, "arm,gic-v3-its");
	size_t len;

	if (node < 0 || arm_gic_init() || !devtree_reg(node, &its_pa, &len) || len < SIZE)
		return false;
	its = uk_plat_map_device(its_pa, SIZE);
	if (!its || !start()) {
		uk_pr_warn("the GIC's translation service cannot be used: devices on PCI raise "
			   "lines");
		return false;
	}
	return true;
}

/* ---- messages ---- */

/* What the service calls a device on PCI: its property `msi-map` (Linux Documentation/devicetree/bindings/pci/pci-msi.txt). */
static uint32_t device_of(unsigned bdf)
{
	static const devtree_name name[] = { "msi-map" };
	struct devtree_prop p, to;

	devtree_props(devtree_pci(), name, &p, 1);
	if (p.len < 16)
		return bdf;
	to = (struct devtree_prop){ p.value + 8, 4 };
	return bdf - devtree_number(&p, 0) + devtree_number(&to, 0);
}

/* The service gets a table for the device's events. */
static bool introduce(uint32_t device)
{
	static uint8_t known[DEVICES / 8];
	size_t size = UK_ALIGN_UP(MESSAGES * event_size, UK_PAGE_SIZE);
	uk_paddr_t pa;

	if (device >= DEVICES)
		return false;
	if (known[device / 8] & 1U << device % 8)
		return true;
	if (!table(size, UK_PAGE_SIZE, &pa) ||
	    !command(MAPD | (uint64_t)device << 32, MESSAGE_BITS - 1, VALID | pa))
		return false;
	known[device / 8] |= (uint8_t)(1U << device % 8);
	return true;
}

/* An event has the number of its message, whatever device it is of. */
int kvm_its_request(void (*fn)(void *arg), void *arg, uint32_t cpu, struct uk_plat_msi *msi)
{
	uint64_t device = device_of(msi->bdf);
	unsigned n = 0;

	while (n < MESSAGES && messages[n].fn)
		n++;
	if (n == MESSAGES)
		return -ENOSPC;
	if (!prepare(cpu) || !introduce((uint32_t)device))
		return -ENODEV;
	messages[n].arg = arg;
	__atomic_store_n(&messages[n].fn, fn, __ATOMIC_RELEASE);
	open[n] = LPI_OPEN;
	if (!command(MAPTI | device << 32, n | (uint64_t)(ARM_GIC_LPI + n) << 32, cpu) ||
	    !command(INV | device << 32, n, 0) || !command(SYNC, 0, cpus[cpu].name))
		return -EIO;
	msi->address = its_pa + TRANSLATER;
	msi->data = n;
	return 0;
}

void kvm_its_release(const struct uk_plat_msi *msi)
{
	command(DISCARD | (uint64_t)device_of(msi->bdf) << 32, msi->data, 0);
	__atomic_store_n(&messages[msi->data].fn, NULL, __ATOMIC_RELEASE);
}
