/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters of known frequency, against which the others are measured: the ACPI power management
 * timer (ACPI 6.4 §4.8.2.1), the HPET (IA-PC HPET 1.0a §2.3), or channel 2 of the PIT (8254 data
 * sheet), in this order: one port read, one memory read, three port accesses.
 */
#include "kvm.h"

#define PM_TIMER_HZ 3579545
#define PIT_HZ      1193182

#define PIT_CH2       0x42
#define PIT_COMMAND   0x43
#define PIT_CH2_RATE  0xb4 /* channel 2, both bytes, mode 2: start again at zero */
#define PIT_CH2_LATCH 0x80
#define GATE_PORT     0x61
#define GATE_CH2      0x01
#define SPEAKER       0x02

#define HPET_TABLE_SIZE 64
#define HPET_BASE       44 /* of the ACPI table */
#define HPET_CAPS       0x000
#define HPET_PERIOD     0x004 /* femtoseconds per tick */
#define HPET_CONFIG     0x010
#define HPET_COUNTER    0x0f0

#define FEMTO 1000000000000000ULL

static uint16_t pm_port;
static volatile char *hpet;

static uint64_t pm_read(void)
{
	return uk_inl(pm_port);
}

static uint64_t hpet_read(void)
{
	return uk_mmio_read32(hpet + HPET_COUNTER);
}

static uint64_t pit_read(void)
{
	uint32_t v;

	uk_outb(PIT_COMMAND, PIT_CH2_LATCH);
	v = uk_inb(PIT_CH2);
	v |= (uint32_t)uk_inb(PIT_CH2) << 8;
	return 0x10000 - v; /* it counts down */
}

static bool pm_find(struct kvm_reference *ref)
{
	uint8_t fadt[FADT_SIZE];
	uint64_t port;

	if (!acpi_read("FACP", fadt, sizeof(fadt)))
		return false;
	port = acpi_field(fadt, FADT_PM_TMR, 4);
	if (fadt[FADT_X_PM_TMR] == GAS_IO && acpi_field(fadt, FADT_X_PM_TMR + 4, 8))
		port = acpi_field(fadt, FADT_X_PM_TMR + 4, 8);
	if (!port || port > 0xfffc || (acpi_field(fadt, FADT_FLAGS, 4) & FADT_F_HW_REDUCED))
		return false;
	pm_port = (uint16_t)port;
	ref->read = pm_read;
	ref->mask = 0xffffff; /* 32 bits wide or not, we look at 24 */
	ref->hz = PM_TIMER_HZ;
	return true;
}

static bool hpet_find(struct kvm_reference *ref)
{
	uint8_t table[HPET_TABLE_SIZE];
	uint32_t period;

	if (!acpi_read("HPET", table, sizeof(table)))
		return false;
	hpet = boot_map_device(BOOT_FIXED_HPET, acpi_field(table, HPET_BASE, 8) & ~UK_PAGE_MASK);
	if (!hpet)
		return false;
	period = uk_mmio_read32(hpet + HPET_PERIOD);
	if (!period || period > 100000000) /* §2.3.4: at most 100 ns */
		return false;
	uk_mmio_write32(hpet + HPET_CONFIG, uk_mmio_read32(hpet + HPET_CONFIG) | 1);
	ref->read = hpet_read;
	ref->mask = 0xffffffff;
	ref->hz = FEMTO / period;
	return true;
}

static bool pit_find(struct kvm_reference *ref)
{
	uk_outb(GATE_PORT, (uint8_t)((uk_inb(GATE_PORT) & ~SPEAKER) | GATE_CH2));
	uk_outb(PIT_COMMAND, PIT_CH2_RATE);
	uk_outb(PIT_CH2, 0);
	uk_outb(PIT_CH2, 0); /* 65,536 */
	ref->read = pit_read;
	ref->mask = 0xffff;
	ref->hz = PIT_HZ;
	/* No PIT: the port reads as all ones. */
	return !(uk_inb(GATE_PORT) == 0xff && uk_inb(PIT_CH2) == 0xff && uk_inb(PIT_CH2) == 0xff);
}

void kvm_reference_find(struct kvm_reference *ref)
{
	if (!pm_find(ref) && !hpet_find(ref) && !pit_find(ref))
		ref->read = NULL;
}
