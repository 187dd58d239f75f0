/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sanitizer's shadow in a process: one mapping of the host's, which gives it pages as they are
 * written to, and one page of zeroes for the rest.
 */
#include <uk/plat/shadow.h>
#include <uk/print.h>

#include "linuxu.h"

#define HOST_MAP_FIXED_NOREPLACE 0x100000
#define HOST_MADV_DONTNEED       4
#define HOST_MADV_DONTDUMP       16

void linuxu_shadow_init(void)
{
	char *start = (char *)UK_VA_SHADOW;
	size_t len = UK_VA_SHADOW_END - UK_VA_SHADOW;
	long p = host_mmap(start, len, HOST_PROT_READ | HOST_PROT_WRITE,
			   HOST_MAP_PRIVATE | HOST_MAP_ANONYMOUS | HOST_MAP_NORESERVE |
				   HOST_MAP_STACK | HOST_MAP_FIXED_NOREPLACE,
			   -1, 0);

	if (p != (long)UK_VA_SHADOW)
		linuxu_fail(
			"cannot map the sanitizer's shadow (16 TiB of address space: ulimit -v, "
			"vm.overcommit_memory)",
			p < 0 ? (int)p : -EEXIST);
	host_madvise(start, len, HOST_MADV_DONTDUMP);
}

void uk_plat_shadow_memory(struct uk_bootinfo *bi UK_UNUSED)
{
}

void uk_plat_shadow_need(uintptr_t start UK_UNUSED, uintptr_t end UK_UNUSED)
{
}

void uk_plat_shadow_clear(uintptr_t start, uintptr_t end)
{
	host_madvise((void *)start, end - start, HOST_MADV_DONTNEED);
}

/* The host's business. */
void uk_plat_shadow_refresh(uintptr_t start UK_UNUSED, uintptr_t end UK_UNUSED)
{
}
