/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Says which devices there are and where, for the tests beside this folder.
 */
#include <uk/pci.h>
#include <uk/plat/console.h>
#include <uk/print.h>
#include <uk/string.h>

static char line[200];

#define say(...)                                                                                   \
	uk_plat_console_write(UK_CON_OUT, line,                                                    \
			      (size_t)uk_snprintf(line, sizeof(line), __VA_ARGS__))

int main(void);

int main(void)
{
	for (const struct uk_pci_dev *d = uk_pci_devices; d; d = d->next) {
		say("%s %04x:%04x class %06x driver %s\n", d->name, d->vendor, d->device,
		    d->class_code, d->driver ? d->driver->name : "none");
		for (unsigned i = 0; i < UK_PCI_BARS; i++)
			if (d->bar[i].size)
				say("  bar %u %s %#lx +%#lx\n", i, d->bar[i].io ? "io" : "mem",
				    (unsigned long)d->bar[i].base, (unsigned long)d->bar[i].size);
	}
	return 0;
}
