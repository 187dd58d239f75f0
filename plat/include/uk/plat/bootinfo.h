/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a platform learned from its loader, in one form for all boot protocols, and the function to
 * which it hands it.
 *
 * When uk_boot() is entered: the image runs at its final (random) address with its final
 * protection, on the boot stack; page 0 and everything else the image does not own is unmapped;
 * traps are reported; interrupts are masked by software and open in hardware; the console works.
 */
#ifndef UK_PLAT_BOOTINFO_H
#define UK_PLAT_BOOTINFO_H

#include <uk/api.h>
#include <uk/essentials.h>

#define UK_BOOT_REGIONS 64

enum uk_mem_type {
	UK_MEM_FREE = 1, /* nobody's: for the frame allocator */
	UK_MEM_IMAGE,    /* this program, its boot stack and first page tables */
	UK_MEM_INITRD,   /* free once it has been unpacked */
	UK_MEM_RESERVED, /* firmware's, devices', unknown */
	UK_MEM_ACPI,     /* ACPI tables */
};

struct uk_boot_region {
	uk_paddr_t start;
	uint64_t len;
	uint32_t type; /* enum uk_mem_type */
	uint32_t perm; /* UK_PROT_* of <uk/plat/mem.h> that the memory itself allows */
};

struct uk_bootinfo {
	const char *protocol; /* "pvh", "multiboot2", "linux64", "linuxu", ... */
	/* Ends in 0, lives for ever, may be written to. "" if the loader gave none. */
	char *cmdline;
	/* Platforms that get separate words have them here, and an empty command line. */
	int argc;
	char **argv;
	/* Initial file system image; map it with uk_plat_map_boot(). Length 0: none. */
	uk_paddr_t initrd;
	uint64_t initrd_len;
	uk_paddr_t devtree;   /* 0: none */
	uk_paddr_t acpi_rsdp; /* 0: not told */
	/* Where the image lies, boot stack included. */
	uk_paddr_t image;
	uint64_t image_len;
	/*
	 * Sorted by address; they do not overlap. FREE ones are whole pages, and without page 0.
	 * Memory that is in no region has nothing in it.
	 */
	unsigned nregions;
	struct uk_boot_region regions[UK_BOOT_REGIONS];
};

UK_API_BEGIN

/* Implemented by lib/boot: from here to the application's main() and its exit. */
UK_NORETURN void uk_boot(struct uk_bootinfo *bi);

UK_API_END

#endif
