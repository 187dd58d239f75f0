/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the image's final address to uk_boot(): what a bare machine needs before libraries can run.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/shadow.h>
#include <uk/arch/trap.h>
#include <uk/config.h>
#include <uk/percpu.h>
#include <uk/plat/trap.h>
#include <uk/print.h>

#include "boot.h"
#include "kvm.h"

/* entry.S */
extern uint64_t kvm_root_table[];
extern char kvm_spare_pages[], kvm_stack[];

void kvm_start(uint32_t magic, uint32_t info);

static struct uk_bootinfo bootinfo;

volatile void *kvm_map_device(enum kvm_fixed which, uk_paddr_t pa)
{
	uintptr_t va = kvm_fixed(which);

	return uk_plat_map(va, pa, UK_PAGE_SIZE, UK_PROT_READ | UK_PROT_WRITE | UK_PROT_DEVICE)
		       ? NULL
		       : (volatile void *)va;
}

bool uk_stack_is_guard(uk_vaddr_t va) UK_OPTIONAL;

/*
 * The first page of the boot stack as the image has it; see STACK_SHIFT. ukvmem knows the other
 * stacks.
 */
bool uk_trap_is_guard(uk_vaddr_t va)
{
	uintptr_t guard = (uintptr_t)kvm_stack;

	return (va >= guard && va < guard + STACK_SHIFT) ||
	       (uk_stack_is_guard && uk_stack_is_guard(va));
}

/* The first entry of the root table mapped the image to its physical address. */
static void drop_identity(void)
{
	kvm_root_table[0] = 0;
	x86_write_cr3(x86_read_cr3());
}

/*
 * PVH leaves eax undefined, and QEMU has Multiboot's magic in it: what `info` points to decides
 * first. (Multiboot 1 has flags there, Multiboot 2 a size.)
 */
static void read_boot_information(uint32_t magic, uint32_t info)
{
	bool pvh = magic != BOOT_MAGIC_LINUX64 && kvm_is_pvh(info);

	switch (pvh ? 0 : magic) {
#ifdef CONFIG_PLAT_KVM_MULTIBOOT
	case BOOT_MAGIC_MULTIBOOT1:
		kvm_boot_multiboot1(&bootinfo, info);
		break;
	case BOOT_MAGIC_MULTIBOOT2:
		kvm_boot_multiboot2(&bootinfo, info);
		break;
#endif
#ifdef CONFIG_PLAT_KVM_LINUX64
	case BOOT_MAGIC_LINUX64:
		kvm_boot_linux64(&bootinfo, info);
		break;
#endif
	default:
		kvm_boot_pvh(&bootinfo, info);
	}
	boot_memory_done(&bootinfo);
}

/* Closes what early.c has left open. */
UK_COLD void uk_plat_seal(void)
{
	if (uk_plat_protect((uintptr_t)kvm_relro, (size_t)(kvm_data - kvm_relro), UK_PROT_READ))
		uk_fatal("no page table to close the tables with");
}

/*
 * Stacks for what may happen while the stack is broken, each with nothing mapped below it. The frames
 * are those that the identity mapping's tables were in, which must be gone by then, and one more.
 */
static void trap_stacks(void)
{
#ifdef CONFIG_HARDEN_GUARD
	static const uint8_t where[] = { KVM_FIXED_DF_STACK, KVM_FIXED_NMI_STACK,
					 KVM_FIXED_MC_STACK };

	for (unsigned i = 0; i < UK_ARRAY_SIZE(where); i++)
		uk_plat_map(kvm_fixed(where[i]),
			    kvm_image_paddr(kvm_spare_pages) + i * UK_PAGE_SIZE, UK_PAGE_SIZE,
			    UK_PROT_READ | UK_PROT_WRITE);
	x86_trap_init(kvm_fixed(KVM_FIXED_NMI_STACK) + UK_PAGE_SIZE,
		      kvm_fixed(KVM_FIXED_DF_STACK) + UK_PAGE_SIZE,
		      kvm_fixed(KVM_FIXED_MC_STACK) + UK_PAGE_SIZE);
#else
	x86_trap_init((uintptr_t)kvm_spare_pages + UK_PAGE_SIZE,
		      (uintptr_t)kvm_spare_pages + 2 * UK_PAGE_SIZE,
		      (uintptr_t)kvm_spare_pages + 3 * UK_PAGE_SIZE);
#endif
}

void kvm_start(uint32_t magic, uint32_t info)
{
	drop_identity(); /* page 0 and the rest below 4 MiB are unmapped now */
	trap_stacks();   /* from here on mistakes are reported */
#ifdef CONFIG_SMP
	uk_percpu_init(0);
	x86_wrmsr(X86_MSR_GS_BASE, (uintptr_t)uk_percpus);
#endif
#ifdef CONFIG_LIBUKKASAN
	x86_shadow_init(); /* for the stack frames of checked code */
#endif
	x86_cpu_init(); /* vector registers, SMEP, SMAP, UMIP */
	kvm_console_init();
	kvm_irqchip_init(); /* the firmware's timer must not reach us */
	read_boot_information(magic, info);
	x86_sti(); /* still masked by software */
	uk_boot(&bootinfo);
}
