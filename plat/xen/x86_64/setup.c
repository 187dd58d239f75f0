/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the image's final address to uk_boot(): what a domain needs before libraries can run.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/config.h>
#include <uk/irq.h>
#include <uk/percpu.h>
#include <uk/print.h>

#include "pages.h"
#include "start.h"
#include "xen.h"

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/memory.h>

#define CPUID_XEN      0x40000000U
#define CPUID_XEN_END  0x40010000U
#define CPUID_XEN_STEP 0x100U

/* HVM_PARAM_CALLBACK_IRQ: events come as an interrupt with this vector, on every CPU. */
#define CALLBACK_VECTOR (2UL << 56)

#define MEMORY_MAP_MAX 128

static struct uk_bootinfo bootinfo;

bool uk_plat_whole_stacks UK_RO_AFTER_INIT_ZERO;

/* ---- PVH ---- */

/* Intel's or AMD's instruction? And is this Xen at all? */
static void find_xen(void)
{
	struct x86_cpuid r = x86_cpuid_here(0, 0);
	uint32_t leaf = CPUID_XEN;

	/* AuthenticAMD, HygonGenuine */
	xen_call_kind =
		r.ebx == 0x68747541 || r.ebx == 0x6f677948 ? XEN_CALL_VMMCALL : XEN_CALL_VMCALL;
	for (; leaf < CPUID_XEN_END; leaf += CPUID_XEN_STEP) {
		r = x86_cpuid_here(leaf, 0);
		if (r.ebx == 0x566e6558 && r.ecx == 0x65584d4d && r.edx == 0x4d4d566e)
			return; /* XenVMMXenVMM */
	}
	uk_fatal("this image is for Xen, and there is no Xen here; the one for PLAT=kvm runs on "
		 "QEMU");
}

static UK_ALWAYS_INLINE void pvh_shared_page(void)
{
	hvm_shared_page();
	hvm_set(HVM_PARAM_CALLBACK_IRQ, CALLBACK_VECTOR | X86_VECTOR_IRQ,
		"to raise events by a vector");
}

bool xen_pvh_memory(struct uk_bootinfo *bi)
{
	static struct hvm_memmap_packed {
		uint64_t addr, size;
		uint32_t type;
	} UK_PACKED entries[MEMORY_MAP_MAX];
	static struct xen_memory_map map;

	if (!uk_xen_dom0)
		return false;
	map.nr_entries = MEMORY_MAP_MAX;
	set_xen_guest_handle(map.buffer, entries);
	xen_must_call(__HYPERVISOR_memory_op, XENMEM_memory_map, &map, "the memory map");
	for (unsigned i = 0; i < map.nr_entries; i++)
		boot_memory(bi, entries[i].addr, entries[i].size, entries[i].type);
	return true;
}

static void pvh_boot(uint32_t info)
{
	const struct hvm_start_info *si = boot_map(info, sizeof(*si), "PVH start info");

	uk_xen_dom0 = si->magic == XEN_HVM_START_MAGIC_VALUE && si->flags & SIF_INITDOMAIN;
	boot_pvh(&bootinfo, info);
	if (!uk_xen_dom0)
		hvm_pages();
}

/* ---- both ---- */

/* The pages themselves have stayed where they were. */
void xen_shared_resume(void)
{
	if (uk_xen_pv) {
		xen_pv_pages();
	} else {
		pvh_shared_page();
		hvm_pages();
	}
}

void x86_irq_dispatch(unsigned vector UK_UNUSED)
{
	xen_event_dispatch();
}

static void percpu(void)
{
#ifdef CONFIG_SMP
	uk_percpu_init(0);
	x86_wrmsr(X86_MSR_GS_BASE, (uintptr_t)uk_percpus);
#endif
}

void boot_start(uint32_t magic, uint32_t info)
{
	if (uk_xen_pv) {
		pv_pt_drop_identity();
		percpu();
		pv_traps();
		uk_plat_whole_stacks = true;
	} else {
		boot_drop_identity(); /* page 0 and the rest below 4 MiB are unmapped now */
		boot_traps();         /* from here on mistakes are reported */
		percpu();
		find_xen();
	}
	x86_cpu_init(); /* vector registers; PVH: SMEP, SMAP, UMIP */
	xen_console_init();
	if (uk_xen_pv) {
		xen_pv_boot(&bootinfo, info);
	} else {
		pvh_boot(info);
		pvh_shared_page();
	}
	boot_memory_done(&bootinfo);
	map_pages();
	xen_event_init();
	xen_console_ring();
	x86_irq_open(); /* still masked by software */
	uk_boot(&bootinfo);
}
