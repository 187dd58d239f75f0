/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other CPUs, which Xen starts where we say (Xen public/vcpu.h; hvm/hvm_vcpu.h for PVH), and interrupts between
 * them, which are events.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/errno.h>
#include <uk/percpu.h>
#include <uk/plat/clock.h>
#include <uk/plat/cpu.h>
#include <uk/print.h>
#include <uk/smp.h>
#include <uk/string.h>
#include <uk/xen/event.h>

#include "cpustacks.h"
#include "xen.h"

#include <xen/hvm/hvm_vcpu.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

extern const char xen_pv_upcall[], xen_pv_failsafe[];

static uint32_t ports[UK_CPUS]; /* of interrupts for each CPU */

static void interrupt(void *arg UK_UNUSED)
{
	uk_smp_interrupt();
}

/* Has `cpu` a port for interrupts? Made when somebody first wants another CPU. */
static int listen(uint32_t cpu)
{
	int port = ports[cpu] ? 0 : xen_event_ipi(cpu);

	if (port <= 0)
		return port;
	ports[cpu] = (uint32_t)port;
	if (XEN_FIFO)
		uk_xen_event_priority((uint32_t)port,
				      UK_XEN_EVENT_FIRST); /* others wait for the answer */
	return uk_xen_event_handler((uint32_t)port, interrupt, NULL);
}

uint32_t uk_plat_cpus(void)
{
	uint32_t n = 1;

	/* Xen says of each that there is whether it is up, and has no more than these in the shared page. */
	while (n < XEN_CPUS && xen_vcpu_op(VCPUOP_is_up, n, NULL) >= 0)
		n++;
	return n;
}

static UK_NORETURN void cpu_entry(void)
{
	if (!uk_xen_pv)
		boot_cpu_take_stacks();
	x86_cpu_init();
	x86_irq_open(); /* still masked by software */
	boot_cpu_run();
}

static long init_pv(uint32_t cpu, uintptr_t sp)
{
	static struct vcpu_guest_context ctx; /* too large for a stack; one CPU starts at a time */
	struct trap_info traps[XEN_TRAPS];

	memset(&ctx, 0, sizeof(ctx));
	ctx.flags = VGCF_IN_KERNEL;
	ctx.user_regs.rip = (uintptr_t)cpu_entry;
	ctx.user_regs.rsp = sp;
	ctx.user_regs.cs = FLAT_KERNEL_CS;
	ctx.user_regs.ss = FLAT_KERNEL_SS;
	ctx.user_regs.eflags = X86_RFLAGS_IF;
	ctx.kernel_ss = FLAT_KERNEL_SS;
	ctx.kernel_sp = sp;
	ctx.ctrlreg[3] = pv_root();
	ctx.event_callback_eip = (uintptr_t)xen_pv_upcall;
	ctx.failsafe_callback_eip = (uintptr_t)xen_pv_failsafe;
	ctx.gs_base_kernel = (uintptr_t)&uk_percpus[cpu];
	pv_trap_table(traps);
	for (const struct trap_info *t = traps; t->address; t++)
		ctx.trap_ctxt[t->vector] = *t; /* here by number */
	xen_shared->vcpu_info[cpu].evtchn_upcall_mask = 1;
	return xen_vcpu_op(VCPUOP_initialise, cpu, &ctx);
}

static long init_pvh(uint32_t cpu, uintptr_t sp)
{
	struct vcpu_hvm_context ctx = { .mode = VCPU_HVM_MODE_64B };
	struct vcpu_hvm_x86_64 *r = &ctx.cpu_regs.x86_64;

	r->rip = (uintptr_t)cpu_entry;
	r->rsp = sp;
	r->rflags = 2;
	r->cr0 = x86_read_cr0();
	r->cr3 = x86_read_cr3();
	r->cr4 = X86_CR4_PAE;
	r->efer = x86_rdmsr(X86_MSR_EFER) & (X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE);
	return xen_vcpu_op(VCPUOP_initialise, cpu, &ctx);
}

int uk_plat_cpu_start(uint32_t n, uint32_t cpu, void *stack, size_t stack_size, void (*fn)(void),
		      char what[32])
{
	uintptr_t sp = (uintptr_t)stack + stack_size - sizeof(uint64_t);
	int err;

	uk_snprintf(what, 32, "%u", n);
	/* Its part of the shared page goes by Xen's number. */
	if (n != cpu)
		return -ENODEV;
	boot_cpu_prepare(cpu, fn);
	*(uint64_t *)sp = 0; /* no return address: backtraces end here */
	err = listen(0);
	if (!err)
		err = listen(cpu);
	if (!err && !uk_xen_pv)
		err = boot_cpu_make_stacks(cpu);
	if (!err)
		err = (int)(uk_xen_pv ? init_pv(cpu, sp) : init_pvh(cpu, sp));
	if (!err)
		err = (int)xen_vcpu_op(VCPUOP_up, cpu, NULL);
	if (err)
		return err;
	if (!boot_cpu_arrives(PATIENCE)) {
		xen_vcpu_op(VCPUOP_down, cpu, NULL); /* it shall not come later */
		return -ETIMEDOUT;
	}
	return 0;
}

void uk_plat_ipi(uint32_t cpu)
{
	uk_xen_event_notify(ports[cpu]);
}

void uk_plat_cpu_yield(void)
{
	xen_call2(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL);
}

UK_NORETURN void uk_plat_cpu_stop(uint32_t *stopped)
{
	struct uk_regs here;

	x86_regs_here(&here);
	boot_cpu_stopped(&here, stopped);
	for (;;)
		xen_vcpu_op(VCPUOP_down, uk_cpu(), NULL);
}

/* ---- suspended ---- */

static bool listens[UK_CPUS];

void xen_smp_suspend(void)
{
	for (uint32_t i = 0; i < UK_CPUS; i++) {
		listens[i] = ports[i];
		if (ports[i])
			uk_xen_event_close(ports[i]);
		ports[i] = 0;
	}
}

void xen_smp_resume(void)
{
	for (uint32_t i = 0; i < UK_CPUS; i++) {
		int err = listens[i] ? listen(i) : 0;

		if (err < 0)
			uk_panic("CPU %u cannot be reached any more: error %d", i, -err);
	}
}
