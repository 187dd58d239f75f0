/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to virtio-net. probe.c finds devices, start.c opens and closes them, rx.c and tx.c move packets. References
 * are to virtio 1.2 §5.1.
 */
#ifndef VNET_H
#define VNET_H

#include <uk/bits.h>
#include <uk/netdev_vnet.h>
#include <uk/virtq.h>

/* Feature bits (§5.1.3). */
#define F_CSUM       0
#define F_GUEST_CSUM 1
#define F_MTU        3
#define F_MAC        5
#define F_GUEST_TSO4 7
#define F_GUEST_TSO6 8
#define F_HOST_TSO4  11
#define F_HOST_TSO6  12
#define F_MRG_RXBUF  15
#define F_STATUS     16
#define F_CTRL_VQ    17
#define F_CTRL_RX    18
#define F_MQ         22
#define F_CTRL_MAC   23

/* Configuration (§5.1.4). */
#define CONFIG_MAC    0
#define CONFIG_STATUS 6
#define CONFIG_PAIRS  8
#define CONFIG_MTU    10
#define LINK_UP       1U

#define HDR sizeof(struct uk_vnet_hdr)
#define PIECES                                                                                     \
	64U /* of a packet to send, at most: 64 KiB in segments of an Ethernet frame, and headers */

/* Descriptors: of pieces and a header, and one more for each page at whose end another frame begins. */
#define VNET_SEGS (PIECES + 20U)

struct vnet_queue {
	struct uk_netq q;
	struct uk_virtq *vq;
	struct uk_netbuf *partial; /* rx: a packet whose other buffers have not been seen yet ... */
	struct uk_netbuf *last;
	unsigned missing; /* ... so many */
	/* tx: headers of packets that have no room for one in front, by the note that they are sent with. */
	struct uk_vnet_hdr *hdr;
};

struct vnet {
	struct uk_netdev dev;
	struct uk_virtio_dev *virtio;
	struct uk_virtq *control;
	uint64_t offered; /* features that it has and we know */
	uint16_t pairs;   /* of queues that it has */
	struct vnet_queue rx[UK_NETDEV_QUEUES], tx[UK_NETDEV_QUEUES];
};

UK_NETDEV_PROVIDER(virtio_net);

static inline struct vnet_queue *vnet_queue_of(struct uk_netq *q)
{
	return UK_CONTAINER_OF(q, struct vnet_queue, q);
}

static inline struct vnet *vnet_of(struct uk_netdev *dev)
{
	return UK_CONTAINER_OF(dev, struct vnet, dev);
}

static inline bool vnet_broken(const struct vnet_queue *q)
{
	return UK_UNLIKELY(q->vq->dev->broken);
}

/* Puts as many buffers as there is room for into a queue that receives; how many it has then. */
unsigned vnet_fill(struct vnet_queue *q);

/* What a device with these features does for its user; and what is needed of them for that. */
uint32_t vnet_offloads(uint64_t features);
uint64_t vnet_features(uint32_t active);

/* Of dev->restart, dev->group. */
int vnet_restart(struct uk_netdev *dev);
int vnet_group(struct uk_netdev *dev, const uint8_t mac[6], bool join);

/* The configuration, or the device's health, has changed: is the link up? */
void vnet_link(struct vnet *v);

#endif
