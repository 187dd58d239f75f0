/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The application's thread pointer, the fs base. Where the host lets a process write it (it
 * says so in AT_HWCAP2) that is one instruction, else a system call.
 */
#include <uk/arch/ctx.h>

#include "../linuxu.h"

#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003

uintptr_t uk_arch_tp_get(void)
{
	uintptr_t tp = 0;

	if (linuxu_auxv.hwcap2 & HOST_HWCAP2_FSGSBASE)
		__asm__ volatile("rdfsbase %0" : "=r"(tp));
	else
		host_syscall3(HOST_NR_arch_prctl, ARCH_GET_FS, (long)&tp, 0);
	return tp;
}

void uk_arch_tp_set(uintptr_t tp)
{
	if (linuxu_auxv.hwcap2 & HOST_HWCAP2_FSGSBASE)
		__asm__ volatile("wrfsbase %0" ::"r"(tp));
	else
		host_syscall3(HOST_NR_arch_prctl, ARCH_SET_FS, (long)tp, 0);
}
