/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Early boot: the image's final place.
 *
 * Runs at the physical address, identity-mapped, before relocation: this file may use
 * nothing that contains an address (no tables of pointers, no static initialised pointers). It
 * chooses a random virtual base, maps the image there with the protection that each part needs, and
 * relocates it. Position within the 512 GiB of UK_VA_IMAGE: a 2 MiB slot (18 bits) and a page in
 * what the image leaves free of its slots (hello: about 8 bits, never less than the slots' 18).
 */
#include <uk/arch/cpu.h>
#include <uk/arch/io.h>
#include <uk/arch/paging.h>
#include <uk/canary.h>
#include <uk/config.h>
#include <uk/plat/mem.h>
#include <uk/print.h>
#include <uk/string.h>

#include "boot.h"
#include "image.h"
#include "relr.h"

#define SLOT     (2UL << 20)
#define SLOTS    (UK_VA_IMAGE_LEN / SLOT)
#define SLOTS_PD 512UL /* slots that one page directory serves */

#define DIRECT_SPAN  (512UL << 30)
#define DIRECT_SPANS 31
#define DIRECT_SLOTS (1UL << 17)

/*
 * From the linker script, physical addresses here. Hidden, so that no compiler looks them up in the
 * global offset table, which is not relocated yet.
 */
#pragma GCC visibility push(hidden)
extern char image_ro_zero[], image_ro_zero_end[], image_bss[], image_tables[];
extern const uint64_t image_relr[], image_relr_end[];

/* entry.S */
extern uint64_t boot_root_table[];
#pragma GCC visibility pop

uintptr_t image_offset UK_RO_AFTER_INIT_ZERO;

uintptr_t boot_early(uint32_t magic);

/* SplitMix64 (Steele, Lea, Flood 2014): turns any number into one whose bits all look random. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/*
 * Enough for a random base, not for keys; `v` is what there was before. Without rdseed and rdrand: the time since power-on in
 * cycles, and the wall clock's seconds and minutes where the machine has one.
 */
static uint64_t early_random(uint64_t v)
{
	uint64_t hw;

	v ^= x86_rdtsc();
	if (x86_random(&hw))
		return mix(v ^ hw);
#ifdef CMOS_INDEX
	for (uint8_t reg = 0; reg <= 2; reg += 2) {
		uk_outb(CMOS_INDEX, reg);
		v = mix(v + uk_inb(CMOS_DATA));
	}
#endif
	return mix(v ^ x86_rdtsc() << 32);
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

static void map(uintptr_t offset, char *start, char *end, unsigned prot)
{
	uintptr_t pa = here(start) & ~UK_PAGE_MASK;

#ifndef CONFIG_HARDEN_NX
	prot = UK_PROT_READ | UK_PROT_WRITE | UK_PROT_EXEC | UK_PROT_WX;
#endif
	if (uk_plat_map(offset + pa, pa, UK_ALIGN_UP(here(end), UK_PAGE_SIZE) - pa, prot))
		uk_fatal("the image is too large for its page tables");
}

UK_NO_STACK_PROTECTOR uintptr_t boot_early(uint32_t magic)
{
	uintptr_t image = here(uk_image_start);
	size_t span = UK_ALIGN_UP((size_t)(uk_image_end - uk_image_start), UK_PAGE_SIZE) +
		      BOOT_FIXED_PAGES * UK_PAGE_SIZE;
	size_t tables = (size_t)(boot_stack - image_tables);
	size_t slots = UK_DIV_ROUND_UP(span, SLOT);
	uint64_t r, slot, page;

	/* Loaders of Linux leave this to the kernel; the others do it. */
	if (magic == BOOT_MAGIC_LINUX64) {
		memset(image_ro_zero, 0, (size_t)(image_ro_zero_end - image_ro_zero));
		memset(image_bss, 0, (size_t)((char *)boot_root_table - image_bss));
		memset(image_tables, 0, tables);
	}
	x86_cpu_identify();
	r = early_random(0);
#ifdef CONFIG_HARDEN_STACK_PROTECTOR
	uk_canary_set(r);
#endif
#ifdef CONFIG_HARDEN_ASLR
	r = early_random(r); /* of its own: addresses leak, and should tell nothing of the canary */
#else
	r = 0;
#endif
	BOOT_PT(init)
	((uint64_t *)here(boot_root_table), here(image_tables), (unsigned)(tables / UK_PAGE_SIZE),
	 x86_rdmsr(X86_MSR_EFER) & X86_EFER_NXE);
	slot = (r & 0xffffffff) * (SLOTS - slots) >> 32;
	if (slot % SLOTS_PD + slots > SLOTS_PD) /* would need two page directories */
		slot -= slots;
	page = (r >> 32) * ((slots * SLOT - span) / UK_PAGE_SIZE + 1) >> 32;
	image_offset = UK_VA_IMAGE + slot * SLOT + page * UK_PAGE_SIZE - image;
	/*
	 * In the lower half of 512 GiB, so that memory of less than 256 GiB needs one page
	 * directory pointer table.
	 */
	r = mix(r);
	uk_plat_direct_base =
		UK_VA_DIRECT + r % DIRECT_SPANS * DIRECT_SPAN + (r >> 32) % DIRECT_SLOTS * SLOT;

	relr_relocate(image_relr, image_relr_end, image, image_offset + image);
	map(image_offset, uk_image_start, image_rodata, UK_PROT_READ | UK_PROT_EXEC);
	map(image_offset, image_rodata, image_relro, UK_PROT_READ);
	map(image_offset, image_relro, boot_stack, UK_PROT_READ | UK_PROT_WRITE);
	map(image_offset + STACK_SHIFT, boot_stack, uk_image_end, UK_PROT_READ | UK_PROT_WRITE);
	BOOT_PT(moved)(image_offset);
	return image_offset;
}
