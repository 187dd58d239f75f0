/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between event.c, which has channels and their handlers, and fifo.c, which has the queues that they come by.
 */
#ifndef FIFO_H
#define FIFO_H

#include <stdbool.h>
#include <stdint.h>
#include <uk/config.h>

#define __XEN_INTERFACE_VERSION__ 0x00040d00
#include <xen/event_channel.h>

/* evtchn_fifo_control_block, as memory that Xen writes to at any time. */
struct xen_fifo_block {
	uint32_t ready, reserved;
	uint32_t head[EVTCHN_FIFO_MAX_QUEUES];
};

/* Does this Xen have them? From xen_fifo_init() on. */
extern bool xen_fifo_on;

/* At boot, and where a saved domain goes on: nothing is pending, all is masked. */
void xen_fifo_init(void);

/* Before a CPU has its first channel. 0, or a negative errno. */
int xen_fifo_cpu(uint32_t cpu);

/* Makes the word of a new port. 0, -ENOMEM, or another negative errno. Thread context. */
int xen_fifo_grow(uint32_t port);

/* 0 to 15, the lower the earlier; 7 unless told otherwise. 0, or a negative errno. */
int xen_fifo_priority(uint32_t port, uint32_t priority);

/* Ports without a word are masked and have no events. */
void xen_fifo_mask(uint32_t port);
bool xen_fifo_unmask(uint32_t port); /* false: Xen has to be asked for it */
bool xen_fifo_masked(uint32_t port);
bool xen_fifo_take(uint32_t port);

/* Calls the handlers of all that is pending on this CPU: event.c's xen_event_call(). */
void xen_fifo_dispatch(void);
void xen_event_call(uint32_t port);

/* For tests: what Xen and we share. The block of a CPU; the word of a port, or NULL. */
struct xen_fifo_block *xen_fifo_block(uint32_t cpu);
event_word_t *xen_fifo_word(uint32_t port);

#endif
