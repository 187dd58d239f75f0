/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ways to crash that are riscv64's.
 */
#include <string.h>

#include "crashing.h"

void crash_cpu(const char *what)
{
	if (!strcmp(what, "vectors"))
		__asm__ volatile("fmv.d.x ft7, %0\n\t"
				 "fmv.d.x fs11, %1\n\t"
				 "unimp" ::"r"(0x1122334455667788),
				 "r"(0x400921fb54442d18)
				 : "ft7", "fs11");
}
