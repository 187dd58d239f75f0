/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device tree (Devicetree Specification 0.4), through libfdt. It comes from outside: libfdt checks what it reads against
 * the tree's own bounds, and those are checked when it is opened; what a property says is checked here.
 *
 * It stays where the loader left it, mapped for reading, since drivers look into it later.
 */
#include <libfdt.h>
#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/print.h>
#include <uk/string.h>

#include "boot.h"
#include "kvm.h"

#define TREE_MAX (2U << 20) /* Linux's limit, too */

#define PLIC_SUPERVISOR 9 /* the CPU's interrupt that a context leads to */

static const void *tree UK_RO_AFTER_INIT_ZERO;
static uk_paddr_t tree_pa UK_RO_AFTER_INIT_ZERO;

/* Nodes that boot needs, found in one walk: the library goes through the tree for each question. -1: not there. */
static int chosen UK_RO_AFTER_INIT = -1, cpus UK_RO_AFTER_INIT = -1, serial UK_RO_AFTER_INIT = -1;
static int serial_parent UK_RO_AFTER_INIT_ZERO;

/* A number of one or two cells at p. */
static uint64_t number(const fdt32_t *p, int cells)
{
	return cells == 2 ? (uint64_t)fdt32_ld(p) << 32 | fdt32_ld(p + 1) : fdt32_ld(p);
}

/* Calls fn for each range of addresses in the property `reg` of a node whose parent is `parent`. */
static void each_range(int parent, int node,
		       void (*fn)(struct uk_bootinfo *bi, uint64_t start, uint64_t len),
		       struct uk_bootinfo *bi)
{
	int na = fdt_address_cells(tree, parent), ns = fdt_size_cells(tree, parent), len;
	const fdt32_t *reg = fdt_getprop(tree, node, "reg", &len);

	if (!reg)
		return;
	if (na < 1 || na > 2 || ns < 1 || ns > 2)
		uk_fatal("the device tree is corrupt: %d and %d cells for addresses and sizes of "
			 "`%s`",
			 na, ns, fdt_get_name(tree, node, NULL));
	for (len /= (int)sizeof(*reg); len >= na + ns; len -= na + ns, reg += na + ns)
		fn(bi, number(reg, na), number(reg + na, ns));
}

static void add_ram(struct uk_bootinfo *bi, uint64_t start, uint64_t len)
{
	boot_memory(bi, start, len, E820_RAM);
}

static void add_reserved(struct uk_bootinfo *bi, uint64_t start, uint64_t len)
{
	boot_memory(bi, start, len, E820_RESERVED);
}

static bool is_named(const char *name, const char *base)
{
	size_t n = uk_strlen(base);

	return !uk_strncmp(name, base, n) && (!name[n] || name[n] == '@');
}

static bool is_memory(int node)
{
	int len;
	const char *type = fdt_getprop(tree, node, "device_type", &len);

	return type && len == 7 && !memcmp(type, "memory", 7);
}

/* A node of depth 1 or 2 that boot may want; true: it is one of memory. `parent` is the one of depth 1. */
static bool look_at(struct uk_bootinfo *bi, int node, int depth, int parent, bool reserved)
{
	const char *name = fdt_offset_ptr(tree, node + (int)FDT_TAGSIZE, 1);

	if (depth == 2 && reserved) {
		each_range(parent, node, add_reserved, bi);
	} else if (serial < 0 && (is_named(name, "serial") || is_named(name, "uart")) &&
		   !fdt_node_check_compatible(tree, node, "ns16550a")) {
		serial = node;
		serial_parent = depth == 2 ? parent : 0;
	} else if (depth == 1 && is_named(name, "chosen")) {
		chosen = node;
	} else if (depth == 1 && is_named(name, "cpus")) {
		cpus = node;
	} else if (depth == 1 && is_named(name, "memory") && is_memory(node)) {
		each_range(0, node, add_ram, bi);
		return true;
	}
	return false;
}

/*
 * Memory and what of it is not ours, in `bi`; the other nodes are noted. Tag by tag: the library's own steps from
 * node to node read each node's name three times.
 */
static void walk(struct uk_bootinfo *bi)
{
	int at = 0, next, depth = -1, parent = 0;
	bool any = false, reserved = false;
	uint32_t tag;

	do {
		tag = fdt_next_tag(tree, at, &next);
		if (next < 0)
			uk_fatal("the device tree is corrupt at byte %d (libfdt: error %d)", at,
				 -next);
		if (tag == FDT_END_NODE)
			depth--;
		if (tag == FDT_BEGIN_NODE && ++depth == 1) {
			parent = at;
			reserved = is_named(fdt_offset_ptr(tree, at + (int)FDT_TAGSIZE, 1),
					    "reserved-memory");
		}
		if (tag == FDT_BEGIN_NODE && (depth == 1 || depth == 2))
			any |= look_at(bi, at, depth, parent, reserved);
		at = next;
	} while (tag != FDT_END);
	if (!any)
		uk_fatal("the device tree has no node of memory");
}

void kvm_tree_open(struct uk_bootinfo *bi, uk_paddr_t pa)
{
	uint64_t start, len;
	const void *head;
	size_t size;
	int err;

	if (!pa || (pa & 7) || pa >= RISCV_VA_BOOT_LEN - TREE_MAX)
		uk_fatal("the firmware told no device tree (a1 is %#lx)", pa);
	head = uk_plat_map_boot(pa, sizeof(struct fdt_header));
	if (!head)
		uk_fatal("no page table for the device tree at %#lx", pa);
	err = fdt_check_header(head);
	if (err)
		uk_fatal("what lies at %#lx is no device tree, or a corrupt one (libfdt: error %d)",
			 pa, -err);
	size = fdt_totalsize(head);
	if (size > TREE_MAX)
		uk_fatal("the device tree at %#lx says that it is %lu bytes long: it is corrupt",
			 pa, size);
	tree = uk_plat_map_boot(pa, size);
	if (!tree)
		uk_fatal("no page table for the device tree at %#lx", pa);
	tree_pa = pa;
	walk(bi);
	for (int i = fdt_num_mem_rsv(tree); i-- > 0;)
		if (!fdt_get_mem_rsv(tree, i, &start, &len))
			add_reserved(bi, start, len);
	add_reserved(bi, pa, size);
}

/* An address in /chosen; false if it is not there. */
static bool chosen_address(int chosen, const char *name, uint64_t *v)
{
	int len;
	const fdt32_t *p = fdt_getprop(tree, chosen, name, &len);

	if (!p)
		return false;
	if (len != 4 && len != 8)
		uk_fatal("the device tree is corrupt: %s has %d bytes", name, len);
	*v = number(p, len / 4);
	return true;
}

static void read_chosen(struct uk_bootinfo *bi)
{
	uint64_t start, end;
	const char *args;
	int len;

	bi->cmdline = BOOT_CMDLINE;
	if (chosen < 0)
		return;
	args = fdt_getprop(tree, chosen, "bootargs", &len);
	if (args) {
		if ((size_t)len > BOOT_CMDLINE_SIZE)
			uk_fatal("the kernel command line is longer than %lu bytes",
				 BOOT_CMDLINE_SIZE - 1);
		if (!len || args[len - 1])
			uk_fatal("the device tree is corrupt: bootargs does not end");
		memcpy(bi->cmdline, args, (size_t)len);
	}
	if (chosen_address(chosen, "linux,initrd-start", &start) &&
	    chosen_address(chosen, "linux,initrd-end", &end)) {
		if (end < start)
			uk_fatal("the device tree is corrupt: the initrd ends before it begins");
		boot_initrd(bi, start, end - start);
	}
}

void kvm_tree_boot(struct uk_bootinfo *bi)
{
	bi->protocol = "sbi";
	bi->devtree = tree_pa;
	read_chosen(bi);
	boot_memory_done(bi);
}

int kvm_tree_next(int node, const char *compatible)
{
	return tree ? fdt_node_offset_by_compatible(tree, node, compatible) : -1;
}

int kvm_tree_device(const char *compatible)
{
	return kvm_tree_next(-1, compatible);
}

static bool reg_in(int parent, int node, uk_paddr_t *pa, size_t *len)
{
	int na, ns, n;
	const fdt32_t *reg = fdt_getprop(tree, node, "reg", &n);

	if (parent < 0 || !reg)
		return false;
	na = fdt_address_cells(tree, parent);
	ns = fdt_size_cells(tree, parent);
	if (na < 1 || na > 2 || ns < 1 || ns > 2 || n < (na + ns) * 4)
		return false;
	*pa = number(reg, na);
	*len = number(reg + na, ns);
	return *pa < PADDR_LIMIT && *len <= PADDR_LIMIT - *pa;
}

bool kvm_tree_reg(int node, uk_paddr_t *pa, size_t *len)
{
	return reg_in(node == serial ? serial_parent : fdt_parent_offset(tree, node), node, pa,
		      len);
}

uint32_t kvm_tree_u32(int node, const char *name, uint32_t none)
{
	int len;
	const fdt32_t *p = fdt_getprop(tree, node, name, &len);

	return p && len >= 4 ? fdt32_ld(p) : none;
}

uint32_t kvm_tree_irq(int node)
{
	return kvm_tree_u32(node, "interrupts", 0);
}

/* Does `path`, which may go on with a speed, lead to the UART that was noted? */
static bool leads_to_serial(const char *path, size_t n)
{
	const char *name = serial < 0 ? NULL : fdt_get_name(tree, serial, NULL);
	size_t len = name ? uk_strlen(name) : 0;

	return name && n > len && path[n - len - 1] == '/' && !memcmp(path + n - len, name, len);
}

int kvm_tree_console(void)
{
	const char *path = chosen < 0 ? NULL : fdt_getprop(tree, chosen, "stdout-path", NULL), *end;
	int node;

	if (!path)
		return serial;
	end = uk_strchr(path, ':');
	if (!end)
		end = path + uk_strlen(path);
	if (leads_to_serial(path, (size_t)(end - path)))
		return serial;
	node = fdt_path_offset_namelen(tree, path, (int)(end - path));
	return node >= 0 && !fdt_node_check_compatible(tree, node, "ns16550a") ? node : serial;
}

uint32_t kvm_tree_time_hz(void)
{
	uint32_t hz = cpus < 0 ? 0 : kvm_tree_u32(cpus, "timebase-frequency", 0);

	if (!hz)
		uk_fatal("the device tree does not tell how fast time runs "
			 "(/cpus/timebase-frequency)");
	return hz;
}

/* The node of our hart, or an error. */
static int our_cpu(void)
{
	const fdt32_t *reg;
	int node, len;

	if (cpus >= 0)
		fdt_for_each_subnode(node, tree, cpus)
		{
			reg = fdt_getprop(tree, node, "reg", &len);
			if (reg && len >= 4 && number(reg, len == 8 ? 2 : 1) == kvm_hart &&
			    fdt_getprop(tree, node, "device_type", NULL))
				return node;
		}
	return -1;
}

bool kvm_tree_has_extension(const char *name)
{
	int cpu = our_cpu(), len;
	const char *isa = cpu < 0 ? NULL : fdt_getprop(tree, cpu, "riscv,isa", &len);
	size_t n = uk_strlen(name);

	if (!isa || len < 1 || isa[len - 1])
		return false;
	/* As in rv64imafdc_zicsr_sstc. */
	for (isa = uk_strchr(isa, '_'); isa; isa = uk_strchr(isa + 1, '_'))
		if (!uk_strncmp(isa + 1, name, n) && (!isa[n + 1] || isa[n + 1] == '_'))
			return true;
	return false;
}

int kvm_tree_plic_context(int node)
{
	int cpu = our_cpu(), ours = -1, len, i;
	uint32_t phandle;
	const fdt32_t *p;

	if (cpu >= 0)
		ours = fdt_first_subnode(tree, cpu); /* interrupt-controller */
	phandle = ours < 0 ? 0 : fdt_get_phandle(tree, ours);
	p = fdt_getprop(tree, node, "interrupts-extended", &len);
	if (!p || !phandle)
		return -1;
	for (i = 0; i < len / 8; i++)
		if (fdt32_ld(p + 2 * i) == phandle && fdt32_ld(p + 2 * i + 1) == PLIC_SUPERVISOR)
			return i;
	return -1;
}

size_t kvm_tree_seed(uint8_t *buf, size_t n)
{
	static int used;
	int len;
	const char *seed = chosen < 0 ? NULL : fdt_getprop(tree, chosen, "rng-seed", &len);

	if (!seed || used >= len)
		return 0;
	n = UK_MIN(n, (size_t)(len - used));
	memcpy(buf, seed + used, n);
	used += (int)n;
	return n;
}

/*
 * The host's by the side channel, or else the seed's 32 bytes folded into 8: addresses leak, and should tell little of it.
 * This runs before relocation, where the tree is at its physical address.
 */
UK_NO_STACK_PROTECTOR uint64_t boot_seed(uk_paddr_t pa)
{
	const void *t = (const void *)pa;
	uint64_t v = 0;
	const uint8_t *seed;
	int node, len;

	kvm_channel_init();
	if (kvm_channel_seed(&v, sizeof(v)) == sizeof(v))
		return v;
	v ^= riscv_time();
	if (!pa || (pa & 7) || fdt_check_header(t))
		return v;
	node = fdt_path_offset(t, "/chosen");
	seed = node < 0 ? NULL : fdt_getprop(t, node, "rng-seed", &len);
	for (int i = 0; seed && i < len; i++)
		v = (v ^ seed[i]) * 0x100000001b3; /* FNV-1a */
	return v;
}
