/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a process has to ask the host, or may not do, what arch/x86_64 does on the bare CPU: thread
 * pointer, vector state, traps.
 *
 * Nothing here asks cpuid before it must: on a virtual machine that instruction costs an exit.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/ctx.h>
#include <uk/arch/trap.h>
#include <uk/percpu.h>
#include <uk/string.h>

#include "../linuxu.h"
#include "regs.h"

/* ---- thread pointer: one instruction if the host lets us (AT_HWCAP2 says so), else a call ---- */

#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_SET_GS 0x1001

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

#ifdef CONFIG_SMP
/* Before the auxiliary vector is read, so always by the call. */
void linuxu_arch_cpu(uint32_t cpu)
{
	host_call3(HOST_NR_arch_prctl, ARCH_SET_GS, (long)&uk_percpus[cpu], 0);
}
#endif

static UK_NO_LANDING void ctx_switch(struct uk_arch_ctx *from, struct uk_arch_ctx *to)
{
	if (to->tp != from->tp)
		uk_arch_tp_set(to->tp);
	x86_ctx_switch_bare(from, to);
}

void uk_arch_ctx_choose_switch(void)
{
	uk_arch_ctx_switch =
		linuxu_auxv.hwcap2 & HOST_HWCAP2_FSGSBASE ? x86_ctx_switch_fsgsbase : ctx_switch;
}

/* ---- vector state: what the host enabled is what the application may use ---- */

#define FXSAVE_SIZE    512
#define XSAVE_HEADER   64
#define F1_ECX_OSXSAVE (1U << 27)
#define XCR0_WANTED    0xe7U /* as in arch/x86_64/fpu.c; AMX the host gives only on request */

void linuxu_arch_init(void)
{
	/* No smaller than the host's own frames, which hold the same and more. */
	if (linuxu_auxv.sigframe > FXSAVE_SIZE)
		uk_arch_fpu_size = (uint32_t)UK_ALIGN_UP(linuxu_auxv.sigframe, UK_ARCH_FPU_ALIGN);
	else
		uk_arch_fpu_size = 4096; /* a host that does not tell: before Linux 5.14 */
}

/* The components that XSAVE saves here, 0 if there is only FXSAVE. */
static uint32_t xsave_mask(void)
{
	static uint32_t mask;
	static bool known;
	uint32_t high;

	if (!known && x86_cpuid(1, 0).ecx & F1_ECX_OSXSAVE) {
		__asm__ volatile("xgetbv" : "=a"(mask), "=d"(high) : "c"(0));
		mask &= XCR0_WANTED;
	}
	known = true;
	return mask;
}

void uk_arch_fpu_save(void *area)
{
	uint32_t mask = xsave_mask();

	if (!mask) {
		__asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
		return;
	}
	memset((char *)area + FXSAVE_SIZE, 0, XSAVE_HEADER);
	__asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(mask), "d"(0) : "memory");
}

void uk_arch_fpu_restore(const void *area)
{
	uint32_t mask = xsave_mask();

	if (!mask)
		__asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
	else
		__asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"(mask), "d"(0) : "memory");
}

/* ---- traps ---- */

static uintptr_t fault_addr[UK_CPUS];

uintptr_t x86_fault_addr(void)
{
	return fault_addr[uk_cpu()];
}

/* All that is to be known is in the frame. */
void linuxu_arch_trap(int sig UK_UNUSED, const struct host_siginfo *info UK_UNUSED,
		      struct host_ucontext *uc)
{
	struct uk_regs regs;

	linuxu_regs_from_host(&regs, uc);
	fault_addr[uk_cpu()] = uc->gregs[HOST_REG_CR2];
	regs.rflags &= ~(uint64_t)X86_RFLAGS_IF; /* the host's business; it sets it again */
#ifdef CONFIG_SMP
	uk_percpu()->irq_regs = uc; /* nothing switches threads on this stack */
#endif
	x86_trap(&regs);
#ifdef CONFIG_SMP
	uk_percpu()->irq_regs = NULL;
#endif
	linuxu_regs_to_host(&regs, uc);
}

/* Found by its name. */
static struct uk_regs UK_USED linuxu_core_regs;

void linuxu_arch_save_regs(void)
{
	x86_regs_here(&linuxu_core_regs);
}

void linuxu_arch_report(void)
{
	x86_crash_report();
}

void linuxu_arch_backtrace(const struct host_ucontext *uc)
{
	x86_backtrace(uc->gregs[HOST_REG_RIP], uc->gregs[HOST_REG_RSP], uc->gregs[HOST_REG_RBP]);
}
