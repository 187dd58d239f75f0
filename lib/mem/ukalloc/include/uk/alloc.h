/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory allocators.
 *
 * An allocator is an object; there may be several, and whoever allocates says from which. The
 * default one, uk_heap, serves the kernel and the application's malloc() alike. It starts small and
 * asks its source for more memory when it runs out (lib/mem/README.md).
 *
 * Providers are interchangeable: ukalloctlsf (default), ukallocbuddy, ukallocregion. With one of
 * them in the configuration every call below is a direct call of the provider's function.
 *
 * Rules common to all operations:
 * - Sizes are in bytes. Memory is aligned to UK_ALLOC_ALIGN at least and is not zeroed.
 * - Callable from threads, with preemption on or off. Not from interrupt handlers.
 * - They never block. Exhaustion is NULL or -ENOMEM, never a panic.
 * - A block belongs to the caller until it is freed to the allocator that it came from.
 */
#ifndef UK_ALLOC_H
#define UK_ALLOC_H

#include <uk/api.h>
#include <uk/essentials.h>
#include <uk/provider.h>
#include <uk/string.h>

#define UK_ALLOC_ALIGN 16 /* what the ABI's widest ordinary type needs */

struct uk_alloc;

/* Counters of one allocator; see uk_alloc_stats(). Sizes are what blocks take, headers included. */
struct uk_alloc_stats {
	size_t total;    /* memory that the allocator was given */
	size_t used;     /* in blocks that callers hold */
	size_t peak;     /* highest `used` so far; may include up to `cached` bytes too many */
	size_t cached;   /* freed, but kept ready for the next request of their size */
	size_t largest;  /* a request of this size would succeed without asking the source */
	uint64_t allocs; /* successful allocations so far */
	uint64_t frees;
	uint64_t failures; /* requests answered with NULL */
};

/*
 * Where an allocator gets memory when it runs out, and returns it when it has no use for it.
 * Both run with the allocator locked: they may not allocate from it. Either may be NULL.
 */
struct uk_alloc_source {
	/*
	 * At least `min` bytes, if possible about `want` (>= min); both are multiples of the page
	 * size. Returns the page-aligned start and stores the length, or NULL.
	 */
	void *(*more)(size_t min, size_t want, size_t *len);
	/* Takes back whole pages of what more() gave, not necessarily in the same pieces. */
	void (*less)(void *base, size_t len);
};

/* The operations of a provider, for configurations with several (uk/provider.h). */
struct uk_alloc_ops {
	void *(*malloc)(struct uk_alloc *a, size_t size);
	void (*free)(struct uk_alloc *a, void *p);
	void *(*realloc)(struct uk_alloc *a, void *p, size_t size);
	void *(*memalign)(struct uk_alloc *a, size_t align, size_t size);
	size_t (*usable_size)(struct uk_alloc *a, const void *p);
	int (*addmem)(struct uk_alloc *a, void *base, size_t len);
	size_t (*trim)(struct uk_alloc *a);
	void (*stats)(struct uk_alloc *a, struct uk_alloc_stats *st);
};

/* The common head of every allocator object; the provider's own state follows it. */
struct uk_alloc {
	const struct uk_alloc_ops *ops;       /* NULL if there is a single provider */
	const struct uk_alloc_source *source; /* or NULL: what it has is all */
	/*
	 * Or NULL. Called, without locks, each time before NULL is answered for want of memory: the
	 * C library sets errno here, which costs malloc() nothing as long as there is memory.
	 */
	void (*nomem)(void);
};

UK_API_BEGIN

/*
 * The default heap: the menu's default provider, over page frames from ukpage. An initialiser makes
 * it (UK_INIT_EARLY, priority 1): there for all that run after it.
 */
extern struct uk_alloc *uk_heap;

/*
 * Makes an allocator of the menu's default provider. The object itself is placed at the start of
 * the memory [base, base + len), which it owns from now on; `source` (or NULL) must live as long.
 * NULL if len is too small even for the object. A particular provider is made by its own
 * constructor (ukalloctlsf_create() in uk/alloctlsf.h), with the same parameters.
 */
struct uk_alloc *uk_alloc_create(void *base, size_t len, const struct uk_alloc_source *source);

/*
 * A block of at least `size` bytes, or NULL. A size of 0 gives a unique block, as for malloc().
 */
void *uk_alloc_malloc(struct uk_alloc *a, size_t size) __attribute__((__malloc__));

/* Gives a block back; NULL is ignored. Freeing twice or after an overflow ends in a panic. */
void uk_alloc_free(struct uk_alloc *a, void *p);

/*
 * Resizes a block, keeping the first min(old, new) bytes; the result may be elsewhere. NULL: the
 * request failed and `p` is still valid. p == NULL allocates; size 0 gives a unique minimal block.
 */
void *uk_alloc_realloc(struct uk_alloc *a, void *p, size_t size);

/*
 * A block whose address is a multiple of `align`, a power of two; NULL if there is no memory or
 * align is none. It is freed like any other.
 */
void *uk_alloc_memalign(struct uk_alloc *a, size_t align, size_t size);

/* How many bytes of a block may be used: at least what was asked for. 0 for NULL. */
size_t uk_alloc_usable_size(struct uk_alloc *a, const void *p);

/*
 * Gives the allocator more memory for good; it need not adjoin what it has. 0, -EINVAL if the
 * piece is too small to be of use, -ENOSYS if this provider manages a single piece.
 */
int uk_alloc_addmem(struct uk_alloc *a, void *base, size_t len);

/*
 * Merges what is cached and returns whole unused pieces to the source. Gives the number of bytes
 * returned. Called when frames run short; takes time in proportion to what is cached.
 */
size_t uk_alloc_trim(struct uk_alloc *a);

/* Fills *st. May take time in proportion to the number of size classes. */
void uk_alloc_stats(struct uk_alloc *a, struct uk_alloc_stats *st);

/* ---- for providers ---- */

/* realloc() by allocating, copying and freeing, for providers that cannot resize in place. */
void *uk_alloc_realloc_move(struct uk_alloc *a, void *p, size_t size);

UK_API_END

/* How a provider answers a request that fails. */
static inline void *uk_alloc_fail(struct uk_alloc *a)
{
	if (a->nomem)
		a->nomem();
	return NULL;
}

/* Declares the functions that provider `p` has to define: p_malloc(), p_free() and so on. */
#define UK_ALLOC_PROVIDER(p)                                                                       \
	void *p##_malloc(struct uk_alloc *a, size_t size);                                         \
	void p##_free(struct uk_alloc *a, void *ptr);                                              \
	void *p##_realloc(struct uk_alloc *a, void *ptr, size_t size);                             \
	void *p##_memalign(struct uk_alloc *a, size_t align, size_t size);                         \
	size_t p##_usable_size(struct uk_alloc *a, const void *ptr);                               \
	int p##_addmem(struct uk_alloc *a, void *base, size_t len);                                \
	size_t p##_trim(struct uk_alloc *a);                                                       \
	void p##_stats(struct uk_alloc *a, struct uk_alloc_stats *st)

/* Defines the provider's operations struct, for UK_OPS(&p_ops) in its constructor. */
#define UK_ALLOC_OPS(p)                                                                            \
	static const struct uk_alloc_ops UK_UNUSED p##_ops = {                                     \
		p##_malloc,      p##_free,   p##_realloc, p##_memalign,                            \
		p##_usable_size, p##_addmem, p##_trim,    p##_stats,                               \
	}

/* As uk_alloc_malloc() for n elements, zeroed; NULL also if n * size overflows. */
static inline void *uk_alloc_calloc(struct uk_alloc *a, size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(n, size, &bytes))
		return uk_alloc_fail(a);
	p = uk_alloc_malloc(a, bytes);
	return p ? memset(p, 0, bytes) : NULL;
}

/* The same from the default heap. */
static inline void *uk_malloc(size_t size)
{
	return uk_alloc_malloc(uk_heap, size);
}

static inline void *uk_calloc(size_t n, size_t size)
{
	return uk_alloc_calloc(uk_heap, n, size);
}

static inline void *uk_realloc(void *p, size_t size)
{
	return uk_alloc_realloc(uk_heap, p, size);
}

static inline void *uk_memalign(size_t align, size_t size)
{
	return uk_alloc_memalign(uk_heap, align, size);
}

static inline void uk_free(void *p)
{
	uk_alloc_free(uk_heap, p);
}

#endif
