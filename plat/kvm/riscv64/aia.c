/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Advanced Interrupt Architecture (RISC-V Advanced Interrupt Architecture 1.0). Where CPUs have files of interrupts (IMSIC, §3), devices
 * interrupt by writing an identity to a CPU's file, and the controller of lines (APLIC, §4) does it for those that have only a line.
 * Where there are none the APLIC interrupts the CPU that boots itself.
 *
 * The firmware has its own of both, and has left the lines to us.
 */
#include <libfdt.h>
#include <uk/arch/cpu.h>
#include <uk/errno.h>
#include <uk/plat/bus.h>
#include <uk/spin.h>

#include "kvm.h"
#include "treesmp.h"

/* The registers of a file (§3.8), by number; of those of 64 bits only the even ones exist. */
#define EIDELIVERY  0x70
#define EITHRESHOLD 0x72
#define EIP         0x80
#define EIE         0xc0

#define MESSAGES  128 /* identities that are used; 0 is none, and each file has 63 at least */
#define TOP_SHIFT 16  /* of an identity in stopei */

/* The pages of an APLIC (§4.5), and words there. */
#define DOMAINCFG       0x000 /* in the first */
#define SOURCECFG(line) (4 * (line))
#define IN_CLRIP(line)  (0xd00 + (line) / 32 * 4) /* in the second: whether lines are raised */
#define SETIPNUM        0xcdc
#define SETIENUM        0xedc
#define CLRIE(line)     (0xf00 + (line) / 32 * 4)
#define TARGET(line)    (4 * (line)) /* in the fourth */
#define IDELIVERY(cpu)  (32 * (cpu)) /* in the fifth, and the next ones */
#define ITHRESHOLD(cpu) (32 * (cpu) + 8)
#define CLAIMI(cpu)     (32 * (cpu) + 28)
#define IDC             0x4000
#define IDCS_MAX        128 /* in that page */

#define DOMAINCFG_MSI   (1U << 2)
#define DOMAINCFG_ON    (1U << 8)
#define SOURCE_EDGE     4U
#define SOURCE_HIGH     6U
#define TARGET_CPU      18
#define TARGET_PRIORITY 1U
#define CLAIMED_SHIFT   16

/* ---- files of interrupts ---- */

static int files_node = -1;  /* -1: there are none */
static uk_paddr_t files;     /* the first CPU's */
static unsigned files_apart; /* from one to the next, as a shift */
static unsigned files_n;
static unsigned identities; /* of each, 0 included, that are used */
static int our_number = -1; /* this CPU's, for whatever interrupts it */

static struct {
	void (*fn)(void *arg);
	void *arg;
} messages[MESSAGES];

static void file_write(unsigned reg, uint64_t v)
{
	riscv_csr_write(0x150, reg); /* siselect */
	riscv_csr_write(0x151, v);   /* sireg */
}

static void by_file(void)
{
	uint64_t top;

	for (;;) {
		void (*fn)(void *arg);

		__asm__ volatile("csrrw %0, 0x15c, x0"
				 : "=r"(top)::"memory"); /* stopei: claims it */
		if (!top)
			return;
		top >>= TOP_SHIFT;
		fn = top < MESSAGES ? __atomic_load_n(&messages[top].fn, __ATOMIC_ACQUIRE) : NULL;
		if (fn)
			fn(messages[top].arg);
	}
}

void kvm_aia_cpu_init(void)
{
	if (files_node < 0)
		return;
	for (unsigned i = 0; i < identities / 32; i += 2) {
		file_write(EIP + i, 0);
		file_write(EIE + i, ~0UL); /* which of them are used the table tells */
	}
	file_write(EITHRESHOLD, 0);
	file_write(EIDELIVERY, 1);
	riscv_csr_set(sie, 1UL << RISCV_IRQ_EXTERNAL);
}

static bool find_files(void)
{
	static const devtree_name names[] = { "riscv,num-ids", "riscv,guest-index-bits",
					      "riscv,group-index-bits" };
	struct devtree_prop p[UK_ARRAY_SIZE(names)];
	int node = -1, number = -1;
	size_t len;

	while (number < 0 && (node = devtree_next(node, "riscv,imsics")) >= 0)
		number = kvm_tree_context(node, kvm_hart); /* of the firmware's there is none */
	if (node < 0 || !kvm_tree_has_extension("ssaia") || !devtree_reg(node, &files, &len))
		return false;
	devtree_props(node, names, p, UK_ARRAY_SIZE(names));
	files_apart = 12 + devtree_number(&p[1], 0);
	identities = UK_MIN(devtree_number(&p[0], 0) + 1, (unsigned)MESSAGES);
	/* With groups (of CPUs, as on several boards) the files lie otherwise. */
	if (files_apart > 18 || devtree_number(&p[2], 0) || identities < 64 ||
	    len >> files_apart <= (unsigned)number)
		return false;
	files_n = (unsigned)(len >> files_apart);
	files_node = node;
	our_number = number;
	return true;
}

/* An identity for this handler; negative: all are taken. */
static int take_identity(void (*fn)(void *arg), void *arg)
{
	static struct uk_spinlock taking;
	bool off = uk_spin_lock_save(&taking);
	unsigned i = 1;

	while (i < identities && messages[i].fn)
		i++;
	if (i < identities) {
		messages[i].arg = arg;
		__atomic_store_n(&messages[i].fn, fn, __ATOMIC_RELEASE);
	}
	uk_spin_unlock_restore(&taking, off);
	return i < identities ? (int)i : -ENOSPC;
}

/* ---- the controller of lines ---- */

static volatile uint8_t *page[2], *targets, *idc;
static unsigned sources;

static void by_lines(void)
{
	uint32_t claimed;

	while ((claimed = uk_mmio_read32(idc + CLAIMI(our_number))) != 0)
		kvm_line_raised(claimed >> CLAIMED_SHIFT);
}

/* A line that is still raised sends no message by itself (§4.9.2). */
static void again(unsigned line)
{
	if (uk_mmio_read32(page[1] + IN_CLRIP(line)) & 1U << line % 32)
		uk_mmio_write32(page[1] + SETIPNUM, line);
}

static void line_sent(void *arg)
{
	unsigned line = (unsigned)(uintptr_t)arg;

	kvm_line_raised(line);
	if (uk_mmio_read32(page[0] + SOURCECFG(line)) == SOURCE_HIGH)
		again(line);
}

static bool find_lines(void)
{
	static const devtree_name parent[] = { "msi-parent" }, number[] = { "riscv,num-sources" };
	uint32_t ours = files_node < 0 ? 0 : fdt_get_phandle(devtree(), files_node);
	uk_paddr_t pa;
	int node = -1;
	size_t len;

	/* The one that sends to our files; or the one that interrupts this CPU itself. */
	while ((node = devtree_next(node, "riscv,aplic")) >= 0)
		if (ours ? devtree_u32(node, parent, 0) == ours
			 : (our_number = kvm_tree_context(node, kvm_hart)) >= 0)
			break;
	if (node < 0 || !devtree_reg(node, &pa, &len) || (pa & UK_PAGE_MASK) || len < IDC ||
	    (!ours && (our_number >= IDCS_MAX || len < IDC + 32UL * ((unsigned)our_number + 1))))
		return false;
	page[0] = boot_map_device(BOOT_FIXED_IRQCHIP, pa);
	page[1] = boot_map_device(BOOT_FIXED_IRQCHIP_1, pa + 0x1000);
	targets = boot_map_device(BOOT_FIXED_IRQCHIP_2, pa + 0x3000);
	idc = ours ? targets : boot_map_device(BOOT_FIXED_IRQCHIP_3, pa + IDC);
	if (!page[0] || !page[1] || !targets || !idc)
		return false;
	sources = UK_MIN(devtree_u32(node, number, 0), KVM_LINES - 1U);
	for (unsigned line = 0; line <= sources; line += 32)
		uk_mmio_write32(page[1] + CLRIE(line), ~0U);
	if (!ours) {
		uk_mmio_write32(idc + ITHRESHOLD(our_number), 0);
		uk_mmio_write32(idc + IDELIVERY(our_number), 1);
	}
	uk_mmio_write32(page[0] + DOMAINCFG, DOMAINCFG_ON | (ours ? DOMAINCFG_MSI : 0));
	return true;
}

int kvm_aia_open(unsigned line, bool edge)
{
	int how = (int)TARGET_PRIORITY;

	if (line > sources)
		return -EINVAL;
	if (files_node >= 0) {
		how = take_identity(line_sent, (void *)(uintptr_t)line);
		if (how < 0)
			return how;
	}
	uk_mmio_write32(page[0] + SOURCECFG(line), edge ? SOURCE_EDGE : SOURCE_HIGH);
	uk_mmio_write32(targets + TARGET(line), (uint32_t)our_number << TARGET_CPU | (uint32_t)how);
	uk_mmio_write32(page[1] + SETIENUM, line);
	if (files_node >= 0 && !edge)
		again(line);
	return 0;
}

int kvm_aia_init(void)
{
	bool sent = find_files();

	if (!find_lines() && !sent)
		return -ENODEV;
	kvm_external_handler = sent ? by_file : by_lines;
	kvm_aia_cpu_init();
	riscv_csr_set(sie, 1UL << RISCV_IRQ_EXTERNAL);
	return 0;
}

/* ---- messages of devices ---- */

#ifdef CONFIG_PLAT_BUSES
bool kvm_messages(void)
{
	return !kvm_irqchip_init() && files_node >= 0;
}

int uk_plat_msi_request(void (*fn)(void *arg), void *arg, uint32_t cpu, struct uk_plat_msi *msi)
{
	int number, id;

	if (!kvm_messages())
		return -ENODEV;
#ifdef CONFIG_SMP
	number = kvm_tree_context(files_node, plat_cpu_ids[cpu]);
#else
	(void)cpu;
	number = kvm_tree_context(files_node, kvm_hart);
#endif
	if (number < 0 || (unsigned)number >= files_n)
		return -ENODEV;
	id = take_identity(fn, arg);
	if (id < 0)
		return id;
	msi->address = files + ((uint64_t)number << files_apart);
	msi->data = (uint32_t)id;
	return 0;
}

void uk_plat_msi_release(const struct uk_plat_msi *msi)
{
	__atomic_store_n(&messages[msi->data].fn, NULL, __ATOMIC_RELEASE);
}
#endif
