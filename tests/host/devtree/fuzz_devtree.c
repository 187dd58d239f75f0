/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any device tree: what libFuzzer makes is its structure block, and what stands in for the other blocks is in order. The walk
 * ends, finds what a plain one finds (below), and with it every question has an answer that lies in the tree (ASan: it is a block
 * of just its size).
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "../../../plat/common/devtree.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

char boot_cmdline_room[BOOT_CMDLINE_SIZE];
uint64_t boot_secret;
char uk_image_end[1];

static jmp_buf fatal;

void uk_fatal(const char *fmt, ...)
{
	longjmp(fatal, 1);
}

void boot_memory(struct uk_bootinfo *bi, uint64_t start, uint64_t len, uint32_t type)
{
}

void boot_initrd(struct uk_bootinfo *bi, uint64_t pa, uint64_t len)
{
}

void boot_memory_done(struct uk_bootinfo *bi)
{
}

int uk_plat_map(uk_vaddr_t va, uk_paddr_t pa, size_t len, unsigned prot)
{
	return 0;
}

void *uk_plat_map_boot(uk_paddr_t pa, size_t len)
{
	return (void *)pa;
}

/* Names of properties as they are in trees: all that are asked for, at the places that the corpus has, and one that is longer than any. */
static const char names[] = "reg\0compatible\0device_type\0#address-cells\0#size-"
			    "cells\0ranges\0bus-range\0interrupt-map\0interrupt-map-mask\0"
			    "#interrupt-cells\0rng-seed\0stdout-path\0bootargs\0linux,initrd-"
			    "start\0linux,initrd-end\0interrupts\0phandle\0"
			    "linux,initrd-start-of-something-else\0serial0";

/* ---- the plain walk ---- */

static bool is_called(const char *name, const char *base)
{
	size_t n = strlen(base);

	return !strncmp(name, base, n) && (!name[n] || name[n] == '@');
}

static struct {
	int cpus, chosen;
	struct noted pci;
	unsigned nranges, nports;
	struct noted ranges[RANGES_MAX], ports[PORTS_MAX];
} plain;

static void plain_node(const char *name, int node, int depth, int parent, int *reserved)
{
	static const char *const ports[] = { "serial", "sbsa-uart", "uart", "pl011" };
	struct noted noted = { node, depth == 1 ? 0 : parent };
	bool range = depth == 1 && is_called(name, "memory");

	if (depth == 1 && is_called(name, "chosen"))
		plain.chosen = node;
	if (depth == 1 && is_called(name, "cpus"))
		plain.cpus = node;
	if (depth == 1 && is_called(name, "reserved-memory"))
		*reserved = node;
	if (depth == 2 && parent == *reserved)
		range = true;
	if (range) {
		if (plain.nranges < RANGES_MAX)
			plain.ranges[plain.nranges] = noted;
		plain.nranges++;
		return;
	}
	if ((is_called(name, "pci") || is_called(name, "pcie")) && !plain.pci.node)
		plain.pci = noted;
	for (size_t i = 0; i < UK_ARRAY_SIZE(ports); i++)
		if (is_called(name, ports[i]) && plain.nports < PORTS_MAX)
			plain.ports[plain.nports++] = noted;
}

/* There is a cell in the place of a token that the fast walk may take for something else, as it says. */
static bool unsure;

/* Is the block of `n` cells, the last of them FDT_END, in order, and the root first? */
static bool plain_walk(const uint32_t *block, size_t n)
{
	int depth = -1, parent = 0, reserved = -1;
	size_t i = 0;

	memset(&plain, 0, sizeof(plain));
	if (block[0] != __builtin_bswap32(FDT_BEGIN_NODE))
		return false;
	while (i < n - 1) {
		uint32_t token = __builtin_bswap32(block[i]);
		int node = (int)(4 * i++);

		if (token == FDT_END_NODE) {
			if (--depth < 0)
				return i == n - 1;
			unsure |= __builtin_bswap32(block[i]) > 0xfffffff4;
		} else if (token == FDT_BEGIN_NODE) {
			const char *name = (const char *)&block[i];

			i += strlen(name) / 4 + 1; /* FDT_END has bytes that are 0 */
			depth++;
			if (depth == 1)
				parent = node;
			if (depth == 1 || depth == 2)
				plain_node(name, node, depth, parent, &reserved);
		} else if (token == FDT_PROP) {
			i += 2 + ((uint64_t)__builtin_bswap32(block[i]) + 3) / 4;
			if (i > n - 1)
				return false;
		} else if (token != FDT_NOP) {
			return false;
		}
	}
	return false;
}

/* ---- questions ---- */

static uint64_t sum; /* of every byte that an answer has: ASan sees it read */

static void read_all(const uint8_t *p, size_t n)
{
	while (n--)
		sum += *p++;
}

static void ask(void)
{
	static const devtree_name some[] = { "reg", "ranges", "interrupt-map-mask",
					     "linux,initrd-start" };
	struct devtree_prop p[UK_ARRAY_SIZE(some)];
	struct devtree_window w;
	unsigned first, last;
	uint8_t seed[16];
	uk_paddr_t pa;
	size_t len;

	devtree_console("ns16550a");
	if (devtree_pci() >= 0) {
		devtree_window(found.pci.node, DEVTREE_MEMORY, &w);
		devtree_pci_buses(found.pci.node, &first, &last);
		if (devtree_pci_irq(found.pci.node, 8, 1, p))
			read_all(p->value, p->len);
	}
	for (int node = -1, depth = 0; (node = next_node(UK_MAX(node, 0), &depth)) >= 0;) {
		devtree_props(node, some, p, UK_ARRAY_SIZE(some));
		for (unsigned i = 0; i < UK_ARRAY_SIZE(some); i++)
			read_all(p[i].value, p[i].len);
		devtree_nth_reg(node, 1, &pa, &len);
		is_compatible(node, "virtio,mmio");
	}
	devtree_seed(seed, sizeof(seed));
}

static void check(bool right)
{
	if (!right)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cells = size / 4 + 1, block = sizeof(struct fdt_header) + 16;
	size_t total = block + 4 * cells + sizeof(names);
	uint32_t *head = malloc(total), *tokens = head + block / 4;
	static struct uk_bootinfo info;
	bool right;

	memset(head, 0, block);
	head[1] = __builtin_bswap32((uint32_t)total);
	head[2] = __builtin_bswap32((uint32_t)block);
	head[3] = __builtin_bswap32((uint32_t)(block + 4 * cells));
	head[4] = __builtin_bswap32(sizeof(struct fdt_header));
	head[5] = __builtin_bswap32(17);
	head[8] = __builtin_bswap32(sizeof(names));
	head[9] = __builtin_bswap32((uint32_t)(4 * cells));
	memcpy(tokens, data, 4 * (cells - 1));
	tokens[cells - 1] = __builtin_bswap32(FDT_END);
	memcpy(tokens + cells, names, sizeof(names));
	memset(&found, 0, sizeof(found));
	memset(&tree, 0, sizeof(tree));
	memset(chosen, 0, sizeof(chosen));

	unsure = false;
	right = cells > 1 && plain_walk(tokens, cells);
	devtree_scan((uk_paddr_t)head);
	check(!found.error && (!found.corrupt == right || unsure));
	if (right && !unsure) {
		check(found.cpus == plain.cpus && found.chosen == plain.chosen);
		check(found.nranges == plain.nranges && found.nports == plain.nports);
		check(!memcmp(&found.pci, &plain.pci, sizeof(plain.pci)));
		check(!memcmp(found.ranges, plain.ranges, sizeof(plain.ranges)));
		check(!memcmp(found.ports, plain.ports, sizeof(plain.ports)));
		ask();
		if (found.nranges <= RANGES_MAX &&
		    !setjmp(fatal)) /* devtree_open() looks at that */
			devtree_boot(&info);
	}
	free(head);
	return 0;
}
