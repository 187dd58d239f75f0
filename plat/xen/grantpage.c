/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page frames that are shared for good: rings, lists.
 */
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/xen/grant.h>

void *uk_xen_grant_pages(unsigned domid, uint32_t *refs, unsigned n, bool readonly, int *err)
{
	uk_paddr_t pa = uk_page_alloc_run(n, UK_PAGE_ZERO);
	char *va;

	*err = -ENOMEM;
	if (pa == UK_PAGE_NONE)
		return NULL;
	*err = uk_xen_grant_alloc(refs, n);
	if (*err) {
		uk_page_free_run(pa, n);
		return NULL;
	}
	va = uk_page_to_virt(pa);
	for (unsigned i = 0; i < n && !*err; i++)
		*err = uk_xen_grant_set(refs[i], domid, va + i * UK_PAGE_SIZE, readonly);
	if (*err) {
		uk_xen_ungrant_pages(va, refs, n); /* nobody knows of them yet */
		return NULL;
	}
	return va;
}

bool uk_xen_ungrant_pages(void *va, const uint32_t *refs, unsigned n)
{
	bool all = true;

	if (!va)
		return true;
	for (unsigned i = 0; i < n; i++)
		all &= uk_xen_grant_end(refs[i]);
	if (all)
		uk_page_free_run(uk_page_from_virt(va), n);
	return all;
}
