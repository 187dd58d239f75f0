/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the file libraries need of a platform beyond tests/host/sched/host.c: page frames out of
 * malloc (so that AddressSanitizer watches them), a console that tests can feed, and so on.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uk/alloc.h>
#include <uk/page.h>
#include <uk/preempt.h>
#include <uk/print.h>
#include <uk/test.h>

/* ---- page frames: a "physical" address is an address, the reference count lies before it ---------- */

uintptr_t uk_plat_direct_base;

static unsigned *count_of(uk_paddr_t pa)
{
	return (unsigned *)(pa - 64);
}

uk_paddr_t uk_page_alloc_one(unsigned flags)
{
	char *p;

	uk_preempt_disable();
	p = malloc(UK_PAGE_SIZE + 64);
	memset(p, 0xa5, UK_PAGE_SIZE + 64);
	uk_preempt_enable();
	*(unsigned *)p = 1;
	if (flags & UK_PAGE_ZERO)
		memset(p + 64, 0, UK_PAGE_SIZE);
	return (uk_paddr_t)p + 64;
}

uk_paddr_t uk_page_alloc_run(size_t npages, unsigned flags)
{
	return npages == 1 ? uk_page_alloc_one(flags) : UK_PAGE_NONE;
}

void uk_page_ref(uk_paddr_t pa)
{
	++*count_of(pa);
}

unsigned uk_page_unref(uk_paddr_t pa)
{
	unsigned left = --*count_of(pa);

	uk_preempt_disable();
	if (!left)
		free(count_of(pa));
	uk_preempt_enable();
	return left;
}

void uk_page_free_one(uk_paddr_t pa)
{
	uk_page_unref(pa);
}

void uk_page_stats(struct uk_page_stats *st)
{
	*st = (struct uk_page_stats){ .total = 64 << 20, .free = 32 << 20 };
}

/* ---- the rest ------------------------------------------------------------------------------------- */

void uk_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	exit(1);
}

bool uk_test_check_str(const char *file, int line, const char *what, const char *a, const char *b)
{
	bool ok = !strcmp(a, b);

	if (!ok)
		printf("# \"%s\" is not \"%s\"\n", a, b);
	return uk_test_check(ok, file, line, what, 0, 0);
}
