/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to ukkasan.
 */
#ifndef UKKASAN_INTERNAL_H
#define UKKASAN_INTERNAL_H

#include <uk/kasan.h>
#include <uk/percpu.h>
#include <uk/plat/mem.h>
#include <uk/plat/shadow.h>

#define GRANULE  8UL
#define VA_LIMIT (1UL << 47)
#define CALLERS  6

/* What the compiler writes (gcc's asan.h). */
enum {
	STACK_LEFT = 0xf1,
	STACK_MID = 0xf2,
	STACK_RIGHT = 0xf3,
	STACK_SCOPE = 0xf8,
	ALLOCA_LEFT = 0xca,
	ALLOCA_RIGHT = 0xcb,
	GLOBAL_RIGHT = 0xf9,
};

static inline uint8_t *kasan_shadow(uintptr_t va)
{
	return (uint8_t *)(UK_VA_SHADOW + va / GRANULE);
}

/* Before each block of the heap. `behind` and the place of `base` follow from size and alignment. */
struct chunk {
	uint32_t magic;
	int32_t unused;
	size_t size;                                 /* that was asked for */
	char *base;                                  /* the allocator's block */
	struct chunk *next;                          /* in quarantine */
	uint32_t allocated[CALLERS], freed[CALLERS]; /* by whom: uk_callers() */
};

#define CHUNK_LIVE  0x4b41534cU
#define CHUNK_FREED 0x4b415346U

/* False until there is a shadow. */
extern bool kasan_ready;
/*
 * The CPU, plus 1, on which the heap's allocator is at work, with preemption off: what it copies and fills is
 * its own. 0: none.
 */
extern unsigned kasan_suspended_cpu;

static inline bool kasan_suspended(void)
{
	return kasan_suspended_cpu == uk_cpu() + 1;
}

/* The first byte of [va, va + n) that may not be touched, or 0. */
uintptr_t kasan_first_bad(uintptr_t va, size_t n);
/* The chunk that the closed byte at `va` belongs to, or NULL. */
struct chunk *kasan_chunk_near(uintptr_t va);

/*
 * Reports and ends, or, if somebody catches reports or parameter kasan.stop is off, goes on.
 * fp: the frame of the function that was called in place of the access.
 */
void kasan_report_access(uintptr_t va, size_t n, bool write, const void *fp);
void kasan_report_free(const void *p, const struct chunk *freed_before, const void *fp);

#endif
