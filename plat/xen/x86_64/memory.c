/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * <uk/plat/mem.h> for both kinds of domain: which one this is is known when it boots.
 */
#include <uk/arch/paging.h>
#include <uk/arch/trap.h>
#include <uk/errno.h>
#include <uk/plat/dma.h>
#include <uk/plat/mem.h>
#include <uk/plat/trap.h>

#include "pvpaging.h"

void xen_pt_init(uint64_t *root, uk_paddr_t first, unsigned n, bool nx)
{
	uk_xen_pv ? pv_pt_init(root, first, n, nx) : uk_arch_pt_init(root, first, n, nx);
}

void xen_pt_moved(uintptr_t offset)
{
	uk_xen_pv ? pv_pt_moved(offset) : uk_arch_pt_moved(offset);
}

/* What the builder of a PV domain left is in the direct map. */
const void *xen_boot_map(uint64_t pa, size_t len)
{
	if (!uk_xen_pv)
		return uk_arch_boot_map(pa, len);
	return pa >= pvt.builder_start && pa < pvt.early_end ? uk_plat_phys_to_virt(pa) : NULL;
}

void xen_boot_unmap(const void *va, size_t len)
{
	if (!uk_xen_pv)
		uk_arch_boot_unmap(va, len);
}

void uk_plat_set_frames(const struct uk_plat_frames *frames)
{
	uk_xen_pv ? pv_set_frames(frames) : uk_arch_pt_set_frames(frames);
}

int uk_plat_direct_map(uk_paddr_t pa, size_t len)
{
	return uk_xen_pv ? pv_direct_map(pa, len) : uk_arch_pt_direct_map(pa, len);
}

int uk_plat_map(uk_vaddr_t va, uk_paddr_t pa, size_t len, unsigned prot)
{
	return uk_xen_pv ? pv_map(va, pa, len, prot) : uk_arch_pt_map(va, pa, len, prot);
}

int uk_plat_map_page(uk_vaddr_t va, uk_paddr_t pa, unsigned prot)
{
	return uk_xen_pv ? pv_map(va, pa, UK_PAGE_SIZE, prot) : uk_arch_pt_map_page(va, pa, prot);
}

int uk_plat_unmap(uk_vaddr_t va, size_t len)
{
	return uk_xen_pv ? pv_unmap(va, len) : uk_arch_pt_unmap(va, len);
}

int uk_plat_protect(uk_vaddr_t va, size_t len, unsigned prot)
{
	return uk_xen_pv ? pv_protect(va, len, prot) : uk_arch_pt_protect(va, len, prot);
}

int uk_plat_lookup(uk_vaddr_t va, uk_paddr_t *pa, unsigned *prot)
{
	return uk_xen_pv ? pv_lookup(va, pa, prot) : uk_arch_pt_lookup(va, pa, prot);
}

size_t uk_plat_lookup_run(uk_vaddr_t va, size_t max, uk_paddr_t *pa)
{
	return uk_xen_pv ? pv_lookup_run(va, max, pa) : uk_arch_pt_lookup_run(va, max, pa);
}

int uk_plat_move(uk_vaddr_t from, uk_vaddr_t to, size_t len)
{
	return uk_xen_pv ? pv_move(from, to, len) : uk_arch_pt_move(from, to, len);
}

static bool bad_boot_range(uk_paddr_t pa, size_t len)
{
	return !len || pa >= UK_VA_BOOT_LEN || len > UK_VA_BOOT_LEN - pa;
}

void *uk_plat_map_boot(uk_paddr_t pa, size_t len)
{
	uk_paddr_t start = UK_ALIGN_DOWN(pa, UK_PAGE_SIZE);

	if (!uk_xen_pv)
		return uk_arch_pt_map_boot(pa, len);
	if (bad_boot_range(pa, len) ||
	    pv_map(UK_VA_KEPT + start, start, UK_ALIGN_UP(pa + len, UK_PAGE_SIZE) - start,
		   UK_PROT_READ))
		return NULL;
	return (void *)(UK_VA_KEPT + pa);
}

void uk_plat_unmap_boot(const void *va, size_t len)
{
	uk_vaddr_t start = UK_ALIGN_DOWN((uk_vaddr_t)va, UK_PAGE_SIZE);

	if (!uk_xen_pv)
		uk_arch_pt_unmap_boot(va, len);
	else
		pv_unmap(start, UK_ALIGN_UP((uk_vaddr_t)va + len, UK_PAGE_SIZE) - start);
}

#ifdef CONFIG_PLAT_SPACES
int uk_plat_space_create(struct uk_plat_space *s)
{
	return uk_xen_pv ? -ENOTSUP : uk_arch_pt_space_create(s);
}

void uk_plat_space_destroy(struct uk_plat_space *s)
{
	if (!uk_xen_pv)
		uk_arch_pt_space_destroy(s);
}

void uk_plat_space_switch(const struct uk_plat_space *s)
{
	if (!uk_xen_pv)
		uk_arch_pt_space_switch(s);
}
#endif

/*
 * Under PV Xen pushes the frame, and stacks have all their memory: no other way in is needed. Under PVH an event that found
 * no stack comes again, as it is still pending. So interrupts need no stack of their own, and must not have one: an
 * emulated CPU (QEMU 7.2's, with Xen on it) delivers some twice, the second time before the first instruction of the handler,
 * and would overwrite the first one's frame at the top of that stack.
 */
void uk_plat_page_faults_start(void *stack)
{
	if (!uk_xen_pv)
		x86_page_faults_only(stack);
}

uint64_t xen_grant_place(unsigned n UK_UNUSED)
{
	return xen_frame_alloc() >> UK_PAGE_SHIFT;
}
