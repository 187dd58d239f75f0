/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whose address was that? The address map's words for it, and the areas around it.
 */
#include <uk/crash.h>
#include <uk/linked.h>
#include <uk/plat/mem.h>
#include <uk/plat/trap.h>
#include <uk/stack.h>
#include <uk/vmem.h>

#define LOW_AREA  0x400000UL
#define STACK_MAX 0x800000UL
#define AREAS_MAX 65536 /* a broken set of areas must not keep us for ever */

static bool in(uk_vaddr_t va, const char *start, const char *end)
{
	return va >= (uk_vaddr_t)start && va < (uk_vaddr_t)end;
}

/* Is all mapped from the stack pointer to `va`, as far as a stack may reach? */
static UK_COLD bool on_stack(uk_vaddr_t va, uintptr_t sp)
{
	return va >= sp && va - sp < STACK_MAX && uk_crash_readable((void *)sp, va - sp + 1);
}

/* The address map of <uk/plat/mem.h> in words; NULL: ask the areas. */
static UK_COLD const char *place(uk_vaddr_t va, uintptr_t sp)
{
	uk_paddr_t pa;

	if (va < UK_PAGE_SIZE)
		return "a null pointer, or a small offset from one";
	if (va < LOW_AREA)
		return "below 4 MiB, where nothing is ever mapped";
	if (in(va, uk_text_start, uk_text_end))
		return "the image's code";
	if (in(va, uk_image_start, uk_image_end))
		return "the image's data";
	if (on_stack(va, sp))
		return "the running thread's stack";
	if (uk_stack_is_guard(va))
		return "the guard page under a stack";
	if (!uk_plat_lookup(va, &pa, NULL) && pa && (uk_vaddr_t)uk_plat_phys_to_virt(pa) == va)
		return "a page frame in the direct map: heap, file data";
	if (va >= UK_VA_STACKS && va < UK_VA_STACKS_END)
		return uk_plat_lookup(va, &pa, NULL) ? "the window of stacks, where there is none"
						     : "a thread's stack";
	if (va >= UK_VA_AREAS && va < UK_VA_AREAS_END)
		return NULL;
	return "in no part of the address map";
}

static UK_COLD void say_area(const char *where, const struct uk_vmem_area *a)
{
	static const char kinds[][10] = {
		[UK_VMEM_ANON] = "anonymous",    [UK_VMEM_FILE] = "file",
		[UK_VMEM_STACK] = "stack",       [UK_VMEM_DEVICE] = "device",
		[UK_VMEM_RESERVED] = "reserved", [UK_VMEM_CODE] = "code",
		[UK_VMEM_DATA] = "data",
	};

	uk_crash_say("    %s %#lx-%#lx %c%c%c %s%s%s (%lu KiB)", where, a->start, a->end,
		     a->prot & UK_VMEM_READ ? 'r' : '-', a->prot & UK_VMEM_WRITE ? 'w' : '-',
		     a->prot & UK_VMEM_EXEC ? 'x' : '-',
		     (unsigned)a->kind < UK_ARRAY_SIZE(kinds) ? kinds[a->kind] : "?",
		     a->name ? " " : "", a->name ? a->name : "", (a->end - a->start) >> 10);
}

static UK_COLD void address(const struct uk_trap_info *info, const struct uk_regs *regs)
{
	struct uk_vmem_area a, below = { 0 };
	const char *words;
	uk_vaddr_t va = 0;
	bool found = false;

	if (info && info->cause == UK_TRAP_PROTECTION)
		uk_crash_say("  (a non-canonical address, or an instruction that is not allowed)");
	if (!info || (info->cause != UK_TRAP_PAGE && info->cause != UK_TRAP_BUS))
		return;
	words = place(info->addr, uk_regs_sp(regs));
	if (words) {
		uk_crash_say("  that address: %s", words);
		return;
	}
	for (unsigned i = 0; i < AREAS_MAX && !uk_vmem_peek(va, &a) && a.end > va; i++) {
		found = true;
		if (a.end > info->addr)
			break;
		below = a;
		va = a.end;
		found = false;
	}
	if (found && a.start <= info->addr)
		uk_crash_say("  that address: %#lx bytes into an area", info->addr - a.start);
	else
		uk_crash_say("  that address: between two areas, or beyond them");
	if (below.end)
		say_area("below", &below);
	if (found && a.start <= info->addr) {
		say_area("at it", &a);
		found = !uk_vmem_peek(a.end, &a);
	}
	if (found)
		say_area("above", &a);
}
UK_CRASH_SECTION("10", address);
