/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What Xen has for the seed (plat/common): how long its calls take.
 */
#include <uk/arch/cpu.h>
#include <uk/plat/random.h>

#include "xen.h"

#include <xen/version.h>

void xen_jitter(void)
{
	xen_call2(__HYPERVISOR_xen_version, XENVER_version, NULL);
}

/* Counts in one half; the other is when that was. */
static uint64_t generation[UK_PLAT_GENERATION / sizeof(uint64_t)];

const void *uk_plat_generation(void)
{
	return generation;
}

void xen_random_resume(void)
{
	generation[0]++;
	generation[1] = x86_rdtsc();
}
