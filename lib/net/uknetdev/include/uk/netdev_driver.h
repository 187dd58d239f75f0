/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other half of uk/netdev.h: what a driver of network devices does.
 *
 * Its library says `provides := uknetdev`, and, if it serves devices that only some platforms have,
 * `platforms-y := kvm` (docs/build.md). It defines the functions that UK_NETDEV_PROVIDER() declares;
 * with one driver in an image they are the API's own. It embeds struct uk_netdev and struct
 * uk_netq at the start of structures of its own.
 *
 * - In an initialiser of UK_INIT_DEV (or when its bus finds a device): fill in struct uk_netdev,
 *   uk_netdev_register(). Every driver's devices come before the stack looks, at UK_INIT_FS.
 * - start(): uk_netdev_opening(), make dev->queues queues with uk_netq_init(), put buffers from conf->pool into
 *   those that receive, dev->active, dev->started = true.
 * - A queue's interrupt: switch it off (it was asked for once), then uk_netq_event().
 * - tell() is for devices that are told of packets: where q->hold is set, tx() need not.
 * - In tx() and rx(), per burst: uk_netq_count(); per packet: uk_netq_seen().
 * - Whatever the device says (lengths, indices) is checked before it is used; what is wrong is
 *   counted in `errors`, and where the device cannot be trusted any more it is reset, and from then
 *   on tx() drops and rx() finds nothing, with a message that names it, and link false.
 *
 * - Such a device is told of by uk_netdev_failed(). A driver that can start it again sets dev->restart: with
 *   nobody in tx() and rx(), but maybe in tell(), it resets the device, lets go of all packets, and does what
 *   start() did, with dev->queues, dev->active and the queues as they are. 0, or an error: then it stays reset.
 *
 * - With LIBUKNETDEV_MULTICAST, a driver whose device can drop multicast frames sets dev->group. If dev->filter then says so, start()
 *   has the device drop all of them; group(dev, mac, join) lets those to an address through, or not any more, and with NULL
 *   all. dev->groups and dev->all_groups, the sum of what was asked for, is up to date when it is called, and what a
 *   restart has to tell the device again.
 *
 * lib/net/netloop is the smallest one.
 */
#ifndef UK_NETDEV_DRIVER_H
#define UK_NETDEV_DRIVER_H

#include <uk/atomic.h>
#include <uk/netdev.h>

#define UK_ETH_HEADER  14U
#define UK_ETH_MTU     1500U
#define UK_ETH_MTU_MIN 68U /* RFC 791, p. 25 */

/* Declares the functions that provider `p` has to define: p_start() and so on. */
#define UK_NETDEV_PROVIDER(p)                                                                      \
	int p##_start(struct uk_netdev *dev, const struct uk_netdev_conf *conf);                   \
	void p##_stop(struct uk_netdev *dev);                                                      \
	unsigned p##_tx(struct uk_netq *q, struct uk_netbuf *const *pkts, unsigned n);             \
	unsigned p##_rx(struct uk_netq *q, struct uk_netbuf **pkts, unsigned n);                   \
	void p##_tell(struct uk_netq *q);                                                          \
	unsigned p##_reap(struct uk_netq *q);                                                      \
	bool p##_irq_on(struct uk_netq *q);                                                        \
	void p##_irq_off(struct uk_netq *q)

/* Defines its operations struct, for UK_OPS(&p_ops). */
#define UK_NETDEV_OPS(p)                                                                           \
	static const struct uk_netdev_ops UK_UNUSED p##_ops = {                                    \
		p##_start, p##_stop, p##_tx, p##_rx, p##_tell, p##_reap, p##_irq_on, p##_irq_off,  \
	}

UK_API_BEGIN

/*
 * Makes a device known; it lives for ever. Filled in are: ops, driver, mac, mtu, link, rx_split, headroom,
 * pieces, max_queues, features, tso_max; name if it is not to be called eth0, eth1 ... Initialisers
 * only (one thread).
 */
void uk_netdev_register(struct uk_netdev *dev);

/*
 * What is the same in each start(): is the device stopped, and do the pool's buffers fit? Sets dev->queues
 * to what is wanted and can be had, dev->active to the features wanted, and notes who to tell of the link.
 * 0, -EBUSY, -EINVAL.
 */
int uk_netdev_opening(struct uk_netdev *dev, const struct uk_netdev_conf *conf);

/* Fills in a queue's common part, with zero statistics. */
void uk_netq_init(struct uk_netq *q, struct uk_netdev *dev, unsigned index, bool tx,
		  const struct uk_netdev_conf *conf);

/* The link went up or down. Interrupt handlers and threads. */
void uk_netdev_link_set(struct uk_netdev *dev, bool up);

/* The device has failed; also again and again. Interrupt handlers and threads. */
void uk_netdev_failed(struct uk_netdev *dev);

UK_API_END

/* Tells the queue's user that there is what irq_on() waited for. Interrupt context. */
static inline void uk_netq_event(struct uk_netq *q)
{
	if (q->event)
		q->event(q, q->arg);
}

/* Counts a burst. */
static inline void uk_netq_count(struct uk_netq *q, unsigned packets, uint64_t bytes)
{
	uk_shared_set(q->stats.packets, q->stats.packets + packets);
	uk_shared_set(q->stats.bytes, q->stats.bytes + bytes);
}

static inline void uk_netq_dropped(struct uk_netq *q, unsigned packets)
{
	uk_shared_set(q->stats.drops, q->stats.drops + packets);
}

static inline void uk_netq_error(struct uk_netq *q)
{
	uk_shared_set(q->stats.errors, q->stats.errors + 1);
}

/* Shows a packet to who captures: received, before it is handed out; to send, before the device has it. */
static inline void uk_netq_seen(struct uk_netq *q UK_UNUSED, const struct uk_netbuf *pkt UK_UNUSED)
{
#ifdef CONFIG_LIBUKNETDEV_CAPTURE
	if (UK_UNLIKELY(q->dev->capture != NULL))
		q->dev->capture(q, pkt, q->dev->capture_arg);
#endif
}

#endif
