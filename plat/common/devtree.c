/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device tree. It comes from outside: libfdt checks the header, the walk checks that each of the tokens that the tree
 * consists of (Devicetree Specification 0.4 §5.4) lies in the bounds that the header gives, and what a property says is
 * checked where it is used.
 *
 * The walk is not libfdt's, which looks at those bounds for each number and each letter of a name, and starts anew for each
 * question: ten times the instructions of all the rest of a boot, and 3 KB of a small image. libfdt checks the header, and answers
 * what only some images ask.
 *
 * The tree stays where the loader left it, mapped for reading.
 */
#include <libfdt.h>
#include <uk/arch/paging.h>
#include <uk/print.h>
#include <uk/string.h>

#include "boot.h"
#include "devtree.h"

#define TREE_MAX   (2U << 20) /* Linux's limit, too */
#define RANGES_MAX 32         /* nodes that tell of memory, or of what is reserved of it */
#define PORTS_MAX  4
#define DEPTH_MAX  8 /* of nodes whose registers are asked for */

#define TOKEN(n) ((uint32_t)(n) << 24) /* as it lies in the tree, whose numbers are big-endian */

static const uint8_t *tree UK_RO_AFTER_INIT_ZERO;
static uk_paddr_t tree_pa UK_RO_AFTER_INIT_ZERO;
static uint32_t tree_size UK_RO_AFTER_INIT_ZERO;
static uint32_t structure UK_RO_AFTER_INIT_ZERO;   /* where the tokens begin */
static uint32_t strings UK_RO_AFTER_INIT_ZERO;     /* where the names of properties are, ... */
static uint32_t strings_len UK_RO_AFTER_INIT_ZERO; /* ... whose last byte is 0 */

/* What /chosen says (§3.6, and Linux's). */
enum { SEED, STDOUT, BOOTARGS, INITRD_START, INITRD_END, CHOSEN_N };
static const devtree_name chosen_names[CHOSEN_N] = {
	"rng-seed", "stdout-path", "bootargs", "linux,initrd-start", "linux,initrd-end",
};
static struct devtree_prop chosen[CHOSEN_N] UK_RO_AFTER_INIT_ZERO;

struct place {
	int node, parent;
};

/* What the walk has found; 0, which is the root: nothing. */
static struct {
	int error;        /* libfdt's, of the header */
	uint32_t corrupt; /* a byte where something is that cannot be */
	int cpus;
	int chosen;
	struct place pci;
	unsigned nranges, nports;
	struct place ranges[RANGES_MAX], ports[PORTS_MAX];
} found UK_RO_AFTER_INIT_ZERO;

/* One cell; tokens and what properties say begin at a multiple of its size. */
static UK_ALWAYS_INLINE uint32_t cell(const void *p)
{
	uint32_t v = *(const uint32_t *)p;

	return v << 24 | (v & 0xff00) << 8 | (v >> 8 & 0xff00) | v >> 24;
}

/*
 * As cell(), of a number that is nearly always less than 64 Ki. The compiler must not see that bytes are swapped, for which
 * it would take what a CPU without an instruction for that does worst.
 */
static UK_ALWAYS_INLINE size_t small(const uint32_t *p)
{
	const uint8_t *b = (const uint8_t *)p;
	size_t high = b[2];

	__asm__("" : "+r"(high));
	return !CPU_SWAPS_BYTES && UK_LIKELY(!*(const uint16_t *)p) ? high << 8 | b[3] : cell(p);
}

/* The same of one that is nearly always less than 256. */
static UK_ALWAYS_INLINE size_t tiny(const uint32_t *p)
{
	size_t v = *p;

	if (!CPU_SWAPS_BYTES && UK_LIKELY(!(v << 40)))
		return v >> 24;
	/* Or what is above would be done in a way that serves this as well, and worse. */
	__asm__("" : "+r"(p));
	return cell(p);
}

/* The token behind the property at p: there are its length, its name, its value. */
static UK_ALWAYS_INLINE const uint32_t *skip_prop(const uint32_t *p)
{
	return (const uint32_t *)((uintptr_t)p + ((tiny(p + 1) + 3 + 12) & ~3UL));
}

/* A number of one or two cells. */
static uint64_t number(const uint8_t *p, unsigned cells)
{
	return cells == 2 ? (uint64_t)cell(p) << 32 | cell(p + 4) : cell(p);
}

static UK_ALWAYS_INLINE bool is_named(const char *name, const char *base)
{
	const uint8_t *n = (const uint8_t *)name, *b = (const uint8_t *)base;

	for (; *b && *n == *b; n++)
		b++;
	return !*b && (!*n || *n == '@');
}

/* A node of memory, or below the one of reserved memory. */
static void note_range(struct place at)
{
	if (found.nranges < RANGES_MAX)
		found.ranges[found.nranges] = at;
	found.nranges++;
}

static void note_port(struct place at)
{
	if (found.nports < PORTS_MAX)
		found.ports[found.nports++] = at;
}

/* Is this what serial ports are called (§2.2.2), or QEMU calls its own? */
static UK_ALWAYS_INLINE bool is_port(const char *name)
{
	switch (*name) {
	case 's':
		return is_named(name, "serial");
	case 'u':
		return is_named(name, "uart");
	case 'p':
		return is_named(name, "pl011");
	}
	return false;
}

/* The first bus of PCI devices, or a port: at any of the two depths. */
static void note_device(const char *name, struct place at)
{
	if (is_port(name))
		note_port(at);
	else if (*name == 'p' && !found.pci.node &&
		 (is_named(name, "pci") || is_named(name, "pcie")))
		found.pci = at;
}

/*
 * The cell behind the name that begins at p: behind the first that has a byte which is 0. (Where the first test says so
 * of a cell, it may have a byte beyond 0x80 instead, which is rare.)
 */
static UK_ALWAYS_INLINE const uint32_t *skip_name(const uint32_t *p)
{
	size_t v;

	do {
		do {
			v = *p++;
			/* As wide as a register: the compiler would take less, and then make it so. */
			__asm__("" : "+r"(v));
		} while (UK_LIKELY(!((v - 0x01010101) & 0x80808080)));
	} while (UK_UNLIKELY(!((v - 0x01010101) & ~v & 0x80808080)));
	return p;
}

/* May a node of this name be one that is noted? So says its first letter: of most, that it is not. */
static UK_ALWAYS_INLINE bool may_count(const char *name)
{
#define LETTER(c) (1U << ((c) - 'a'))
	unsigned at = (unsigned)*(const uint8_t *)name - 'a';
	const unsigned some =
		LETTER('c') | LETTER('m') | LETTER('p') | LETTER('r') | LETTER('s') | LETTER('u');

	return at < 26 && some >> at & 1;
}

/* A node of the first level. */
static UK_ALWAYS_INLINE void note_first(const char *name, int node, int *reserved)
{
	switch (*name) {
	case 'm':
		if (is_named(name, "memory"))
			note_range((struct place){ node, 0 });
		break;
	case 'c':
		if (is_named(name, "chosen"))
			found.chosen = node;
		else if (is_named(name, "cpus"))
			found.cpus = node;
		break;
	case 'r':
		if (is_named(name, "reserved-memory"))
			*reserved = node;
		break;
	default:
		note_device(name, (struct place){ node, 0 });
	}
}

/*
 * Through the tokens between `block` and `end`, of which the last cell is FDT_END: so no other token is the last, and no name
 * goes beyond it. Returns where something is that cannot be, NULL if all is well.
 */
static const uint32_t *walk(const uint32_t *block, const uint32_t *end)
{
	const uint32_t *p = block;
	int parent = 0, reserved = -1, depth = -1;

	while (p < end) {
		uint32_t token = *p;
		const char *name;
		int node;

		while (UK_LIKELY(token == TOKEN(FDT_PROP))) {
			p = skip_prop(p);
			if (UK_UNLIKELY(p >= end))
				return p;
			token = *p;
		}
		node = (int)(p++ - block) * 4;
		if (token == TOKEN(FDT_END_NODE)) {
			depth--;
			continue;
		}
		if (token == TOKEN(FDT_NOP))
			continue;
		if (token != TOKEN(FDT_BEGIN_NODE))
			return token == TOKEN(FDT_END) && depth == -1 ? NULL : p - 1;
		name = (const char *)p;
		p = skip_name(p);
		if (++depth == 1) {
			parent = node;
			if (may_count(name))
				note_first(name, node, &reserved);
		} else if (depth == 2) {
			if (parent == reserved)
				note_range((struct place){ node, parent });
			else if (may_count(name))
				note_device(name, (struct place){ node, parent });
		}
	}
	return p;
}

/* Nodes, in a tree whose header is in order. */
static void scan(void)
{
	uint32_t size = fdt_size_dt_struct(tree);
	const uint32_t *block, *end, *bad;

	structure = fdt_off_dt_struct(tree);
	strings = fdt_off_dt_strings(tree);
	strings_len = fdt_size_dt_strings(tree);
	block = (const void *)(tree + structure);
	end = block + size / 4;
	if ((structure & 3) || block == end)
		found.corrupt = structure;
	else if (end[-1] != TOKEN(FDT_END))
		found.corrupt = structure + size;
	else if (strings_len && tree[strings + strings_len - 1])
		found.corrupt = strings + strings_len;
	if (found.corrupt)
		return;
	bad = walk(block, end);
	if (bad)
		found.corrupt = (uint32_t)((const uint8_t *)bad - tree);
}

uint64_t devtree_scan(uk_paddr_t pa)
{
	uint64_t v = 0;

	if (!pa || (pa & 7) || pa >= INFO_LIMIT - TREE_MAX)
		return 0;
	tree = (const void *)pa;
	found.error = -fdt_check_header(tree);
	if (found.error)
		return 0;
	tree_size = fdt_totalsize(tree);
	if (tree_size > TREE_MAX)
		return 0;
	scan();
	if (found.corrupt || !found.chosen)
		return 0;
	devtree_props(found.chosen, chosen_names, chosen, CHOSEN_N);
	/* Addresses leak, and should tell little of it. */
	for (const uint8_t *s = chosen[SEED].value, *to = s + chosen[SEED].len / 4 * 4; s < to;
	     s += 4)
		v = (v ^ *(const uint32_t *)s) * 0x100000001b3; /* FNV-1a, by cells */
	return v;
}

const void *devtree(void)
{
	return tree;
}

int devtree_cpus(void)
{
	return found.cpus ? found.cpus : -1;
}

/* Is it the same name, of which the first letter is? */
static UK_ALWAYS_INLINE bool is_same(const char *a, const char *b)
{
	do
		if (!*a)
			return true;
	while (*++a == *++b);
	return false;
}

static inline const char *name_of(int node)
{
	return (const char *)tree + structure + node + FDT_TAGSIZE;
}

void devtree_props(int node, const devtree_name *names, struct devtree_prop *props, unsigned n)
{
	const uint32_t *p = skip_name((const void *)name_of(node));
	const char *text = (const char *)tree + strings;
	size_t len = strings_len;

	for (unsigned i = 0; i < n; i++)
		props[i] = (struct devtree_prop){ NULL, 0 };
	for (;; p++) {
		for (; *p == TOKEN(FDT_PROP); p = skip_prop(p)) {
			size_t at = small(p + 2);
			const char *name = text + at;

			if (at >= len)
				continue;
			/* Most differ in the first letter. */
			for (unsigned i = 0; i < n; i++)
				if (names[i][0] == *name && is_same(names[i], name)) {
					props[i].value = (const uint8_t *)(p + 3);
					props[i].len = cell(p + 1);
				}
		}
		if (*p != TOKEN(FDT_NOP))
			return;
	}
}

uint32_t devtree_number(const struct devtree_prop *p, uint32_t none)
{
	return p->len >= 4 ? cell(p->value) : none;
}

uint32_t devtree_u32(int node, const devtree_name *name, uint32_t none)
{
	struct devtree_prop p;

	devtree_props(node, name, &p, 1);
	return devtree_number(&p, none);
}

static bool is_compatible(int node, const char *with)
{
	static const devtree_name name[] = { "compatible" };
	struct devtree_prop p;
	const char *s;

	devtree_props(node, name, &p, 1);
	s = (const char *)p.value;
	for (size_t len; p.len; s += len, p.len -= (uint32_t)len) {
		len = uk_strnlen(s, p.len) + 1;
		if (len > p.len)
			break;
		if (!uk_strcmp(s, with))
			return true;
	}
	return false;
}

/* How many cells addresses and sizes have in what lies below `parent`; false if we have no numbers of that kind. */
static bool cells_below(int parent, unsigned *na, unsigned *ns)
{
	static const devtree_name names[] = { "#address-cells", "#size-cells" };
	struct devtree_prop p[2];

	devtree_props(parent, names, p, 2);
	*na = devtree_number(&p[0], 2);
	*ns = devtree_number(&p[1], 1);
	return *na >= 1 && *na <= 2 && *ns >= 1 && *ns <= 2;
}

/* The ranges of a node, which was found to tell of memory, or of what is reserved; true: it is memory. */
static bool add_ranges(struct uk_bootinfo *bi, const struct place *at)
{
	static const devtree_name names[] = { "reg", "device_type" };
	struct devtree_prop p[2];
	bool ram = !at->parent;
	unsigned na, ns;

	devtree_props(at->node, names, p, 1 + ram);
	if (ram && (p[1].len != sizeof("memory") || memcmp(p[1].value, "memory", p[1].len)))
		return false;
	if (p[0].value && !cells_below(at->parent, &na, &ns))
		uk_fatal("the device tree is corrupt: %u and %u cells for addresses and sizes of "
			 "`%s`",
			 na, ns, name_of(at->node));
	while (p[0].value && p[0].len >= (na + ns) * 4) {
		boot_memory(bi, number(p[0].value, na), number(p[0].value + 4 * na, ns),
			    ram ? E820_RAM : E820_RESERVED);
		p[0].value += (na + ns) * 4;
		p[0].len -= (na + ns) * 4;
	}
	return ram;
}

void devtree_open(uk_paddr_t pa)
{
	const uint8_t *seen = tree;

	tree = NULL; /* from here on it cannot be seen there */
	if (!seen)
		uk_fatal("the firmware told no device tree (its address is %#lx)", pa);
	if (found.error)
		uk_fatal("what lies at %#lx is no device tree, or a corrupt one (libfdt: error %d)",
			 pa, found.error);
	if (tree_size > TREE_MAX)
		uk_fatal("the device tree at %#lx says that it is %u bytes long: it is corrupt", pa,
			 tree_size);
	if (found.corrupt)
		uk_fatal("the device tree is corrupt at byte %u", found.corrupt);
	if (found.nranges > RANGES_MAX)
		uk_fatal("the device tree has %u nodes of memory, and for %d there is room",
			 found.nranges, RANGES_MAX);
	tree = uk_plat_map_boot(pa, tree_size);
	if (!tree)
		uk_fatal("no page table for the device tree at %#lx", pa);
	tree_pa = pa;
	for (unsigned i = 0; i < CHOSEN_N; i++)
		if (chosen[i].value)
			chosen[i].value += tree - seen;
}

/* An address in /chosen; false if it is not there. */
static bool address(unsigned i, uint64_t *v)
{
	const struct devtree_prop *p = &chosen[i];

	if (!p->value)
		return false;
	if (p->len != 4 && p->len != 8)
		uk_fatal("the device tree is corrupt: %s has %u bytes", chosen_names[i], p->len);
	*v = number(p->value, p->len / 4);
	return true;
}

static void read_memory(struct uk_bootinfo *bi)
{
	uint32_t reserved = fdt_off_mem_rsvmap(tree);
	bool any = false;

	for (unsigned i = 0; i < found.nranges; i++)
		any |= add_ranges(bi, &found.ranges[i]);
	if (!any)
		uk_fatal("the device tree has no node of memory");
	/* Two numbers each (§5.3); the header is in order, and so is where they begin. An entry of nothing is the last. */
	for (; reserved <= tree_size - 16; reserved += 16) {
		uint64_t len = number(tree + reserved + 8, 2);

		if (!len)
			break;
		boot_memory(bi, number(tree + reserved, 2), len, E820_RESERVED);
	}
	boot_memory(bi, tree_pa, tree_size, E820_RESERVED);
}

void devtree_boot(struct uk_bootinfo *bi)
{
	const struct devtree_prop *args = &chosen[BOOTARGS];
	uint64_t start, end;

	bi->devtree = tree_pa;
	bi->cmdline = BOOT_CMDLINE;
	read_memory(bi);
	if (args->value) {
		if (args->len > BOOT_CMDLINE_SIZE)
			uk_fatal("the kernel command line is longer than %lu bytes",
				 BOOT_CMDLINE_SIZE - 1);
		if (!args->len || args->value[args->len - 1])
			uk_fatal("the device tree is corrupt: bootargs does not end");
		memcpy(bi->cmdline, args->value, args->len);
	}
	if (address(INITRD_START, &start) && address(INITRD_END, &end)) {
		if (end < start)
			uk_fatal("the device tree is corrupt: the initrd ends before it begins");
		boot_initrd(bi, start, end - start);
	}
	boot_memory_done(bi);
}

/* The node that begins first behind the beginning of `node`; -1 if none does. *depth changes by the difference. */
static UK_NOINLINE int next_node(int node, int *depth)
{
	const uint32_t *block = (const void *)(tree + structure),
		       *p = skip_name((const void *)name_of(node));

	while (*p != TOKEN(FDT_BEGIN_NODE)) {
		if (*p == TOKEN(FDT_END))
			return -1;
		if (*p == TOKEN(FDT_PROP)) {
			p = skip_prop(p);
			continue;
		}
		*depth -= *p++ == TOKEN(FDT_END_NODE);
	}
	++*depth;
	return (int)(p - block) * 4;
}

int devtree_next(int node, const char *compatible)
{
	int depth = 0;

	do
		node = tree ? next_node(UK_MAX(node, 0), &depth) : -1; /* the root is no device */
	while (node >= 0 && !is_compatible(node, compatible));
	return node;
}

static int parent_of(int node)
{
	int above[DEPTH_MAX] = { 0 }, depth = 0, at = 0;

	if (node == found.pci.node)
		return found.pci.parent;
	for (unsigned i = 0; i < found.nports; i++)
		if (found.ports[i].node == node)
			return found.ports[i].parent;
	while ((at = next_node(at, &depth)) >= 0 && at != node)
		if (depth < DEPTH_MAX)
			above[depth] = at;
	return at >= 0 && depth > 0 && depth <= DEPTH_MAX ? above[depth - 1] : -1;
}

bool devtree_nth_reg(int node, unsigned n, uk_paddr_t *pa, size_t *len)
{
	static const devtree_name name[] = { "reg" };
	struct devtree_prop reg;
	int parent = parent_of(node);
	unsigned na, ns;

	devtree_props(node, name, &reg, 1);
	if (parent < 0 || !reg.value || !cells_below(parent, &na, &ns) ||
	    reg.len / 4 / (na + ns) <= n)
		return false;
	reg.value += n * (na + ns) * 4;
	*pa = number(reg.value, na);
	*len = number(reg.value + 4 * na, ns);
	return *pa < PADDR_LIMIT && *len <= PADDR_LIMIT - *pa;
}

bool devtree_reg(int node, uk_paddr_t *pa, size_t *len)
{
	return devtree_nth_reg(node, 0, pa, len);
}

int devtree_pci(void)
{
	return found.pci.node && is_compatible(found.pci.node, "pci-host-ecam-generic")
		       ? found.pci.node
		       : -1;
}

bool devtree_window(int node, enum devtree_space space, struct devtree_window *w)
{
	static const devtree_name name[] = { "ranges" };
	struct devtree_prop p;
	int parent = parent_of(node);
	unsigned na, ns;
	uint32_t each;

	devtree_props(node, name, &p, 1);
	if (parent < 0 || !p.value || !cells_below(parent, &na, &ns))
		return false;
	/* What kind, and the address on the bus; ours; the size has two cells. */
	for (each = (3 + na + 2) * 4; p.len >= each; p.len -= each, p.value += each) {
		if ((cell(p.value) >> 24 & 3) != (uint32_t)space)
			continue;
		w->bus = number(p.value + 4, 2);
		w->pa = number(p.value + 12, na);
		w->len = number(p.value + 12 + 4 * na, 2);
		return w->pa < PADDR_LIMIT && w->len <= PADDR_LIMIT - w->pa;
	}
	return false;
}

void devtree_pci_buses(int node, unsigned *first, unsigned *last)
{
	static const devtree_name name[] = { "bus-range" };
	struct devtree_prop p;

	devtree_props(node, name, &p, 1);
	*first = p.len == 8 ? cell(p.value) : 0;
	*last = p.len == 8 ? cell(p.value + 4) : 255;
}

bool devtree_pci_irq(int node, unsigned bdf, unsigned pin, struct devtree_prop *irq)
{
	static const devtree_name names[] = { "interrupt-map", "interrupt-map-mask" };
	static const devtree_name of_parent[] = { "#address-cells", "#interrupt-cells" };
	struct devtree_prop p[2], c[2];
	const uint8_t *mask, *e;
	uint32_t left, each, na, ni;
	int parent;

	devtree_props(node, names, p, 2);
	if (p[1].len != 16)
		return false;
	mask = p[1].value;
	e = p[0].value;
	/* The device's address in three cells, its pin, the controller, and its own two kinds of cells. */
	for (left = p[0].len; left >= 5 * 4; left -= each, e += each) {
		parent = fdt_node_offset_by_phandle(tree, cell(e + 16));
		if (parent < 0)
			return false;
		devtree_props(parent, of_parent, c, 2);
		na = devtree_number(&c[0], 0);
		ni = devtree_number(&c[1], 1);
		if (na > 4 || ni > 4 || left < (5 + na + ni) * 4)
			return false;
		each = (5 + na + ni) * 4;
		irq->value = e + (5 + na) * 4;
		irq->len = ni * 4;
		if ((bdf << 8 & cell(mask)) == (cell(e) & cell(mask)) &&
		    (pin & cell(mask + 12)) == (cell(e + 12) & cell(mask + 12)))
			return true;
	}
	return false;
}

/* Is the last part of a path the name of this node? */
static bool leads_to(const char *path, size_t n, int node)
{
	const char *name = name_of(node);
	size_t len = uk_strlen(name);

	return n > len && path[n - len - 1] == '/' && !memcmp(path + n - len, name, len);
}

/* The node at a path from the root, in which names may do without their addresses; -1: there is none. */
static int at_path(const char *path, size_t n)
{
	int node = 0, depth = 0;

	for (int level = 1; n; level++) {
		const char *name = path + 1, *slash = uk_memchr(name, '/', n - 1), *own;
		size_t len = slash ? (size_t)(slash - name) : n - 1;

		do {
			node = next_node(node, &depth);
			if (node < 0 || depth < level)
				return -1;
			own = name_of(node);
		} while (depth > level || uk_strncmp(own, name, len) ||
			 (own[len] && own[len] != '@'));
		path += 1 + len;
		n -= 1 + len;
	}
	return node;
}

/* What the firmware's console is called: a path, or an alias for one (§3.3), in front of how it is set up. */
static const char *console_path(size_t *n)
{
	const char *path = (const char *)chosen[STDOUT].value, *setup;
	devtree_name alias = { 0 };
	struct devtree_prop p;
	int node;

	*n = path ? uk_strnlen(path, chosen[STDOUT].len) : 0;
	setup = *n ? uk_memchr(path, ':', *n) : NULL;
	if (setup)
		*n = (size_t)(setup - path);
	if (!*n || *path == '/')
		return path;
	node = at_path("/aliases", 8);
	if (node < 0 || *n >= sizeof(alias)) {
		*n = 0;
		return path;
	}
	memcpy(alias, path, *n);
	devtree_props(node, &alias, &p, 1);
	path = (const char *)p.value;
	*n = p.len && *path == '/' ? uk_strnlen(path, p.len) : 0;
	return path;
}

int devtree_console(const char *compatible)
{
	size_t n;
	const char *path = console_path(&n);
	int first = -1, node;

	for (unsigned i = 0; i < found.nports; i++) {
		node = found.ports[i].node;
		if (!is_compatible(node, compatible))
			continue;
		if (leads_to(path, n, node))
			return node;
		if (first < 0)
			first = node;
	}
	node = n ? at_path(path, n) : -1;
	return node >= 0 && is_compatible(node, compatible) ? node : first;
}

size_t devtree_seed(uint8_t *buf, size_t n)
{
	static uint32_t used;
	const struct devtree_prop *seed = &chosen[SEED];

	if (used >= seed->len)
		return 0;
	n = UK_MIN(n, (size_t)(seed->len - used));
	memcpy(buf, seed->value + used, n);
	used += (uint32_t)n;
	return n;
}
