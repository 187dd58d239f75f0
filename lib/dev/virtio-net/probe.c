/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding a device and what it can do.
 */
#include <uk/alloc.h>

#include "vnet.h"

#ifdef CONFIG_LIBUKNETDEV_MULTICAST
#define FILTER UK_BIT(F_CTRL_RX)
#else
#define FILTER 0UL
#endif

#define WANTED                                                                                     \
	(UK_BIT(F_CSUM) | UK_BIT(F_GUEST_CSUM) | UK_BIT(F_MTU) | UK_BIT(F_MAC) |                   \
	 UK_BIT(F_GUEST_TSO4) | UK_BIT(F_GUEST_TSO6) | UK_BIT(F_HOST_TSO4) | UK_BIT(F_HOST_TSO6) | \
	 UK_BIT(F_MRG_RXBUF) | UK_BIT(F_STATUS) | UK_BIT(F_CTRL_VQ) | UK_BIT(F_MQ) |               \
	 UK_BIT(F_CTRL_MAC) | FILTER)

/* Room in front: virtio's header, and what puts the IP header behind Ethernet's at a multiple of 16. */
#define HEADROOM 18U

#define TSO_MAX 65535U

UK_NETDEV_OPS(virtio_net);

static const struct {
	uint32_t ours;
	uint64_t theirs; /* all of these */
} offloads[] = {
	{ UK_NETDEV_CSUM, UK_BIT(F_CSUM) },
	{ UK_NETDEV_TSO4, UK_BIT(F_CSUM) | UK_BIT(F_HOST_TSO4) },
	{ UK_NETDEV_TSO6, UK_BIT(F_CSUM) | UK_BIT(F_HOST_TSO6) },
	{ UK_NETDEV_RX_CSUM, UK_BIT(F_GUEST_CSUM) },
	/* In one buffer, a merged packet would need 64 KiB of it. */
	{ UK_NETDEV_LRO4, UK_BIT(F_GUEST_CSUM) | UK_BIT(F_GUEST_TSO4) | UK_BIT(F_MRG_RXBUF) },
	{ UK_NETDEV_LRO6, UK_BIT(F_GUEST_CSUM) | UK_BIT(F_GUEST_TSO6) | UK_BIT(F_MRG_RXBUF) },
};

uint32_t vnet_offloads(uint64_t features)
{
	uint32_t have = 0;

	for (unsigned i = 0; i < UK_ARRAY_SIZE(offloads); i++)
		if ((features & offloads[i].theirs) == offloads[i].theirs)
			have |= offloads[i].ours;
	return have;
}

uint64_t vnet_features(uint32_t active)
{
	uint64_t bits = WANTED;

	for (unsigned i = 0; i < UK_ARRAY_SIZE(offloads); i++)
		bits &= ~offloads[i].theirs;
	for (unsigned i = 0; i < UK_ARRAY_SIZE(offloads); i++)
		if (active & offloads[i].ours)
			bits |= offloads[i].theirs;
	return bits | UK_BIT(F_MRG_RXBUF);
}

void vnet_link(struct vnet *v)
{
	uint16_t status = LINK_UP;

	if (v->virtio->broken) {
		uk_netdev_failed(&v->dev);
		return;
	}
	if (uk_virtio_has(v->virtio, F_STATUS))
		uk_virtio_config(v->virtio, CONFIG_STATUS, &status, 2, 2);
	uk_netdev_link_set(&v->dev, status & LINK_UP);
}

static void changed(struct uk_virtio_dev *d)
{
	vnet_link(d->data);
}

/* One that has none gets a number in place of it, locally administered (IEEE 802, §8.4). */
static void read_mac(struct vnet *v)
{
	static uint8_t number;

	v->dev.mac[0] = 2;
	v->dev.mac[5] = ++number;
	if (uk_virtio_has(v->virtio, F_MAC))
		uk_virtio_config(v->virtio, CONFIG_MAC, v->dev.mac, 6, 1);
}

static int probe(struct uk_virtio_dev *d)
{
	int rc = uk_virtio_begin(d, WANTED);
	uint16_t mtu = 0;
	struct vnet *v;

	if (rc)
		return rc;
	v = uk_memalign(UK_MAX(__alignof__(struct vnet), 16UL), sizeof(*v));
	if (!v)
		return -ENOMEM;
	memset(v, 0, sizeof(*v));
	v->virtio = d;
	d->data = v;
	v->offered = d->features;
	v->pairs = 1;
	if (uk_virtio_has(d, F_MQ) && uk_virtio_has(d, F_CTRL_VQ))
		uk_virtio_config(d, CONFIG_PAIRS, &v->pairs, 2, 2);
	if (!v->pairs || v->pairs > 0x8000) /* §5.1.4.1 */
		v->pairs = 1;
	if (uk_virtio_has(d, F_MTU))
		uk_virtio_config(d, CONFIG_MTU, &mtu, 2, 2);
	read_mac(v);
	v->dev.mtu = mtu >= UK_ETH_MTU_MIN ? mtu : UK_ETH_MTU;
	v->dev.ops = UK_OPS(&virtio_net_ops);
	v->dev.driver = "virtio-net";
	v->dev.rx_split = uk_virtio_has(d, F_MRG_RXBUF);
	v->dev.headroom = HEADROOM;
	v->dev.pieces = PIECES;
	v->dev.max_queues = (uint16_t)UK_MIN((unsigned)v->pairs, (unsigned)UK_NETDEV_QUEUES);
	v->dev.features = vnet_offloads(d->features);
	v->dev.tso_max = TSO_MAX;
	v->dev.restart = vnet_restart;
#ifdef CONFIG_LIBUKNETDEV_MULTICAST
	if (uk_virtio_has(d, F_CTRL_RX) && uk_virtio_has(d, F_CTRL_VQ))
		v->dev.group = vnet_group;
#endif
	vnet_link(v);
	uk_virtio_reset(d); /* until somebody starts it */
	uk_netdev_register(&v->dev);
	return 0;
}

UK_VIRTIO_DRIVER(net, "virtio-net", UK_VIRTIO_NET, probe, changed);
