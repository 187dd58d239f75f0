/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other CPUs: which there are, how they start, and interrupts between them.
 *
 * A CPU that is reset waits for a start-up message, which names the page at which it begins in real
 * mode (Intel SDM vol. 3 §9.4). For that time the page is mapped to its physical address, first to
 * be written, then to be run.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/arch/trap.h>
#include <uk/errno.h>
#include <uk/plat/clock.h>
#include <uk/plat/cpu.h>
#include <uk/plat/mem.h>
#include <uk/print.h>
#include <uk/smp.h>
#include <uk/string.h>

#include "cpustacks.h"
#include "kvm.h"
#include "kvm_cpustart.h"

#define ICR_INIT    0x4500U /* level assert */
#define ICR_STARTUP 0x4600U
#define ICR_FIXED   0x4000U

#define AFTER_INIT (10 * UK_NSEC_PER_MS) /* §9.4.4.1: only old hardware needs it */
#define AGAIN      (UK_NSEC_PER_MS)

#define XAPIC_IDS 255U

struct cpustart {
	uint32_t cr3, efer;
	uint64_t stack;
	uint64_t entry;
};
UK_STATIC_ASSERT(sizeof(struct cpustart) == CPUSTART_SIZE, "cpustart.S");
UK_STATIC_ASSERT(offsetof(struct cpustart, stack) == CPUSTART_STACK, "cpustart.S");
UK_STATIC_ASSERT(offsetof(struct cpustart, entry) == CPUSTART_ENTRY, "cpustart.S");

extern const char kvm_cpu_start[], kvm_cpu_start_end[];

static uint32_t machine[UK_CPUS]; /* numbers at the interrupt controller; the first is this CPU's */
static uint32_t nmachine;         /* may be more than we note */
static uint32_t id_of[UK_CPUS];   /* of those that run */

static void found(uint32_t id)
{
	if (id == machine[0])
		return;
	if (nmachine < UK_CPUS)
		machine[nmachine] = id;
	nmachine++;
}

uint32_t uk_plat_cpus(void)
{
	if (!kvm_lapic())
		return 1;
	machine[0] = id_of[0] = kvm_lapic_id();
	nmachine = 1;
	if (!acpi_cpus(found))
		mptable_cpus(found);
	return nmachine;
}

static UK_NORETURN void kvm_cpu_entry(void)
{
	boot_cpu_take_stacks();
	x86_cpu_init();
	kvm_lapic_cpu_init();
	kvm_kvmclock_cpu_init();
	x86_sti(); /* still masked by software */
	boot_cpu_run();
}

static bool wake(uint32_t id)
{
	kvm_lapic_send(id, ICR_INIT);
	if (!(x86_cpu.f1_ecx & X86_F1_ECX_HYPERVISOR))
		boot_cpu_arrives(AFTER_INIT);
	kvm_lapic_send(id, ICR_STARTUP | KVM_CPU_START / UK_PAGE_SIZE);
	if (boot_cpu_arrives(AGAIN))
		return true;
	kvm_lapic_send(id, ICR_STARTUP | KVM_CPU_START / UK_PAGE_SIZE);
	if (boot_cpu_arrives(PATIENCE))
		return true;
	kvm_lapic_send(id, ICR_INIT); /* it shall not come later */
	return false;
}

int uk_plat_cpu_start(uint32_t n, uint32_t cpu, void *stack, size_t stack_size, void (*fn)(void),
		      char what[32])
{
	size_t len = (size_t)(kvm_cpu_start_end - kvm_cpu_start);
	struct cpustart args = {
		.cr3 = (uint32_t)x86_read_cr3(),
		.efer = (uint32_t)x86_rdmsr(X86_MSR_EFER) & (X86_EFER_LME | X86_EFER_NXE),
		.stack = (uintptr_t)stack + stack_size,
		.entry = (uintptr_t)kvm_cpu_entry,
	};
	uint32_t id;
	int err;

	if (n >= UK_CPUS) {
		uk_snprintf(what, 32, "%u", n);
		return -ENOSPC;
	}
	id = machine[n];
	uk_snprintf(what, 32, "%u (APIC number %u)", n, id);
	if (id >= XAPIC_IDS && !kvm_lapic_extend())
		return -ENODEV;
	boot_cpu_prepare(cpu, fn);
	kvm_timer_cpu_init(cpu);
	id_of[cpu] = id;
	err = boot_cpu_make_stacks(cpu);
	if (!err)
		err = uk_plat_map(KVM_CPU_START, KVM_CPU_START, UK_PAGE_SIZE,
				  UK_PROT_READ | UK_PROT_WRITE);
	if (err)
		return err;
	memcpy((void *)KVM_CPU_START, kvm_cpu_start, len - CPUSTART_SIZE);
	memcpy((void *)(KVM_CPU_START + len - CPUSTART_SIZE), &args, sizeof(args));
	uk_plat_protect(KVM_CPU_START, UK_PAGE_SIZE, UK_PROT_READ | UK_PROT_EXEC);
	err = wake(id) ? 0 : -ETIMEDOUT;
	uk_plat_unmap(KVM_CPU_START, UK_PAGE_SIZE);
	return err;
}

uint32_t kvm_lapic_id_of(uint32_t cpu)
{
	return id_of[cpu];
}

void uk_plat_ipi(uint32_t cpu)
{
	kvm_lapic_send(id_of[cpu], ICR_FIXED | KVM_VECTOR_CPU);
}

/* There is no way to say so. */
void uk_plat_cpu_yield(void)
{
}

UK_NORETURN void uk_plat_cpu_stop(uint32_t *stopped)
{
	struct uk_regs here;

	x86_regs_here(&here);
	boot_cpu_stopped(&here, stopped);
	for (;;)
		__asm__ volatile("cli; hlt");
}
