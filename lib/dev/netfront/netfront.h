/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to netfront. probe.c finds devices and agrees with the backend, share.c has what both sides see, rx.c and tx.c move
 * packets. References are to Xen's public/io/netif.h.
 *
 * What one backend has of us, for as long as it lives, is a struct peer, with a struct share for each pair of queues. When it goes and
 * another one comes, xenbus's thread makes the next peer, while the device's user may still be in the middle of the old one: it is only marked, and
 * exchanged when the user says that nobody is inside (dev->restart).
 */
#ifndef NETFRONT_H
#define NETFRONT_H

#include <uk/netdev_driver.h>
#include <uk/page.h>
#include <uk/spinlock.h>
#include <uk/xen/event.h>
#include <uk/xen/grant.h>
#include <uk/xen/ring.h>
#include <uk/xenbus.h>
#include <xen/io/netif.h>

#define TX_SIZE __CONST_RING_SIZE(netif_tx, UK_PAGE_SIZE)
#define RX_SIZE __CONST_RING_SIZE(netif_rx, UK_PAGE_SIZE)

/* Slots of one packet: what every backend takes (XEN_NETIF_NR_SLOTS_MIN). */
#define SLOTS 18U

/* Of a pair of queues. */
struct share {
	struct peer *peer;
	struct netfront *nf;
	uint32_t tx_port, rx_port; /* the same, if the backend has one for both */
	uint32_t ring_ref[2];      /* of the rings' pages: to send, to receive */
	bool tx_refs, rx_refs;     /* the next but one, and the like, are there */

	struct netif_tx_front_ring tx;
	uint32_t tx_ref[TX_SIZE]; /* the grant that goes with each id */
	/* A packet's ids are linked from its first on, which has the packet, and the number that has not come back. */
	uint16_t tx_first[TX_SIZE], tx_next[TX_SIZE], tx_left[TX_SIZE];
	struct uk_netbuf *tx_pkt[TX_SIZE];
	bool tx_busy[TX_SIZE];
	uint16_t tx_free[TX_SIZE];
	unsigned tx_nfree;
	RING_IDX tx_shown, tx_told; /* what the backend can see, and was told of */
	bool groups_due;            /* it has to be told which multicast addresses are wanted */

	struct netif_rx_front_ring rx;
	uint32_t rx_ref[RX_SIZE];
	struct uk_netbuf *rx_buf[RX_SIZE]; /* by id, which is the slot */
	struct uk_netbuf *partial, *last;  /* a packet whose other pieces have not come yet */
	bool more, extra,
		bad; /* of it: more pieces come, something about it comes, it is not wanted */
};

struct peer {
	struct netfront *nf;
	bool dead; /* the backend is gone, or broke the rules */
	struct share share[UK_NETDEV_QUEUES];
};

struct netfront {
	struct uk_netdev dev;
	struct uk_xenbus_dev *bus;
	bool registered;
	bool live;        /* the backend is connected */
	bool split;       /* the backend has an event channel for each direction */
	bool filters;     /* the backend drops multicast packets but those that are asked for */
	bool folders;     /* we have said things in queue-0, queue-1 ... */
	unsigned rx_len;  /* buffers to have in a ring */
	uint32_t offered; /* UK_NETDEV_* */
	struct uk_spinlock lock; /* of `next` */
	struct peer *now, *next;
	struct uk_netq rxq[UK_NETDEV_QUEUES], txq[UK_NETDEV_QUEUES];
};

UK_NETDEV_PROVIDER(netfront);

static inline struct netfront *netfront_of(struct uk_netdev *dev)
{
	return UK_CONTAINER_OF(dev, struct netfront, dev);
}

static inline struct share *netfront_share_of(struct peer *p, const struct uk_netq *q)
{
	return &p->share[UK_NETDEV_QUEUES > 1 ? q->index : 0];
}

/* What the queue shares with a backend; NULL: there is none, or it has been found dead. */
static inline struct share *netfront_share(const struct uk_netq *q)
{
	struct peer *p = UK_READ_ONCE(netfront_of(q->dev)->now);

	return p && !UK_READ_ONCE(p->dead) ? netfront_share_of(p, q) : NULL;
}

/* Rings, grants and event channels for a backend; NULL and a negative errno. Nothing is in the rings. */
struct peer *netfront_peer(struct netfront *nf, bool split, int *err);

/* Of dev->restart, dev->group. */
int netfront_restart(struct uk_netdev *dev);
int netfront_group(struct uk_netdev *dev, const uint8_t mac[6], bool join);

/* Ends all that; packets go back to their pools, but not what the other side still has mapped: that is lost, and said. */
void netfront_part(struct peer *p);

/* The backend broke the rules: said; nothing of it is believed any more. */
void netfront_broken(struct share *s, const char *what, unsigned number);

/* Puts buffers of the pool where there is room for them. */
void netfront_fill(struct share *s);

#endif
