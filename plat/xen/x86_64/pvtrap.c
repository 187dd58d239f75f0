/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traps and the mask of interrupts in a PV domain: a table that Xen reads in place of descriptors, and the byte in shared
 * memory that stands for the flag of the CPU.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/print.h>
#include <uk/string.h>

#include "xen.h"

#include <xen/callback.h>
#include <xen/version.h>

/* Bits of trap_info.flags. */
#define FROM_RING3  3 /* software may raise it: an `int3` of ours, which are in ring 3 */
#define MASK_EVENTS 4

extern const char xen_pv_stubs[], xen_pv_upcall[], xen_pv_failsafe[];
void xen_pv_trap(struct uk_regs *r);

/* All vectors; of some nothing ever comes. */
void pv_trap_table(struct trap_info *t)
{
	unsigned i;

	for (i = 0; i < XEN_PV_STUBS; i++, t++) {
		t->vector = (uint8_t)i;
		t->flags = MASK_EVENTS | (i == 3 || i == 4 ? FROM_RING3 : 0);
		t->cs = FLAT_KERNEL_CS;
		t->address = (uintptr_t)xen_pv_stubs + i * XEN_PV_STUB_SIZE;
	}
	memset(t, 0, sizeof(*t));
}

static void callback(unsigned type, const char *entry)
{
	struct callback_register r = { .type = (uint16_t)type,
				       .flags = CALLBACKF_mask_events,
				       .address = (uintptr_t)entry };

	xen_must_call(__HYPERVISOR_callback_op, CALLBACKOP_register, &r, "an entry of ours");
}

void pv_traps(void)
{
	static struct trap_info table[XEN_TRAPS];

	pv_trap_table(table);
	xen_must_call(__HYPERVISOR_set_trap_table, (uintptr_t)table, NULL, "our trap table");
	callback(CALLBACKTYPE_event, xen_pv_upcall);
	callback(CALLBACKTYPE_failsafe, xen_pv_failsafe);
}

/* Where the last page fault was: x86_trap() asks before the mask is opened again. */
uintptr_t x86_fault_addr(void)
{
	return uk_xen_pv ? xen_vcpu()->arch.cr2 : x86_read_cr2();
}

void xen_pv_trap(struct uk_regs *r)
{
	x86_trap(r);
}

void x86_paravirt_close(void)
{
	UK_BARRIER();
	xen_vcpu()->evtchn_upcall_mask = 1;
	UK_BARRIER();
}

void x86_paravirt_open(void)
{
	struct vcpu_info *v = xen_vcpu();

	UK_BARRIER();
	v->evtchn_upcall_mask = 0;
	UK_BARRIER();
	/* What came in between is only delivered when Xen is called. */
	if (UK_UNLIKELY(v->evtchn_upcall_pending))
		xen_call2(__HYPERVISOR_xen_version, XENVER_version, NULL);
}
