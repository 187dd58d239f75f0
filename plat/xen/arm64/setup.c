/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the image's final address to uk_boot(): what a domain needs before libraries can run.
 */
#include <libfdt.h>
#include <uk/arch/cpu.h>
#include <uk/config.h>
#include <uk/plat/irq.h>
#include <uk/plat/trap.h>
#include <uk/print.h>

#include "machine.h"
#include "pages.h"
#include "start.h"
#include "treeclock.h"
#include "treeseed.h"
#include "xen.h"

#include <xen/features.h>
#include <xen/version.h>

static struct uk_bootinfo bootinfo;
static int node; /* of the tree: Xen's */

bool uk_xen_dom0;

#define XENS_GIC 0x03001000 /* public/arch-arm.h, GUEST_GICD_BASE: where no other machine has it */

/* Is the interrupt controller there? */
static bool gic_is_xens(void)
{
	static const char kinds[][20] = { "arm,gic-v3", "arm,cortex-a15-gic" };
	uk_paddr_t pa;
	size_t len;
	int gic;

	for (unsigned i = 0; i < UK_ARRAY_SIZE(kinds); i++) {
		gic = devtree_next(-1, kinds[i]);
		if (gic >= 0 && devtree_reg(gic, &pa, &len) && pa == XENS_GIC)
			return true;
	}
	return false;
}

/* Neither console nor end are to be had of Xen: those of the machine. */
static UK_NORETURN void no_xen(void)
{
	uk_pr_err("this image is for Xen, and there is no Xen here; the one for PLAT=kvm runs on "
		  "QEMU");
	arm_firmware_call(arm_tree_psci(), PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		__asm__ volatile("wfi");
}

/*
 * Is this Xen at all? In the tree of the control domain, and of most others, is a node for it (Linux Documentation/devicetree/
 * bindings/arm/xen.txt). That of a domain that Xen 4.17 has started by itself may have none, nor say so otherwise.
 */
static void find_xen(void)
{
	struct xen_feature_info f = { .submap_idx = 0 };

	node = devtree_next(-1, "xen,xen");
	if (node < 0 && fdt_node_check_compatible(devtree(), 0, "xen,xenvm") && !gic_is_xens())
		no_xen();
	uk_xen_dom0 = !xen_call2(__HYPERVISOR_xen_version, XENVER_get_features, &f) &&
		      f.submap >> XENFEAT_dom0 & 1;
}

static void upcall(void *arg UK_UNUSED)
{
	xen_event_dispatch();
}

bool xen_upcall_request(void)
{
	static bool asked, there;
	uint32_t irq;

	if (!asked) {
		asked = true;
		irq = node < 0 ? 0 : arm_tree_irq(node, 0);
		there = irq && !uk_plat_irq_request(irq, upcall, NULL);
	}
	return there;
}

void xen_upcall_open(void)
{
	static bool said;

	if (xen_upcall_request() || said)
		return;
	said = true;
	uk_pr_warn("Xen does not tell by which interrupt its events come, or that does not "
		   "work: there are none");
}

/* The region of addresses that Xen keeps free for it, or else frames of ours. */
uint64_t xen_grant_place(unsigned n)
{
	uk_paddr_t pa;
	size_t len;

	if (node >= 0 && devtree_reg(node, &pa, &len) && n < len / UK_PAGE_SIZE)
		return (pa >> UK_PAGE_SHIFT) + n;
	return xen_frame_alloc() >> UK_PAGE_SHIFT;
}

size_t plat_more_seed(void *buf, size_t n)
{
	return arm_cpu_seed(buf, n);
}

void plat_wander(void)
{
	xen_call2(__HYPERVISOR_xen_version, XENVER_version, NULL);
}

UK_NO_STACK_PROTECTOR void boot_start(uk_paddr_t tree)
{
	boot_use_random();
	boot_traps(); /* from here on mistakes are reported */
	xen_console_init();
	devtree_open(tree); /* which describes the machine */
	xen_uart_find();
	find_xen();
	plat_clock_init();
	bootinfo.protocol = "arm64";
	devtree_boot(&bootinfo);
	hvm_shared_page();
#ifdef CONFIG_SMP
	xen_must(xen_vcpu_register(0), "to share memory with a CPU");
#endif
	if (!uk_xen_dom0)
		hvm_pages();
	map_pages();
	xen_event_init();
	xen_console_ring();
	arm_irq_open(); /* still masked by software */
	uk_boot(&bootinfo);
}
