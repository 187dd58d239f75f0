/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Boot information: what all protocols say, each in its own words, is gathered here.
 *
 * Everything that the loader hands over is copied or noted; afterwards none of it is mapped any
 * more, and the memory it lay in is free. Addresses and lengths come from outside: they are checked
 * before they are used.
 */
#include <uk/arch/paging.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/string.h>

#include "boot.h"
#include "image.h"

#define MAPS_MAX 8
#define RAM_MAX  32

static struct {
	const void *va;
	size_t len;
} maps[MAPS_MAX];
static unsigned nmaps;

static struct {
	uint64_t start;
	uint64_t end;
} ram[RAM_MAX];
static unsigned nram;

const void *boot_map(uint64_t pa, uint64_t len, const char *what)
{
	const void *va = NULL;

	if (pa && pa < INFO_LIMIT && len <= INFO_LIMIT - pa && nmaps < MAPS_MAX)
		va = BOOT_MAP(pa, len);
	if (!va)
		uk_fatal("boot information is corrupt: %s at %#lx, %lu bytes", what,
			 (unsigned long)pa, (unsigned long)len);
	maps[nmaps].va = va;
	maps[nmaps++].len = len;
	return va;
}

void boot_cmdline(struct uk_bootinfo *bi, uint64_t pa)
{
	const char *s;
	size_t n;

	bi->cmdline = BOOT_CMDLINE;
	bi->cmdline[0] = 0;
	if (!pa)
		return;
	s = boot_map(pa, BOOT_CMDLINE_SIZE, "command line");
	n = uk_strnlen(s, BOOT_CMDLINE_SIZE);
	if (n == BOOT_CMDLINE_SIZE)
		uk_fatal("the kernel command line is longer than %lu bytes", BOOT_CMDLINE_SIZE - 1);
	memcpy(bi->cmdline, s, n);
	bi->cmdline[n] = 0;
}

void boot_initrd(struct uk_bootinfo *bi, uint64_t pa, uint64_t len)
{
	bi->initrd = pa;
	bi->initrd_len = len;
}

static void add_region(struct uk_bootinfo *bi, uint64_t start, uint64_t end, uint32_t type)
{
	struct uk_boot_region *r = &bi->regions[bi->nregions];

	if (bi->nregions == UK_BOOT_REGIONS) {
		if (type == UK_MEM_FREE)
			return; /* memory that will not be used */
		uk_fatal("the memory map has more than %d entries", UK_BOOT_REGIONS);
	}
	bi->nregions++;
	r->start = start;
	r->len = end - start;
	r->type = type;
	r->perm = UK_PROT_READ | (type == UK_MEM_ACPI ? 0 : UK_PROT_WRITE);
}

void boot_memory(struct uk_bootinfo *bi, uint64_t start, uint64_t len, uint32_t type)
{
	uint64_t end;

	if (start >= PADDR_LIMIT || !len)
		return;
	end = len > PADDR_LIMIT - start ? PADDR_LIMIT : start + len;
	if (type != E820_RAM) {
		add_region(bi, UK_ALIGN_DOWN(start, UK_PAGE_SIZE), UK_ALIGN_UP(end, UK_PAGE_SIZE),
			   type == E820_ACPI ? UK_MEM_ACPI : UK_MEM_RESERVED);
		return;
	}
	if (nram == RAM_MAX)
		return;
	ram[nram].start = start;
	ram[nram++].end = end;
}

/* [start, end) is free as far as it does not lie in one of the regions from i on. */
static void add_free(struct uk_bootinfo *bi, unsigned i, uint64_t start, uint64_t end)
{
	unsigned n = bi->nregions; /* what is added below is no obstacle */

	for (; i < n && start < end; i++) {
		uint64_t s = bi->regions[i].start, e = s + bi->regions[i].len;

		if (e <= start || s >= end)
			continue;
		if (s > start)
			add_free(bi, i + 1, start, s);
		start = e;
	}
	if (start < end)
		add_region(bi, start, end, UK_MEM_FREE);
}

static bool in_ram(uint64_t start, uint64_t len)
{
	for (unsigned i = 0; i < nram; i++)
		if (start >= ram[i].start && start < ram[i].end && len <= ram[i].end - start)
			return true;
	return false;
}

static void sort(struct uk_bootinfo *bi)
{
	for (unsigned i = 1; i < bi->nregions; i++) {
		struct uk_boot_region r = bi->regions[i];
		unsigned j = i;

		for (; j && bi->regions[j - 1].start > r.start; j--)
			bi->regions[j] = bi->regions[j - 1];
		bi->regions[j] = r;
	}
}

void boot_memory_done(struct uk_bootinfo *bi)
{
	uint64_t initrd_end = bi->initrd + bi->initrd_len;

	bi->image = image_paddr(uk_image_start);
	bi->image_len = UK_ALIGN_UP((size_t)(uk_image_end - uk_image_start), UK_PAGE_SIZE);
	if (!in_ram(bi->image, bi->image_len))
		uk_fatal("memory too small: this image needs %lu KiB from %lu KiB on",
			 bi->image_len / 1024, bi->image / 1024);
	add_region(bi, bi->image, bi->image + bi->image_len, UK_MEM_IMAGE);
	if (bi->initrd_len) {
		if (!in_ram(bi->initrd, bi->initrd_len) ||
		    (bi->initrd < bi->image + bi->image_len && bi->image < initrd_end))
			uk_fatal("the initrd (%lu KiB at %#lx) does not lie in free memory: it may "
				 "be too small",
				 bi->initrd_len / 1024, bi->initrd);
		add_region(bi, UK_ALIGN_DOWN(bi->initrd, UK_PAGE_SIZE),
			   UK_ALIGN_UP(initrd_end, UK_PAGE_SIZE), UK_MEM_INITRD);
	}
#ifdef BOOT_KEEP
	if (in_ram(BOOT_KEEP, UK_PAGE_SIZE))
		add_region(bi, BOOT_KEEP, BOOT_KEEP + UK_PAGE_SIZE, UK_MEM_RESERVED);
#endif
	/* Page 0 is never handed out: a frame's address 0 means "none". */
	for (unsigned i = 0; i < nram; i++)
		add_free(bi, 0, UK_MAX(UK_ALIGN_UP(ram[i].start, UK_PAGE_SIZE), UK_PAGE_SIZE),
			 UK_ALIGN_DOWN(ram[i].end, UK_PAGE_SIZE));
	sort(bi);
	while (nmaps--)
		BOOT_UNMAP(maps[nmaps].va, maps[nmaps].len);
}
