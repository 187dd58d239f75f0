/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lwIP's pools of objects, in place of its own memp.c: a list of free objects of each kind, which grows
 * from the heap on demand, and gives back to the heap what is more than a few.
 *
 * So an object that is used for each packet costs ten instructions, and one that was needed once,
 * for a thousand connections, is not kept for ever. All under the lock of the stack.
 */
#include <lwip/memp.h>
#include <lwip/priv/memp_priv.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/raw.h>
#include <lwip/udp.h>
#include <lwip/igmp.h>
#include <lwip/mld6.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/etharp.h>
#include <uk/alloc.h>
#include <uk/assert.h>
#include <uk/random.h>
#include "internal.h"

#ifndef KEEP /* tests/lwip keeps none */
#define KEEP 64
#endif

struct free_object {
	struct free_object *next;
};

static struct {
	struct free_object *free;
	unsigned n;    /* in that list */
	unsigned made; /* taken from the heap */
} pools[MEMP_MAX];

static const uint16_t sizes[MEMP_MAX] = {
#define LWIP_MEMPOOL(name, num, size, desc) [MEMP_##name] = (size),
#include <lwip/priv/memp_std.h>
};

void memp_init(void)
{
}

void *memp_malloc(memp_t type)
{
	struct free_object *o = pools[type].free;

	if (UK_LIKELY(o != NULL)) {
		pools[type].free = o->next;
		pools[type].n--;
		return o;
	}
	o = uk_malloc(sizes[type]);
	if (o)
		pools[type].made++;
	return o;
}

unsigned lwip_memp_used(unsigned type)
{
	return pools[type].made - pools[type].n;
}

void memp_free(memp_t type, void *mem)
{
	struct free_object *o = mem;

	if (UK_UNLIKELY(!o))
		return;
	if (UK_UNLIKELY(pools[type].n >= KEEP)) {
		pools[type].made--;
		uk_free(o);
		return;
	}
	o->next = pools[type].free;
	pools[type].free = o;
	pools[type].n++;
}

/* ---- what lwIP wants of the kernel besides ---- */

void *lwip_malloc(size_t n)
{
	return uk_malloc(n);
}

void *lwip_calloc(size_t n, size_t size)
{
	return uk_calloc(n, size);
}

void lwip_free(void *p)
{
	uk_free(p);
}

uint32_t lwip_random(void)
{
	return (uint32_t)uk_random_u64();
}

void lwip_panic(const char *what, const char *file, int line)
{
	uk_panic("%s (%s:%d)", what, file, line);
}
