/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device tree (Devicetree Specification 0.4), for platforms whose loader describes the machine by one: devtree.c.
 *
 * Boot goes through it once and notes the nodes that it needs; what drivers ask later, libfdt answers. A node is its
 * offset, as libfdt has it.
 */
#ifndef BOOT_DEVTREE_H
#define BOOT_DEVTREE_H

#include <uk/essentials.h>
#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>
#include <uk/types.h>

/* The name of a property, and what it says; `value` is NULL if it is not there. */
typedef char devtree_name[24];

struct devtree_prop {
	const uint8_t *value;
	uint32_t len;
};

/*
 * The one walk, before relocation: the tree is at its physical address. Returns the seed that the loader left, folded, 0
 * without one. What is wrong with the tree is said by devtree_open().
 */
uint64_t devtree_scan(uk_paddr_t pa);

/* Maps it for good, or ends with a message: before there is a console. */
void devtree_open(uk_paddr_t pa);

/* What boot wants to know: memory and what is reserved of it, command line, initrd; or ends with a message. */
void devtree_boot(struct uk_bootinfo *bi);

/*
 * What follows may be called from any context.
 */

/* The tree, for libfdt; NULL: there is none. */
const void *devtree(void);

/* /cpus; -1: it is not there. */
int devtree_cpus(void);

/* The properties of `node` that have the n names, all in one look. */
void devtree_props(int node, const devtree_name *names, struct devtree_prop *props, unsigned n);

/* A number of one cell, or the first of several; `none` where it is not there. */
uint32_t devtree_number(const struct devtree_prop *p, uint32_t none);
uint32_t devtree_u32(int node, const devtree_name *name, uint32_t none);

/* The first node of a kind of device behind `node`, -1 being before all; -1 if there is none. */
int devtree_next(int node, const char *compatible);

/* Where the first range of its registers is, and how many bytes; false if it has none that can be mapped. */
bool devtree_reg(int node, uk_paddr_t *pa, size_t *len);

/* The same for the n-th range, from 0 on. */
bool devtree_nth_reg(int node, unsigned n, uk_paddr_t *pa, size_t *len);

/* The bus of PCI devices whose registers are memory (ECAM); -1 if there is none. */
int devtree_pci(void);

/* A window of a bus (its property `ranges`): where it begins for a device, and for us. */
struct devtree_window {
	uint64_t bus;
	uk_paddr_t pa;
	size_t len;
};

/* The first of a kind that PCI has (IEEE 1275's binding for PCI §2.2.1.1); false if there is none that can be mapped. */
enum devtree_space { DEVTREE_PORTS = 1, DEVTREE_MEMORY = 2, DEVTREE_MEMORY_64 = 3 };
bool devtree_window(int node, enum devtree_space space, struct devtree_window *w);

/* The buses behind it. */
void devtree_pci_buses(int node, unsigned *first, unsigned *last);

/*
 * What the interrupt controller calls the interrupt of pin 1 to 4 of a device (its property `interrupt-map`, §2.4.3): as a
 * property `interrupts` would say it. False if it is not told.
 */
bool devtree_pci_irq(int node, unsigned bdf, unsigned pin, struct devtree_prop *irq);

/* The port that /chosen names, if it is of this kind, or the first that is; -1 if there is none. */
int devtree_console(const char *compatible);

/* Up to n bytes of the seed that the loader left, each only once; how many. */
size_t devtree_seed(uint8_t *buf, size_t n);

/* ---- treecpus.c ---- */

/* The node of a CPU behind `node`, -1 being before all, and its number in the machine; -1 if there is none. */
int devtree_cpu(int node, uint64_t *id);

#endif
