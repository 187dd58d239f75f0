/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shadow: setting and looking up, and what lies behind global variables at the start.
 *
 * Nothing here is checked code, and nothing calls memset() or its like, which check what they touch.
 */
#include <uk/bits.h>
#include <uk/linked.h>
#include <uk/plat/bootinfo.h>

#include "internal.h"

bool kasan_ready;
unsigned kasan_suspended_cpu;

/* gcc's and clang's description of a global variable. */
struct global {
	uintptr_t va;
	size_t size, size_with_zone;
	const char *name, *module;
	uintptr_t dynamic_init, location, odr;
};

/* Made by support/build/sanitize.mk: those of all files. */
extern const struct global uk_asan_globals_start[], uk_asan_globals_end[];

static void fill(uint8_t *s, size_t n, uint8_t value)
{
	__asm__ volatile("rep stosb" : "+D"(s), "+c"(n) : "a"(value) : "memory");
}

/* Back to 0, without giving memory to what is 0 already. */
static void clear(uint8_t *s, uint8_t *end)
{
	uint8_t *first = (uint8_t *)UK_ALIGN_UP((uintptr_t)s, UK_PAGE_SIZE);
	uint8_t *last = (uint8_t *)UK_ALIGN_DOWN((uintptr_t)end, UK_PAGE_SIZE);

	if (first + 4 * UK_PAGE_SIZE <= last) {
		clear(s, first);
		uk_plat_shadow_clear((uintptr_t)first, (uintptr_t)last);
		s = last;
	}
	uk_plat_shadow_refresh((uintptr_t)s, (uintptr_t)end);
	for (; s < end && (uintptr_t)s % 8; s++)
		if (*s)
			*s = 0;
	for (; s + 8 <= end; s += 8)
		if (*(uint64_t *)s)
			*(uint64_t *)s = 0;
	for (; s < end; s++)
		if (*s)
			*s = 0;
}

void uk_kasan_set(const void *p, size_t n, unsigned kind)
{
	uintptr_t va = (uintptr_t)p;
	uint8_t *s = kasan_shadow(va), *end = s + n / GRANULE;

	if (!kasan_ready)
		return;
	if (kind) {
		end += !!(n % GRANULE);
		uk_plat_shadow_need((uintptr_t)s, (uintptr_t)end);
		fill(s, (size_t)(end - s), (uint8_t)kind);
		return;
	}
	clear(s, end);
	if (n % GRANULE) {
		uk_plat_shadow_need((uintptr_t)end, (uintptr_t)end + 1);
		*end = n % GRANULE;
	}
}

uintptr_t kasan_first_bad(uintptr_t va, size_t n)
{
	uintptr_t end = va + n;
	uint8_t *s, *last;

	/* What is in no address space faults by itself. */
	if (!n || end < va || end > VA_LIMIT)
		return 0;
	for (s = kasan_shadow(va), last = kasan_shadow(end - 1); s <= last; s++) {
		uintptr_t granule = ((uintptr_t)s - UK_VA_SHADOW) * GRANULE, from, to;

		while (!((uintptr_t)s % 8) && s + 8 <= last && !*(uint64_t *)s)
			s += 8, granule += 8 * GRANULE;
		if (UK_LIKELY(!*s))
			continue;
		from = UK_MAX(granule, va);
		to = UK_MIN(granule + GRANULE, end);
		if (*s >= GRANULE)
			return from;
		if (to > granule + *s)
			return UK_MAX(from, granule + *s);
	}
	return 0;
}

void uk_kasan_start(struct uk_bootinfo *bi)
{
	uk_plat_shadow_memory(bi);
	kasan_ready = true;
	/* Handlers of faults have stacks in the image. There may be none while they run. */
	uk_plat_shadow_need((uintptr_t)kasan_shadow((uintptr_t)uk_image_start),
			    (uintptr_t)kasan_shadow((uintptr_t)uk_image_end) + 1);
	for (const struct global *g = uk_asan_globals_start; g < uk_asan_globals_end; g++) {
		size_t used = UK_ALIGN_UP(g->size, GRANULE);

		uk_kasan_set((void *)(g->va + used), g->size_with_zone - used, GLOBAL_RIGHT);
		uk_kasan_set((void *)g->va, g->size, 0);
	}
}
