/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A PV domain's start (Xen public/xen.h, "Start of day structure passed to PV guests in %rsi").
 *
 * The domain builder has mapped, all writable, from 0 on: the image at 1 MiB, an initrd, the list of our frames, start
 * info, pages of console and store, page tables, a stack; and at least 512 KiB of memory behind.
 */
#include <uk/arch/cpu.h>
#include <uk/essentials.h>
#include <uk/print.h>
#include <uk/string.h>

#include "boot.h"
#include "pvpaging.h"

void xen_pv_prepare(const struct start_info *si);

uint8_t xen_call_kind UK_RO_AFTER_INIT_ZERO;
struct start_info *xen_start_info UK_RO_AFTER_INIT_ZERO;
bool uk_xen_pv UK_RO_AFTER_INIT_ZERO, uk_xen_dom0 UK_RO_AFTER_INIT_ZERO;

/* The first C function, where the image was loaded: see early.c for what it may not do. */
UK_NO_STACK_PROTECTOR void xen_pv_prepare(const struct start_info *si)
{
	uk_xen_pv = true;
	uk_xen_dom0 = si->flags & SIF_INITDOMAIN;
	x86_paravirt = true;
	pv_pt_start(si);
}

/* [start, end) is free, but for the initrd in it. */
static void add_memory(struct uk_bootinfo *bi, uk_paddr_t start, uk_paddr_t end)
{
	if (start < end)
		boot_memory(bi, start, end - start, 1);
}

static void read_initrd(struct uk_bootinfo *bi, const struct start_info *si)
{
	uint64_t at = si->mod_start;

	if (!si->mod_len)
		return;
	if (si->flags & SIF_MOD_START_PFN)
		at <<= UK_PAGE_SHIFT;
	boot_initrd(bi, at, si->mod_len);
}

static UK_ALWAYS_INLINE void read_pages(void)
{
	const struct start_info *si = xen_start_info;

	xen_pages[BOOT_FIXED_CONSOLE].frame = pv_paddr(si->console.domU.mfn);
	xen_pages[BOOT_FIXED_CONSOLE].port = si->console.domU.evtchn;
	xen_pages[BOOT_FIXED_STORE].frame = pv_paddr(si->store_mfn);
	xen_pages[BOOT_FIXED_STORE].port = si->store_evtchn;
}

/*
 * Boot information is in the direct map: pv_pt_moved() has put all that Xen's builder left there. The
 * memory between image and list of frames, where an initrd may be, is free.
 */
void xen_pv_boot(struct uk_bootinfo *bi, uint32_t info)
{
	struct start_info *si = uk_plat_phys_to_virt(info);
	uk_paddr_t start = pvt.builder_start, end = pvt.early_end;

	bi->protocol = "xen-pv";
	boot_cmdline(bi, info + offsetof(struct start_info, cmd_line));
	read_initrd(bi, si);
	add_memory(bi, 0, start);
	boot_memory(bi, start, end - start, 2);
	add_memory(bi, end, si->nr_pages << UK_PAGE_SHIFT);
	xen_start_info = si;
	if (!uk_xen_dom0)
		read_pages();
	pv_map_machine(&xen_shared_page, si->shared_info);
}

void xen_pv_pages(void)
{
	read_pages();
}
