/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts that devices send by writing to the local APIC's address (Intel SDM vol. 3 §10.11): each has a
 * vector of its own, the same on all CPUs, and goes to one of them.
 */
#include <uk/arch/trap.h>
#include <uk/errno.h>
#include <uk/plat/bus.h>

#include "kvm.h"

#define MSI_ADDRESS     0xfee00000U
#define MSI_DESTINATION 12
#define N               (KVM_VECTOR_SPURIOUS - KVM_VECTOR_MSI)

static struct {
	void (*fn)(void *arg);
	void *arg;
} handlers[N];

int uk_plat_msi_request(void (*fn)(void *arg), void *arg, uint32_t cpu, struct uk_plat_msi *msi)
{
	unsigned i = 0;
	uint32_t id;

	if (!kvm_lapic())
		return -ENODEV;
#ifdef CONFIG_SMP
	id = kvm_lapic_id_of(cpu);
#else
	id = kvm_lapic_id();
	(void)cpu;
#endif
	if (id > 255) /* needs an interrupt remapper */
		return -ENODEV;
	while (i < N && handlers[i].fn)
		i++;
	if (i == N)
		return -ENOSPC;
	handlers[i].arg = arg;
	__atomic_store_n(&handlers[i].fn, fn, __ATOMIC_RELEASE);
	msi->address = MSI_ADDRESS | id << MSI_DESTINATION;
	msi->data = KVM_VECTOR_MSI + i; /* fixed, edge */
	return 0;
}

void uk_plat_msi_release(const struct uk_plat_msi *msi)
{
	__atomic_store_n(&handlers[msi->data - KVM_VECTOR_MSI].fn, NULL, __ATOMIC_RELEASE);
}

void kvm_msi_dispatch(unsigned vector)
{
	void (*fn)(void *arg) =
		__atomic_load_n(&handlers[vector - KVM_VECTOR_MSI].fn, __ATOMIC_ACQUIRE);

	if (fn)
		fn(handlers[vector - KVM_VECTOR_MSI].arg);
}
