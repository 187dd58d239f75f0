/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between the files that are the same on all machines with a device tree and those of an architecture, a part of its kvm.h:
 *
 *	console.c   what is written and read, through a UART: uart16550.c or pl011.c, or the firmware before that is known
 *	channel.c   the runner's side channel
 *	bus.c       virtio-mmio
 *	pci.c       the bridge to PCI
 *
 * What they ask kvm.h for:
 *
 *	kvm_firmware_write()  to the firmware's console, if it has one
 *	KVM_CONSOLE_BEGINS    what tells the runner where that ends, and we begin
 *	KVM_NO_UART           what to say where there is none, if no firmware's console takes its place
 */
#ifndef KVM_SHARED_H
#define KVM_SHARED_H

#include <uk/essentials.h>
#include <uk/plat/clock.h>
#include <uk/types.h>

#include "../uart.h"
#include "treeclock.h"
#include "treeseed.h"

/* ---- console.c ---- */

/* From here on somebody may look for the console. */
void kvm_console_init(void);

/* Looks for it and for the side channel, the first time. */
void kvm_console_find(void);

/* Wait until what was written has left: a reader at the other end may be slow. */
void kvm_console_flush(void);

/* ---- the UART, of which an image has one kind ---- */

/* Finds it in the device tree; false: there is none. What the firmware writes to the same line is over then. */
bool uart_find(void);

void uart_write(const char *s, size_t n);

/* Waits until the last bit is out. */
void uart_drain(void);

/* A byte; UART_EMPTY; UART_END: it was the last, and this is said again. */
int uart_read(void);

/* Its interrupt line, 0: none; and whether it is raised while there is something to read. */
uint32_t uart_irq(void);
void uart_listen(bool on);

/* ---- channel.c ---- */

/* Finds out whether support/run listens. */
void kvm_channel_init(void);
bool kvm_runner(void);

/* Wait until what was written has left. */
void kvm_channel_flush(void);

/* Is it this function of the PCI bus? Nobody else may touch it then. */
bool kvm_channel_is(unsigned bdf);

/* Up to n bytes of what the host takes for random; how many. */
size_t kvm_channel_seed(void *buf, size_t n);

/* A record; types as support/run has them. */
void kvm_record(char type, const char *s, size_t n);

/* ---- bus.c, pci.c, and what they ask of the architecture ---- */

/* The interrupt of a device, as uk_plat_irq_request() has it; 0: none. */
uint32_t kvm_tree_irq(int node);

/* The line of pin 1 to 4 of a device behind the PCI bridge `node`, 0: none. */
unsigned kvm_tree_pci_irq(int node, unsigned bdf, unsigned pin);

/* Do messages of devices arrive (MSI)? Then uk_plat_msi_request() is the architecture's, too. */
bool kvm_messages(void);

#endif
