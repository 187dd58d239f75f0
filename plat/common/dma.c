/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses for devices: what the page tables say.
 */
#include <uk/plat/dma.h>

size_t uk_plat_dma_run(const void *p, size_t len, uk_dma_t *dma)
{
	uk_paddr_t pa, more;
	size_t n;

	if (uk_plat_dma_direct(p)) {
		*dma = uk_plat_dma(p);
		return len;
	}
	if (uk_plat_lookup((uk_vaddr_t)p, &pa, NULL) || !pa)
		return 0;
	n = UK_PAGE_SIZE - ((uintptr_t)p & UK_PAGE_MASK);
	pa = UK_ALIGN_DOWN(pa, UK_PAGE_SIZE);
	*dma = pa + ((uintptr_t)p & UK_PAGE_MASK);
	while (n < len && !uk_plat_lookup((uk_vaddr_t)p + n, &more, NULL) &&
	       UK_ALIGN_DOWN(more, UK_PAGE_SIZE) == (pa += UK_PAGE_SIZE))
		n += UK_PAGE_SIZE;
	return UK_MIN(n, len);
}
