/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests to end: the power button, which is also how QEMU's system_powerdown and the shutdown of a
 * host arrive. On a PC it is a fixed event, a bit of the PM1 registers, told by the system control
 * interrupt (ACPI 6.4 §4.8.3.1); on a machine without such hardware (microvm) a bit of the generic
 * event device's register, which reading clears (QEMU docs/specs, acpi_hw_reduced_hotplug).
 *
 * In the image only if something listens.
 */
#include <uk/errno.h>
#include <uk/plat/irq.h>
#include <uk/plat/power.h>

#include "kvm.h"

#define SIGTERM        15
#define PM1_BUTTON     0x0100U /* the same bit in the status and the enable register */
#define GED_POWER_DOWN 2U
#define SCI_EN         1U

static void (*listener)(int sig);
static uint16_t status_port;
static volatile uint32_t *events;

static void fixed_event(void *arg UK_UNUSED)
{
	if (!(uk_inw(status_port) & PM1_BUTTON))
		return;
	uk_outw(status_port, PM1_BUTTON); /* clears it, and with it the line */
	listener(SIGTERM);
}

static int listen_fixed(const uint8_t *fadt)
{
	uint16_t control = (uint16_t)acpi_field(fadt, FADT_PM1A_CNT, 4);
	uint8_t length = fadt[FADT_PM1_EVT_LEN];
	int rc;

	status_port = (uint16_t)acpi_field(fadt, FADT_PM1A_EVT, 4);
	if (!status_port || !control || length < 4 ||
	    (acpi_field(fadt, FADT_FLAGS, 4) & FADT_F_PWR_BUTTON))
		return -ENOTSUP;
	/* Until told otherwise the button is the firmware's affair. */
	if (!(uk_inw(control) & SCI_EN) && acpi_field(fadt, FADT_SMI_CMD, 4))
		uk_outb((uint16_t)acpi_field(fadt, FADT_SMI_CMD, 4), fadt[FADT_ACPI_ENABLE]);
	rc = uk_plat_irq_request((unsigned)acpi_field(fadt, FADT_SCI_INT, 2), fixed_event, NULL);
	if (rc)
		return rc;
	uk_outw(status_port, PM1_BUTTON);
	uk_outw(status_port + length / 2, PM1_BUTTON); /* and no other event */
	return 0;
}

static void device_event(void *arg UK_UNUSED)
{
	if (*events & GED_POWER_DOWN)
		listener(SIGTERM);
}

static int listen_device(const uint8_t *fadt)
{
	uint64_t dsdt = acpi_field(fadt, FADT_X_DSDT, 8), address;
	volatile char *page;
	unsigned line;

	if (!acpi_event_device(dsdt ? dsdt : acpi_field(fadt, FADT_DSDT, 4), &address, &line))
		return -ENOTSUP;
	page = boot_map_device(BOOT_FIXED_BUTTON, UK_ALIGN_DOWN(address, UK_PAGE_SIZE));
	if (!page)
		return -ENOMEM;
	events = (volatile uint32_t *)(page + (address & UK_PAGE_MASK));
	return uk_plat_irq_request(line, device_event, NULL);
}

int uk_plat_power_listen(void (*fn)(int sig))
{
	uint8_t fadt[FADT_SIZE];
	int rc = -ENOTSUP;

	listener = fn;
	if (acpi_read("FACP", fadt, sizeof(fadt)))
		rc = acpi_field(fadt, FADT_FLAGS, 4) & FADT_F_HW_REDUCED ? listen_device(fadt)
									 : listen_fixed(fadt);
	if (!rc)
		kvm_runner_listening();
	return rc;
}
