/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to pci: registers, and what the files share. bus.c finds, place.c gives addresses, config.c
 * reads and writes, irq.c interrupts.
 */
#ifndef PCI_PRIV_H
#define PCI_PRIV_H

#include <uk/pci.h>
#include <uk/plat/bus.h>

/* Registers (§6.1, §6.2; bridges: PCI-to-PCI Bridge 1.2 §3.2). */
#define REG_ID          0x00
#define REG_STATUS      0x06
#define REG_CLASS       0x08
#define REG_HEADER      0x0e
#define REG_BAR         0x10
#define REG_BUSES       0x18 /* bridge: primary, secondary, subordinate */
#define REG_WINDOW      0x20 /* bridge: base and limit, in 1 MiB */
#define REG_WINDOW_PRE  0x24
#define REG_PRE_BASE_HI 0x28
#define REG_SUBSYSTEM   0x2c
#define REG_CAP         0x34
#define REG_IRQ         0x3c

#define COMMAND_IO      0x0001
#define COMMAND_MEMORY  0x0002
#define COMMAND_MASTER  0x0004
#define COMMAND_NO_INTX 0x0400
#define STATUS_CAPS     0x0010

#define HEADER_TYPE   0x7f
#define HEADER_BRIDGE 1
#define HEADER_MULTI  0x80
#define CLASS_BRIDGE  0x0604

#define BAR_IO   0x1U
#define BAR_TYPE 0x6U
#define BAR_64   0x4U

/* Does it have an address that its bus forwards? Reads bars; with memory switched off. */
void pci_read_bars(struct uk_pci_dev *d, unsigned n);

/* Gives addresses to what the firmware has left without. */
void pci_place(const struct uk_plat_pci *pci);

#endif
