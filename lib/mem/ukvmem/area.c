/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ordered set of areas; see area.h.
 */
#include <uk/page.h>
#include "area.h"
#include "vmem.h"

static struct area *spare; /* linked through `left` */
static unsigned nspare;

/* ---- nodes ---- */

static void node_free(struct area *a)
{
	a->left = spare;
	spare = a;
	nspare++;
}

void area_free(struct area *a)
{
	if (a->what.obj)
		object_drop(a->what.obj);
	node_free(a);
}

bool area_reserve(unsigned n)
{
	struct area *a, *end;
	uk_paddr_t pa;

	while (nspare < n) {
		pa = uk_page_alloc(1, UK_PAGE_EASY);
		if (pa == UK_PAGE_NONE)
			return false;
		a = uk_page_to_virt(pa);
		for (end = a + UK_PAGE_SIZE / sizeof(*a); a < end; a++)
			node_free(a);
	}
	return true;
}

uk_paddr_t area_frame(void)
{
	return UK_ALIGN_DOWN(uk_page_from_virt(spare), UK_PAGE_SIZE);
}

static uint32_t random_prio(void)
{
	static uint32_t x = 2463534242;

	/* Marsaglia's xorshift: only the balance of the tree depends on it. */
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

/* Makes what a node knows about its subtree true again, after a change below it. */
static UK_NOINLINE struct area *update(struct area *a)
{
	struct area *l = a->left, *r = a->right;

	a->low = l ? l->low : a->start;
	a->high = r ? r->high : a->end;
	a->gap = 0;
	if (l)
		a->gap = UK_MAX(l->gap, a->start - l->high);
	if (r)
		a->gap = UK_MAX(a->gap, UK_MAX(r->gap, r->low - a->end));
	return a;
}

static struct area *area_new(uk_vaddr_t start, uk_vaddr_t end, const struct what *w)
{
	struct area *a = spare;

	spare = a->left;
	nspare--;
	*a = (struct area){ .start = start, .end = end, .prio = random_prio(), .what = *w };
	return update(a);
}

/* ---- the tree (not inlined: a compiler unrolls recursion to kilobytes) ---- */

/* *l gets the areas of t that start below va, *r the others. */
static UK_NOINLINE void split(struct area *t, uk_vaddr_t va, struct area **l, struct area **r)
{
	if (!t) {
		*l = *r = NULL;
	} else if (t->start < va) {
		split(t->right, va, &t->right, r);
		*l = update(t);
	} else {
		split(t->left, va, l, &t->left);
		*r = update(t);
	}
}

/* One tree of two, of which the first lies wholly below the second. */
static UK_NOINLINE struct area *merge(struct area *l, struct area *r)
{
	if (!l || !r)
		return l ? l : r;
	if (l->prio > r->prio) {
		l->right = merge(l->right, r);
		return update(l);
	}
	r->left = merge(l, r->left);
	return update(r);
}

struct area *area_at(const struct space *s, uk_vaddr_t va)
{
	struct area *t = s->root, *best = NULL;

	while (t) {
		if (t->end > va) {
			best = t;
			t = t->left;
		} else {
			t = t->right;
		}
	}
	return best;
}

static UK_NOINLINE struct area *insert(struct area *t, struct area *a)
{
	if (!t || a->prio > t->prio) {
		split(t, a->start, &a->left, &a->right);
		return update(a);
	}
	if (a->start < t->start)
		t->left = insert(t->left, a);
	else
		t->right = insert(t->right, a);
	return update(t);
}

/* Takes area a, which is in it, out of t. */
static UK_NOINLINE struct area *remove(struct area *t, struct area *a)
{
	if (t == a)
		return merge(a->left, a->right);
	if (a->start < t->start)
		t->left = remove(t->left, a);
	else
		t->right = remove(t->right, a);
	return update(t);
}

/* Updates the nodes on the way to area a, whose end has changed. */
static UK_NOINLINE void refresh(struct area *t, struct area *a)
{
	if (t != a)
		refresh(a->start < t->start ? t->left : t->right, a);
	update(t);
}

static void set_end(struct space *s, struct area *a, uk_vaddr_t end)
{
	s->mapped += end - a->end;
	a->end = end;
	refresh(s->root, a);
}

static void forget(struct area *a, void *arg)
{
	struct space *s = arg;

	s->areas--;
	s->mapped -= a->end - a->start;
}

static void take_out(struct space *s, struct area *a)
{
	s->root = remove(s->root, a);
	forget(a, s);
	a->left = a->right = NULL;
}

/* Does what is in `b` go on from the end of `a`, `len` bytes long? */
static bool continues(const struct what *a, size_t len, const struct what *b)
{
	return a->prot == b->prot && a->kind == b->kind && a->flags == b->flags &&
	       a->name == b->name && a->obj == b->obj && (!a->obj || a->offset + len == b->offset);
}

static void insert_node(struct space *s, struct area *a)
{
	s->root = insert(s->root, update(a));
	s->areas++;
	s->mapped += a->end - a->start;
}

/* If there are areas that `a`, which is in no tree, continues or is continued by: one of all. */
static bool join(struct space *s, struct area *a)
{
	struct area *below = area_at(s, a->start - 1), *above = area_at(s, a->end);

	if (above && above->start == a->end &&
	    continues(&a->what, a->end - a->start, &above->what)) {
		a->end = above->end;
		take_out(s, above);
		area_free(above);
	}
	if (!below || below->end != a->start ||
	    !continues(&below->what, below->end - below->start, &a->what))
		return false;
	set_end(s, below, a->end);
	area_free(a);
	return true;
}

void area_put_back(struct space *s, struct area *a)
{
	a->left = a->right = NULL;
	if (!join(s, a))
		insert_node(s, a);
}

void area_add(struct space *s, uk_vaddr_t start, uk_vaddr_t end, const struct what *w, bool joins)
{
	struct area *a = area_new(start, end, w);

	if (!joins || !join(s, a))
		insert_node(s, a);
}

/* Makes va a boundary between areas, if it lies inside one. */
static void cut(struct space *s, uk_vaddr_t va)
{
	struct area *a = area_at(s, va);
	struct what rest;
	uk_vaddr_t end;

	if (!a || a->start >= va)
		return;
	rest = a->what;
	if (rest.obj) {
		rest.offset += va - a->start;
		object_get(rest.obj);
	}
	end = a->end;
	set_end(s, a, va);
	area_add(s, va, end, &rest, false);
}

struct area *area_extract(struct space *s, uk_vaddr_t start, uk_vaddr_t end)
{
	struct area *l, *m, *r;

	cut(s, start);
	cut(s, end);
	m = area_at(s, start);
	if (!m || m->start >= end)
		return NULL;
	if (m->start == start && m->end == end) { /* the common case: just one */
		take_out(s, m);
		return m;
	}
	split(s->root, start, &l, &m);
	split(m, end, &m, &r);
	s->root = merge(l, r);
	area_walk(m, forget, s);
	return m;
}

/* The lowest hole of `len` bytes from `from` on between areas of t, or 0. */
static UK_NOINLINE uk_vaddr_t hole(const struct area *t, uk_vaddr_t from, size_t len)
{
	uk_vaddr_t va;

	if (!t || t->gap < len || t->high <= from)
		return 0;
	va = hole(t->left, from, len);
	if (va)
		return va;
	if (t->left) {
		va = UK_MAX(t->left->high, from);
		if (va < t->start && t->start - va >= len)
			return va;
	}
	if (t->right) {
		va = UK_MAX(t->end, from);
		if (va < t->right->low && t->right->low - va >= len)
			return va;
	}
	return hole(t->right, from, len);
}

/* The lowest hole in [from, to). */
static uk_vaddr_t room(const struct area *t, uk_vaddr_t from, uk_vaddr_t to, size_t len)
{
	uk_vaddr_t va;

	if (len > to - from)
		return 0;
	if (!t || t->low >= from + len)
		return from;
	va = hole(t, from, len);
	if (!va)
		va = UK_MAX(t->high, from);
	return va <= to - len ? va : 0;
}

uk_vaddr_t area_room(const struct space *s, size_t len, size_t align)
{
	size_t slack = align - UK_MIN(align, 4096UL); /* areas start at pages already */
	uk_vaddr_t va;

	if (len > s->end - s->start - slack)
		return 0;
	va = room(s->root, s->base, s->end, len + slack);
	if (!va)
		va = room(s->root, s->start, s->end, len + slack);
	return UK_ALIGN_UP(va, align);
}

UK_NOINLINE void area_walk(struct area *tree, void (*fn)(struct area *a, void *arg), void *arg)
{
	struct area *right;

	if (!tree)
		return;
	area_walk(tree->left, fn, arg);
	right = tree->right;
	fn(tree, arg);
	area_walk(right, fn, arg);
}
