/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registers of devices, mapped one after the other at a random place: a part of the platform's bus.c.
 */
#ifndef BOOT_DEVICES_H
#define BOOT_DEVICES_H

#include <uk/plat/bus.h>

#include "image.h"

#define LARGE (2UL << 20)

static uintptr_t next; /* address behind all that is mapped */

/* The last that was mapped: small devices share a page. */
static uk_paddr_t last_pa;
static size_t last_len;
static uintptr_t last_va;

uintptr_t boot_devices(uintptr_t *end)
{
	*end = next;
	return UK_VA_DEVICES + (uk_plat_direct_base & UK_VA_DEVICES_RANDOM);
}

volatile void *uk_plat_map_device(uk_paddr_t pa, size_t len)
{
	uk_paddr_t start = UK_ALIGN_DOWN(pa, UK_PAGE_SIZE);
	size_t all = UK_ALIGN_UP(pa + len, UK_PAGE_SIZE) - start;
	uintptr_t end;

	if (start >= last_pa && all <= last_len && start - last_pa <= last_len - all)
		return (volatile char *)last_va + (pa - last_pa);
	if (!next)
		next = boot_devices(&end);
	if (all >= LARGE) /* large pages, if it has them */
		next += (start - next) & (LARGE - 1);
	if (uk_plat_map(next, start, all, UK_PROT_READ | UK_PROT_WRITE | UK_PROT_DEVICE))
		return NULL;
	last_pa = start;
	last_len = all;
	last_va = next;
	next += all;
	return (volatile char *)last_va + (pa - start);
}

#endif
