/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between the files that are the same on all machines with a device tree and those of an architecture, a part of its kvm.h:
 *
 *	console.c   what is written and read, through a UART: uart16550.c or pl011.c, or the firmware before that is known
 *	channel.c   the runner's side channel
 *	clock.c     time
 *	random.c    seed
 *	bus.c       virtio-mmio
 *	pci.c       the bridge to PCI
 *	cpus.c      which CPUs there are
 *	smp.c       with several CPUs: how they start, and interrupts between them that wait
 *
 * What they ask kvm.h for:
 *
 *	kvm_time()            the counter that clocks are made of
 *	kvm_wander()          something that takes a time which depends on the host
 *	kvm_more_seed()       up to n bytes of a good source beside the device tree; how many
 *	kvm_firmware_write()  to the firmware's console, if it has one
 *	KVM_CONSOLE_BEGINS    what tells the runner where that ends, and we begin
 *	KVM_NO_UART           what to say where there is none, if no firmware's console takes its place
 *	KVM_CPU()             a function of the architecture's, by the end of its name
 *	KVM_CPU_ID            how a CPU's number is called, and printed
 *	kvm_cpu_id()          this CPU's
 *	kvm_cpu_tables()      what tells a CPU where the page tables are
 */
#ifndef KVM_SHARED_H
#define KVM_SHARED_H

#include <uk/essentials.h>
#include <uk/plat/clock.h>
#include <uk/types.h>

#include "../uart.h"

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

/* ---- clock.c, and what it asks of the architecture ---- */

void kvm_clock_init(void);

/* Ticks of kvm_time() at a moment of the monotonic clock, or a few more. */
uint64_t kvm_clock_ticks(uk_nsec when);

/* How fast that runs; ends the boot if it is not told. */
uint32_t kvm_tree_time_hz(void);

/* The wall clock of the machine, slow to read; 0: it has none. */
uk_nsec kvm_rtc_now(void);

/* ---- bus.c, pci.c, and what they ask of the architecture ---- */

/* The interrupt of a device, as uk_plat_irq_request() has it; 0: none. */
uint32_t kvm_tree_irq(int node);

/* The line of pin 1 to 4 of a device behind the PCI bridge `node`, 0: none. */
unsigned kvm_tree_pci_irq(int node, unsigned bdf, unsigned pin);

/* ---- cpus.c ---- */

/* The node of a CPU behind `node`, -1 being before all, and its number in the machine; -1 if there is none. */
int kvm_tree_cpu(int node, uint64_t *id);

/* ---- smp.c, and what it asks of the architecture ---- */

struct cpustart;

/* The machine's numbers of the CPUs that run. */
extern uint64_t kvm_cpu_ids[];

/* There will be several CPUs: what the first has to prepare; false: there cannot be. */
bool kvm_cpus_prepare(void);

/* Has CPU `cpu`, whose number is in the table above, start with *g at kvm_cpu_start. 0, or negative: it does not. */
int kvm_cpu_on(uint32_t cpu, const struct cpustart *g);

/* What it does itself when it is there, before interrupts are open. */
void kvm_cpu_init(uint32_t cpu);

#endif
