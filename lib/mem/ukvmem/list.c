/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Listings of all that is mapped: the areas, and what is there without being one: the image, devices,
 * and the direct map, in which the heap lies. Those are looked up each time, so that nobody pays for
 * them who does not ask.
 */
#include <uk/errno.h>
#include <uk/page.h>
#include "vmem.h"

/* Takes `a` if it is nearer above va than what was found so far. */
static void offer(uk_vaddr_t va, struct uk_vmem_area *best, const struct uk_vmem_area *a)
{
	if (a->end > va && a->start < a->end && (!best->end || a->start < best->start))
		*best = *a;
}

static enum uk_vmem_kind kind_of(const struct uk_plat_mapping *m)
{
	if (m->prot & UK_PROT_DEVICE)
		return UK_VMEM_DEVICE;
	if (m->prot & UK_PROT_EXEC)
		return UK_VMEM_CODE;
	return m->stack ? UK_VMEM_STACK : UK_VMEM_DATA;
}

static void offer_platform(uk_vaddr_t va, struct uk_vmem_area *best)
{
	struct uk_plat_mapping m;

	for (unsigned i = 0; uk_plat_mapping(i, &m); i++)
		offer(va, best,
		      &(struct uk_vmem_area){ .start = m.start,
					      .end = m.end,
					      .prot = m.prot &
						      (UK_VMEM_READ | UK_VMEM_WRITE | UK_VMEM_EXEC),
					      .kind = kind_of(&m),
					      .given = true,
					      .name = m.name });
}

static void offer_frames(uk_vaddr_t va, struct uk_vmem_area *best)
{
	uk_paddr_t start, end;

	for (unsigned i = 0; uk_page_region(i, &start, &end); i++)
		offer(va, best,
		      &(struct uk_vmem_area){ .start = (uk_vaddr_t)uk_page_to_virt(start),
					      .end = (uk_vaddr_t)uk_page_to_virt(end),
					      .prot = UK_VMEM_READ | UK_VMEM_WRITE,
					      .kind = UK_VMEM_HEAP,
					      .given = true,
					      .name = "page frames" });
}

int uk_vmem_find(uk_vaddr_t va, struct uk_vmem_area *area)
{
	bool was = vmem_enter();

	if (uk_vmem_peek(va, area))
		*area = (struct uk_vmem_area){ 0 };
	vmem_leave(was);
	offer_platform(va, area);
	offer_frames(va, area);
	return area->end ? 0 : -ENOENT;
}

const char *uk_vmem_kind_name(enum uk_vmem_kind kind)
{
	static const char names[][12] = {
		[UK_VMEM_ANON] = "anonymous",    [UK_VMEM_FILE] = "file",
		[UK_VMEM_STACK] = "stack",       [UK_VMEM_DEVICE] = "device",
		[UK_VMEM_RESERVED] = "reserved", [UK_VMEM_CODE] = "code",
		[UK_VMEM_DATA] = "data",         [UK_VMEM_HEAP] = "heap",
	};

	return kind < UK_ARRAY_SIZE(names) ? names[kind] : "unknown";
}
