/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening and closing a device, and the commands that this takes (§5.1.6.5).
 */
#include <uk/alloc.h>
#include <uk/arch/relax.h>
#include <uk/config.h>
#include <uk/page.h>
#include <uk/print.h>
#include <uk/time.h>

#include "vnet.h"

#define PATIENCE (2 * UK_NSEC_PER_SEC) /* for a command */

/* For packets of many pieces; 6 frames. More of them at once take the ring's own descriptors. */
#define TABLES 16U

#define CTRL_OK          0
#define CTRL_RX          0
#define CTRL_RX_PROMISC  0
#define CTRL_RX_ALLMULTI 1
#define CTRL_MAC         1
#define CTRL_MAC_TABLE   0
#define CTRL_MAC_SET     1
#define CTRL_MQ          4
#define CTRL_MQ_SET      0

/* The addresses that a device lets through besides its own (§5.1.6.5.2): none of one receiver's, and so many of groups. */
struct table {
	uint32_t unicast, multicast;
	uint8_t mac[UK_NETDEV_GROUPS][6];
};

/* In one frame: what the device reads, then its answer. */
struct command {
	uint8_t class, number;
	uint8_t data[sizeof(struct table)];
	uint8_t answer;
};
UK_STATIC_ASSERT(sizeof(struct command) <= UK_PAGE_SIZE, "one frame");

static void interrupt(struct uk_virtq *vq)
{
	struct vnet_queue *q = vq->arg;

	if (uk_virtq_irq_wanted(vq))
		uk_netq_event(&q->q);
}

static int control(struct vnet *v, uint8_t class, uint8_t number, const void *data, unsigned n)
{
	uk_paddr_t frame = uk_page_alloc(1, UK_PAGE_ZERO);
	volatile struct command *c;
	struct uk_virtq_seg seg[2];
	uk_nsec end = uk_deadline(PATIENCE);
	uint32_t len;
	int rc = -EIO;

	if (frame == UK_PAGE_NONE)
		return -ENOMEM;
	c = uk_page_to_virt(frame);
	c->class = class;
	c->number = number;
	memcpy((void *)c->data, data, n);
	c->answer = 0xff;
	seg[0] = (struct uk_virtq_seg){ .addr = frame, .len = 2 + n };
	seg[1] =
		(struct uk_virtq_seg){ .addr = frame + offsetof(struct command, answer), .len = 1 };
	uk_virtq_add(v->control, seg, 1, 1, (void *)c);
	uk_virtq_kick(v->control);
	while (!uk_virtq_get(v->control, &len)) {
		if (v->virtio->broken || uk_clock_monotonic() > end) {
			uk_virtio_broken(v->virtio, "no answer to command %u.%u", class, number);
			return -EIO; /* the frame is the device's as far as we know */
		}
		uk_arch_relax();
	}
	if (c->answer == CTRL_OK)
		rc = 0;
	uk_page_free(frame, 1);
	return rc;
}

/* What the device is to know beside its queues. */
static int tell(struct vnet *v)
{
	uint8_t mac[6];
	int rc = 0;

	if (v->dev.queues > 1)
		rc = control(v, CTRL_MQ, CTRL_MQ_SET, &v->dev.queues, 2);
	if (!rc && uk_virtio_has(v->virtio, F_MAC) && uk_virtio_has(v->virtio, F_CTRL_MAC)) {
		uk_virtio_config(v->virtio, CONFIG_MAC, mac, 6, 1);
		if (memcmp(mac, v->dev.mac, 6))
			rc = control(v, CTRL_MAC, CTRL_MAC_SET, v->dev.mac, 6);
	}
	if (rc)
		uk_pr_err("%s: it does not accept %s", v->dev.name,
			  v->dev.queues > 1 ? "several queues, or its address" : "its address");
	return rc;
}

/* ---- multicast ---- */

#ifdef CONFIG_LIBUKNETDEV_MULTICAST
int vnet_group(struct uk_netdev *dev, const uint8_t mac[6], bool join UK_UNUSED)
{
	struct vnet *v = vnet_of(dev);
	struct table t = { 0 };
	const uint8_t on = 1;

	if (v->virtio->broken)
		return 0; /* it is told of all when it is started again */
	if (!mac)
		return control(v, CTRL_RX, CTRL_RX_ALLMULTI, &on, 1);
	for (unsigned i = 0; i < UK_NETDEV_GROUPS; i++)
		if (dev->groups[i].users)
			memcpy(t.mac[t.multicast++], dev->groups[i].mac, 6);
	return control(v, CTRL_MAC, CTRL_MAC_TABLE, &t,
		       offsetof(struct table, mac) + t.multicast * 6);
}

/* It begins by letting everything through. */
static void filter(struct vnet *v)
{
	const uint8_t off = 0, none[6] = { 1 };
	int rc;

	if (!v->dev.filter)
		return;
	rc = v->dev.all_groups ? vnet_group(&v->dev, NULL, true) : vnet_group(&v->dev, none, false);
	if (!rc)
		rc = control(v, CTRL_RX, CTRL_RX_PROMISC, &off, 1);
	if (rc)
		uk_pr_warn("%s: it does not filter what it receives (error %d)", v->dev.name, -rc);
}
#else
static void filter(struct vnet *v UK_UNUSED)
{
}
#endif

/* All packets that the queue has. */
static void drain(struct vnet_queue *q)
{
	struct uk_netbuf *nb;

	uk_netbuf_free(q->partial);
	q->partial = NULL;
	q->missing = 0;
	while ((nb = uk_virtq_drain(q->vq)))
		uk_netbuf_free(nb);
}

static void discard(struct vnet_queue *q)
{
	if (!q->vq)
		return;
	drain(q);
	if (q->hdr)
		uk_page_free(uk_page_from_virt(q->hdr),
			     UK_DIV_ROUND_UP(q->vq->size * HDR, UK_PAGE_SIZE));
	q->hdr = NULL;
	uk_virtio_queue_free(q->vq);
	q->vq = NULL;
}

static void shut(struct vnet *v)
{
	uk_virtio_reset(v->virtio);
	for (unsigned i = 0; i < UK_NETDEV_QUEUES; i++) {
		discard(&v->rx[i]);
		discard(&v->tx[i]);
	}
	uk_virtio_queue_free(v->control);
	v->control = NULL;
	v->dev.started = false;
}

static int open_pair(struct vnet *v, unsigned i, const struct uk_netdev_conf *conf)
{
	struct vnet_queue *rx = &v->rx[i], *tx = &v->tx[i];
	uk_paddr_t frames;
	int rc;

	uk_netq_init(&rx->q, &v->dev, i, false, conf);
	uk_netq_init(&tx->q, &v->dev, i, true, conf);
	rx->vq = uk_virtio_queue(v->virtio, 2 * i, conf->rx_len, interrupt, rx, uk_virtio_cpu(i),
				 &rc);
	if (rc)
		return rc;
	tx->vq = uk_virtio_queue(v->virtio, 2 * i + 1, conf->tx_len, interrupt, tx,
				 uk_virtio_cpu(i), &rc);
	if (rc)
		return rc;
	frames = uk_page_alloc(UK_DIV_ROUND_UP(tx->vq->size * HDR, UK_PAGE_SIZE), 0);
	if (frames == UK_PAGE_NONE)
		return -ENOMEM;
	tx->hdr = uk_page_to_virt(frames);
	rc = uk_virtq_indirect(tx->vq, UK_MIN(TABLES, tx->vq->size / 4U), VNET_SEGS);
	if (rc)
		return rc;
	/* A packet that fills the queue could not be sent while another is. */
	v->dev.pieces = (uint16_t)UK_MIN(PIECES, UK_MAX(tx->vq->size / 2U, 2U) - 1);
	return vnet_fill(rx) ? 0 : -ENOMEM;
}

static int open_queues(struct vnet *v, const struct uk_netdev_conf *conf)
{
	unsigned last = uk_virtio_has(v->virtio, F_MQ) ? 2U * v->pairs : 2;
	int rc = 0;

	for (unsigned i = 0; !rc && i < v->dev.queues; i++)
		rc = open_pair(v, i, conf);
	if (!rc && uk_virtio_has(v->virtio, F_CTRL_VQ))
		v->control = uk_virtio_queue(v->virtio, last, 4, NULL, NULL, 0, &rc);
	return rc;
}

/* It is set up: go. */
static int run(struct vnet *v)
{
	uk_virtio_ready(v->virtio);
	for (unsigned i = 0; i < v->dev.queues; i++)
		uk_virtq_kick(v->rx[i].vq);
	filter(v);
	return tell(v);
}

int virtio_net_start(struct uk_netdev *dev, const struct uk_netdev_conf *conf)
{
	struct vnet *v = vnet_of(dev);
	int rc = uk_netdev_opening(dev, conf);

	if (rc)
		return rc;
	rc = uk_virtio_begin(v->virtio, v->offered & vnet_features(dev->active));
	if (rc)
		return rc;
	dev->active = vnet_offloads(v->virtio->features);
	rc = open_queues(v, conf);
	if (!rc)
		rc = run(v);
	if (rc) {
		shut(v);
		return rc == -ENOMEM ? rc : -EIO;
	}
	dev->started = true;
	dev->failed = false;
	vnet_link(v);
	return 0;
}

/* Everything stays where it is, as somebody may be in tell(); only what is in the queues goes. */
static int again(struct vnet *v, uint64_t features)
{
	int rc = uk_virtio_begin(v->virtio, v->offered & vnet_features(v->dev.active));

	if (!rc && v->virtio->features != features)
		rc = -ENOTSUP; /* others rely on what it could do */
	for (unsigned i = 0; !rc && i < v->dev.queues; i++) {
		rc = uk_virtio_queue_again(v->rx[i].vq, uk_virtio_cpu(i));
		if (!rc)
			rc = uk_virtio_queue_again(v->tx[i].vq, uk_virtio_cpu(i));
		if (!rc && !vnet_fill(&v->rx[i]))
			rc = -ENOMEM;
	}
	if (!rc && v->control)
		rc = uk_virtio_queue_again(v->control, 0);
	return rc ? rc : run(v);
}

int vnet_restart(struct uk_netdev *dev)
{
	struct vnet *v = vnet_of(dev);
	int rc;

	uk_virtio_reset(v->virtio);
	for (unsigned i = 0; i < dev->queues; i++) {
		drain(&v->rx[i]);
		drain(&v->tx[i]);
	}
	rc = again(v, v->virtio->features);
	if (rc)
		uk_virtio_broken(v->virtio, "it cannot be set up as it was");
	else
		vnet_link(v);
	return rc;
}

void virtio_net_stop(struct uk_netdev *dev)
{
	shut(vnet_of(dev));
}
