/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multiboot 1 and 2, GRUB's protocols (Multiboot Specification 0.6.96 §3.3, 2.0 §3.6).
 *
 * A memory map is what we insist on. The first module is the initrd.
 */
#include <uk/print.h>
#include <uk/string.h>

#include "boot.h"
#include "kvm.h"

#define INFO_MAX (1U << 20)

/* Multiboot 1: which fields are valid. */
#define MB1_CMDLINE 0x004
#define MB1_MODS    0x008
#define MB1_MMAP    0x040

struct mb1_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper;
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
};

struct mb1_module {
	uint32_t start, end;
	uint32_t string;
	uint32_t reserved;
};

struct UK_PACKED mb1_mmap {
	uint32_t size; /* of what follows */
	uint64_t addr;
	uint64_t len;
	uint32_t type;
};

static UK_COLD UK_NORETURN void corrupt(const char *what)
{
	uk_fatal("Multiboot information is corrupt: %s", what);
}

void boot_multiboot1(struct uk_bootinfo *bi, uint32_t info)
{
	const struct mb1_info *mb = boot_map(info, sizeof(*mb), "Multiboot information");
	const struct mb1_module *mod;
	const char *p, *end;

	bi->protocol = "multiboot";
	if (!(mb->flags & MB1_MMAP) || mb->mmap_length > INFO_MAX)
		corrupt("no memory map");
	boot_cmdline(bi, mb->flags & MB1_CMDLINE ? mb->cmdline : 0);
	if ((mb->flags & MB1_MODS) && mb->mods_count) {
		mod = boot_map(mb->mods_addr, sizeof(*mod), "Multiboot module list");
		if (mod->end < mod->start)
			corrupt("a module ends before it starts");
		boot_initrd(bi, mod->start, mod->end - mod->start);
	}
	p = boot_map(mb->mmap_addr, mb->mmap_length, "Multiboot memory map");
	end = p + mb->mmap_length;
	while ((size_t)(end - p) >= sizeof(struct mb1_mmap)) {
		const struct mb1_mmap *m = (const struct mb1_mmap *)p;

		if (m->size < sizeof(*m) - sizeof(m->size) || m->size > INFO_MAX)
			corrupt("size of an entry of the memory map");
		boot_memory(bi, m->addr, m->len, m->type);
		p += sizeof(m->size) + m->size;
	}
}

/* Multiboot 2: types of tags. */
enum { MB2_END, MB2_CMDLINE, MB2_MODULE = 3, MB2_MMAP = 6, MB2_RSDP1 = 14, MB2_RSDP2 = 15 };

struct mb2_tag {
	uint32_t type;
	uint32_t size; /* of all of it; the next one begins at the next multiple of 8 */
	uint32_t data[];
};

struct mb2_mmap {
	uint64_t addr;
	uint64_t len;
	uint32_t type;
	uint32_t reserved;
};

static void mb2_memory(struct uk_bootinfo *bi, const struct mb2_tag *t)
{
	uint32_t step = t->size >= 16 ? t->data[0] : 0;
	const char *p = (const char *)&t->data[2], *end = (const char *)t + t->size;

	if (step < sizeof(struct mb2_mmap) || step > INFO_MAX)
		corrupt("size of an entry of the memory map");
	for (; (size_t)(end - p) >= step; p += step) {
		const struct mb2_mmap *m = (const struct mb2_mmap *)p;

		boot_memory(bi, m->addr, m->len, m->type);
	}
}

void boot_multiboot2(struct uk_bootinfo *bi, uint32_t info)
{
	static uint32_t rsdp[16]; /* the tag holds a copy, in memory that is about to be free */
	const uint32_t *head = boot_map(info, 8, "Multiboot information");
	const char *p, *end;
	bool mmap = false;

	bi->protocol = "multiboot2";
	if (head[0] < 8 || head[0] > INFO_MAX)
		corrupt("its size");
	p = boot_map(info, head[0], "Multiboot information");
	end = p + head[0];
	boot_cmdline(bi, 0);
	for (p += 8; end - p >= 8;) {
		const struct mb2_tag *t = (const struct mb2_tag *)p;
		size_t data = t->size - sizeof(*t);

		if (t->size < sizeof(*t) || t->size > (size_t)(end - p))
			corrupt("size of a tag");
		if (t->type == MB2_END)
			break;
		if (t->type == MB2_CMDLINE && data) {
			boot_cmdline(bi,
				     info + (uint64_t)((const char *)t->data - (end - head[0])));
		} else if (t->type == MB2_MODULE && !bi->initrd_len && data >= 8 &&
			   t->data[1] >= t->data[0]) {
			boot_initrd(bi, t->data[0], t->data[1] - t->data[0]);
		} else if (t->type == MB2_MMAP) {
			mb2_memory(bi, t);
			mmap = true;
		} else if ((t->type == MB2_RSDP1 || t->type == MB2_RSDP2) && data <= sizeof(rsdp)) {
			memcpy(rsdp, t->data, data);
			bi->acpi_rsdp = image_paddr(rsdp);
		}
		p += UK_MIN(UK_ALIGN_UP((size_t)t->size, 8), (size_t)(end - p));
	}
	if (!mmap)
		corrupt("no memory map");
}
