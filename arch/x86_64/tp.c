/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The application's thread pointer. wrfsbase costs a few cycles, the MSR a hundred or more.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/ctx.h>

UK_RO_AFTER_INIT UK_NO_LANDING void (*uk_arch_ctx_switch)(struct uk_arch_ctx *from,
							  struct uk_arch_ctx *to);

UK_WEAK void uk_arch_ctx_choose_switch(void)
{
	uk_arch_ctx_switch = x86_cpu.fsgsbase ? x86_ctx_switch_fsgsbase : x86_ctx_switch_msr;
}

UK_WEAK uintptr_t uk_arch_tp_get(void)
{
	uintptr_t tp;

	if (!x86_cpu.fsgsbase)
		return x86_rdmsr(X86_MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(tp));
	return tp;
}

UK_WEAK void uk_arch_tp_set(uintptr_t tp)
{
	if (x86_cpu.fsgsbase)
		__asm__ volatile("wrfsbase %0" ::"r"(tp));
	else
		x86_wrmsr(X86_MSR_FS_BASE, tp);
}
