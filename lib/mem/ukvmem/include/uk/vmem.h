/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtual memory: what mmap() and its family do, for the kernel and the application.
 *
 * An address space has one window for areas. An area is a range of pages with the same protection
 * and the same thing behind them; any page-aligned part of it can be unmapped, protected or moved,
 * and neighbours that agree merge. Placement starts at an address chosen at random for each boot.
 *
 * Mapping only reserves addresses. A page gets memory when it is first touched, by the application
 * or by the kernel, in any context and with any lock held but this library's and ukpage's own. Who
 * cannot have that populates (UK_VMEM_POPULATE, uk_vmem_populate()). When memory runs out at such
 * a touch, the image ends with a message and status 137: parameter vmem.overcommit=2 makes
 * mapping fail instead, once more is promised than there is.
 *
 * Where a host does all that (linuxu), memory without a file behind it is the host's.
 *
 * Nothing is writable and executable at a time unless CONFIG_LIBUKVMEM_WX allows it.
 *
 * Lengths are rounded up to whole pages; addresses must be page-aligned. Callable from threads,
 * preemption on or off, not from interrupt handlers. No function blocks, except that an object may
 * be released when the last area of it goes.
 */
#ifndef UK_VMEM_H
#define UK_VMEM_H

#include <uk/api.h>
#include <uk/essentials.h>
#include <uk/plat/mem.h>

/* Protection: the values of Linux's PROT_*. */
#define UK_VMEM_NONE  0U
#define UK_VMEM_READ  1U
#define UK_VMEM_WRITE 2U
#define UK_VMEM_EXEC  4U

/* Flags of uk_vmem_map() and uk_vmem_remap(). */
#define UK_VMEM_FIXED     0x001U /* exactly there, replacing what is there */
#define UK_VMEM_NOREPLACE 0x002U /* exactly there, or -EEXIST */
#define UK_VMEM_MAYMOVE   0x004U /* remap: somewhere else is fine */
#define UK_VMEM_POPULATE  0x008U /* with page frames at once, on linuxu as well, or -ENOMEM */
#define UK_VMEM_SHARED    0x010U /* writes go to the object; without: to copies of its pages */
#define UK_VMEM_READ_ONLY 0x020U /* may never become writable (-EACCES) */
#define UK_VMEM_NORESERVE 0x040U /* not counted by vmem.overcommit=2 */
#define UK_VMEM_LOCKED    0x100U /* as by uk_vmem_lock() */
#define UK_VMEM_HUGE      0x200U /* as by uk_vmem_advise_huge() */
#define UK_VMEM_DONTUNMAP 0x080U /* remap: the old range stays, empty */

/* Where a caller may ask to be placed: above the pages that catch null pointers, below the direct map. */
#define UK_VMEM_FIXED_START (4UL << 20)
#define UK_VMEM_FIXED_END   UK_VA_AREAS_END

/* What an area is for: said in listings and crash reports. */
enum uk_vmem_kind {
	UK_VMEM_ANON, /* memory of the application, or of the heap */
	UK_VMEM_FILE,
	UK_VMEM_STACK,
	UK_VMEM_DEVICE,   /* registers */
	UK_VMEM_RESERVED, /* addresses that nobody may touch, to be made accessible part by part */
	UK_VMEM_CODE,     /* the image's */
	UK_VMEM_DATA,     /* the image's; constants as well */
	UK_VMEM_HEAP,     /* frames in the direct map: the heap, page tables, pages of files */
};

/*
 * What can be behind an area instead of zeroes: something that has page frames, such as a file.
 * Embedded in its provider's own structure. Each area of it holds a reference.
 */
struct uk_vmem_object {
	const struct uk_vmem_object_ops *ops;
	uint32_t refs;               /* atomically; begin with one */
	uint32_t changes;            /* ukvmem's: counts calls of uk_vmem_object_zap() */
	struct uk_vmem_object *next; /* ukvmem's: waits to be released */
};

struct uk_vmem_object_ops {
	/*
	 * The frame of page `index` (in pages), with a reference for the caller. `how`: UK_PAGE_GET_* of
	 * <uk/page.h>. 0, -ENOMEM (memory may help), or any other error for a page that cannot be had:
	 * SIGBUS. Called by page faults in whatever context those were, so it never sleeps, and touches
	 * nothing that may be missing.
	 */
	int (*get)(struct uk_vmem_object *obj, uint64_t index, unsigned how, uk_paddr_t *frame);
	/*
	 * What was written through shared mappings to the n pages from `first` on goes where the object
	 * is kept. Thread context; may block. NULL: it is kept in memory.
	 */
	int (*sync)(struct uk_vmem_object *obj, uint64_t first, uint64_t n);
	/* The last reference is gone. Thread context; may block. */
	void (*release)(struct uk_vmem_object *obj);
};

/* For uk_vmem_map(): all zero is anonymous memory. */
struct uk_vmem_backing {
	enum uk_vmem_kind kind;
	const char *name;           /* must live for ever, or NULL */
	struct uk_vmem_object *obj; /* each area takes references of its own; NULL: zeroes */
	uint64_t offset;            /* bytes into the object, a multiple of a page */
};

struct uk_vmem_area {
	uk_vaddr_t start;
	uk_vaddr_t end;
	unsigned prot;
	enum uk_vmem_kind kind;
	bool shared;
	bool locked;
	bool given;       /* no area of somebody's: the platform has it, wherever that may be */
	const char *name; /* or NULL */
	const struct uk_vmem_object *obj;
	uint64_t offset;
};

struct uk_vmem_stats {
	size_t mapped;    /* bytes of address space in areas of the current space */
	size_t populated; /* bytes of frames behind areas of all; what a host provides is not known */
	size_t areas;     /* in the current space */
};

struct uk_vmem_space;

UK_API_BEGIN

/*
 * Address spaces (CONFIG_LIBUKVMEM_SPACES). There is one from the start. All functions below act on
 * the current one, as a process's calls do on its own; objects may be mapped in several.
 *
 * A new space has nothing in the window of areas. The kernel's part (image, heap, stacks, frames) is
 * the same in all, so whoever switches goes on running, on its stack. The current space is the
 * CPU's: until processes bring one each, and the scheduler's switch loads it, whoever switches
 * takes all threads along, or keeps preemption off until it is back.
 *
 * create: an error in the pointer, -ENOMEM, or -ENOTSUP (linuxu: a process of the host has one).
 */
struct uk_vmem_space *uk_vmem_space_create(void);

/*
 * Unmaps everything in it and gives back its page tables. 0, or -EBUSY: it is a CPU's current one, or
 * the first. Releases objects, so it may block.
 */
int uk_vmem_space_destroy(struct uk_vmem_space *s);

struct uk_vmem_space *uk_vmem_space_current(void);

/* Makes `s` the current one; returns which was. */
struct uk_vmem_space *uk_vmem_space_switch(struct uk_vmem_space *s);

/*
 * Maps `len` bytes of `backing` (NULL: zeroes). Without FIXED or NOREPLACE `hint` is a wish (0:
 * none). Returns the address or an error in the pointer (uk_is_err()): -ENOMEM no memory or no
 * room, -EINVAL a bad length or address, -EACCES writable and executable, -EEXIST.
 */
void *uk_vmem_map(uk_vaddr_t hint, size_t len, unsigned prot, unsigned flags,
		  const struct uk_vmem_backing *backing);

/* The same with zeroes. */
void *uk_vmem_map_anon(uk_vaddr_t hint, size_t len, unsigned prot, unsigned flags);

/* Removes all mappings in the range, which may have holes. 0, -EINVAL, -ENOMEM (a split failed). */
int uk_vmem_unmap(uk_vaddr_t va, size_t len);

/*
 * Changes the protection of a range that must be mapped throughout; what is in its pages stays. 0,
 * -EINVAL, -EACCES (writable and executable, or a READ_ONLY mapping), -ENOMEM (a hole; or part of
 * the range may be changed).
 */
int uk_vmem_protect(uk_vaddr_t va, size_t len, unsigned prot);

/*
 * Resizes the area part [va, va + old_len), in place if possible; with MAYMOVE it may be moved
 * (pages move, nothing is copied), with FIXED to `new_va`. Returns the address or an error in the
 * pointer. DONTUNMAP, with MAYMOVE and one length: the pages move, the addresses stay mapped.
 */
void *uk_vmem_remap(uk_vaddr_t va, size_t old_len, size_t new_len, unsigned flags,
		    uk_vaddr_t new_va);

/*
 * Takes the memory away from pages (MADV_DONTNEED): they are zero again, or what the object has. 0,
 * -EINVAL, -ENOMEM (a hole).
 */
int uk_vmem_discard(uk_vaddr_t va, size_t len);

/*
 * Gives all pages of the range memory now; `write`: copies of pages that a private mapping of a file
 * would copy. 0, -EINVAL, -ENOMEM (a hole, nothing accessible, no memory), -EIO (behind the end of
 * a file).
 */
int uk_vmem_populate(uk_vaddr_t va, size_t len, bool write);

/*
 * Asks for large pages in the range, or (`huge` false) no longer. Where 2 MiB of it are aligned, the
 * first touch brings them all. 0, -EINVAL, -ENOMEM (a hole).
 */
int uk_vmem_advise_huge(uk_vaddr_t va, size_t len, bool huge);

/*
 * Marks the range as one whose memory may not go (mlock()), or no longer: whoever is asked to discard it
 * looks at `locked`. Nothing is ever paged out, so that populating it is all that locking takes.
 * 0, -EINVAL, -ENOMEM (a hole).
 */
int uk_vmem_lock(uk_vaddr_t va, size_t len, bool lock);

/*
 * Has the objects behind shared mappings in the range keep what was written (struct uk_vmem_object_ops,
 * sync). 0, -EINVAL, -ENOMEM (a hole; the rest is done), or the first error of an object. May block.
 */
int uk_vmem_sync(uk_vaddr_t va, size_t len);

/* Is there memory behind the page at va? (False outside of areas, too.) */
bool uk_vmem_resident(uk_vaddr_t va);

/*
 * The object's pages from `first` on, `n` of them, are gone or others now: takes them out of all
 * mappings of it; the next touch asks the object again. Called after the change. `copies`: private
 * copies as well (the file is shorter). Threads; nothing is locked that `get` needs.
 */
void uk_vmem_object_zap(struct uk_vmem_object *obj, uint64_t first, uint64_t n, bool copies);

/* Drops a reference that is not an area's. */
void uk_vmem_object_put(struct uk_vmem_object *obj);

/*
 * The area that holds `va`, or failing that the next one above; stacks are areas, with their guard
 * page as the first. So are, here, the image's code and data, devices, and the direct map, of which
 * nothing can be unmapped, protected or replaced. Anonymous areas without any protection are
 * UK_VMEM_RESERVED. 0, or -ENOENT. For /proc-like listings and mincore().
 */
int uk_vmem_find(uk_vaddr_t va, struct uk_vmem_area *area);

/*
 * The same for crash reports: any context, takes no lock, so what it says may be half changed. Areas and
 * stacks only.
 */
int uk_vmem_peek(uk_vaddr_t va, struct uk_vmem_area *area);

/* "anonymous", "file", ... Any context. */
const char *uk_vmem_kind_name(enum uk_vmem_kind kind);

void uk_vmem_stats(struct uk_vmem_stats *st);

UK_API_END

#endif
