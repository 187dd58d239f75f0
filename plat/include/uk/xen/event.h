/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event channels (Xen public/event_channel.h): interrupts from other domains and from Xen, and the way to raise theirs.
 *
 * A channel has a port, a number. Its handler runs in interrupt context, on the CPU that the channel is bound to: the first, unless
 * told otherwise. An event that comes while the channel is masked, or before the handler has run, is one event.
 */
#ifndef UK_XEN_EVENT_H
#define UK_XEN_EVENT_H

#include <uk/api.h>
#include <uk/essentials.h>

#define UK_XEN_DOMID_SELF 0x7ff0U

UK_API_BEGIN

/*
 * A new channel to which domain `remote` may connect. Returns its port, which the other side is told by other means, or
 * -ENOSPC, -ENOMEM. Thread context.
 */
int uk_xen_event_alloc(unsigned remote);

/* Connects to port `remote_port` of domain `remote`. Our own port, or a negative errno. Thread context. */
int uk_xen_event_connect(unsigned remote, uint32_t remote_port);

/*
 * Binds one of Xen's virtual interrupts (VIRQ_* of public/xen.h) on CPU `cpu`. The port, or a negative errno. Thread
 * context.
 */
int uk_xen_event_virq(unsigned virq, uint32_t cpu);

/*
 * From now on fn(arg) is called for events of `port`, which is unmasked; an event that waits calls it soon. fn NULL: masks it.
 * 0, or -ENOMEM, -EINVAL. Thread context.
 */
int uk_xen_event_handler(uint32_t port, void (*fn)(void *arg), void *arg);

/*
 * Has events of `port` delivered to CPU `cpu`; one that waits already may still come to the other. 0, or a negative errno: not
 * every channel can be moved. Thread context.
 */
int uk_xen_event_move(uint32_t port, uint32_t cpu);

/*
 * Which of several events that wait on a CPU comes first: that of the lowest `priority`, 0 to UK_XEN_EVENT_LAST; those of the same
 * in the order in which they were raised. UK_XEN_EVENT_USUAL unless told otherwise, also after a port is used anew. 0, -EINVAL, or
 * -ENOTSUP where all are alike: without CONFIG_PLAT_XEN_FIFO, or a Xen that has queues. Thread context.
 */
#define UK_XEN_EVENT_FIRST 0U
#define UK_XEN_EVENT_USUAL 7U
#define UK_XEN_EVENT_LAST  15U
int uk_xen_event_priority(uint32_t port, unsigned priority);

/* No calls until it is unmasked; one that waits comes then. Any context. */
void uk_xen_event_mask(uint32_t port);
void uk_xen_event_unmask(uint32_t port);

/* Is an event waiting? For who polls with the channel masked; clears it. Any context. */
bool uk_xen_event_take(uint32_t port);

/* Raises an event at the other end. Any context. */
void uk_xen_event_notify(uint32_t port);

/* Masks and closes the channel; its handler is not called any more when this returns. Thread context. */
void uk_xen_event_close(uint32_t port);

UK_API_END
#endif
