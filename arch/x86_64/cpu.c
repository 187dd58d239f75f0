/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the CPU has, and switching on what we want of it.
 */
#include <uk/arch/cpu.h>
#include <uk/config.h>

#include "fpu.h"

#define TRIES 10 /* Intel SDM vol. 1 §7.3.17: an entropy source that says no ten times is broken */

struct x86_cpu x86_cpu UK_RO_AFTER_INIT_ZERO;

#ifdef CONFIG_PLAT_PARAVIRT
bool x86_paravirt UK_RO_AFTER_INIT_ZERO;

UK_WEAK void x86_paravirt_open(void)
{
}

UK_WEAK void x86_paravirt_close(void)
{
}
#endif

UK_COLD void x86_cpu_identify(void)
{
	struct x86_cpuid l1 = x86_cpuid(1, 0), l7 = { 0 };

	x86_cpu.leaf_max = x86_cpuid(0, 0).eax;
	if (x86_cpu.leaf_max >= 7)
		l7 = x86_cpuid(7, 0);
	x86_cpu.f1_ecx = l1.ecx;
	x86_cpu.f1_edx = l1.edx;
	x86_cpu.f7_ebx = l7.ebx;
	x86_cpu.f7_ecx = l7.ecx;
	x86_cpu.fsgsbase = l7.ebx & X86_F7_EBX_FSGSBASE;
}

UK_COLD void x86_cpu_init(void)
{
	uint64_t cr4 = x86_read_cr4() | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT;

	if (x86_cpu.f1_edx & X86_F1_EDX_MCE)
		cr4 |= X86_CR4_MCE; /* else a machine check is a reset, without a word */
	if (x86_cpu.f1_ecx & X86_F1_ECX_XSAVE)
		cr4 |= X86_CR4_OSXSAVE;
	if (x86_cpu.f7_ebx & X86_F7_EBX_FSGSBASE)
		cr4 |= X86_CR4_FSGSBASE;
#ifdef CONFIG_HARDEN_SMEP
	if (x86_cpu.f7_ebx & X86_F7_EBX_SMEP)
		cr4 |= X86_CR4_SMEP;
#endif
#ifdef CONFIG_HARDEN_SMAP
	if (x86_cpu.f7_ebx & X86_F7_EBX_SMAP)
		cr4 |= X86_CR4_SMAP;
#endif
#ifdef CONFIG_HARDEN_UMIP
	if (x86_cpu.f7_ecx & X86_F7_ECX_UMIP)
		cr4 |= X86_CR4_UMIP;
#endif
#ifdef CONFIG_HARDEN_CET
	if (x86_cpu.leaf_max >= 7 && x86_cpuid(7, 0).edx & X86_F7_EDX_IBT) {
		x86_wrmsr(X86_MSR_S_CET, X86_CET_ENDBR | X86_CET_NOTRACK);
		cr4 |= X86_CR4_CET; /* wants CR0.WP, which entry code has set */
	}
#endif
	x86_write_cr4(cr4);
	x86_write_cr0(
		(x86_read_cr0() & ~(uint64_t)(X86_CR0_EM | X86_CR0_TS | X86_CR0_CD | X86_CR0_NW)) |
		X86_CR0_MP | X86_CR0_NE | X86_CR0_WP);
	x86_fpu_init();
}

bool x86_random(uint64_t *v)
{
	uint64_t x;
	bool ok = false;

	for (int i = 0; i < TRIES && !ok && (x86_cpu.f7_ebx & X86_F7_EBX_RDSEED); i++)
		__asm__ volatile("rdseed %0" : "=r"(x), "=@ccc"(ok));
	for (int i = 0; i < TRIES && !ok && (x86_cpu.f1_ecx & X86_F1_ECX_RDRAND); i++)
		__asm__ volatile("rdrand %0" : "=r"(x), "=@ccc"(ok));
	if (ok)
		*v = x;
	return ok;
}
