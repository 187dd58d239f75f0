/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CPUs by the tables that PCs had before ACPI (Intel MultiProcessor Specification 1.4 §4): for machines
 * without it, such as QEMU's microvm with acpi=off, and for images that read no ACPI.
 */
#include <uk/arch/paging.h>
#include <uk/print.h>
#include <uk/string.h>

#include "kvm.h"

#define BIOS_START 0xf0000UL
#define BIOS_END   0x100000UL
#define BASE_TOP   0x9fc00UL /* the last KiB of base memory */
#define BASE_END   0xa0000UL

#define HEADER_SIZE 44
#define LENGTH_MAX  65535U
#define CPU_ENTRY   0
#define CPU_SIZE    20U
#define OTHER_SIZE  8U
#define CPU_ENABLED 1U

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s += *p++;
	return s;
}

/* The physical address of the configuration table, 0 if nothing points to one in [start, end). */
static uint64_t find(uint64_t start, uint64_t end)
{
	const uint8_t *p = uk_arch_boot_map(start, end - start);
	uint64_t pa = 0;

	for (size_t i = 0; p && i + 16 <= end - start; i += 16)
		if (!memcmp(p + i, "_MP_", 4) && p[i + 8] == 1 && !sum(p + i, 16)) {
			pa = acpi_field(p + i, 4, 4);
			break;
		}
	if (p)
		uk_arch_boot_unmap(p, end - start);
	return pa;
}

unsigned mptable_cpus(void (*fn)(uint32_t id))
{
	uint64_t pa = find(BASE_TOP, BASE_END);
	const uint8_t *t, *e;
	size_t len;
	unsigned n = 0;

	if (!pa)
		pa = find(BIOS_START, BIOS_END);
	t = pa ? uk_arch_boot_map(pa, LENGTH_MAX) : NULL;
	if (!t)
		return 0;
	len = acpi_field(t, 4, 2);
	if (memcmp(t, "PCMP", 4) || len < HEADER_SIZE || sum(t, len)) {
		uk_pr_err("MP table at %#lx is corrupt: ignored", (unsigned long)pa);
		len = 0;
	}
	for (e = t + HEADER_SIZE; e + OTHER_SIZE <= t + len;) {
		bool cpu = *e == CPU_ENTRY;

		if (cpu && e + CPU_SIZE <= t + len && e[3] & CPU_ENABLED) {
			fn(e[1]);
			n++;
		}
		e += cpu ? CPU_SIZE : OTHER_SIZE;
	}
	uk_arch_boot_unmap(t, LENGTH_MAX);
	return n;
}
