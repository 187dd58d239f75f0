/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ways to crash that are arm64's.
 */
#include <string.h>

#include "crashing.h"

void crash_cpu(const char *what)
{
	if (!strcmp(what, "vectors"))
		__asm__ volatile("fmov d7, %0\n\t"
				 "fmov d31, %1\n\t"
				 "ins v31.d[1], %0\n\t"
				 "udf #0" ::"r"(0x1122334455667788),
				 "r"(0x400921fb54442d18)
				 : "v7", "v31");
}
