/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stacks, in a window of their own: each is an area whose first page has no frame, the guard.
 *
 * A new stack has memory for its upper end only, and gets more as it grows (fault.c). A freed one
 * waits for the next thread that wants one of its size; when there are too many, the one that has
 * waited longest is unmapped, never the one that was just freed: its thread may still stand on it.
 * When memory runs short, all that wait are.
 */
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/fault.h>
#include <uk/init.h>
#include <uk/page.h>
#include <uk/plat/mem.h>
#include <uk/plat/trap.h>
#include <uk/sanitize.h>
#include <uk/stack.h>
#include "vmem.h"

#ifdef CONFIG_HARDEN_GUARD
#define GUARD UK_PAGE_SIZE
#else
#define GUARD 0UL
#endif

#define CACHE CONFIG_LIBUKVMEM_STACK_CACHE

/* What a stack has from the start. */
#define FIRST (2 * UK_PAGE_SIZE)
#ifdef CONFIG_WHOLE_STACKS
#define FIRST_OF(size) (uk_plat_whole_stacks ? (size) : UK_MIN(size, FIRST))
#else
#define FIRST_OF(size) UK_MIN(size, FIRST)
#endif

struct space vmem_stacks;

static struct {
	uk_vaddr_t stack;
	size_t size; /* as it was asked for, not rounded */
} cache[CACHE];      /* the one that was freed last is the last */
static unsigned ncached;

/* Guards the cache; taken alone. */
static struct uk_spinlock cache_lock;

static inline void uncache(unsigned i)
{
	for (ncached--; i < ncached; i++)
		cache[i] = cache[i + 1];
}

/* The last of this size in the cache, or NULL. Nearly always the very last. */
static inline void *take(size_t size)
{
	unsigned i = ncached;
	uk_vaddr_t stack;

	if (UK_LIKELY(i && cache[i - 1].size == size)) {
		ncached = i - 1;
		return (void *)cache[i - 1].stack;
	}
	while (i--)
		if (cache[i].size == size) {
			stack = cache[i].stack;
			uncache(i);
			return (void *)stack;
		}
	return NULL;
}

static int make(size_t size, void **stack)
{
	const struct what w = { .prot = UK_VMEM_READ | UK_VMEM_WRITE,
				.kind = UK_VMEM_STACK,
				.flags = GUARD != 0 ? AREA_GUARD : 0 };
	size_t first = FIRST_OF(size);
	uk_vaddr_t guard;
	int err;

	if (!area_reserve(1))
		return -ENOMEM;
	guard = area_room(&vmem_stacks, size + GUARD, UK_PAGE_SIZE);
	if (!guard)
		return -ENOSPC;
	if (uk_plat_demand)
		err = uk_plat_map_demand(guard + GUARD, size, w.prot);
	else
		err = vmem_fill(guard + GUARD + size - first, first, w.prot, false);
	if (err) {
		vmem_depopulate(guard + GUARD, size, false);
		return err;
	}
	area_add(&vmem_stacks, guard, guard + GUARD + size, &w, false);
	*stack = (void *)(guard + GUARD);
	return 0;
}

static UK_NOINLINE void unmake(uk_vaddr_t stack, size_t size)
{
	bool was = vmem_enter();

	size = UK_ALIGN_UP(size, UK_PAGE_SIZE);
	/* No large page is split: the range is mapped as a whole. */
	area_free(area_extract(&vmem_stacks, stack - GUARD, stack + size));
	vmem_depopulate(stack, size, false);
	vmem_leave(was);
}

/* Takes the stack that has waited longest out of the cache; 0: none does. */
static UK_NOINLINE uk_vaddr_t oldest(size_t *size)
{
	uk_vaddr_t stack = 0;

	if (ncached) {
		stack = cache[0].stack;
		*size = cache[0].size;
		uncache(0);
	}
	return stack;
}

static UK_NOINLINE void *make_or_shrink(size_t size)
{
	void *stack = NULL;
	bool was;
	int err;

	size = UK_ALIGN_UP(size, UK_PAGE_SIZE);
	if (!size || size >= UK_VA_STACKS_END - UK_VA_STACKS)
		return NULL;
	do {
		was = vmem_enter();
		err = make(size, &stack);
		vmem_leave(was);
	} while (err == -ENOMEM && uk_page_shrink());
	return err ? NULL : stack;
}

void *uk_stack_alloc(size_t size)
{
	void *stack;

	if (uk_fault(UK_FAULT_AREA))
		return NULL;
	uk_spin_lock(&cache_lock);
	stack = take(size);
	uk_spin_unlock(&cache_lock);
	if (UK_UNLIKELY(!stack))
		stack = make_or_shrink(size);
	/* Whoever had it, or others at its place, may have left in the middle of a call. */
	if (stack)
		uk_sanitize_open(stack, size);
	return stack;
}

/* With the cache locked. */
static inline void put(void *stack, size_t size)
{
	cache[ncached].stack = (uk_vaddr_t)stack;
	cache[ncached++].size = size;
	uk_spin_unlock(&cache_lock);
}

static UK_NOINLINE void put_for_oldest(void *stack, size_t size)
{
	size_t old_size;
	uk_vaddr_t old = oldest(&old_size);

	put(stack, size);
	unmake(old, old_size);
}

void uk_stack_free(void *stack, size_t size)
{
	if (!stack)
		return;
	uk_spin_lock(&cache_lock);
	if (UK_LIKELY(ncached < CACHE))
		put(stack, size);
	else
		put_for_oldest(stack, size);
}

bool uk_stack_is_guard(uk_vaddr_t va)
{
	struct area *a = area_at(&vmem_stacks, va);

	return a && va >= a->start && va < a->start + GUARD;
}

static bool shrink(void)
{
	uk_vaddr_t stack;
	bool any = false;
	size_t size;

	for (;; any = true) {
		uk_spin_lock(&cache_lock);
		stack = oldest(&size);
		uk_spin_unlock(&cache_lock);
		if (!stack)
			return any;
		unmake(stack, size);
	}
}

static struct uk_page_shrinker shrinker = { .shrink = shrink };

static int stack_init(void)
{
	void *faults;

	/* 2^26 places. */
	space_init(&vmem_stacks, UK_VA_STACKS, UK_VA_STACKS_END, UK_VA_STACKS,
		   UK_VA_STACKS + (UK_VA_STACKS_END - UK_VA_STACKS) / 2);
	uk_page_shrinker_add(&shrinker);
	UK_STATIC_ASSERT(UK_PAGE_FAULT_STACK <= FIRST,
			 "the stack of fault handlers has all its memory");
	faults = uk_stack_alloc(UK_PAGE_FAULT_STACK);
	if (!faults)
		return -ENOMEM;
	uk_plat_page_faults_start(faults);
	return 0;
}

UK_INIT(UK_INIT_EARLY, "2", stack_init, NULL);
