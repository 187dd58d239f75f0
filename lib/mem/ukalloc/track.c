/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A description before each block of the default heap: who holds it (owners.c), and, with
 * CONFIG_LIBUKALLOC_CHECK, whether anybody wrote where there was nothing for them.
 *
 * The description is sealed with a secret, its address and its contents. What is freed waits in
 * quarantine, filled with a pattern; the longer it waits, the later a stale pointer meets
 * somebody else's data instead of the pattern.
 */
#include <uk/alloc_lock.h>
#include <uk/alloc_track.h>
#include <uk/crash.h>
#include <uk/init.h>
#include <uk/linked.h>
#include <uk/param.h>
#include <uk/plat/random.h>
#include <uk/plat/trap.h>
#include <uk/print.h>
#include <uk/spinlock.h>
#include "track.h"

#ifdef CONFIG_LIBUKALLOC_CHECK
#define CHECKED    true
#define QUARANTINE ((size_t)CONFIG_LIBUKALLOC_QUARANTINE << 10)
#else
#define CHECKED    false
#define QUARANTINE 0UL
#endif

#define FRESH            0xa5
#define FREED            0xdd
#define RED_BYTE         0xfa
#define SIZE_MAX_TRACKED (1UL << 46)

static struct uk_spinlock lock;
static struct block used = { .next = &used, .prev = &used };
static struct block waiting = { .next = &waiting, .prev = &waiting }; /* the oldest is the last */
static size_t used_bytes, waiting_bytes, waiting_blocks; /* bytes as whole() counts them */
static uint64_t secret;
static bool inside; /* the allocator: its trim() may be what asks us to give back */

static void link_first(struct block *list, struct block *b)
{
	b->next = list->next;
	b->prev = list;
	list->next->prev = b;
	list->next = b;
}

static void unlink(struct block *b)
{
	b->next->prev = b->prev;
	b->prev->next = b->next;
}

/* Links change with the neighbours, so they are not part of it. */
static uint64_t seal(const struct block *b)
{
	uint64_t s = secret ^ (uintptr_t)b;

	s = (s ^ b->size) * 0x9e3779b97f4a7c15UL;
	s = (s ^ (uintptr_t)b->owner) * 0x9e3779b97f4a7c15UL;
	s = (s ^ (uintptr_t)b->freed ^ s >> 32) * 0x9e3779b97f4a7c15UL;
	return s ^ b->front ^ s >> 29;
}

static struct block *block_of(const void *p)
{
	return (struct block *)p - 1;
}

/* What a block takes, for the sums: all that the allocator was asked for. */
static size_t whole(const struct block *b)
{
	return b->front + b->size + (CHECKED ? RED : 0);
}

static unsigned char *data_of(const struct block *b)
{
	return (unsigned char *)(b + 1);
}

/* The first byte in [p, p + n) that is not `value`; NULL: all are. */
static const unsigned char *other_than(const void *p, int value, size_t n)
{
	const unsigned char *c = p;

	for (; n; c++, n--)
		if (*c != value)
			return c;
	return NULL;
}

static UK_COLD UK_NORETURN void damaged(const struct block *b, const char *what,
					const unsigned char *at)
{
	uk_panic("heap: block %p of %lu bytes, allocated at %p%s: %s (offset %ld)", data_of(b),
		 (unsigned long)b->size, b->owner, b->freed ? " and freed" : "", what,
		 (long)(at - data_of(b)));
}

/* Is this a block in use? Says what it is else. */
static struct block *in_use(const void *p, const char *what)
{
	struct block *b = block_of(p);

	if (UK_UNLIKELY((uintptr_t)p % UK_ALLOC_ALIGN))
		uk_panic("heap: %s(%p): not an address that malloc returned", what, p);
	if (UK_UNLIKELY(b->check != seal(b)))
		uk_panic("heap: %s(%p): not an address that malloc returned, or what is before it "
			 "is "
			 "overwritten (an overflow of the block before)",
			 what, p);
	if (UK_UNLIKELY(b->freed != NULL))
		uk_panic("heap: %s(%p): this block is free already (double free); allocated at %p, "
			 "freed at %p",
			 what, p, b->owner, b->freed);
	return b;
}

static void check(const struct block *b)
{
	const unsigned char *at;

	if (!CHECKED)
		return;
	at = other_than(b->red, RED_BYTE, sizeof(b->red));
	if (UK_UNLIKELY(at != NULL))
		damaged(b, "written to before its start", at);
	at = other_than(data_of(b) + b->size, RED_BYTE, RED);
	if (UK_UNLIKELY(at != NULL))
		damaged(b, "written past its end (overflow)", at);
	if (b->freed) {
		at = other_than(data_of(b), FREED, b->size);
		if (UK_UNLIKELY(at != NULL))
			damaged(b, "written to after it was freed", at);
	}
}

/* ---- quarantine ---- */

/* Gives the oldest block in quarantine to the allocator. With the lock held. */
static void release(struct uk_alloc *a)
{
	struct block *b = waiting.prev;

	if (UK_UNLIKELY(b->check != seal(b)))
		uk_panic("heap: what is before block %p in quarantine is overwritten", data_of(b));
	check(b);
	unlink(b);
	waiting_bytes -= whole(b);
	waiting_blocks--;
	b->check = 0; /* no block any more */
	inside = true;
	a->ops->free(a, data_of(b) - b->front);
	inside = false;
}

/* Empties it, with the lock held. */
static bool release_all(struct uk_alloc *a)
{
	bool any = false;

	for (; waiting.prev != &waiting; any = true)
		release(a);
	return any;
}

/* ---- operations ---- */

static void *inside_memalign(struct uk_alloc *a, size_t align, size_t size)
{
	void *raw;

	inside = true;
	raw = a->ops->memalign(a, align, size);
	inside = false;
	return raw;
}

static void *raw_malloc(struct uk_alloc *a, size_t align, size_t size)
{
	void *raw;

	uk_spin_lock(&lock);
	raw = inside_memalign(a, align, size);
	if (!raw && release_all(a))
		raw = inside_memalign(a, align, size);
	uk_spin_unlock(&lock);
	return raw;
}

void *track_malloc(struct uk_alloc *a, size_t align, size_t size, const void *from)
{
	size_t front, n;
	struct block *b;
	char *raw;

	if (align & (align - 1) || !align)
		return NULL;
	if (size > SIZE_MAX_TRACKED || align > SIZE_MAX_TRACKED)
		return uk_alloc_fail(a);
	align = UK_MAX(align, (size_t)UK_ALLOC_ALIGN);
	front = UK_ALIGN_UP(sizeof(*b), align);
	n = front + size + (CHECKED ? RED : 0);
	raw = raw_malloc(a, align, n);
	if (!raw)
		return NULL;
	b = block_of(raw + front);
	b->size = size;
	b->owner = from;
	b->freed = NULL;
	b->front = front;
	if (CHECKED) {
		memset(b->red, RED_BYTE, sizeof(b->red));
		memset(data_of(b), FRESH, size);
		memset(data_of(b) + size, RED_BYTE, RED);
	}
	uk_spin_lock(&lock);
	if (!secret)
		uk_plat_entropy(&secret, sizeof(secret));
	b->check = seal(b);
	link_first(&used, b);
	used_bytes += whole(b);
	uk_spin_unlock(&lock);
	return data_of(b);
}

void track_free(struct uk_alloc *a, void *p, const void *from)
{
	struct block *b;

	if (!p)
		return;
	uk_spin_lock(&lock);
	b = in_use(p, "free");
	check(b);
	unlink(b);
	b->freed = from;
	b->check = seal(b);
	if (CHECKED)
		memset(p, FREED, b->size);
	link_first(&waiting, b);
	waiting_bytes += whole(b);
	used_bytes -= whole(b);
	waiting_blocks++;
	while (waiting_bytes > QUARANTINE || (!QUARANTINE && waiting_blocks))
		release(a);
	uk_spin_unlock(&lock);
}

/* Always elsewhere: who kept the old address is found out. */
void *track_realloc(struct uk_alloc *a, void *p, size_t size, const void *from)
{
	void *new;

	if (!p)
		return track_malloc(a, UK_ALLOC_ALIGN, size, from);
	in_use(p, "realloc");
	new = track_malloc(a, UK_ALLOC_ALIGN, size, from);
	if (!new)
		return NULL;
	memcpy(new, p, UK_MIN(size, block_of(p)->size));
	track_free(a, p, from);
	return new;
}

/* Not a byte more than was asked for. */
size_t track_usable_size(struct uk_alloc *a UK_UNUSED, const void *p)
{
	return p ? in_use(p, "usable_size")->size : 0;
}

size_t track_trim(struct uk_alloc *a)
{
	if (uk_alloc_lock_idle(&lock, &inside)) {
		release_all(a);
		uk_spin_unlock(&lock);
	}
	return a->ops->trim(a);
}

void track_stats(struct uk_alloc *a, struct uk_alloc_stats *st)
{
	a->ops->stats(a, st);
	st->cached += waiting_bytes;
	st->used = used_bytes;
	st->frees += waiting_blocks;
}

void track_for_each(void (*fn)(const struct block *b, void *arg), void *arg)
{
	struct block *b;

	uk_spin_lock(&lock);
	for (b = used.next; b != &used; b = b->next)
		fn(b, arg);
	uk_spin_unlock(&lock);
}

#ifdef CONFIG_LIBUKALLOC_CHECK
static void check_list(const struct block *list)
{
	const struct block *b;

	for (b = list->next; b != list; b = b->next) {
		if (UK_UNLIKELY(b->check != seal(b)))
			uk_panic("heap: what is before block %p is overwritten (an overflow of the "
				 "block before)",
				 data_of(b));
		check(b);
	}
}

void uk_alloc_check(void)
{
	uk_spin_lock(&lock);
	check_list(&used);
	check_list(&waiting);
	uk_spin_unlock(&lock);
}

static int check_start(void)
{
	return 0;
}

/* At exit, since what was never freed nobody has looked at. */
UK_INIT(UK_INIT_EARLY, "1", check_start, uk_alloc_check);
#endif

#ifdef CONFIG_LIBUKALLOC_CHECK
#define FREED_WORD 0xddddddddddddddddUL
#define FRESH_WORD 0xa5a5a5a5a5a5a5a5UL
#define OFFSET_MAX 0x10000UL /* of a member, or an index, to what a pointer held */
#define SEARCH_MAX 65536     /* a broken list must not keep us for ever */
#define TELL_MAX   4

static UK_COLD void say_caller(const char *what, const void *pc)
{
	uk_crash_say("    %s by:", what);
	uk_crash_say("  at image+%#lx", (unsigned long)((const char *)pc - uk_image_start));
}

/* The block of this list that `va` lies in, its red zones included. */
static UK_COLD const struct block *find(const struct block *list, uintptr_t va)
{
	const struct block *b = list->next;

	for (unsigned n = 0; b != list && n < SEARCH_MAX && uk_crash_readable(b, sizeof(*b)); n++) {
		if (va >= (uintptr_t)b->red && va < (uintptr_t)data_of(b) + b->size + RED)
			return b;
		b = b->next;
	}
	return NULL;
}

/* Does a value come from memory that was filled with `word`, give or take an offset? */
static UK_COLD bool comes_from(uintptr_t v, uintptr_t word)
{
	return v - word + OFFSET_MAX < 2 * OFFSET_MAX;
}

static UK_COLD bool tell_of(uintptr_t v)
{
	const struct block *b = find(&waiting, v);
	long at;

	if (comes_from(v, FREED_WORD) || comes_from(v, FRESH_WORD)) {
		uk_crash_say("  heap: %#lx comes from memory that %s", v,
			     comes_from(v, FREED_WORD) ? "was freed (use after free)"
						       : "nobody has written to since malloc()");
		return true;
	}
	if (!b)
		b = find(&used, v);
	if (!b)
		return false;
	at = (long)(v - (uintptr_t)data_of(b));
	if (!b->freed && at >= 0 && (size_t)at < b->size)
		return false; /* nothing wrong with that */
	uk_crash_say("  heap: %#lx is %s a block of %lu bytes (offset %ld)%s", v,
		     at < 0                 ? "in the red zone before"
		     : (size_t)at < b->size ? "inside"
					    : "in the red zone behind",
		     (unsigned long)b->size, at,
		     b->freed ? " that was freed (use after free)" : "");
	say_caller("allocated", b->owner);
	if (b->freed)
		say_caller("freed", b->freed);
	return true;
}

/* What the registers of the trap, or the address that it was about, have to do with the heap. */
static UK_COLD void tell(const struct uk_trap_info *info UK_UNUSED, const struct uk_regs *regs)
{
	const uintptr_t *words = (const void *)regs;
	unsigned told = 0;

	for (size_t i = 0; regs && told < TELL_MAX && i < sizeof(*regs) / sizeof(*words); i++) {
		size_t before = 0;

		while (before < i && words[before] != words[i])
			before++;
		if (before == i)
			told += tell_of(words[i]);
	}
}
UK_CRASH_SECTION("15", tell);
#endif
