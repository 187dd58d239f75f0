/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside ukvmem: what its files share.
 *
 *	area.c    the set of areas of an address space
 *	vmem.c    mmap and its family: operations on the set
 *	frames.c  frames of pages: giving, taking away
 *	fault.c   what happens when a page is touched that is not there
 *	object.c  what is behind areas that are not just zeroes: files
 *	stack.c   stacks of threads
 *	list.c    listings of all that is mapped
 *	space.c   more than one address space
 */
#ifndef VMEM_H
#define VMEM_H

#include <uk/arch/probe.h>
#include <uk/assert.h>
#include <uk/config.h>
#include <uk/plat/mem.h>
#include <uk/spinlock.h>
#include <uk/vmem.h>
#include "area.h"

#define LARGE_PAGE (2UL << 20) /* of x86_64, and of arm64 and riscv64 with pages of 4 KiB */

/*
 * Guards the spaces, the spare nodes and page tables. Order: heap, then this, then ukpage's. Nobody
 * may fault who holds it, and no interrupt handler may come, since handlers may fault.
 */
extern struct uk_spinlock vmem_lock;

/* A fault in here would find everything half done: with assertions on, it is found. */
static inline void vmem_note(bool locked UK_UNUSED)
{
#ifdef CONFIG_LIBUKBASE_ASSERT
	extern bool vmem_locked;

	UK_ASSERT(vmem_locked != locked);
	vmem_locked = locked;
#endif
}

/* Stack that is there before a section begins: sections use 1,100 bytes, and ukpage's have room of their own below that. */
#if defined(CONFIG_LIBUKKASAN) || defined(CONFIG_LIBUKKCSAN)
#define VMEM_ROOM 3584U /* frames of checked code are larger */
#else
#define VMEM_ROOM 2048U
#endif

static inline bool vmem_enter(void)
{
	bool was;

	uk_arch_stack_probe(VMEM_ROOM);
	was = uk_spin_lock_irq(&vmem_lock);
	vmem_note(true);
	return was;
}

static inline void vmem_leave(bool was)
{
	vmem_note(false);
	uk_spin_unlock_irq(&vmem_lock, was);
}

#ifdef CONFIG_SMP
extern uint64_t vmem_changes; /* counts operations on areas */
#endif

/* The same for who changes what is mapped. */
static inline bool vmem_enter_to_change(void)
{
	bool was = vmem_enter();

#ifdef CONFIG_SMP
	vmem_changes++;
#endif
	return was;
}

/* Bytes of frames in areas. */
extern size_t vmem_populated;

/*
 * The window of mmap, in the current address space, and that of stacks, the same in all. The current
 * one is the CPU's; who asks has interrupts masked, or does not mind.
 */
#ifdef CONFIG_LIBUKVMEM_SPACES
struct uk_vmem_space {
	struct space areas;
	struct uk_plat_space tables; /* unused in the first */
	struct uk_vmem_space *next;
};

extern struct uk_vmem_space *vmem_currents[UK_CPUS];
#define vmem_current (vmem_currents[uk_cpu()])
#define vmem_areas   (vmem_current->areas)
#else
extern struct space vmem_areas;
#endif
extern struct space vmem_stacks;

/* Calls fn for all areas of all address spaces, with their page tables in use. With the lock held. */
#ifdef CONFIG_LIBUKVMEM_SPACES
void vmem_walk_all(void (*fn)(struct area *a, void *arg), void *arg);
#else
static inline void vmem_walk_all(void (*fn)(struct area *a, void *arg), void *arg)
{
	area_walk(vmem_areas.root, fn, arg);
}
#endif

static inline struct space *space_of(uk_vaddr_t va)
{
	return va >= UK_VA_STACKS ? &vmem_stacks : &vmem_areas;
}

/* Does the host bring the pages of it? */
static inline bool on_demand(const struct what *w)
{
	return uk_plat_demand && !w->obj && !(w->flags & AREA_FRAMES);
}

/* Sets up a new space's window of areas. */
void vmem_window(struct space *s);

/* Takes all areas out of the space that is in use. With the lock held. */
void vmem_clear(struct space *s);

/* Sets up the window [start, end) with its random base in [from, to). */
void space_init(struct space *s, uk_vaddr_t start, uk_vaddr_t end, uk_vaddr_t from, uk_vaddr_t to);

/* What the page tables are to have for pages of it, frames of objects apart. */
unsigned vmem_hw_prot(unsigned prot);

/* ---- frames.c: with the lock held ---- */

/*
 * Gives the pages of a range, none of which has a frame, frames: zeroed if asked for. 0 or -ENOMEM;
 * pages that got one before the failure keep it.
 */
int vmem_fill(uk_vaddr_t va, size_t len, unsigned prot, bool zero);

#ifdef CONFIG_SMP
/*
 * The same in steps, for who drops the lock meanwhile. Without it: a run of up to *n zeroed frames, of
 * at least one, then *n says how many; or UK_PAGE_NONE. With it: puts them where nothing is; 0 or -ENOMEM,
 * and then they are still the caller's.
 */
uk_paddr_t vmem_frames(size_t *n, bool large);
int vmem_put(uk_vaddr_t va, uk_paddr_t pa, size_t n, unsigned prot);
#endif

/* As vmem_fill() for a range of which some pages may have frames: these stay as they are. */
int vmem_populate(uk_vaddr_t va, size_t len, unsigned prot);

/*
 * Unmaps the range and lets go of its frames; `shared`: others may have references to them. 0 or
 * -ENOMEM (a large page would have to be split).
 */
int vmem_depopulate(uk_vaddr_t va, size_t len, bool shared);

/* ---- object.c ---- */

static inline void object_get(struct uk_vmem_object *obj)
{
	__atomic_fetch_add(&obj->refs, 1, __ATOMIC_RELAXED);
}

/* With the lock held. The object is released by object_bury(), since that may take locks. */
void object_drop(struct uk_vmem_object *obj);

/* Without the lock: releases the objects that nobody refers to any more. */
void object_bury(void);

/*
 * Brings the page at va, in an area that has an object. The lock is held, and dropped for a while:
 * afterwards the area may be another. 0, -EAGAIN (look again), -ENOMEM, -EIO.
 */
int object_fault(const struct area *a, uk_vaddr_t va, bool write, bool *was);

/* ---- fault.c ---- */

/* Brings all pages of the range, as for writing if it is writable. 0, -ENOMEM, -EIO. */
int vmem_fault_range(uk_vaddr_t va, size_t len, bool write);

#endif
