/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page frames: a binary buddy system that memory enters lazily.
 *
 * A region is noted as an address range. When its first frame is needed, it gets a pool: a header
 * and an array of frame descriptors (16 bytes each), placed in the region's own first frames.
 * Behind them runs the frontier: frames below it are in the direct map and have valid
 * descriptors, frames above it have never been touched. The frontier moves by small steps up to
 * the first 2 MiB boundary (small machines do not need more) and by 2 MiB afterwards (one large
 * page each). A large region is noted as several, each at least as large as all before it
 * together, so that a pool's descriptors never cost more than what is used already.
 *
 * Free frames form blocks of 2^order, aligned to their size, on a list per order and pool. A
 * freed block merges with its buddy, the block it was split from, if that is free too. In front
 * of this is a small stack of single frames, since most requests are for one.
 *
 * With several CPUs each has a stack, under a lock of its own that hardly anybody else takes: CPUs meet
 * only when a stack is full or empty, at every eighth frame at most. Frames in other CPUs' stacks
 * come back when there are no others.
 *
 * Descriptors hold the links, not the free frames: a stray write through a dangling pointer cannot
 * corrupt them, and free memory stays untouched.
 */
#include <uk/atomic.h>
#include <uk/bits.h>
#include <uk/boot.h>
#include <uk/config.h>
#include <uk/arch/probe.h>
#include <uk/errno.h>
#include <uk/fault.h>
#include <uk/init.h>
#include <uk/page.h>
#include <uk/print.h>
#include <uk/sanitize.h>
#include <uk/spinlock.h>
#include <uk/string.h>

#define ORDERS     19U /* runs of 2^0 .. 2^18 pages */
#define REGIONS    64U
#define STEP_SMALL 16UL /* pages by which the frontier moves */
#define STEP_LARGE 512UL
#define FIRST_PART (64UL << 20 >> UK_PAGE_SHIFT) /* largest region that is not noted in parts */
#if defined(CONFIG_LIBUKKASAN) || defined(CONFIG_LIBUKKCSAN)
#define ROOM 1536U /* stack that sections use; frames of checked code are larger */
#else
#define ROOM 768U
#endif
#define STACK_SIZE 32U
#define STACK_LOT  8U /* frames moved between stack and blocks at a time */

/* Indices of frames are relative to their region; 0 is never free, so it ends lists. */
struct frame {
	uint32_t next; /* links of a free block's first frame */
	uint32_t prev;
	uint32_t refs;
	uint8_t block; /* order + 1 in the first frame of a free block, else 0 */
};

struct pool {
	uint32_t frontier; /* first frame that has not entered */
	uint32_t mapped;   /* first that is not in the direct map: the frontier, or beyond it */
	uint32_t orders;   /* bit n: list[n] is not empty */
	uint32_t list[ORDERS];
	struct frame frames[];
};

struct region {
	uint64_t start; /* number of the first frame */
	uint32_t npages;
	struct pool *pool; /* NULL: not touched yet */
};

static struct region regions[REGIONS]; /* by address; they come while there is one thread */
static unsigned nregions;
static struct uk_spinlock lock; /* of all but the stacks */
static struct uk_page_shrinker *shrinkers;
static uint64_t total_pages;
static uint64_t used_pages, peak_pages, failures; /* changed under `lock`, read without */

/*
 * Single free frames, ready to be handed out. Its lock comes before `lock`. With several CPUs its frames
 * count as used, or every fault would write to `used_pages`; reports take them off.
 */
struct stack {
	struct uk_spinlock lock;
	unsigned n;
	struct {
		uk_paddr_t pa;
		struct frame *frame;
	} top[STACK_SIZE];
} UK_CPU_ALIGNED;

static struct stack stacks[UK_CPUS];

#ifdef CONFIG_SMP
#define STACKS_COUNT true
#else
#define STACKS_COUNT false
#endif

/*
 * With ukvmem a page fault takes frames, which may happen to an interrupt handler: none may come
 * while the lock is held. Nor may the stack grow in here.
 */
static inline void keep_faults_out(void)
{
#ifdef CONFIG_LIBUKVMEM
	uk_arch_stack_probe(ROOM);
#endif
}

static inline bool enter(struct uk_spinlock *l)
{
	keep_faults_out();
#ifdef CONFIG_LIBUKVMEM
	return uk_spin_lock_irq(l);
#else
	uk_spin_lock(l);
	return false;
#endif
}

static inline void leave(struct uk_spinlock *l, bool was UK_UNUSED)
{
#ifdef CONFIG_LIBUKVMEM
	uk_spin_unlock_irq(l, was);
#else
	uk_spin_unlock(l);
#endif
}

static inline bool enter_lock(void)
{
	return enter(&lock);
}

static inline void leave_lock(bool was)
{
	leave(&lock, was);
}

/* This CPU's stack, locked. */
static inline struct stack *enter_stack(bool *was)
{
	struct stack *st;

	keep_faults_out();
#ifdef CONFIG_LIBUKVMEM
	*was = uk_irq_save();
#else
	uk_preempt_disable();
	*was = false;
#endif
	st = &stacks[uk_cpu()];
	uk_spin_acquire(&st->lock);
	return st;
}

static inline void leave_stack(struct stack *st, bool was)
{
	leave(&st->lock, was);
}

static inline void count_used(uint64_t npages)
{
	uk_shared_set(used_pages, used_pages + npages);
	if (used_pages > peak_pages)
		uk_shared_set(peak_pages, used_pages);
}

static inline void count_free(uint64_t npages)
{
	uk_shared_set(used_pages, used_pages - npages);
}

static struct region *region_of(uint64_t pfn)
{
	static struct region *last = regions;
	struct region *r = uk_shared_get(last);

	if (UK_LIKELY(pfn - r->start < r->npages))
		return r;
	for (r = regions; r < regions + nregions; r++)
		if (pfn - r->start < r->npages) {
			uk_shared_set(last, r);
			return r;
		}
	return NULL;
}

/* Descriptor of a frame that has entered, else NULL. */
static UK_NOINLINE struct frame *frame_of(uk_paddr_t pa)
{
	struct region *r = region_of(pa >> UK_PAGE_SHIFT);
	uint64_t i;

	if (UK_UNLIKELY(!r || !r->pool))
		return NULL;
	i = (pa >> UK_PAGE_SHIFT) - r->start;
	return i < r->pool->frontier ? &r->pool->frames[i] : NULL;
}

static inline uk_paddr_t address_of(const struct region *r, uint32_t i)
{
	return (r->start + i) << UK_PAGE_SHIFT;
}

/* ---- blocks ---- */

static void block_link(struct pool *p, uint32_t i, unsigned order)
{
	uint32_t next = p->list[order];

	p->frames[i] = (struct frame){ .next = next, .block = order + 1 };
	if (next)
		p->frames[next].prev = i;
	p->list[order] = i;
	p->orders |= 1U << order;
}

static void block_unlink(struct pool *p, uint32_t i)
{
	struct frame *f = &p->frames[i];
	unsigned order = f->block - 1;

	if (f->next)
		p->frames[f->next].prev = f->prev;
	if (f->prev)
		p->frames[f->prev].next = f->next;
	else
		p->list[order] = f->next;
	if (!p->list[order])
		p->orders &= ~(1U << order);
	f->block = 0;
}

static void block_add(struct region *r, uint32_t i, unsigned order)
{
	struct pool *p = r->pool;
	uint64_t buddy;

	for (; order < ORDERS - 1; order++) {
		buddy = ((r->start + i) ^ (1UL << order)) -
			r->start; /* huge if before the region */
		if (buddy >= p->frontier || p->frames[buddy].block != order + 1)
			break;
		block_unlink(p, buddy);
		i = UK_MIN(i, (uint32_t)buddy);
	}
	block_link(p, i, order);
}

/* Adds free frames [i, end) as the largest blocks that their alignment allows. */
static UK_NOINLINE void range_add(struct region *r, uint32_t i, uint32_t end)
{
	unsigned order;

	while (i < end) {
		order = UK_MIN(uk_ctz(r->start + i), uk_fls(end - i));
		order = UK_MIN(order, ORDERS - 1);
		block_add(r, i, order);
		i += 1U << order;
	}
}

/* ---- the frontier ---- */

/* The end of the step in which frame `to` - 1 lies, all in the region's numbers. */
static inline uint64_t step_end(const struct region *r, uint64_t to, size_t step)
{
	return UK_ALIGN_UP(r->start + to, step) - r->start;
}

static void move_frontier(struct region *r, uint32_t to)
{
	struct pool *p = r->pool;

	memset(&p->frames[p->frontier], 0, (to - p->frontier) * sizeof(p->frames[0]));
	p->frontier = to;
}

/*
 * A region's next frames enter the direct map, of them all the frontier, but for what the first large page has beyond what is
 * asked for. As advance().
 */
static bool map_more(struct region *r, size_t npages, uint32_t *first)
{
	struct pool *p = r->pool;
	size_t head =
		p ? 0
		  : UK_DIV_ROUND_UP(sizeof(*p) + r->npages * sizeof(struct frame), UK_PAGE_SIZE);
	/* Page tables come out of the range; see uk_plat_direct_map(). */
	size_t tables = uk_plat_direct_tables(head + npages), least = head + npages;
	uint32_t from = p ? p->frontier : 0;
	uint64_t to = from + least + tables, boundary = step_end(r, from, STEP_LARGE), end;
	int used;

	to = UK_MIN(to <= boundary ? UK_MIN(step_end(r, to, STEP_SMALL), boundary)
				   : step_end(r, to, STEP_LARGE),
		    r->npages);
	if (to < from + least)
		return false;
	used = uk_plat_direct_map(address_of(r, from), (to - from) << UK_PAGE_SHIFT);
	if (used < 0)
		return false;
	end = to;
	if (!p) {
		if (used + head >=
		    to) /* as good as nothing: the region has no pool and is not used */
			goto lost;
		p = r->pool = uk_plat_phys_to_virt(address_of(r, used));
		memset(p, 0, sizeof(*p));
		end = UK_MIN(step_end(r, used + least, STEP_SMALL), to);
	}
	p->mapped = to;
	move_frontier(r, end);
	*first = from + used + head;
	count_used(used + head);
	for (; from < *first; from++)
		p->frames[from].refs = 1; /* ours for good */
	if (end - *first >= npages)
		return true;
	/* The tables took more than was left over: the rest is still good for smaller requests. */
	range_add(r, *first, end);
	return false;
lost:
	count_used(r->npages);
	r->npages = 0;
	return false;
}

/*
 * Moves a region's frontier by at least `npages` usable frames and hands them to the caller: they
 * are [*first, frontier), on no list. False if the region has not got as many.
 */
static UK_COLD bool advance(struct region *r, size_t npages, uint32_t *first)
{
	struct pool *p = r->pool;

	if (p && p->frontier < p->mapped) {
		*first = p->frontier;
		move_frontier(r, UK_MIN(step_end(r, *first + npages, STEP_SMALL), p->mapped));
		if (p->frontier - *first >= npages)
			return true;
		range_add(r, *first, p->frontier); /* still good for smaller requests */
	}
	return map_more(r, npages, first);
}

/* ---- runs ---- */

static inline bool usable(const struct region *r, unsigned flags)
{
	return !(flags & UK_PAGE_DMA32) || r->start < 1UL << (32 - UK_PAGE_SHIFT);
}

/* Takes frames [i, i + npages) out of region r, where they are on no list. */
static uk_paddr_t take(struct region *r, uint32_t i, size_t npages)
{
	struct frame *f = &r->pool->frames[i], *end = f + npages;

	for (; f < end; f++)
		f->refs = 1;
	count_used(npages);
	return address_of(r, i);
}

/* From the lists: the smallest block that is large enough. */
static UK_NOINLINE uk_paddr_t run_from_lists(size_t npages, unsigned order, unsigned flags)
{
	struct region *r;
	uint32_t i, map;
	unsigned o;

	for (r = regions; r < regions + nregions; r++) {
		map = r->pool ? r->pool->orders >> order : 0;
		if (!map || !usable(r, flags))
			continue;
		o = order + uk_ctz(map);
		i = r->pool->list[o];
		block_unlink(r->pool, i);
		range_add(r, i + npages, i + (1U << o));
		return take(r, i, npages);
	}
	return UK_PAGE_NONE;
}

static UK_COLD uk_paddr_t run_from_frontier(size_t npages, unsigned order, unsigned flags)
{
	size_t slack = flags & UK_PAGE_ALIGN ? (1UL << order) - 1 : 0;
	struct region *r;
	uint32_t first, i;

	for (r = regions; r < regions + nregions; r++) {
		if (!usable(r, flags) || !advance(r, npages + slack, &first))
			continue;
		i = slack ? UK_ALIGN_UP(r->start + first, 1UL << order) - r->start : first;
		range_add(r, first, i);
		range_add(r, i + npages, r->pool->frontier);
		return take(r, i, npages);
	}
	return UK_PAGE_NONE;
}

/*
 * From adjoining blocks, of which none is large enough alone. Slow: it looks at every descriptor.
 * It is what is left when memory is short, and a heap needs large pieces then, too.
 */
static UK_COLD uk_paddr_t run_from_neighbours(size_t npages, unsigned flags)
{
	struct region *r;
	struct pool *p;
	uint32_t i, start, n;

	for (r = regions; r < regions + nregions; r++) {
		p = r->pool;
		if (!p || !usable(r, flags))
			continue;
		for (i = start = 0; i < p->frontier && i - start < npages; i += n) {
			n = p->frames[i].block ? 1U << (p->frames[i].block - 1) : 1;
			if (!p->frames[i].block)
				start = i + 1;
		}
		if (i - start < npages)
			continue;
		for (i = start; i - start < npages; i += n) {
			n = 1U << (p->frames[i].block - 1);
			block_unlink(p, i);
		}
		range_add(r, start + npages, i);
		return take(r, start, npages);
	}
	return UK_PAGE_NONE;
}

/* ---- the stack of single frames ---- */

static UK_NOINLINE void stack_drain(struct stack *st, unsigned keep)
{
	struct region *r;

	uk_spin_acquire(&lock);
	if (STACKS_COUNT)
		count_free(st->n - keep);
	while (st->n > keep) {
		uint64_t pfn;

		uk_shared_set(st->n, st->n - 1);
		pfn = st->top[st->n].pa >> UK_PAGE_SHIFT;
		r = region_of(pfn);
		block_add(r, pfn - r->start, 0);
	}
	uk_spin_release(&lock);
}

/* Of all CPUs. With the lock held, which is let go meanwhile. True if other CPUs had any. */
static UK_COLD bool stacks_drain(bool *was)
{
	bool any = false;

#ifdef CONFIG_SMP
	leave_lock(*was);
	for (struct stack *st = stacks; st < stacks + UK_CPUS; st++) {
		if (!UK_READ_ONCE(st->n))
			continue;
		*was = enter(&st->lock);
		any |= st->n && st != &stacks[uk_cpu()];
		stack_drain(st, 0);
		leave(&st->lock, *was);
	}
	*was = enter_lock();
#else
	(void)was;
	stack_drain(&stacks[0], 0);
#endif
	return any;
}

/* What is left above the frontiers is too short for a run, but may continue one from below. */
static UK_COLD void enter_rest(void)
{
	struct region *r;
	uint32_t first;
	size_t n;

	for (r = regions; r < regions + nregions; r++)
		for (n = r->npages; n; n /= 2)
			while (advance(r, n, &first))
				range_add(r, first, r->pool->frontier);
}

static uk_paddr_t run(size_t npages, unsigned flags, bool *was)
{
	unsigned order = uk_log2_ceil(npages);
	uk_paddr_t pa;

	pa = run_from_lists(npages, order, flags);
	if (pa == UK_PAGE_NONE)
		pa = run_from_frontier(npages, order, flags);
	if (pa != UK_PAGE_NONE || flags & UK_PAGE_EASY)
		return pa;
	stacks_drain(was);
	if (npages > 1)
		enter_rest();
	pa = run_from_lists(npages, order, flags);
	if (pa == UK_PAGE_NONE && npages > 1 && !(flags & UK_PAGE_ALIGN))
		pa = run_from_neighbours(npages, flags);
	return pa;
}

/* Fills the empty stack with a lot of frames, or with one if that is all there is. */
static UK_NOINLINE bool stack_fill(struct stack *st)
{
	size_t n = STACK_LOT;
	struct frame *f;
	uk_paddr_t pa;

	uk_spin_acquire(&lock);
	pa = run(n, UK_PAGE_EASY, NULL);
	if (pa == UK_PAGE_NONE)
		pa = run(n = 1, UK_PAGE_EASY, NULL);
	if (!STACKS_COUNT && pa != UK_PAGE_NONE)
		count_free(n);
	uk_spin_release(&lock);
	if (pa == UK_PAGE_NONE)
		return false;
	for (f = frame_of(pa); n--;) {
		f[n].refs = 0;
		st->top[st->n].pa = pa + (n << UK_PAGE_SHIFT);
		st->top[st->n].frame = &f[n];
		uk_shared_set(st->n, st->n + 1);
	}
	return true;
}

/* ---- interface ---- */

/*
 * One CPU at a time, without being preempted; whoever comes meanwhile waits, and then has what others
 * have been given back as well. Who waits may hold the lock of an allocator: shrinkers do not wait for those.
 */
static struct uk_spinlock shrink_lock;
static uint32_t shrinking; /* the CPU that does, + 1 */
static uint32_t shrunk;    /* counts those that brought something */

static bool shrink_all(void)
{
	struct uk_page_shrinker *s;
	bool any = false;

	if (STACKS_COUNT) {
		bool was = enter_lock();

		any = stacks_drain(&was);
		leave_lock(was);
	}
	for (s = shrinkers; s; s = s->next)
		any |= s->shrink();
	return any;
}

UK_COLD bool uk_page_shrink(void)
{
	uint32_t before = UK_READ_ONCE(shrunk);
	bool any;

	uk_preempt_disable();
	if (UK_READ_ONCE(shrinking) == uk_cpu() + 1) { /* a shrinker asks */
		uk_preempt_enable();
		return false;
	}
	uk_spin_acquire(&shrink_lock);
	UK_WRITE_ONCE(shrinking, uk_cpu() + 1);
	any = shrink_all();
	UK_WRITE_ONCE(shrinking, 0);
	if (STACKS_COUNT) {
		any |= shrunk != before;
		shrunk += any;
	}
	uk_spin_release(&shrink_lock);
	uk_preempt_enable();
	return any;
}

void uk_page_shrinker_add(struct uk_page_shrinker *s)
{
	s->next = shrinkers;
	shrinkers = s;
}

static UK_NOINLINE uk_paddr_t zeroed(uk_paddr_t pa, size_t npages, unsigned flags)
{
	if (pa != UK_PAGE_NONE)
		uk_sanitize_open(uk_page_to_virt(pa), npages << UK_PAGE_SHIFT);
	if (pa != UK_PAGE_NONE && flags & UK_PAGE_ZERO)
		memset(uk_page_to_virt(pa), 0, npages << UK_PAGE_SHIFT);
	return pa;
}

uk_paddr_t uk_page_alloc_run(size_t npages, unsigned flags)
{
	uk_paddr_t pa;
	bool was;

	if (npages - 1 >= UK_PAGE_RUN_MAX || uk_fault(UK_FAULT_FRAME))
		return UK_PAGE_NONE;
	do {
		was = enter_lock();
		pa = run(npages, flags, &was);
		uk_shared_set(failures, failures + (pa == UK_PAGE_NONE));
		leave_lock(was);
	} while (pa == UK_PAGE_NONE && !(flags & UK_PAGE_EASY) && uk_page_shrink());
	return zeroed(pa, npages, flags);
}

UK_NOINLINE uk_paddr_t uk_page_alloc_one(unsigned flags)
{
	uk_paddr_t pa;
	struct stack *st;
	bool was;

	if (UK_UNLIKELY(flags & UK_PAGE_DMA32))
		return uk_page_alloc_run(1, flags);
	if (uk_fault(UK_FAULT_FRAME))
		return UK_PAGE_NONE;
	st = enter_stack(&was);
	if (UK_UNLIKELY(!st->n) && !stack_fill(st)) {
		leave_stack(st, was);
		return uk_page_alloc_run(1, flags);
	}
	uk_shared_set(st->n, st->n - 1);
	st->top[st->n].frame->refs = 1;
	pa = st->top[st->n].pa;
	if (!STACKS_COUNT)
		count_used(1);
	leave_stack(st, was);
	uk_sanitize_open(uk_page_to_virt(pa), UK_PAGE_SIZE);
	return flags & UK_PAGE_ZERO ? zeroed(pa, 1, flags) : pa;
}

static UK_COLD UK_NORETURN void bad_free(uk_paddr_t pa)
{
	uk_panic("frame %lx is freed, but has %u references", (unsigned long)pa, uk_page_refs(pa));
}

/* A frame without references becomes the next to be handed out. */
static inline void stack_push(struct stack *st, uk_paddr_t pa, struct frame *f)
{
	if (!STACKS_COUNT)
		count_free(1);
	uk_sanitize_close(uk_page_to_virt(pa), UK_PAGE_SIZE, UK_KASAN_FREE_FRAME);
	if (UK_UNLIKELY(st->n == STACK_SIZE))
		stack_drain(st, STACK_SIZE - STACK_LOT);
	st->top[st->n].pa = pa;
	st->top[st->n].frame = f;
	uk_shared_set(st->n, st->n + 1);
}

void uk_page_free_one(uk_paddr_t pa)
{
	struct frame *f = frame_of(pa);
	struct stack *st;
	bool was;

	if (UK_UNLIKELY(!f || uk_shared_get(f->refs) != 1))
		bad_free(pa);
	st = enter_stack(&was);
	f->refs = 0;
	stack_push(st, pa, f);
	leave_stack(st, was);
}

void uk_page_free_run(uk_paddr_t pa, size_t npages)
{
	struct frame *f, *end;
	struct region *r;
	uint64_t i;
	size_t n;
	bool was;

	was = enter_lock();
	/* What was allocated as several runs may cross from one region into the next. */
	for (; npages; pa += n << UK_PAGE_SHIFT, npages -= n) {
		f = frame_of(pa);
		if (UK_UNLIKELY(!f))
			bad_free(pa);
		r = region_of(pa >> UK_PAGE_SHIFT);
		i = (pa >> UK_PAGE_SHIFT) - r->start;
		n = UK_MIN(npages, r->pool->frontier - i);
		for (end = f + n; f < end; f++) {
			if (UK_UNLIKELY(f->refs != 1))
				bad_free(address_of(r, f - r->pool->frames));
			f->refs = 0;
		}
		count_free(n);
		uk_sanitize_close(uk_page_to_virt(pa), n << UK_PAGE_SHIFT, UK_KASAN_FREE_FRAME);
		range_add(r, i, i + n);
	}
	leave_lock(was);
}

void uk_page_ref(uk_paddr_t pa)
{
	struct frame *f = frame_of(pa);

	if (UK_UNLIKELY(!f || !uk_shared_get(f->refs)))
		uk_panic("frame %lx is not in use and cannot be shared", (unsigned long)pa);
	__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
}

unsigned uk_page_unref(uk_paddr_t pa)
{
	struct frame *f = frame_of(pa);
	struct stack *st;
	unsigned left;
	bool was;

	if (UK_UNLIKELY(!f || !uk_shared_get(f->refs)))
		bad_free(pa);
	st = enter_stack(&was);
	left = UK_CPUS > 1 ? __atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) : --f->refs;
	if (!left)
		stack_push(st, pa, f);
	leave_stack(st, was);
	return left;
}

unsigned uk_page_refs(uk_paddr_t pa)
{
	struct frame *f = frame_of(pa);

	return f ? uk_shared_get(f->refs) : 0;
}

/* Page tables are made and dropped in the middle of things: no shrinking there. */
static uk_paddr_t table_alloc(void)
{
	return uk_page_alloc_one(UK_PAGE_ZERO | UK_PAGE_EASY);
}

static void table_free(uk_paddr_t pa)
{
	uk_page_free_one(pa);
}

static const struct uk_plat_frames table_frames = { .alloc = table_alloc, .free = table_free };

static UK_COLD int note(uint64_t start, uint64_t npages)
{
	unsigned i;

	if (nregions == REGIONS)
		return -ENOSPC;
	for (i = nregions; i && regions[i - 1].start > start; i--)
		regions[i] = regions[i - 1];
	regions[i] = (struct region){ .start = start, .npages = npages };
	nregions++;
	total_pages += npages;
	return 0;
}

UK_COLD int uk_page_add(uk_paddr_t start, uint64_t len)
{
	uint64_t first = UK_DIV_ROUND_UP(start, UK_PAGE_SIZE), end = (start + len) >> UK_PAGE_SHIFT,
		 n;
	int ret = 0;
	bool was;

	if (!first)
		first = 1; /* address 0 means "none" */
	if (start + len < start || first >= end)
		return -EINVAL;
	was = enter_lock();
	if (!nregions)
		uk_plat_set_frames(&table_frames);
	while (first < end && !ret) {
		n = UK_MAX(FIRST_PART - first % FIRST_PART, UK_ALIGN_DOWN(total_pages, FIRST_PART));
		n = UK_MIN(n, end - first);
		if (first < 1UL << (32 - UK_PAGE_SHIFT)) /* UK_PAGE_DMA32 asks for whole regions */
			n = UK_MIN(n, (1UL << (32 - UK_PAGE_SHIFT)) - first);
		n = UK_MIN(n, 1UL << 31);
		ret = note(first, n);
		first += n;
	}
	leave_lock(was);
	return ret;
}

UK_COLD bool uk_page_region(unsigned i, uk_paddr_t *start, uk_paddr_t *end)
{
	struct region *r;

	for (r = regions; r < regions + nregions; r++)
		if (r->pool && !i--) {
			*start = address_of(r, 0);
			*end = address_of(r, r->pool->frontier);
			return true;
		}
	return false;
}

uint64_t uk_page_left(void)
{
	return uk_shared_get(total_pages) - uk_shared_get(used_pages);
}

UK_COLD void uk_page_stats(struct uk_page_stats *st)
{
	uint64_t free = uk_page_left();
	struct region *r;

	for (unsigned i = 0; STACKS_COUNT && i < UK_CPUS; i++)
		free += UK_READ_ONCE(stacks[i].n);
	*st = (struct uk_page_stats){
		.total = uk_shared_get(total_pages) << UK_PAGE_SHIFT,
		.free = free << UK_PAGE_SHIFT,
		.peak = uk_shared_get(peak_pages) << UK_PAGE_SHIFT,
		.failures = uk_shared_get(failures),
	};
	for (r = regions; r < regions + nregions; r++)
		st->fresh += (uint64_t)(r->npages - (r->pool ? r->pool->frontier : 0))
			     << UK_PAGE_SHIFT;
}

UK_COLD void uk_page_away(int64_t npages)
{
	bool was = enter_lock();

	/* In this order: who reads meanwhile takes some for free, rather than less than nothing. */
	uk_shared_set(used_pages, used_pages - (uint64_t)npages);
	uk_shared_set(total_pages, total_pages - (uint64_t)npages);
	leave_lock(was);
}

static UK_COLD int page_init(void)
{
	const struct uk_boot_region *r = uk_bootinfo->regions, *end = r + uk_bootinfo->nregions;

	for (; r < end; r++)
		if (r->type == UK_MEM_FREE && uk_page_add(r->start, r->len) == -ENOSPC)
			uk_pr_warn("too many memory regions: %lu KiB at %lx are not used",
				   (unsigned long)(r->len >> 10), (unsigned long)r->start);
	return 0;
}

UK_INIT(UK_INIT_EARLY, "0", page_init, NULL);
