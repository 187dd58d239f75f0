/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this platform share. In order of boot:
 *
 *	entry.S     the first instructions, up to address translation (this and the next in plat/common)
 *	early.c     random virtual base, page tables, relocation
 *	setup.c     what happens then, as a table of contents
 *	devtree.c   what ../devtree asks of this CPU; the tree itself, interrupts, clock and timer are in plat/common
 *
 * and at run time:
 *
 *	power.c     the end: PSCI
 *	msi.c       messages of devices: v2m.c with a GICv2, its.c with a GICv3
 *
 * and with several CPUs smp.c: how they start is in plat/common.
 *
 * and what is the same on all machines with a device tree: ../devtree/shared.h.
 */
#ifndef KVM_H
#define KVM_H

#include <uk/arch/cpu.h>
#include <uk/arch/io.h>
#include <uk/config.h>
#include <uk/essentials.h>
#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>

#include "../devtree/shared.h"
#include "devtree.h"
#include "image.h"
#include "machine.h"

/* No firmware has a console that we know of. Before the tree is read this goes to where QEMU has its UART: pl011.c. */
void kvm_firmware_write(const char *s, size_t n);

/* Of the tree, or of the machine at the address that it says. */
#define KVM_NO_UART                                                                                \
	"[whittle] error: no PL011 where the device tree says: standard output is lost\n"

/* ---- v2m.c, its.c: is it there? And as uk_plat_msi_request() and _release() ---- */

struct uk_plat_msi;

bool kvm_v2m_find(void);
int kvm_v2m_request(void (*fn)(void *arg), void *arg, uint32_t cpu, struct uk_plat_msi *msi);
void kvm_v2m_release(const struct uk_plat_msi *msi);

bool kvm_its_find(void);
int kvm_its_request(void (*fn)(void *arg), void *arg, uint32_t cpu, struct uk_plat_msi *msi);
void kvm_its_release(const struct uk_plat_msi *msi);

#endif
