/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory at the start: the window that is "physical" memory (mem.c has the rest), the initrd at its
 * end, and below it the stack of trap handlers: with nothing below that again.
 */
#define HOST_SETUP
#include <uk/param.h>
#include <uk/plat/mem.h>
#include <uk/plat/random.h>
#include <uk/print.h>
#include <uk/string.h>

#include "linuxu.h"

#define SLOT       (UK_VA_IMAGE - UK_VA_DIRECT) /* of the address map */
#define MEMORY_MIN 0x10000UL                    /* the first heap and what describes it */

UK_PARAM_UINT(linuxu, memory, (uint64_t)CONFIG_PLAT_LINUXU_MEMORY << 20, "bytes of memory");
UK_PARAM_STR(vfs, initrd, NULL, "file of the host with the initial file system (cpio)");

static void load_initrd(struct uk_bootinfo *bi, const char *path, uint64_t memory)
{
	int fd = host_open(path, HOST_O_RDONLY | HOST_O_CLOEXEC);
	int64_t size;
	long p;

	if (fd < 0)
		uk_fatal("vfs.initrd=%s: cannot open it (error %d)", path, -fd);
	size = host_lseek(fd, 0, HOST_SEEK_END);
	if (size < 0 || size > (int64_t)1 << 46)
		uk_fatal("vfs.initrd=%s: not a file that can be mapped", path);
	if (UK_ALIGN_UP((uint64_t)size, UK_PAGE_SIZE) + MEMORY_MIN > memory)
		uk_fatal("vfs.initrd=%s: its %lu bytes do not fit into the memory; it takes "
			 "linuxu.memory=%luK at least",
			 path, (unsigned long)size,
			 (UK_ALIGN_UP((unsigned long)size, UK_PAGE_SIZE) + MEMORY_MIN) >> 10);
	if (size) {
		bi->initrd_len = (uint64_t)size;
		bi->initrd = LINUXU_PHYS_START + memory - UK_ALIGN_UP((uint64_t)size, UK_PAGE_SIZE);
		p = host_mmap(uk_plat_phys_to_virt(bi->initrd), (size_t)size, HOST_PROT_READ,
			      HOST_MAP_PRIVATE | HOST_MAP_FIXED, fd, 0);
		if (p < 0)
			uk_fatal("vfs.initrd=%s: cannot map it (error %d)", path, (int)-p);
	}
	host_close(fd);
}

static void add_region(struct uk_bootinfo *bi, uk_paddr_t start, uint64_t len, uint32_t type)
{
	struct uk_boot_region *r = &bi->regions[bi->nregions++];

	r->start = start;
	r->len = len;
	r->type = type;
	r->perm = UK_PROT_READ | UK_PROT_WRITE;
}

/*
 * Where the window should be: anywhere in the slot that the address map has for it, at one of 2^23
 * places for the usual sizes, 2^15 in the map of 39 bits (random whatever the host does with its own mappings). It is only a
 * wish: the host takes another place if this one is not free.
 */
static long window_hint(uint64_t size)
{
	uint64_t places = (SLOT - UK_MIN(size, SLOT / 2)) / LINUXU_HUGE_PAGE;
	uint32_t r = 0;

#ifdef CONFIG_HARDEN_ASLR
	uk_plat_entropy(&r, sizeof(r));
#endif
	return (long)(UK_VA_DIRECT + r % places * LINUXU_HUGE_PAGE + LINUXU_PHYS_START -
		      LINUXU_TRAP_STACK);
}

/*
 * The window is elsewhere than in its slot. That is no harm if the slot is just full; but a host whose processes have fewer addresses
 * than the map cannot give any other part of it either.
 */
static void check_addresses(void)
{
	void *last = (void *)(UK_VA_STACKS_END - UK_PAGE_SIZE);
	long p = host_mmap(last, UK_PAGE_SIZE, HOST_PROT_NONE,
			   HOST_MAP_PRIVATE | HOST_MAP_ANONYMOUS | HOST_MAP_NORESERVE, -1, 0);

	if (p != (long)last)
		uk_fatal("the host's processes have too few addresses: the image wants those up to "
			 "%#lx",
			 UK_VA_STACKS_END);
	host_munmap(last, UK_PAGE_SIZE);
}

void linuxu_mem_init(struct uk_bootinfo *bi)
{
	const char *arg = linuxu_early_param(bi, "linuxu.memory");
	const char *initrd = linuxu_early_param(bi, "vfs.initrd");
	uint64_t memory = uk_param_linuxu_memory.u;
	uint64_t size;
	long p;

	/* It is read above already, but the parser has to know the word as well. */
	UK_TABLE_KEEP(uk_param_vfs_initrd);
	if (arg && uk_parse_u64(arg, &memory))
		uk_fatal("linuxu.memory=%s: not a size; an example: linuxu.memory=64M", arg);
	memory = UK_ALIGN_DOWN(memory, UK_PAGE_SIZE);
	if (memory < MEMORY_MIN)
		uk_fatal("linuxu.memory=%s: too small; it takes %lu KiB at least", arg,
			 MEMORY_MIN >> 10);
	size = LINUXU_TRAP_STACK + memory + LINUXU_HUGE_PAGE;
	p = window_hint(size);
	p = host_mmap((void *)p, size, HOST_PROT_READ | HOST_PROT_WRITE, LINUXU_MAP_FRESH, -1, 0);
	if (p < 0)
		uk_fatal("the host refuses %lu MiB of address space (error %d): raise its limit "
			 "(ulimit -v), or give a smaller linuxu.memory=",
			 (unsigned long)(memory >> 20), (int)-p);
	if ((uint64_t)p - UK_VA_DIRECT >= SLOT)
		check_addresses();
	linuxu_phys_size = memory;
	/* A frame that is aligned to a huge page shall lie at an address that is. */
	uk_plat_direct_base =
		UK_ALIGN_UP((uintptr_t)p + LINUXU_TRAP_STACK - LINUXU_PHYS_START, LINUXU_HUGE_PAGE);

	if (initrd)
		load_initrd(bi, initrd, memory);
	memory -= UK_ALIGN_UP(bi->initrd_len, UK_PAGE_SIZE);
	add_region(bi, LINUXU_PHYS_START, memory, UK_MEM_FREE);
	if (bi->initrd_len)
		add_region(bi, bi->initrd, linuxu_phys_size - memory, UK_MEM_INITRD);
}
