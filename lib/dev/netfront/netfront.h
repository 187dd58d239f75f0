/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to netfront. probe.c finds devices and agrees with the backend, share.c has what both sides see, rx.c and tx.c move
 * packets. References are to Xen's public/io/netif.h.
 *
 * What is shared with one backend, for as long as that lives, is a struct share. When the backend goes and another one comes,
 * xenbus's thread makes the next share, while the device's user may still be in the middle of the old one: it is only marked, and
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

struct share {
	struct netfront *nf;
	bool dead;                 /* the backend is gone, or broke the rules */
	uint32_t tx_port, rx_port; /* the same, if the backend has one for both */
	uint32_t ring_ref[2];      /* of the rings' pages: to send, to receive */

	struct netif_tx_front_ring tx;
	uint32_t tx_ref[TX_SIZE]; /* the grant that goes with each id */
	struct uk_netbuf
		*tx_pkt[TX_SIZE]; /* what to free when the last id of a packet comes back */
	bool tx_busy[TX_SIZE];
	bool tx_kept; /* at the end: the other side has not let go of all, so no packet is */
	uint16_t tx_free[TX_SIZE];
	unsigned tx_nfree;
	RING_IDX tx_shown, tx_told; /* what the backend can see, and was told of */

	struct netif_rx_front_ring rx;
	uint32_t rx_ref[RX_SIZE];
	struct uk_netbuf *rx_buf[RX_SIZE]; /* by id, which is the slot */
	struct uk_netbuf *partial, *last;  /* a packet whose other pieces have not come yet */
	bool more, extra,
		bad; /* of it: more pieces come, something about it comes, it is not wanted */
};

struct netfront {
	struct uk_netdev dev;
	struct uk_xenbus_dev *bus;
	bool registered;
	bool live;               /* the backend is connected */
	bool split;              /* the backend has an event channel for each direction */
	unsigned rx_len;         /* buffers to have in the ring */
	uint32_t offered;        /* UK_NETDEV_* */
	struct uk_spinlock lock; /* of `next` */
	struct share *now, *next;
	struct uk_netq rxq, txq;
};

UK_NETDEV_PROVIDER(netfront);

static inline struct netfront *netfront_of(struct uk_netdev *dev)
{
	return UK_CONTAINER_OF(dev, struct netfront, dev);
}

/* Rings, grants and event channels for a backend; NULL and a negative errno. Nothing is in the rings. */
struct share *netfront_share(struct netfront *nf, bool split, int *err);

/* Of dev->restart. */
int netfront_restart(struct uk_netdev *dev);

/* Ends all that; packets go back to their pools, but not what the other side still has mapped: that is lost, and said. */
void netfront_unshare(struct share *s);

/* The backend broke the rules: said; nothing of it is believed any more. */
void netfront_broken(struct share *s, const char *what, unsigned number);

/* Puts buffers of the pool where there is room for them. */
void netfront_fill(struct share *s);

#endif
