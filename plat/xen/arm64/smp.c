/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several CPUs: as on kvm (plat/common), by Xen's PSCI and its interrupt controller, which also sends interrupts between them. Xen is told
 * where it and each of them meet (public/vcpu.h, VCPUOP_register_vcpu_info), and events come to each by an interrupt of its own.
 */
#include <uk/errno.h>
#include <uk/plat/cpu.h>

#include "cpus.h"
#include "treesmp.h"
#include "xen.h"

#include <xen/sched.h>
#include <xen/vcpu.h>

struct xen_vcpu xen_vcpus[UK_CPUS];
UK_STATIC_ASSERT(UK_PAGE_SIZE % sizeof(struct xen_vcpu) == 0, "none goes beyond its page");

int xen_vcpu_register(uint32_t cpu)
{
	uk_paddr_t pa = image_paddr(&xen_vcpus[cpu]);
	struct vcpu_register_vcpu_info where = { .mfn = pa >> UK_PAGE_SHIFT,
						 .offset = (uint32_t)(pa & UK_PAGE_MASK) };

	return (int)xen_vcpu_op(VCPUOP_register_vcpu_info, cpu, &where);
}

bool plat_cpus_prepare(void)
{
	xen_upcall_request();
	return arm_cpus_prepare();
}

/* Xen counts CPUs as its trees do: 16 in the lowest byte of their numbers, then the next byte (xen/arch/arm, vaffinity_to_vcpuid()). */
static bool is_number(uint32_t cpu, uint64_t id)
{
	return id == ((uint64_t)cpu / 16 << 8 | cpu % 16);
}

int plat_cpu_on(uint32_t cpu, const struct cpustart *g)
{
	int err;

	/* Ours is Xen's number, as on x86_64: that of events. */
	if (!is_number(cpu, plat_cpu_ids[cpu]))
		return -ENODEV;
	err = xen_vcpu_register(cpu);
	if (err)
		return err;
	/*
	 * Xen notes that there may be events in all words, so that none is lost. But a CPU that is down gets no interrupt for it, and
	 * would get none afterwards, since that is for the first event.
	 */
	xen_vcpus[cpu].info = (struct vcpu_info){ 0 };
	err = xen_event_cpu(cpu);
	return err ? err : arm_cpu_on(cpu, g);
}

void uk_plat_cpu_yield(void)
{
	xen_call2(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL);
}
