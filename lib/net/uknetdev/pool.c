/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools of network buffers, cut out of runs of page frames ("slabs"), so that every buffer lies in
 * frames that adjoin. A slab begins at a multiple of its size, with a description of it: so a
 * buffer's slab is found from its address.
 *
 * Each CPU has a list of its own, from which uk_netpool_get() takes without a lock. With one CPU
 * that is all there is. With several, what one CPU has too many (it receives, another one frees)
 * goes to a list that all share, by half a cache at a time. A pool grows by a slab when nothing is
 * free. When frames run short, slabs of which every buffer is free go back, but not what the pool was
 * made with.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/netbuf.h>
#include <uk/page.h>
#include <uk/spinlock.h>

#define ALIGN      64U
#define CACHE_MAX  64U
#define STRIDE_MAX (64U << 10)
#define SLAB_MIN   (16U << 10) /* 9 full-sized frames, 5 % lost */
#define PER_SLAB   4U          /* buffers at least, if they are large */

struct slab {
	struct slab *next;
	unsigned n;    /* buffers */
	unsigned free; /* while somebody counts */
} UK_ALIGNED(64);

struct pool {
	struct uk_netpool pub;
	struct uk_spinlock lock; /* the rest */
	struct uk_netbuf *shared;
	unsigned shared_n;
	unsigned priv;
	bool pages;         /* the bytes are frames of their own */
	unsigned keep;      /* buffers that are not given back */
	unsigned slab_size; /* a power of two */
	struct slab *slabs;
	struct pool *next;
};

/* Do any drivers of this image want frames, and does this pool have them? */
#ifdef CONFIG_LIBUKNETDEV_PAGES
#define HAS_PAGES(p) ((p)->pages)
#else
#define HAS_PAGES(p) false
#endif

static struct pool *pools; /* all that there are */
static struct uk_spinlock pools_lock;

static struct pool *pool_of(const struct uk_netpool *pub)
{
	return UK_CONTAINER_OF(pub, struct pool, pub);
}

static struct slab *slab_of(const struct pool *p, const struct uk_netbuf *nb)
{
	return (struct slab *)UK_ALIGN_DOWN((uintptr_t)nb, p->slab_size);
}

static void put_pages(struct slab *slab, const struct pool *p)
{
	unsigned char *mem = (unsigned char *)(slab + 1);

	for (unsigned i = 0; i < slab->n; i++, mem += p->pub.stride)
		uk_page_free(uk_page_from_virt(((struct uk_netbuf *)mem)->head), 1);
}

/* A frame for the bytes of each buffer of a slab. False: there are not so many, and none was taken. */
static bool get_pages(struct slab *slab, const struct pool *p)
{
	struct uk_netbuf *nb = (struct uk_netbuf *)(slab + 1);

	for (unsigned i = 0; i < slab->n; i++) {
		uk_paddr_t pa = uk_page_alloc(1, 0);

		if (pa == UK_PAGE_NONE) {
			slab->n = i;
			put_pages(slab, p);
			return false;
		}
		nb->head = uk_page_to_virt(pa);
		nb = (struct uk_netbuf *)((unsigned char *)nb + p->pub.stride);
	}
	return true;
}

/* Cuts a slab into buffers, a list of them that ends with `last`. */
static struct uk_netbuf *cut(struct pool *p, struct slab *slab, struct uk_netbuf **last)
{
	struct uk_netbuf *list = NULL;
	unsigned char *mem = (unsigned char *)(slab + 1) + (size_t)p->pub.stride * slab->n;

	for (unsigned n = slab->n; n--;) {
		struct uk_netbuf *nb = (struct uk_netbuf *)(mem -= p->pub.stride);
		unsigned char *page = HAS_PAGES(p) ? nb->head : NULL;

		memset(nb, 0, sizeof(*nb) + p->priv);
		nb->head = page ? page : (unsigned char *)(nb + 1) + p->priv;
		nb->size = p->pub.headroom + p->pub.size;
		nb->pool = &p->pub;
		nb->next = list;
		if (!list)
			*last = nb;
		list = nb;
	}
	return list;
}

/* A slab more, if `max` and memory allow. Its buffers go to the shared list. */
static bool grow(struct pool *p)
{
	size_t pages = p->slab_size / UK_PAGE_SIZE;
	struct uk_netbuf *list, *last = NULL;
	struct slab *slab;
	uk_paddr_t pa;
	unsigned n;

	uk_spin_lock(&p->lock);
	n = UK_MIN((p->slab_size - (unsigned)sizeof(*slab)) / p->pub.stride,
		   p->pub.max - p->pub.count);
	p->pub.count += n;
	uk_spin_unlock(&p->lock);
	pa = n ? uk_page_alloc_run(pages, UK_PAGE_ALIGN) : UK_PAGE_NONE;
	if (pa != UK_PAGE_NONE) {
		slab = uk_page_to_virt(pa);
		slab->n = n;
		if (HAS_PAGES(p) && !get_pages(slab, p)) {
			uk_page_free_run(pa, pages);
			pa = UK_PAGE_NONE;
		}
	}
	if (pa == UK_PAGE_NONE) {
		uk_spin_lock(&p->lock);
		p->pub.count -= n;
		uk_spin_unlock(&p->lock);
		return false;
	}
	list = cut(p, slab, &last);
	uk_spin_lock(&p->lock);
	slab->next = p->slabs;
	p->slabs = slab;
	last->next = p->shared;
	p->shared = list;
	p->shared_n += n;
	uk_spin_unlock(&p->lock);
	return true;
}

/* ---- giving back ---- */

/* All that is free here becomes the shared list. With the lock held. */
static void gather(struct pool *p)
{
	struct uk_netpool_cpu *c = &p->pub.cpu[uk_cpu()];

	while (c->free) {
		struct uk_netbuf *nb = c->free;

		c->free = nb->next;
		nb->next = p->shared;
		p->shared = nb;
	}
	p->shared_n += c->n;
	c->n = 0;
}

/* Takes the slabs that are wholly free, as many as are not to be kept, out of the pool. */
static struct slab *pick(struct pool *p)
{
	struct slab *picked = NULL, **at;
	struct uk_netbuf **link, *nb;

	for (struct slab *slab = p->slabs; slab; slab = slab->next)
		slab->free = 0;
	for (nb = p->shared; nb; nb = nb->next)
		slab_of(p, nb)->free++;
	for (at = &p->slabs; *at;) {
		struct slab *slab = *at;

		if (slab->free < slab->n || p->pub.count - slab->n < p->keep) {
			slab->free = 0;
			at = &slab->next;
			continue;
		}
		*at = slab->next;
		slab->next = picked;
		picked = slab;
		p->pub.count -= slab->n;
		p->shared_n -= slab->n;
	}
	for (link = &p->shared; (nb = *link);) /* not of those: `free` is 0 */
		if (slab_of(p, nb)->free)
			*link = nb->next;
		else
			link = &nb->next;
	return picked;
}

static bool give_back(struct pool *p, struct slab *slab)
{
	bool any = slab;

	while (slab) {
		struct slab *next = slab->next;

		if (HAS_PAGES(p))
			put_pages(slab, p);
		uk_page_free_run(uk_page_from_virt(slab), p->slab_size / UK_PAGE_SIZE);
		slab = next;
	}
	return any;
}

/* Frames run short. Whoever allocates may be in the middle of a pool: then that is left out. */
static bool shrink(void)
{
	bool any = false;

	uk_preempt_disable();
	if (!uk_spin_try(&pools_lock))
		goto out;
	for (struct pool *p = pools; p; p = p->next) {
		struct slab *picked;

		if (p->pub.count == p->keep || !uk_spin_try(&p->lock))
			continue;
		gather(p);
		picked = pick(p);
		uk_spin_release(&p->lock);
		any |= give_back(p, picked);
	}
	uk_spin_release(&pools_lock);
out:
	uk_preempt_enable();
	return any;
}

static struct uk_page_shrinker shrinker = { .shrink = shrink };

/* ---- lists ---- */

/* Takes up to half a cache from the shared list: one to return, the others to this CPU's. */
static struct uk_netbuf *take(struct pool *p)
{
	struct uk_netbuf *first, *last;
	struct uk_netpool_cpu *c;
	unsigned n = 1;

	uk_spin_lock(&p->lock);
	first = p->shared;
	if (first) {
		for (last = first; last->next && n < p->pub.cache / 2; n++)
			last = last->next;
		p->shared = last->next;
		p->shared_n -= n;
		last->next = NULL;
		c = &p->pub.cpu[uk_cpu()];
		if (n > 1) {
			last->next = c->free;
			c->free = first->next;
			c->n += n - 1;
		}
	}
	uk_spin_unlock(&p->lock);
	return first;
}

struct uk_netbuf *uk_netpool_refill(struct uk_netpool *pub)
{
	struct pool *p = pool_of(pub);
	struct uk_netbuf *nb;

	while (!(nb = take(p)))
		if (!grow(p)) {
			pub->dry = true;
			return NULL;
		}
	return nb;
}

#ifdef CONFIG_SMP
/* With preemption off. */
void uk_netpool_spill(struct uk_netpool *pub)
{
	struct uk_netpool_cpu *c = &pub->cpu[uk_cpu()];
	struct uk_netbuf *first = c->free, *last = first;
	struct pool *p = pool_of(pub);
	unsigned n = 1;

	for (; n < pub->cache / 2; n++)
		last = last->next;
	c->free = last->next;
	c->n -= n;
	uk_spin_lock(&p->lock);
	last->next = p->shared;
	p->shared = first;
	p->shared_n += n;
	uk_spin_unlock(&p->lock);
}
#endif

/* ---- pools ---- */

static void enlist(struct pool *p)
{
	static bool shrinks;

	uk_spin_lock(&pools_lock);
	p->next = pools;
	pools = p;
	if (!shrinks)
		uk_page_shrinker_add(&shrinker);
	shrinks = true;
	uk_spin_unlock(&pools_lock);
}

static void delist(struct pool *p)
{
	struct pool **at = &pools;

	uk_spin_lock(&pools_lock);
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	uk_spin_unlock(&pools_lock);
}

struct uk_netpool *uk_netpool_create(const struct uk_netpool_conf *conf)
{
	unsigned priv = UK_ALIGN_UP(conf->priv, 16U);
	size_t bytes = (size_t)conf->headroom + conf->size;
	size_t stride = sizeof(struct uk_netbuf) + (size_t)priv + (conf->pages ? 0 : bytes);
	struct pool *p;

	stride = UK_ALIGN_UP(stride, (size_t)ALIGN);
	if ((conf->pages && bytes > UK_PAGE_SIZE) || stride > STRIDE_MAX ||
	    conf->size > STRIDE_MAX || conf->priv > STRIDE_MAX)
		return NULL;
	p = uk_memalign(__alignof__(*p), sizeof(*p));
	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	p->priv = priv;
	p->pages = conf->pages;
	p->slab_size = HAS_PAGES(p) ? UK_PAGE_SIZE : SLAB_MIN;
	while (p->slab_size < sizeof(struct slab) + PER_SLAB * stride)
		p->slab_size *= 2;
	p->pub.headroom = conf->headroom;
	p->pub.size = conf->size;
	p->pub.stride = stride;
	p->pub.max = UK_MAX(conf->max, conf->count);
	p->keep = conf->count;
	/* What idle CPUs keep must not be most of a small pool. */
	p->pub.cache = UK_MIN(UK_MAX(p->pub.max / (4U * UK_CPUS), 2U), CACHE_MAX);
	enlist(p);
	while (p->pub.count < conf->count) {
		if (!grow(p)) {
			uk_netpool_destroy(&p->pub);
			return NULL;
		}
	}
	return &p->pub;
}

/* Those in caches are counted as they are at this moment, which may be an old one of other CPUs. */
void uk_netpool_stats(const struct uk_netpool *pub, unsigned *count, unsigned *used)
{
	const struct pool *p = pool_of(pub);
	unsigned free = uk_shared_get(p->shared_n);

	for (unsigned i = 0; i < UK_CPUS; i++)
		free += uk_shared_get(pub->cpu[i].n);
	*count = uk_shared_get(pub->count);
	*used = *count - UK_MIN(free, *count);
}

int uk_netpool_destroy(struct uk_netpool *pub)
{
	struct pool *p = pool_of(pub);
	unsigned count, used;

	uk_netpool_stats(pub, &count, &used);
	if (used)
		return -EBUSY;
	delist(p);
	give_back(p, p->slabs);
	uk_free(p);
	return 0;
}
