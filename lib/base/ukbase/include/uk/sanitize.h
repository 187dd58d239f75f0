/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What memory means, for KASan (lib/debug/ukkasan): whoever hands out memory, takes it back, or
 * reads and writes it in ways that the compiler does not see, says so here. The last is for KCSan
 * (lib/debug/ukkcsan) as well. Without them in the configuration nothing is compiled.
 *
 * All may be called from any context, with any lock held.
 */
#ifndef UK_SANITIZE_H
#define UK_SANITIZE_H

#include <uk/api.h>
#include <uk/config.h>
#include <uk/essentials.h>

/*
 * Whose memory it is; also what the shadow of memory that may not be touched holds, beside the
 * compiler's own values (gcc's asan.h): 0xf1 … 0xf3, 0xf8 on stacks, 0xca, 0xcb around alloca(),
 * 0xf9 behind global variables.
 */
enum uk_kasan_kind {
	UK_KASAN_FREE_FRAME = 0xff,
	UK_KASAN_FREED = 0xfd,  /* a block of the heap, after free() */
	UK_KASAN_HEAD = 0xfc,   /* the 8 bytes before a block */
	UK_KASAN_BEHIND = 0xfb, /* behind a block */
	UK_KASAN_BEFORE = 0xfa, /* before a block */
	UK_KASAN_HEAP = 0xf7,   /* the allocator's own */
};

struct uk_alloc;
struct uk_alloc_stats;

UK_API_BEGIN

/* ukkasan's, and there only if that is. */
void uk_kasan_set(const void *p, size_t n, unsigned kind);
void uk_kasan_check(const void *p, size_t n, bool write);
void uk_kasan_stack(const void *p, size_t n, uintptr_t left);

/*
 * The operations of the default heap, for ukalloc's layers.c: blocks with zones around them, and freed
 * ones kept back for a while. They call those of the allocator, a->ops. Contexts and results as in
 * <uk/alloc.h>; a mistake of the caller's is reported.
 */
void *uk_kasan_malloc(struct uk_alloc *a, size_t align, size_t size);
void uk_kasan_free(struct uk_alloc *a, void *p);
void *uk_kasan_realloc(struct uk_alloc *a, void *p, size_t size);
size_t uk_kasan_usable_size(struct uk_alloc *a, const void *p);
size_t uk_kasan_trim(struct uk_alloc *a);
void uk_kasan_stats(struct uk_alloc *a, struct uk_alloc_stats *st);

/* ukkcsan's, and there only if that is. */
void uk_kcsan_check(const void *p, size_t n, bool write);
void uk_kcsan_pause(int by);

UK_API_END

/* [p, p + n), whole 8 bytes, may not be touched any more, except by code that is not checked. */
static inline void uk_sanitize_close(const void *p UK_UNUSED, size_t n UK_UNUSED,
				     enum uk_kasan_kind kind UK_UNUSED)
{
#ifdef CONFIG_LIBUKKASAN
	uk_kasan_set(p, n, kind);
#endif
}

/* [p, p + n) may be used; p is a multiple of 8, n is any. */
static inline void uk_sanitize_open(const void *p UK_UNUSED, size_t n UK_UNUSED)
{
#ifdef CONFIG_LIBUKKASAN
	uk_kasan_set(p, n, 0);
#endif
}

/*
 * A stack [p, p + n) without frames is going to be used: zones that frames have left there go away.
 * `left`: the stack pointer of the stack that is left for it, to which longjmp() may go back, or 0.
 */
static inline void uk_sanitize_stack(const void *p UK_UNUSED, size_t n UK_UNUSED,
				     uintptr_t left UK_UNUSED)
{
#ifdef CONFIG_LIBUKKASAN
	uk_kasan_stack(p, n, left);
#endif
}

/* The caller is going to read, or write, all of [p, p + n). */
static inline void uk_sanitize_read(const void *p UK_UNUSED, size_t n UK_UNUSED)
{
#ifdef CONFIG_LIBUKKASAN
	uk_kasan_check(p, n, false);
#endif
#ifdef CONFIG_LIBUKKCSAN
	uk_kcsan_check(p, n, false);
#endif
}

static inline void uk_sanitize_write(const void *p UK_UNUSED, size_t n UK_UNUSED)
{
#ifdef CONFIG_LIBUKKASAN
	uk_kasan_check(p, n, true);
#endif
#ifdef CONFIG_LIBUKKCSAN
	uk_kcsan_check(p, n, true);
#endif
}

/*
 * Between pause(1) and pause(-1), with interrupts masked, this CPU reports no races: it holds a lock that
 * reports need.
 */
static inline void uk_sanitize_pause_races(int by UK_UNUSED)
{
#ifdef CONFIG_LIBUKKCSAN
	uk_kcsan_pause(by);
#endif
}

#endif
