/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Early boot: the image's final place.
 *
 * Runs at the physical address and before relocation: this file may use
 * nothing that contains an address (no tables of pointers, no static initialised pointers, nothing that other
 * libraries see). It chooses a random virtual base, maps the image there with the protection that each part needs, and
 * relocates it. The place is a 2 MiB slot and a page in what the image leaves free of its slots.
 */
#include <uk/arch/paging.h>
#include <uk/config.h>
#include <uk/plat/mem.h>
#include <uk/print.h>
#include <uk/string.h>

#include "boot.h"
#include "image.h"
#include "relr.h"

#define SLOT     (2UL << 20)
#define SLOTS    (UK_VA_IMAGE_LEN / SLOT)
#define SLOTS_PD 512UL /* slots that one table of the second level serves */

#ifdef CONFIG_HARDEN_NX
#define RW (UK_PROT_READ | UK_PROT_WRITE)
#else
#define RW (UK_PROT_READ | UK_PROT_WRITE | UK_PROT_EXEC | UK_PROT_WX | UK_PROT_PADS)
#endif

struct rela {
	uint64_t offset, info, addend;
};

/* From the linker script, physical addresses here. */
#pragma GCC visibility push(hidden)
extern char image_tables[];
extern const struct rela image_rela[], image_rela_end[];
extern const uint64_t image_relr[], image_relr_end[];

/* entry.S */
extern uint64_t boot_root_table[];
#pragma GCC visibility pop

uintptr_t image_offset UK_RO_AFTER_INIT_ZERO;
uint64_t boot_random[BOOT_RANDOMS];
uint64_t boot_secret;

uintptr_t boot_early(uk_paddr_t tree);

/* SplitMix64 (Steele, Lea, Flood 2014): turns any number into one whose bits all look random. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/*
 * Where an object is now. To the compiler its address is a constant, which it may compute again
 * later instead of keeping what we stored; but by then we have moved.
 */
static inline uintptr_t here(const void *p)
{
	__asm__ volatile("" : "+r"(p));
	return (uintptr_t)p;
}

static void relocate(uintptr_t load, uintptr_t target)
{
	const struct rela *r = image_rela, *end = image_rela_end;

#ifdef UK_LINKER_PACKS
	relr_relocate(image_relr, image_relr_end, load, target);
#endif
	if (r == end)
		return;
	do
		if (UK_LIKELY(r->info == BOOT_RELATIVE))
			*(uint64_t *)(load + r->offset) = target + r->addend;
	while (++r < end);
}

static void map(uintptr_t offset, char *start, char *end, unsigned prot)
{
	uintptr_t pa = here(start) & ~UK_PAGE_MASK;

	if (BOOT_PT(map)(offset + pa, pa, UK_ALIGN_UP(here(end), UK_PAGE_SIZE) - pa, prot))
		uk_fatal("the image is too large for its page tables");
}

UK_NO_STACK_PROTECTOR uintptr_t boot_early(uk_paddr_t tree)
{
	uintptr_t image = here(uk_image_start);
	size_t span = UK_ALIGN_UP((size_t)(uk_image_end - uk_image_start), UK_PAGE_SIZE) +
		      BOOT_FIXED_PAGES * UK_PAGE_SIZE;
	size_t tables = (size_t)(boot_stack - image_tables);
	size_t slots = UK_DIV_ROUND_UP(span, SLOT);
	uint64_t r = boot_seed(tree), slot, page; /* and now messages have a way out */

	for (unsigned i = 0; i < UK_ARRAY_SIZE(boot_random); i++)
		boot_random[i] = mix(r += boot_time() + 0x9e3779b97f4a7c15);
	boot_random[BOOT_RANDOM_CANARY] ^= boot_secret;
#ifdef CONFIG_HARDEN_ASLR
	r = mix(r + 0x9e3779b97f4a7c15);
#else
	r = 0;
	boot_random[BOOT_RANDOM_DIRECT] = 0;
#endif
	BOOT_PT(init)
	((uint64_t *)here(boot_root_table), here(image_tables), (unsigned)(tables / UK_PAGE_SIZE),
#ifdef CONFIG_HARDEN_NX
	 true);
#else
	 false);
#endif
	slot = (r & 0xffffffff) * (SLOTS - slots) >> 32;
	if (slot % SLOTS_PD + slots > SLOTS_PD) /* would need two tables */
		slot -= slots;
	page = (r >> 32) * ((slots * SLOT - span) / UK_PAGE_SIZE + 1) >> 32;
	image_offset = UK_VA_IMAGE + slot * SLOT + page * UK_PAGE_SIZE - image;

	relocate(image, image_offset + image);
#ifdef CONFIG_HARDEN_NX
	map(image_offset, uk_image_start, image_rodata, UK_PROT_READ | UK_PROT_EXEC | UK_PROT_PADS);
	map(image_offset, image_rodata, image_relro, UK_PROT_READ);
#else
	map(image_offset, uk_image_start, image_relro, RW);
#endif
	/*
	 * What uk_plat_seal() closes is no part of a large page: to divide one, arm64 would have to take it away for a moment, with
	 * tables and variables that this needs.
	 */
	if (span > SLOT) {
		map(image_offset, image_relro, image_data, RW);
		map(image_offset, image_data, boot_stack, RW);
	} else {
		map(image_offset, image_relro, boot_stack, RW);
	}
	map(image_offset + STACK_SHIFT, boot_stack, uk_image_end, UK_PROT_READ | UK_PROT_WRITE);
	BOOT_PT(moved)(image_offset);
	return image_offset;
}
