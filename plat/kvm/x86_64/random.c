/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seed: rdseed, rdrand, and for want of these the jitter of the time stamp counter. And the machine's
 * generation, from ACPI.
 */
#include <uk/arch/cpu.h>
#include <uk/plat/mem.h>
#include <uk/plat/random.h>
#include <uk/string.h>

#include "kvm.h"

size_t uk_plat_entropy(void *buf, size_t n)
{
	size_t good = 0;
	char *p = buf;

	while (n) {
		uint64_t v = 0;
		size_t len = UK_MIN(n, sizeof(v));

		if (x86_random(&v))
			good += len;
		else /* every port access takes the host a different time */
			for (int i = 0; i < 8; i++) {
				__asm__ volatile("inb $0x61, %%al" ::: "al");
				v = (v ^ x86_rdtsc()) * 0x9e3779b97f4a7c15;
				v ^= v >> 29;
			}
		memcpy(p, &v, len);
		p += len;
		n -= len;
	}
	return good;
}

const void *uk_plat_generation(void)
{
	uint64_t pa = acpi_generation();
	uintptr_t page = kvm_fixed(KVM_FIXED_GENERATION);

	if (!pa || (pa & UK_PAGE_MASK) > UK_PAGE_SIZE - UK_PLAT_GENERATION ||
	    uk_plat_map(page, pa & ~UK_PAGE_MASK, UK_PAGE_SIZE, UK_PROT_READ))
		return NULL;
	return (const void *)(page + (pa & UK_PAGE_MASK));
}
