/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end: tell the runner the status, then try whatever switches a machine of this kind off.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/plat/power.h>

#include "ending.h"
#include "kvm.h"

#define DEBUG_EXIT            0xf4   /* QEMU's isa-debug-exit */
#define QEMU_PM1A_CNT         0x604  /* of QEMU's pc and q35, if tables cannot be read */
#define SLP_EN                0x2000 /* ACPI 6.4 §4.8.3.2.1 */
#define SLP_TYP_SHIFT         10
#define SCI_EN                0x0001
#define REDUCED_SLP_EN        0x20 /* §4.8.3.7 */
#define REDUCED_SLP_TYP_SHIFT 2

static void acpi_off(void)
{
	uint8_t fadt[FADT_SIZE];
	size_t len = acpi_read("FACP", fadt, sizeof(fadt));
	uint64_t dsdt = acpi_field(fadt, FADT_X_DSDT, 8);
	uint64_t addr = acpi_field(fadt, FADT_SLEEP_CTL + 4, 8);
	uint16_t port;
	int type;

	if (!len)
		return;
	type = acpi_sleep_type(dsdt ? dsdt : acpi_field(fadt, FADT_DSDT, 4));
	if (type < 0)
		return;
	if (acpi_field(fadt, FADT_FLAGS, 4) & FADT_F_HW_REDUCED) {
		uint8_t v = (uint8_t)(type << REDUCED_SLP_TYP_SHIFT | REDUCED_SLP_EN);

		if (fadt[FADT_SLEEP_CTL] == GAS_IO) {
			uk_outb((uint16_t)addr, v);
		} else if (addr) {
			volatile uint8_t *page =
				boot_map_device(BOOT_FIXED_POWER, addr & ~UK_PAGE_MASK);

			if (page)
				page[addr & UK_PAGE_MASK] = v;
		}
		return;
	}
	port = (uint16_t)acpi_field(fadt, FADT_PM1A_CNT, 4);
	if (!port)
		return;
	if (!(uk_inw(port) & SCI_EN) && acpi_field(fadt, FADT_SMI_CMD, 4))
		uk_outb((uint16_t)acpi_field(fadt, FADT_SMI_CMD, 4), fadt[FADT_ACPI_ENABLE]);
	uk_outw(port, (uint16_t)(type << SLP_TYP_SHIFT | SLP_EN));
}

/* No machine survives a trap without descriptor tables; without -no-reboot it starts again. */
static UK_NORETURN void triple_fault(void)
{
	static const struct UK_PACKED {
		uint16_t limit;
		uint64_t base;
	} none;

	__asm__ volatile("lidt %0; int3" ::"m"(none));
	for (;;)
		__asm__ volatile("cli; hlt");
}

UK_NORETURN void uk_plat_exit(int status)
{
	x86_cli();
	if (begin()) {
		kvm_console_flush();
		kvm_runner_status(status);
		uk_outb(DEBUG_EXIT, (uint8_t)status);
		acpi_off();
		uk_outw(QEMU_PM1A_CNT, SLP_EN);
	}
	triple_fault();
}

UK_NORETURN void uk_plat_crash(void)
{
	x86_cli();
	x86_crash_report();
	uk_plat_exit(UK_PLAT_CRASH_STATUS);
}
