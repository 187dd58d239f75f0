/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stacks, in a window of their own: each is an area whose first page has no frame, the guard.
 *
 * A freed stack waits on a list for the next thread that wants one of its size. The list runs
 * through the stacks' lowest words, which a thread that is just ending on it does not use any
 * more; when it is full, the one that has waited longest is unmapped, never the one that was just
 * freed.
 */
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/fault.h>
#include <uk/init.h>
#include <uk/page.h>
#include <uk/plat/mem.h>
#include <uk/stack.h>
#include "vmem.h"

#ifdef CONFIG_HARDEN_GUARD
#define GUARD UK_PAGE_SIZE
#else
#define GUARD 0UL
#endif

/* Lies at the lowest address of a stack in the cache. */
struct cached {
	struct cached *next;
	size_t size;
};

static struct space stacks;
static struct cached *cache;
static unsigned ncached;

/* The first of this size in the cache, or NULL. */
static inline void *take(size_t size)
{
	struct cached **link, *c;

	for (link = &cache; (c = *link); link = &c->next)
		if (c->size == size) {
			*link = c->next;
			ncached--;
			break;
		}
	return c;
}

static int make(size_t size, void **stack)
{
	uk_vaddr_t guard;
	int err;

	if (!area_reserve(1))
		return -ENOMEM;
	guard = area_room(&stacks, size + GUARD, UK_PAGE_SIZE);
	if (!guard)
		return -ENOSPC;
	err = vmem_fill(guard + GUARD, size, UK_PROT_READ | UK_PROT_WRITE, false);
	if (err) {
		vmem_depopulate(guard + GUARD, size);
		return err;
	}
	area_add(&stacks, guard, guard + GUARD + size, UK_VMEM_READ | UK_VMEM_WRITE, false);
	*stack = (void *)(guard + GUARD);
	return 0;
}

static void unmake(uk_vaddr_t stack, size_t size)
{
	/* No large page is split: the range is mapped as a whole. */
	area_free(area_extract(&stacks, stack - GUARD, stack + size));
	vmem_depopulate(stack, size);
}

/* Unmaps the stack that has waited longest. */
static void evict(void)
{
	struct cached **link = &cache, *last;

	while ((*link)->next)
		link = &(*link)->next;
	last = *link;
	*link = NULL;
	ncached--;
	unmake((uk_vaddr_t)last, last->size);
}

static UK_NOINLINE void *make_or_shrink(size_t size)
{
	void *stack = NULL;
	int err;

	if (!size || size >= UK_VA_STACKS_END - UK_VA_STACKS)
		return NULL;
	do {
		uk_spin_lock(&vmem_lock);
		err = make(size, &stack);
		uk_spin_unlock(&vmem_lock);
	} while (err == -ENOMEM && uk_page_shrink());
	return err ? NULL : stack;
}

void *uk_stack_alloc(size_t size)
{
	void *stack;

	if (uk_fault(UK_FAULT_AREA))
		return NULL;
	size = UK_ALIGN_UP(size, UK_PAGE_SIZE);
	uk_spin_lock(&vmem_lock);
	stack = take(size);
	uk_spin_unlock(&vmem_lock);
	return UK_LIKELY(stack) ? stack : make_or_shrink(size);
}

void uk_stack_free(void *stack, size_t size)
{
	struct cached *c = stack;

	if (!stack)
		return;
	uk_spin_lock(&vmem_lock);
	c->size = UK_ALIGN_UP(size, UK_PAGE_SIZE);
	c->next = cache;
	cache = c;
	if (++ncached > CONFIG_LIBUKVMEM_STACK_CACHE)
		evict();
	uk_spin_unlock(&vmem_lock);
}

bool uk_stack_is_guard(uk_vaddr_t va)
{
	struct area *a = area_at(&stacks, va);

	return a && va >= a->start && va < a->start + GUARD;
}

static bool shrink(void)
{
	bool any = false;

	uk_spin_lock(&vmem_lock);
	while (cache) {
		evict();
		any = true;
	}
	uk_spin_unlock(&vmem_lock);
	return any;
}

static struct uk_page_shrinker shrinker = { .shrink = shrink };

static int stack_init(void)
{
	/* 2^26 places. */
	space_init(&stacks, UK_VA_STACKS, UK_VA_STACKS_END, UK_VA_STACKS,
		   UK_VA_STACKS + (UK_VA_STACKS_END - UK_VA_STACKS) / 2);
	uk_page_shrinker_add(&shrinker);
	return 0;
}

UK_INIT(UK_INIT_EARLY, "2", stack_init, NULL);
