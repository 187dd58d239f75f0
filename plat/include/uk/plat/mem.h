/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address space: who lies where, and how frames get an address.
 *
 * Page tables are the platform's. It starts with a few frames of its own; ukpage then gives it a
 * source of more. Nothing here allocates otherwise, blocks, or may be called from an interrupt
 * handler.
 *
 * Address map, the same on all platforms of an architecture (each use has a slot of its own, so that a stray
 * pointer of one kind cannot reach another, and so that sanitizer shadow is at a constant offset). The figures are in
 * <uk/arch/vamap.h>, sizes here x86_64's:
 *
 *	0               4 MiB           never mapped: NULL and small offsets from it fault
 *	4 MiB           1 GiB           left to programs that are linked there
 *	UK_VA_AREAS     UK_VA_AREAS_END ukvmem's window: mmap, heap, stacks; holds 0xc000000000
 *	UK_VA_DIRECT    + 16 TiB        direct map of frames (random start inside)
 *	UK_VA_IMAGE     + 512 GiB       the image (random start inside)
 *	UK_VA_SHADOW    + 16 TiB        sanitizer shadow: UK_VA_SHADOW + va / 8
 *
 * On linuxu the host decides where the image is; the rest holds.
 */
#ifndef UK_PLAT_MEM_H
#define UK_PLAT_MEM_H

#include <uk/api.h>
#include <uk/arch/vamap.h>
#include <uk/config.h>
#include <uk/essentials.h>

#define UK_PAGE_SHIFT 12
#define UK_PAGE_SIZE  (1UL << UK_PAGE_SHIFT)
#define UK_PAGE_MASK  (UK_PAGE_SIZE - 1)

/* Protection; the values of Linux's PROT_*. Writable and executable together is refused. */
#define UK_PROT_NONE   0U
#define UK_PROT_READ   1U
#define UK_PROT_WRITE  2U
#define UK_PROT_EXEC   4U
#define UK_PROT_WX     0x100U /* with WRITE | EXEC: yes, really both */
#define UK_PROT_DEVICE 0x200U /* device registers: not cached, not speculated into */
#define UK_PROT_PADS   0x400U /* the image's code: jumps to what is no landing pad fault, where CPU and compiler have those */

/*
 * Where page tables get their frames from: one frame, zeroed, in the direct map; 0 if none is left.
 */
struct uk_plat_frames {
	uk_paddr_t (*alloc)(void);
	void (*free)(uk_paddr_t frame);
};

/*
 * The page tables of one more address space, whose owner keeps this. What lies below UK_VA_AREAS_END is
 * its own; all above (direct map, image, stacks, shadow) is the same in all.
 */
struct uk_plat_space {
	uk_paddr_t root;
	struct uk_plat_space *next; /* the platform's */
};

UK_API_BEGIN

/* Set once, by ukpage, before the first uk_plat_map(). The struct stays the caller's. */
void uk_plat_set_frames(const struct uk_plat_frames *source);

/*
 * Brings [pa, pa + len), whole pages of FREE memory, into the direct map: afterwards
 * uk_plat_phys_to_virt() of them may be used, readable and writable. Does not call the frame
 * source: missing page tables are made of the first frames of the range itself. Returns how many
 * frames that took (usually 0, at most 5 and 4 per GiB), or -ENOMEM if the range is too short for
 * them. Use large, 2 MiB-aligned pieces where there are any. The range may not have been brought in
 * before.
 */
int uk_plat_direct_map(uk_paddr_t pa, size_t len);

/*
 * A mapping, for reading, of memory that the loader or the firmware left, such as the initrd, and of
 * nothing beyond its pages. Takes page tables from the frame source. NULL if there is none left, or
 * `len` is 0. Ends with uk_plat_unmap_boot(), after which the frames of an initrd may go to the frame
 * allocator.
 */
void *uk_plat_map_boot(uk_paddr_t pa, size_t len);
void uk_plat_unmap_boot(const void *va, size_t len);

/*
 * Maps frames [pa, pa + len) at va with protection `prot`. Addresses and length are multiples of a
 * page. Pages that are mapped already are replaced (their frames stay the caller's business). Uses
 * large pages where address, frame and length allow. 0, -ENOMEM (then part of the range may be
 * mapped), -EACCES (writable and executable), -EINVAL.
 */
int uk_plat_map(uk_vaddr_t va, uk_paddr_t pa, size_t len, unsigned prot);

/* The same for a single page, which takes a fraction of the time where only one of many is new. */
int uk_plat_map_page(uk_vaddr_t va, uk_paddr_t pa, unsigned prot);

/*
 * Removes what is mapped in the range; holes are no error. Page tables that become empty go back to
 * the frame source. 0, -EINVAL, or -ENOMEM if a large page had to be split.
 */
int uk_plat_unmap(uk_vaddr_t va, size_t len);

/*
 * Changes the protection of what is mapped in the range; holes stay. 0, or errors as uk_plat_map().
 */
int uk_plat_protect(uk_vaddr_t va, size_t len, unsigned prot);

/*
 * Which frame lies at va, and with which protection (prot may be NULL)? 0, or -EFAULT if none does.
 * A page of UK_PROT_NONE counts as mapped: it keeps its frame. Any context.
 */
int uk_plat_lookup(uk_vaddr_t va, uk_paddr_t *pa, unsigned *prot);

/*
 * A whole stretch at a time: how many of the `max` bytes (whole pages) from va on are alike, that
 * is, either nothing is mapped there (*pa = 0), or frames that adjoin are (*pa: the first). At
 * least a page; what follows may still be of the same kind. Any context.
 */
size_t uk_plat_lookup_run(uk_vaddr_t va, size_t max, uk_paddr_t *pa);

/*
 * Memory on demand, where a host provides it (linuxu): pages that appear when they are touched, and
 * are no frames of ours. uk_plat_lookup() says frame 0 for them, uk_plat_lookup_run() that nothing
 * is mapped; uk_plat_protect() and uk_plat_unmap() know them.
 *
 * Where uk_plat_demand is false the functions are not there (-ENOSYS): faults reach
 * uk_page_fault_hook() of <uk/plat/trap.h> instead, which maps frames.
 */
extern const bool uk_plat_demand;

#ifdef CONFIG_WHOLE_STACKS
/*
 * True: a stack has to have all its memory from the start, since the hypervisor writes to it as well and cannot wait for
 * a page. Constant after boot.
 */
extern bool uk_plat_whole_stacks;
#endif

/* Zeroes on demand at [va, va + len), in place of what is mapped there. 0, -ENOMEM. */
int uk_plat_map_demand(uk_vaddr_t va, size_t len, unsigned prot);

/* Gives such pages back to the host: they are zero again. 0, -EINVAL. */
int uk_plat_discard(uk_vaddr_t va, size_t len);

/* Takes them from the host now, as for writing or for reading, which both are allowed. 0, -ENOMEM. */
int uk_plat_populate(uk_vaddr_t va, size_t len, bool write);

/* Has the page at va memory behind it? */
bool uk_plat_resident(uk_vaddr_t va);

/*
 * Moves whatever is mapped in [from, from + len) to `to`, where nothing is, with its protection;
 * pages on demand as well. 0, -ENOMEM (then all is as it was).
 */
int uk_plat_move(uk_vaddr_t from, uk_vaddr_t to, size_t len);

/*
 * With CONFIG_PLAT_SPACES. A space with nothing in it; all functions above act on the one that is
 * switched to (NULL: the first, which is there from the boot). 0, -ENOMEM, -ENOTSUP: this platform
 * has only one. Destroyed when everything in it is unmapped, and another is in use. The space is the
 * CPU's; whoever calls keeps others from using page tables meanwhile.
 */
int uk_plat_space_create(struct uk_plat_space *s);
void uk_plat_space_destroy(struct uk_plat_space *s);
void uk_plat_space_switch(const struct uk_plat_space *s);

/*
 * Boot is over: what is read-only after initialisation becomes so (UK_RO_AFTER_INIT, tables of pointers,
 * parameters). Called once, before main().
 */
void uk_plat_seal(void);

/*
 * What the platform itself has mapped, for listings: the parts of the image, the boot's stack, devices.
 * The i-th, from 0 on, by address; false: there are no more. Any context.
 */
struct uk_plat_mapping {
	uk_vaddr_t start, end; /* whole pages; empty: the i-th is not mapped here */
	unsigned prot;         /* UK_PROT_* */
	bool stack;            /* of the boot and main(), of trap handlers */
	const char *name;      /* lives for ever */
};
bool uk_plat_mapping(unsigned i, struct uk_plat_mapping *m);

/*
 * The stack that the image starts on: from *low to *high. True: a host lets it grow that far as it is
 * used. False: it is all there, for the boot, and main() wants another if it can have one.
 */
bool uk_plat_stack(uk_vaddr_t *low, uk_vaddr_t *high);

/* Distance from a frame to its place in the direct map; constant after boot. Use the functions. */
extern uintptr_t uk_plat_direct_base;

UK_API_END

/* The kernel's address of a frame that uk_plat_direct_map() brought in. Any context. */
static inline void *uk_plat_phys_to_virt(uk_paddr_t pa)
{
	return (void *)(uk_plat_direct_base + pa);
}

/* At most so many frames uk_plat_direct_map() takes for tables of npages frames, at one stretch. */
static inline size_t uk_plat_direct_tables(size_t npages)
{
#ifdef CONFIG_PLAT_PARAVIRT
	return 8 + (npages >> 9); /* one that has no large pages */
#else
	return 5 + 4 * (npages >> 18);
#endif
}

/* The inverse, for addresses in the direct map only (see uk_plat_lookup()). Any context. */
static inline uk_paddr_t uk_plat_virt_to_phys(const void *va)
{
	return (uintptr_t)va - uk_plat_direct_base;
}

#endif
