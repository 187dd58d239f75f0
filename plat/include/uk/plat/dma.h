/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses as devices see them. Neighbouring pages need not be neighbours there, except those of one run
 * of frames (uk_page_alloc()), and so all of the heap's blocks.
 */
#ifndef UK_PLAT_DMA_H
#define UK_PLAT_DMA_H

#include <uk/api.h>
#include <uk/plat/mem.h>

UK_API_BEGIN

/*
 * Any memory that is mapped: how many of the `len` bytes at `p` adjoin for a device; *dma is where the
 * first is. 0: nothing is mapped there. The pages stay as long as the caller's memory does; a page on
 * demand must have been touched. Any context.
 */
size_t uk_plat_dma_run(const void *p, size_t len, uk_dma_t *dma);

UK_API_END

/* Is it in the direct map: a frame's own address, as the heap and buffers have? Any context. */
static inline bool uk_plat_dma_direct(const void *p)
{
	return (uintptr_t)p - UK_VA_DIRECT < UK_VA_IMAGE - UK_VA_DIRECT;
}

/* For those: where a device finds it. Any context. */
static inline uk_dma_t uk_plat_dma(const void *p)
{
	return uk_plat_virt_to_phys(p);
}

#endif
