/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A boot loader for tests: QEMU starts it by PVH, with the image to test as its module. It loads
 * that ELF file and enters it by the protocol that the first word of the command line names; what
 * follows the word is the image's own command line. `linux64` is a protocol that QEMU does not
 * speak for ELF files; the others exist to be spoken wrongly: `pvh:version`, say, is PVH with a
 * corrupt version. `pvh:fuzz17` damages some bytes at random, the same ones for every 17;
 * `pvh:acpi17` those of an ACPI table.
 *
 * Memory of the image that the file does not cover is filled with rubbish before a linux64 entry,
 * as loaders of Linux leave it alone. Runs at 32 MiB, 32-bit, without paging.
 */
#include <stdint.h>

struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};

struct module {
	uint64_t paddr, size, cmdline, reserved;
};

struct memmap_entry {
	uint64_t addr, size;
	uint32_t type, reserved;
};

struct phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

#define PT_LOAD 1

/* What is built for the image; all of it in our own memory, above the image. */
static struct start_info si;
static struct module mod;
static struct memmap_entry map[64];
static uint8_t zero_page[4096] __attribute__((aligned(4096)));
static uint64_t tables[3][512] __attribute__((aligned(4096)));
static uint32_t mbi[1024] __attribute__((aligned(8)));
static uint8_t rsdp[64];

void enter32(uint32_t entry, uint32_t eax, uint32_t ebx);
void enter64(uint32_t entry, uint32_t rsi, uint32_t root);

static void copy(void *to, const void *from, uint32_t n)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
}

static void fill(void *to, int c, uint32_t n)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* ---- damage ---- */

static uint32_t seed; /* 0: none wanted */

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static void damage(void *where, uint32_t n)
{
	static const uint8_t favourites[] = { 0, 1, 0x7f, 0x80, 0xff };
	uint8_t *p = where;

	for (uint32_t i = 1 + rnd() % 3; i--;) {
		uint32_t r = rnd();

		p[r % n] = r & 1 << 20 ? favourites[(r >> 24) % 5] : (uint8_t)(r >> 24);
	}
}

/* fault = "fuzz17" and what = "fuzz": 1, and the seed is set. */
static int wants(const char *fault, const char *what)
{
	while (*what && *fault == *what)
		fault++, what++;
	if (*what || *fault < '0' || *fault > '9')
		return 0;
	for (seed = 0; *fault >= '0' && *fault <= '9'; fault++)
		seed = seed * 10 + (uint32_t)(*fault - '0');
	seed = (seed + 1) * 2654435761U | 1;
	for (int i = 0; i < 8; i++)
		rnd();
	return 1;
}

static void fix_sum(uint8_t *p, uint32_t n, uint32_t at)
{
	uint8_t s = 0;

	for (uint32_t i = 0; i < n; i++)
		s += p[i];
	p[at] = (uint8_t)(p[at] - s);
}

/* One of the root table's tables, or that itself; every other time with its checksum set right. */
static void damage_acpi(uint8_t *root_pointer)
{
	uint8_t *root = *(uint8_t **)(root_pointer + 16);
	uint32_t n = *(uint32_t *)(root + 4) / 4 - 9, which = rnd() % (n + 2);
	uint8_t *table = which < n ? *(uint8_t **)(root + 36 + 4 * which) : root;
	uint32_t size = *(uint32_t *)(table + 4);

	if (which < n && *(uint32_t *)table == 0x50434146 /* FACP */ &&
	    rnd() & 1) /* its byte code */
		table = *(uint8_t **)(table + 40), size = *(uint32_t *)(table + 4);
	damage(table + 4, size - 4 < 512 ? size - 4 : 512);
	if (rnd() & 1 && *(uint32_t *)(table + 4) == size)
		fix_sum(table, size, 9);
}

static uint32_t image_end;

static uint32_t load(const uint8_t *elf, int rubbish)
{
	const struct phdr *p = (const void *)(elf + *(uint32_t *)(elf + 32));
	uint16_t n = *(uint16_t *)(elf + 56);

	for (; n--; p++) {
		uint8_t *to = (uint8_t *)(uint32_t)p->paddr;

		if (p->type != PT_LOAD)
			continue;
		copy(to, elf + (uint32_t)p->offset, (uint32_t)p->filesz);
		fill(to + (uint32_t)p->filesz, rubbish, (uint32_t)(p->memsz - p->filesz));
		image_end = (uint32_t)(p->paddr + p->memsz);
	}
	return *(uint32_t *)(elf + 24);
}

static void make_zero_page(const char *fault)
{
	uint8_t *e = zero_page + 0x2d0;

	*(uint32_t *)(zero_page + 0x202) = same(fault, "magic") ? 0x12345678 : 0x53726448;
	*(uint32_t *)(zero_page + 0x228) = (uint32_t)si.cmdline;
	copy(zero_page + 0x070, &si.rsdp, 8);
	zero_page[0x1e8] = same(fault, "entries") ? 255 : (uint8_t)si.memmap_entries;
	for (uint32_t i = 0; i < si.memmap_entries; i++, e += 20)
		copy(e, &map[i], 20);
	for (uint32_t i = 0; i < 512; i++)
		tables[2][i] = ((uint64_t)i << 21) | 0x83;
	if (wants(fault, "fuzz")) {
		static const uint16_t fields[][2] = { { 0x070, 8 }, { 0x1e8, 1 }, { 0x202, 4 },
						      { 0x206, 2 }, { 0x218, 8 }, { 0x228, 4 },
						      { 0x238, 4 }, { 0x0c0, 12 } };
		const uint16_t *f = fields[rnd() % 8];

		damage(zero_page + f[0], f[1]);
	}
	tables[1][0] = (uint32_t)tables[2] | 3;
	tables[0][0] = (uint32_t)tables[1] | 3;
}

static uint32_t make_multiboot1(const char *fault)
{
	uint32_t *m = mbi + 64;

	mbi[0] = same(fault, "map") ? 0x004 : 0x044;
	mbi[4] = (uint32_t)si.cmdline;
	if (same(fault, "module")) { /* ends before it starts */
		mbi[0] |= 8;
		mbi[5] = 1;
		mbi[6] = (uint32_t)&mbi[40];
		mbi[40] = 0x2000;
		mbi[41] = 0x1000;
	}
	mbi[12] = (uint32_t)m;
	for (uint32_t i = 0; i < si.memmap_entries; i++, m += 6) {
		m[0] = same(fault, "entry") ? 0 : 20;
		copy(m + 1, &map[i], 20);
	}
	mbi[11] = (uint32_t)m - mbi[12];
	if (wants(fault, "fuzz"))
		damage(mbi, 13 * 4);
	return 0x2badb002;
}

static uint32_t make_multiboot2(const char *fault)
{
	uint32_t n = si.memmap_entries * 24;

	mbi[2] = 6;
	mbi[3] = same(fault, "tag") ? 0x7fffffff : 16 + n;
	mbi[4] = same(fault, "entry") ? 3 : 24;
	copy(&mbi[6], map, n);
	mbi[6 + n / 4] = 0;
	mbi[7 + n / 4] = 8;
	mbi[0] = same(fault, "size") ? 0xffffffff : 32 + n;
	if (same(fault, "map"))
		mbi[2] = 0;
	if (wants(fault, "fuzz"))
		damage(mbi, 24);
	return 0x36d76289;
}

static void corrupt_pvh(const char *fault)
{
	if (same(fault, "magic"))
		si.magic++;
	if (same(fault, "version"))
		si.version = 0;
	if (same(fault, "entries"))
		si.memmap_entries = 0xffffffff;
	if (same(fault, "map"))
		si.memmap = 0xfffffffffffff000;
	if (same(fault, "cmdline"))
		si.cmdline = 0x7fffffff00000000;
	if (same(fault, "long"))
		fill((void *)(uint32_t)si.cmdline, ' ', 8192);
	if (same(fault, "initrd") || same(fault, "overlap")) {
		mod.paddr = same(fault, "initrd") ? 0xf0000000 : 0x101000;
		mod.size = 4096;
		si.nr_modules = 1;
		si.modlist = (uint32_t)&mod;
	}
	if (same(fault, "nomemory")) /* the map has no memory where the image lies */
		for (uint32_t i = 0; i < si.memmap_entries; i++)
			if (map[i].addr)
				map[i].type = 2;
	if (same(fault, "full")) /* memory as far as the image, and none besides */
		for (uint32_t i = 0; i < si.memmap_entries; i++) {
			if (map[i].addr == 0x100000)
				map[i].size = ((image_end + 0xfff) & ~0xfffu) - 0x100000;
			else
				map[i].type = 2;
		}
	if (same(fault, "rsdp")) {
		copy(rsdp, (void *)(uint32_t)si.rsdp, 36);
		rsdp[16]++;
		si.rsdp = (uint32_t)rsdp;
	}
	if (wants(fault, "fuzz"))
		damage(&si, sizeof(si));
	if (wants(fault, "acpi"))
		damage_acpi((uint8_t *)(uint32_t)si.rsdp);
}

void loader(const struct start_info *given)
{
	const struct module *m = (void *)(uint32_t)given->modlist;
	static char protocol[32];
	static char nothing[] = "";
	char *fault = nothing, *cmdline = (char *)(uint32_t)given->cmdline;
	uint32_t i, entry;

	for (i = 0; *cmdline && *cmdline != ' ' && i < sizeof(protocol) - 1; cmdline++)
		protocol[i++] = *cmdline;
	for (char *p = protocol; *p; p++)
		if (*p == ':') {
			*p = 0;
			fault = p + 1;
		}
	si = *given;
	si.nr_modules = 0;
	si.cmdline = (uint32_t)cmdline;
	copy(map, (void *)(uint32_t)given->memmap, given->memmap_entries * sizeof(map[0]));
	si.memmap = (uint32_t)map;

	entry = load((void *)(uint32_t)m->paddr, same(protocol, "linux64") ? 0xa5 : 0);
	if (same(protocol, "linux64")) {
		make_zero_page(fault);
		enter64(entry, (uint32_t)zero_page, (uint32_t)tables[0]);
	} else if (same(protocol, "multiboot1")) {
		enter32(entry, make_multiboot1(fault), (uint32_t)mbi);
	} else if (same(protocol, "multiboot2")) {
		enter32(entry, make_multiboot2(fault), (uint32_t)mbi);
	} else {
		corrupt_pvh(fault);
		enter32(entry, 0, (uint32_t)&si);
	}
}
