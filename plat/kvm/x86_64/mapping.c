/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What lies where in the image's slot of the address space, for listings; early.c mapped it.
 */
#include <uk/plat/mem.h>

#include "boot.h"
#include "kvm.h"

/* entry.S */
extern char kvm_stack[];

/* As enum kvm_fixed. */
static const char fixed_names[KVM_FIXED_N][16] = {
	[KVM_FIXED_LAPIC] = "local APIC",
	[KVM_FIXED_IOAPIC] = "I/O APIC",
	[KVM_FIXED_HPET] = "HPET",
	[KVM_FIXED_POWER] = "power",
	[KVM_FIXED_BUTTON] = "power button",
	[KVM_FIXED_GENERATION] = "vmgenid",
	[KVM_FIXED_DF_STACK] = "double faults",
	[KVM_FIXED_NMI_STACK] = "NMIs",
};

bool uk_plat_stack(uk_vaddr_t *low, uk_vaddr_t *high)
{
	*low = (uintptr_t)kvm_stack + STACK_SHIFT;
	*high = (uintptr_t)uk_image_end + STACK_SHIFT;
	return false;
}

bool uk_plat_mapping(unsigned i, struct uk_plat_mapping *m)
{
	const uintptr_t at[] = {
		(uintptr_t)uk_image_start,
		(uintptr_t)kvm_rodata,
		(uintptr_t)kvm_data,
		(uintptr_t)kvm_stack,
		(uintptr_t)kvm_stack + STACK_SHIFT,
		UK_ALIGN_UP((uintptr_t)uk_image_end, UK_PAGE_SIZE) + STACK_SHIFT,
	};
	static const char names[][12] = { "image", "image", "image", "guard", "boot stack" };
	const unsigned parts = UK_ARRAY_SIZE(names);
	uk_paddr_t pa;

	if (i >= parts + KVM_FIXED_N)
		return false;
	*m = (struct uk_plat_mapping){ .start = i < parts ? at[i] : kvm_fixed(i - parts) };
	m->end = i < parts ? at[i + 1] : m->start + UK_PAGE_SIZE;
	m->stack = i == 4 || i - parts == KVM_FIXED_DF_STACK || i - parts == KVM_FIXED_NMI_STACK;
	m->name = i < parts ? names[i] : fixed_names[i - parts];
	if (uk_plat_lookup(m->start, &pa, &m->prot)) /* the guard, or a device that is not there */
		m->end = m->start;
	return true;
}
