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

#include "kvm.h"
#include "start.h"

static struct uk_bootinfo bootinfo;

/*
 * PVH leaves eax undefined, and QEMU has Multiboot's magic in it: what `info` points to decides
 * first. (Multiboot 1 has flags there, Multiboot 2 a size.)
 */
static void read_boot_information(uint32_t magic, uint32_t info)
{
	bool pvh = magic != BOOT_MAGIC_LINUX64 && boot_is_pvh(info);

	switch (pvh ? 0 : magic) {
#ifdef CONFIG_PLAT_KVM_MULTIBOOT
	case BOOT_MAGIC_MULTIBOOT1:
		boot_multiboot1(&bootinfo, info);
		break;
	case BOOT_MAGIC_MULTIBOOT2:
		boot_multiboot2(&bootinfo, info);
		break;
#endif
#ifdef CONFIG_PLAT_KVM_LINUX64
	case BOOT_MAGIC_LINUX64:
		boot_linux64(&bootinfo, info);
		break;
#endif
	default:
		boot_pvh(&bootinfo, info);
	}
	acpi_init(bootinfo.acpi_rsdp);
	boot_memory_done(&bootinfo);
}

void boot_start(uint32_t magic, uint32_t info)
{
	boot_drop_identity(); /* page 0 and the rest below 4 MiB are unmapped now */
	boot_traps();         /* from here on mistakes are reported */
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
