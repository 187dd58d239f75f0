/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a process has to ask the host, or may not do, what the architecture does on the bare CPU: traps, and the return to all
 * registers at once. A part of cpu.c of the CPUs whose frames are as in host_generic.h; regs.h of each has
 *
 *	linuxu_regs_from_host(), _to_host()	what is in a frame, as <uk/plat/trap.h> sees it
 *	linuxu_set_trap()			what a signal says of a trap
 *	linuxu_frame_finish()			what the host wants of a frame that it has not made
 *	LINUXU_CPU_LOAD				with several CPUs: an instruction that says where this CPU's data is, operand 0
 */
#ifndef LINUXU_CPU_GENERIC_H
#define LINUXU_CPU_GENERIC_H

#include <uk/arch/ctx.h>
#include <uk/arch/trap.h>
#include <uk/canary.h>
#include <uk/percpu.h>
#include <uk/plat/mem.h>

#include "linuxu.h"
#include "regs.h"

void linuxu_arch_init(void)
{
}

#ifdef CONFIG_SMP
UK_NOINLINE void linuxu_arch_cpu(uint32_t cpu) /* arm64/thiscpu.py knows the name */
{
#ifdef CONFIG_HARDEN_STACK_PROTECTOR
	uk_percpus[cpu].canary = __stack_chk_guard;
#endif
	__asm__ volatile(LINUXU_CPU_LOAD ::"r"(&uk_percpus[cpu]));
}
#endif

void linuxu_arch_trap(int sig, const struct host_siginfo *info, struct host_ucontext *uc)
{
	struct uk_regs regs;

	linuxu_regs_from_host(&regs, uc);
	linuxu_set_trap(&regs, sig, info, uc);
	regs.level = 1; /* not on the stack that was interrupted */
#ifdef CONFIG_SMP
	uk_percpu()->irq_regs = uc; /* nothing switches threads on this stack */
#endif
	ARCH(trap)(&regs);
#ifdef CONFIG_SMP
	uk_percpu()->irq_regs = NULL;
#endif
	linuxu_regs_to_host(&regs, uc);
}

/* Found by its name. */
static struct uk_regs UK_USED linuxu_core_regs;

void linuxu_arch_save_regs(void)
{
	linuxu_regs_here(&linuxu_core_regs);
}

void linuxu_arch_report(void)
{
	ARCH(crash_report)();
}

/*
 * A signal's frame of ours has the layout of the host's, but says of masks and stacks what the application thinks of them. With the
 * host's signals blocked what they are cannot change. By its section this counts as a beginning system call: nobody is
 * diverted before that.
 */
__attribute__((__section__(".text.uk_sys_signal.resume"))) UK_NO_STACK_PROTECTOR void ARCH(resume)(
	struct uk_abi_ucontext *ours)
{
	struct host_sigframe *frame =
		UK_CONTAINER_OF((struct host_ucontext *)ours, struct host_sigframe, uc);
	struct host_ucontext *uc = &frame->uc;
	uint64_t all = ~0UL;

	host_syscall4(HOST_NR_rt_sigprocmask, HOST_SIG_BLOCK, (long)&all, (long)&uc->sigmask,
		      sizeof(all));
	uc->stack.sp = linuxu_trap_stack_here();
	uc->stack.flags = 0;
	uc->stack.size = LINUXU_TRAP_STACK;
	linuxu_frame_finish(uc);
	linuxu_sigreturn_to(frame);
}

#endif
