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
 * The tree stays where the loader left it, mapped for reading: behind the image, if it is no larger than usual.
 */
#include <libfdt.h>
#include <uk/arch/paging.h>
#include <uk/print.h>
#include <uk/string.h>

#include "boot.h"
#include "devtree.h"
#include "image.h"

#define TREE_MAX   (2U << 20) /* Linux's limit, too */
#define VERSION    17         /* the first that says how long the structure is */
#define RANGES_MAX 32         /* nodes that tell of memory, or of what is reserved of it */
#define PORTS_MAX  4
#define DEPTH_MAX  8 /* of nodes whose registers are asked for */

#define TOKEN(n) ((uint32_t)(n) << 24) /* as it lies in the tree, whose numbers are big-endian */

static struct {
	const uint8_t *at; /* NULL: there is none */
	uk_paddr_t pa;
	uint32_t size;        /* as far as it is used: loaders leave room behind it */
	uint32_t structure;   /* where the tokens begin */
	uint32_t strings;     /* where the names of properties are, ... */
	uint32_t strings_len; /* ... whose last byte is 0 */
} tree UK_RO_AFTER_INIT_ZERO;

#define WRONG_SIZE "the device tree is corrupt: `%s` is no number of cells"

/* What /chosen says (§3.6, and Linux's). */
enum { SEED, STDOUT, BOOTARGS, INITRD_START, INITRD_END, CHOSEN_N };
static const devtree_name chosen_names[CHOSEN_N] = {
	"rng-seed", "stdout-path", "bootargs", "linux,initrd-start", "linux,initrd-end",
};
static struct devtree_prop chosen[CHOSEN_N] UK_RO_AFTER_INIT_ZERO;

struct noted {
	int node, parent;
};

/* What the walk has found; 0, which is the root: nothing. */
static struct {
	int error;        /* libfdt's, of the header */
	uint32_t corrupt; /* a byte where something is that cannot be */
	int cpus;
	int chosen;
	struct noted pci;
	unsigned nranges, nports;
	struct noted ranges[RANGES_MAX], ports[PORTS_MAX];
} found UK_RO_AFTER_INIT_ZERO;

/* For what the compiler should keep as it is, and not make anew from something else. */
#define KEEP(x) __asm__("" : "+r"(x))

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

	KEEP(high);
	return !CPU_SWAPS_BYTES && UK_LIKELY(!*(const uint16_t *)p) ? high << 8 | b[3] : cell(p);
}

/* The same of one that is nearly always less than 256. */
static UK_ALWAYS_INLINE size_t tiny(const uint32_t *p)
{
	size_t v = *p;

	if (CPU_SWAPS_BYTES)
		return __builtin_bswap32((uint32_t)v);
	if (UK_LIKELY(!(v << 40)))
		return v >> 24;
	/* Or what is above would be done in a way that serves this as well, and worse. */
	KEEP(p);
	return cell(p);
}

/* From the property at p to the token behind it: there are its length, its name, its value. */
static UK_ALWAYS_INLINE size_t step_of_prop(const uint32_t *p)
{
	return (tiny(p + 1) + 3 + 12) & ~3UL;
}

static UK_ALWAYS_INLINE const uint32_t *skip_prop(const uint32_t *p)
{
	return (const uint32_t *)((uintptr_t)p + step_of_prop(p));
}

/* A number of one or two cells. */
static uint64_t number(const uint8_t *p, unsigned cells)
{
	return cells == 2 ? (uint64_t)cell(p) << 32 | cell(p + 4) : cell(p);
}

/* Is this node called so, be its address what it may? */
static UK_NOINLINE bool is_named(const char *name, const char *base)
{
	while (*base)
		if (*name++ != *base++)
			return false;
	return !*name || *name == '@';
}

/* A node of memory, or below the one of reserved memory. */
static void note_range(struct noted at)
{
	if (found.nranges < RANGES_MAX)
		found.ranges[found.nranges] = at;
	found.nranges++;
}

/* The first four letters of a name, as the cell in which they lie. */
#define FOUR(a, b, c, d)                                                                           \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/*
 * The node that begins here is of the first level, or of the second. Devices are at any of the two: the first bus of PCI devices,
 * and ports, under the names that serial ports have (§2.2.2), or that QEMU and Xen give theirs. True: this is what memory is
 * reserved in.
 */
static UK_NOINLINE bool note(const char *node, struct noted at)
{
	const bool first = !at.parent;
	const char *name = node + FDT_TAGSIZE, *rest = name + 4;

	switch (*(const uint32_t *)name) {
	case FOUR('m', 'e', 'm', 'o'):
		if (first && is_named(rest, "ry"))
			note_range(at);
		break;
	case FOUR('c', 'h', 'o', 's'):
		if (first && is_named(rest, "en"))
			found.chosen = at.node;
		break;
	case FOUR('c', 'p', 'u', 's'):
		if (first && is_named(rest, ""))
			found.cpus = at.node;
		break;
	case FOUR('r', 'e', 's', 'e'):
		return first && is_named(rest, "rved-memory");
	case FOUR('s', 'e', 'r', 'i'):
		if (is_named(rest, "al"))
			goto port;
		break;
	case FOUR('s', 'b', 's', 'a'):
		if (is_named(rest, "-uart"))
			goto port;
		break;
	case FOUR('u', 'a', 'r', 't'):
		if (is_named(rest, ""))
			goto port;
		break;
	case FOUR('p', 'l', '0', '1'):
		if (is_named(rest, "1"))
			goto port;
		break;
	case FOUR('p', 'c', 'i', 0):
	case FOUR('p', 'c', 'i', '@'):
		rest--;
		/* Fall through. */
	case FOUR('p', 'c', 'i', 'e'):
		if (!found.pci.node && is_named(rest, ""))
			found.pci = at;
		break;
	}
	return false;
port:
	if (found.nports < PORTS_MAX)
		found.ports[found.nports++] = at;
	return false;
}

#if CPU_SWAPS_BYTES
/* Two cells at once: such a CPU may read them where a cell begins. */
typedef uint64_t __attribute__((__may_alias__, __aligned__(4))) cells;
#else
typedef uint32_t cells;
#endif

/* In each of some bytes its lowest bit, its highest. */
#define ONES ((size_t)((cells)-1 / 0xff))
#define TOPS (ONES << 7)

/*
 * The cell behind the name that begins at p: behind the first that has a byte which is 0. (Where the first test says so
 * of a cell, it may have a byte beyond 0x80 instead, which is rare.)
 */
static UK_ALWAYS_INLINE const uint32_t *skip_name(const uint32_t *p, size_t ones, size_t tops)
{
	size_t v, zeros;

	do {
		do {
			v = *(const cells *)p;
			p += sizeof(cells) / sizeof(*p);
			KEEP(v); /* as wide as a register: the compiler would take less, and then make it so */
			zeros = (v - ones) & tops;
		} while (!CPU_SWAPS_BYTES && UK_LIKELY(!zeros));
		zeros &= ~v;
	} while (!zeros);
	KEEP(p);
	return p - (sizeof(cells) > sizeof(*p) && (uint32_t)zeros);
}

/* May the node that begins here be one that is noted? Of most the first letter of its name says that it is not. */
static UK_ALWAYS_INLINE bool may_count(const char *node, uint64_t letters)
{
	return letters >> (((const uint8_t *)node)[FDT_TAGSIZE] & 63) & 1;
}

#define LETTER(c) (1UL << ((c)&63))
#define LETTERS   (LETTER('c') | LETTER('m') | LETTER('p') | LETTER('r') | LETTER('s') | LETTER('u'))

/*
 * Where the walk is, in a tree whose last token is at `end`: a pointer, or, for a CPU that adds two registers in passing, how far it
 * is behind the end, a negative number.
 */
#if CPU_SWAPS_BYTES
typedef size_t place;

static UK_ALWAYS_INLINE place place_of(const void *p, const char *end)
{
	return (uintptr_t)p - (uintptr_t)end;
}

static UK_ALWAYS_INLINE const char *seen(place at, const char *end)
{
	return end + at;
}

static UK_ALWAYS_INLINE bool is_behind(place at, const char *end UK_UNUSED)
{
	return (int64_t)at >= 0;
}
#else
typedef const char *place;

static UK_ALWAYS_INLINE place place_of(const void *p, const char *end UK_UNUSED)
{
	return p;
}

static UK_ALWAYS_INLINE const char *seen(place at, const char *end UK_UNUSED)
{
	return at;
}

static UK_ALWAYS_INLINE bool is_behind(place at, const char *end)
{
	return at >= end;
}
#endif

/*
 * From a place before the end on to the first token that is of no property, or of one that goes to the end or beyond.
 *
 * With an instruction that swaps bytes the token and the length behind it are one number: 3 and the length of a property's value,
 * of which the way to the next token is made, as a negative number. Any other token makes no negative number, or one that is far
 * too large: so one look at the carry tells that, and that the end is reached. (But for the end of a node with a cell above
 * 0xfffffff4 behind it, which is no token, where the tree is corrupt and this may go on.)
 */
static UK_ALWAYS_INLINE place skip_props(const char *end, place at)
{
#if CPU_SWAPS_BYTES
	size_t way;

	do {
		way = __builtin_bswap64(*(const cells *)(end + at));
		way = (((uint64_t)FDT_PROP << 32) - 12 - way) & ~3UL;
	} while (__builtin_sub_overflow(at, way, &at));
	KEEP(at);
	return at + way;
#else
	uint32_t token = TOKEN(FDT_PROP);
	size_t step;

	KEEP(token);
	if (*(const uint32_t *)at == token) {
		do {
			step = step_of_prop((const uint32_t *)at);
			at += step;
			KEEP(at);
			if (UK_UNLIKELY(at >= end))
				return at - step;
		} while (*(const uint32_t *)at == token);
	}
	return at;
#endif
}

/* Does a node end here, and the next one beside it begin? So do most. */
static UK_ALWAYS_INLINE bool is_between(const char *p, uint32_t end_node)
{
	const uint64_t both = (uint64_t)TOKEN(FDT_BEGIN_NODE) << 32 | TOKEN(FDT_END_NODE);
	const uint32_t *token = (const uint32_t *)p;

	return sizeof(cells) == sizeof(both)
		       ? *(const cells *)p == both
		       : token[0] == end_node && token[1] == TOKEN(FDT_BEGIN_NODE);
}

/*
 * Through the tokens from `block` on up to `last`, which is FDT_END: so no name goes beyond it, and what is before it is followed
 * by a cell. Returns where something is that cannot be, NULL if all is well.
 */
static UK_NOINLINE const char *tokens(const char *block, const char *last)
{
	const place start = place_of(block, last), end = place_of(last, last);
	place at = start, parent = start, reserved = end;
	size_t ones = ONES, tops = TOPS, letters = LETTERS;
	uint32_t end_node = TOKEN(FDT_END_NODE);
	int depth = -1;

	KEEP(end_node);
	KEEP(ones);
	KEEP(tops);
	KEEP(letters);
	for (;;) {
		place node;

		if (UK_LIKELY(is_between(seen(at, last), end_node))) {
			at += FDT_TAGSIZE;
		} else {
			uint32_t token = *(const uint32_t *)seen(at, last);

			if (token == TOKEN(FDT_BEGIN_NODE)) {
				depth++;
			} else {
				size_t step = FDT_TAGSIZE;

				if (token == TOKEN(FDT_END_NODE))
					depth--;
				else if (token == TOKEN(FDT_PROP)) /* behind another, or too long */
					step = step_of_prop((const uint32_t *)seen(at, last));
				else if (token != TOKEN(FDT_NOP))
					break;
				at += step;
				if (is_behind(at, last) || depth < 0)
					break;
				continue;
			}
		}
		node = at;
		at = place_of(skip_name((const uint32_t *)seen(at, last) + 1, ones, tops), last);
		if (depth == 1) {
			parent = node;
			if (may_count(seen(node, last), letters) &&
			    note(seen(node, last), (struct noted){ (int)(node - start), 0 }))
				reserved = node;
		} else if (depth == 2) {
			struct noted noted = { (int)(node - start), (int)(parent - start) };

			if (parent == reserved)
				note_range(noted);
			else if (may_count(seen(node, last), letters))
				note(seen(node, last), noted);
		} else if (!depth && node != start) {
			break; /* there is one root */
		}
		if (UK_UNLIKELY(is_behind(at, last)))
			break;
		at = skip_props(last, at);
	}
	return at == end && depth == -1 ? NULL : seen(at, last);
}

/* Nodes, in a tree whose header is in order. */
static void scan(void)
{
	const struct fdt_header *h = (const void *)tree.at;
	uint32_t size = cell(&h->size_dt_struct);
	const uint32_t *block, *end;
	const char *bad;

	tree.structure = cell(&h->off_dt_struct);
	tree.strings = cell(&h->off_dt_strings);
	tree.strings_len = cell(&h->size_dt_strings);
	/* In this order (§5.1), or all of it. */
	if (cell(&h->off_mem_rsvmap) < UK_MIN(tree.structure, tree.strings))
		tree.size = UK_MAX(tree.structure + size, tree.strings + tree.strings_len);
	block = (const void *)(tree.at + tree.structure);
	end = block + size / 4;
	if ((tree.structure & 3) || block + 1 >= end || *block != TOKEN(FDT_BEGIN_NODE))
		found.corrupt = tree.structure;
	else if (end[-1] != TOKEN(FDT_END))
		found.corrupt = tree.structure + size;
	else if (!tree.strings_len || tree.at[tree.strings + tree.strings_len - 1])
		found.corrupt = tree.strings + tree.strings_len;
	if (found.corrupt)
		return;
	bad = tokens((const char *)block, (const char *)(end - 1));
	if (bad)
		found.corrupt = (uint32_t)UK_MIN((size_t)(bad - (const char *)tree.at), tree.size);
}

uint64_t devtree_scan(uk_paddr_t pa)
{
	uint64_t v = 0;

	if (!pa || (pa & 7) || pa >= INFO_LIMIT - TREE_MAX)
		return 0;
	tree.at = (const void *)pa;
	found.error = -fdt_check_header(tree.at);
	if (!found.error && fdt_version(tree.at) < VERSION)
		found.error = FDT_ERR_BADVERSION;
	if (found.error)
		return 0;
	tree.size = fdt_totalsize(tree.at);
	if (tree.size > TREE_MAX)
		return 0;
	scan();
	if (found.corrupt || !found.chosen)
		return 0;
	devtree_props(found.chosen, chosen_names, chosen, CHOSEN_N);
	if (chosen[SEED].len >= 8)
		boot_secret = number(chosen[SEED].value, 2);
	/* Addresses leak, and should tell little of it. */
	for (const uint8_t *s = chosen[SEED].value, *to = s + chosen[SEED].len / 4 * 4; s < to;
	     s += 4)
		v = (v ^ *(const uint32_t *)s) * 0x100000001b3; /* FNV-1a, by cells */
	return v;
}

const void *devtree(void)
{
	return tree.at;
}

int devtree_cpus(void)
{
	return found.cpus ? found.cpus : -1;
}

/* Is this name the one that is read here, before `end`? A CPU that can compares eight letters at once. */
static UK_ALWAYS_INLINE bool is_same(const uint8_t *name, const uint8_t *s, const uint8_t *end)
{
#if CPU_SWAPS_BYTES
	for (; (size_t)(end - s) >= sizeof(cells); name += sizeof(cells), s += sizeof(cells)) {
		uint64_t want = *(const cells *)name, differ = want ^ *(const cells *)s,
			 last = (want - ONES) & ~want & TOPS;

		if (last)
			return !(differ & (last ^ (last - 1))); /* up to the end of the name */
		if (differ)
			return false;
	}
#endif
	for (;; name += 2, s += 2) {
		if (name[0] != s[0] || !name[0])
			return name[0] == s[0];
		if (name[1] != s[1] || !name[1])
			return name[1] == s[1];
	}
}

static inline const char *name_of(int node)
{
	return (const char *)tree.at + tree.structure + node + FDT_TAGSIZE;
}

void devtree_props(int node, const devtree_name *names, struct devtree_prop *props, unsigned n)
{
	const uint32_t *p = skip_name((const void *)name_of(node), ONES, TOPS);
	const uint8_t *text = tree.at + tree.strings, *end = text + tree.strings_len;
	unsigned i = 0;

	do
		props[i] = (struct devtree_prop){ NULL, 0 };
	while (++i < n);
	for (;; p++) {
		for (; *p == TOKEN(FDT_PROP); p = skip_prop(p)) {
			const uint8_t *name = text + small(p + 2);
			uint8_t letter;

			if (name >= end)
				continue;
			/* Most differ in the first letter. */
			letter = *name;
			i = 0;
			do
				if (*(const uint8_t *)names[i] == letter &&
				    is_same((const uint8_t *)names[i], name, end)) {
					props[i].value = (const uint8_t *)(p + 3);
					props[i].len = (uint32_t)tiny(p + 1);
				}
			while (++i < n);
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
static bool add_ranges(struct uk_bootinfo *bi, const struct noted *at)
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
	if (p[0].len)
		uk_fatal(WRONG_SIZE, name_of(at->node));
	return ram;
}

/* Behind the image, where page tables are already, if there is room. */
static const uint8_t *map_tree(uk_paddr_t pa)
{
	const size_t room = (BOOT_FIXED_TREE_LAST - BOOT_FIXED_TREE + 1) * UK_PAGE_SIZE;
	size_t in_page = pa & UK_PAGE_MASK, len = UK_ALIGN_UP(in_page + tree.size, UK_PAGE_SIZE);
	uintptr_t va = boot_fixed(BOOT_FIXED_TREE);

	if (len > room)
		return uk_plat_map_boot(pa, tree.size);
	return uk_plat_map(va, pa - in_page, len, UK_PROT_READ) ? NULL
								: (const uint8_t *)va + in_page;
}

void devtree_open(uk_paddr_t pa)
{
	const uint8_t *seen = tree.at;

	tree.at = NULL; /* from here on it cannot be seen there */
	if (!seen)
		uk_fatal("the firmware told no device tree (its address is %#lx)", pa);
	if (found.error)
		uk_fatal("what lies at %#lx is no device tree, or a corrupt one (libfdt: error %d)",
			 pa, found.error);
	if (tree.size > TREE_MAX)
		uk_fatal("the device tree is corrupt: it says that it is %u bytes long", tree.size);
	if (found.corrupt)
		uk_fatal("the device tree is corrupt at byte %u", found.corrupt);
	if (found.nranges > RANGES_MAX)
		uk_fatal("the device tree has %u nodes of memory, and for %d there is room",
			 found.nranges, RANGES_MAX);
	tree.at = map_tree(pa);
	if (!tree.at)
		uk_fatal("no page table for the device tree at %#lx", pa);
	tree.pa = pa;
	for (unsigned i = 0; i < CHOSEN_N; i++)
		if (chosen[i].value)
			chosen[i].value += tree.at - seen;
}

/* An address in /chosen; false if it is not there. */
static bool address(unsigned i, uint64_t *v)
{
	const struct devtree_prop *p = &chosen[i];

	if (!p->value)
		return false;
	if (p->len != 4 && p->len != 8)
		uk_fatal(WRONG_SIZE, chosen_names[i]);
	*v = number(p->value, p->len / 4);
	return true;
}

static void read_memory(struct uk_bootinfo *bi)
{
	uint32_t reserved = fdt_off_mem_rsvmap(tree.at);
	bool any = false;

	for (unsigned i = 0; i < found.nranges; i++)
		any |= add_ranges(bi, &found.ranges[i]);
	if (!any)
		uk_fatal("the device tree has no node of memory");
	/* Two numbers each (§5.3); the header is in order, and so is where they begin. An entry of nothing is the last. */
	for (; reserved <= tree.size - 16; reserved += 16) {
		uint64_t len = number(tree.at + reserved + 8, 2);

		if (!len)
			break;
		boot_memory(bi, number(tree.at + reserved, 2), len, E820_RESERVED);
	}
	boot_memory(bi, tree.pa, tree.size, E820_RESERVED);
}

void devtree_boot(struct uk_bootinfo *bi)
{
	const struct devtree_prop *args = &chosen[BOOTARGS];
	uint64_t start, end;

	bi->devtree = tree.pa;
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
	const uint32_t *block = (const void *)(tree.at + tree.structure),
		       *p = skip_name((const void *)name_of(node), ONES, TOPS);

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
		node = tree.at ? next_node(UK_MAX(node, 0), &depth)
			       : -1; /* the root is no device */
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
		parent = fdt_node_offset_by_phandle(tree.at, cell(e + 16));
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
