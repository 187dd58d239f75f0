/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <uk/errno.h>
#include <uk/page.h>
#include <uk/percpu.h>
#include <uk/print.h>
#include <uk/xen/event.h>
#include <uk/xen/grant.h>
#include <uk/xenbus.h>

#include "host.h"

struct grant grants[GRANTS];
unsigned ngrants;
unsigned broken;
unsigned pages_left = ~0U, grants_left = ~0U;

struct uk_percpu uk_percpu_boot;
uintptr_t uk_plat_direct_base; /* 0: an address is its own frame */
struct uk_alloc *uk_heap;

/* ---- input ---- */

static const uint8_t *in, *in_end;

void input(const uint8_t *data, size_t size)
{
	in = data;
	in_end = data + size;
	memset(grants, 0, ngrants * sizeof(*grants));
	ngrants = broken = 0;
}

bool more(void)
{
	return in < in_end;
}

unsigned byte(void)
{
	return in < in_end ? *in++ : 0;
}

unsigned word(void)
{
	unsigned v = byte();

	return v | byte() << 8;
}

/* ---- memory, messages ---- */

void *uk_alloc_malloc(struct uk_alloc *a, size_t size)
{
	return malloc(size);
}

void *uk_alloc_calloc(struct uk_alloc *a, size_t n, size_t size)
{
	return calloc(n, size);
}

void uk_alloc_free(struct uk_alloc *a, void *p)
{
	free(p);
}

/* Runs of frames that are in use. */
static struct {
	char *start;
	size_t npages;
} runs[1024];

uk_paddr_t uk_page_alloc_run(size_t npages, unsigned flags)
{
	void *p;
	unsigned i = 0;

	if (!pages_left)
		return UK_PAGE_NONE;
	pages_left--;
	p = aligned_alloc(UK_PAGE_SIZE, npages * UK_PAGE_SIZE);
	while (runs[i].start)
		i++;
	runs[i].start = p;
	runs[i].npages = npages;
	memset(p, 0, npages * UK_PAGE_SIZE);
	return (uk_paddr_t)p;
}

void uk_page_free_run(uk_paddr_t pa, size_t npages)
{
	unsigned i = 0;

	while (runs[i].start != (char *)pa)
		i++;
	runs[i].start = NULL;
	for (size_t k = 0; k < npages; k++)
		if (is_granted((char *)pa + k * UK_PAGE_SIZE))
			abort();
	free((void *)pa);
}

uk_paddr_t uk_page_alloc_one(unsigned flags)
{
	return uk_page_alloc_run(1, flags);
}

void uk_page_free_one(uk_paddr_t pa)
{
	uk_page_free_run(pa, 1);
}

void uk_log(enum uk_log_level level, const char *lib, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	uk_vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
}

void uk_plat_irq_replay(void)
{
}

/* Each look at the clock takes a while: who waits does not wait for long. */
uk_nsec uk_clock_monotonic(void)
{
	static uk_nsec now;

	return now += 10 * UK_NSEC_PER_MS;
}

uint64_t uk_xenbus_offer(const struct uk_xenbus_dev *d, const char *name, uint64_t otherwise)
{
	return byte() & 1;
}

int uk_xenstore_write(uint32_t tx, const char *folder, const char *name, const char *fmt, ...)
{
	return byte() & 1 ? -EIO : 0;
}

/* ---- grants ---- */

bool is_granted(const void *page)
{
	for (unsigned i = 0; i < ngrants; i++)
		if (grants[i].set && grants[i].page == page)
			return true;
	return false;
}

int uk_xen_grant_alloc(uint32_t *refs, unsigned n)
{
	if (!grants_left)
		return -ENOSPC;
	grants_left--;
	for (unsigned ref = 0; n; ref++) {
		if (ref == GRANTS)
			abort();
		if (grants[ref].taken)
			continue;
		grants[ref].taken = true;
		*refs++ = ref;
		n--;
		ngrants = ref >= ngrants ? ref + 1 : ngrants;
	}
	return 0;
}

void uk_xen_grant_free(const uint32_t *refs, unsigned n)
{
	while (n--) {
		struct grant *g = &grants[refs[n]];

		if (refs[n] >= GRANTS || !g->taken || g->set)
			abort();
		g->taken = false;
	}
}

int uk_xen_grant_set(uint32_t ref, unsigned domid, const void *va, bool readonly)
{
	struct grant *g = &grants[ref];

	if (ref >= GRANTS || !g->taken || g->set)
		abort();
	g->set = true;
	g->readonly = readonly;
	g->page = (unsigned char *)((uintptr_t)va & ~(UK_PAGE_SIZE - 1));
	return 0;
}

bool uk_xen_grant_clear(uint32_t ref)
{
	struct grant *g = &grants[ref];

	if (ref >= GRANTS || !g->taken || !g->set)
		abort();
	if (g->mapped)
		return false;
	g->set = false;
	return true;
}

int uk_xen_grant(unsigned domid, const void *va, bool readonly)
{
	uint32_t ref;
	int err = uk_xen_grant_alloc(&ref, 1);

	if (err)
		return err;
	uk_xen_grant_set(ref, domid, va, readonly);
	return (int)ref;
}

bool uk_xen_grant_end(uint32_t ref)
{
	if (!uk_xen_grant_clear(ref))
		return false;
	uk_xen_grant_free(&ref, 1);
	return true;
}

void backend_acts(void)
{
	unsigned first = word(), what = byte(), at = word() % UK_PAGE_SIZE;
	struct grant *g = NULL;

	for (unsigned i = 0; i < ngrants && (!g || !g->set); i++) /* the next that there is */
		g = &grants[(first + i) % ngrants];
	if (!g || !g->set)
		return;
	if (what < 8)
		g->mapped = !g->mapped;
	else if (!g->readonly)
		g->page[at] = (unsigned char)what;
}

void check_end(void)
{
	for (unsigned i = 0; i < ngrants; i++)
		if (grants[i].taken && !grants[i].set) /* not even lost */
			abort();
	for (unsigned i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		bool kept = false;

		for (size_t k = 0; runs[i].start && k < runs[i].npages; k++)
			kept |= is_granted(runs[i].start + k * UK_PAGE_SIZE);
		if (runs[i].start && !kept)
			abort();
		free(runs[i].start);
		runs[i].start = NULL;
	}
}

/* ---- events, xenbus ---- */

int uk_xen_event_alloc(unsigned remote)
{
	return 5;
}

int uk_xen_event_handler(uint32_t port, void (*fn)(void *arg), void *arg)
{
	return 0;
}

void uk_xen_event_mask(uint32_t port)
{
}

void uk_xen_event_unmask(uint32_t port)
{
}

bool uk_xen_event_take(uint32_t port)
{
	return false;
}

void uk_xen_event_notify(uint32_t port)
{
}

void uk_xen_event_close(uint32_t port)
{
}

void uk_xenbus_broken(struct uk_xenbus_dev *d, const char *name, const char *what,
		      unsigned long number)
{
	broken++;
}

void uk_xenbus_reconnect(struct uk_xenbus_dev *d)
{
}
