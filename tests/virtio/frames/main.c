/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers Ethernet frames, straight on uknetdev: TCP over IPv4 and IPv6 goes back as it came, with its offloads; of type 0x88b5
 * (for experiments) the first byte of the payload says what to do:
 *
 *	E	send it back as it is
 *	S	send it back in pieces of 1, 2, 3 ... bytes, from memory of all kinds, without room for headers
 *	B	send back 100 copies, each with its number in bytes 1 and 2 of the payload
 *	T	send 32,000 frames of 60 bytes as fast as it goes, between markers, and say so
 *	R	stop the device and start it again, then send it back
 *	J, L	join the multicast group of the MAC address that follows, or leave it; then say what came of it in byte 7
 *	Q	end
 *
 * Arguments: queues, packets in a queue, bytes in a buffer, and 1 to wait by polling.
 */
#include <stdlib.h>
#include <uk/alloc.h>
#include <uk/mark.h>
#include <uk/netdev.h>
#include <uk/plat/console.h>
#include <uk/print.h>
#include <uk/string.h>
#include <uk/time.h>
#include <uk/waitq.h>

#define HEADER   14
#define HEADERS  (HEADER + 40) /* with those of IPv4 and TCP */
#define HEADERS6 (HEADER + 60) /* of IPv6 and TCP */
#define COPIES   100
#define PARTS    60
#define MANY     32000U

static struct uk_waitq wq;
static struct uk_netpool *pool, *refs;
static struct uk_netdev_conf conf;
static char line[200];
static unsigned events;
static unsigned char constant[2048]; /* of the image: not in the direct map */

int main(int argc, char **argv);

#define say(...)                                                                                   \
	uk_plat_console_write(UK_CON_OUT, line,                                                    \
			      (size_t)uk_snprintf(line, sizeof(line), __VA_ARGS__))

static void event(struct uk_netq *q UK_UNUSED, void *arg UK_UNUSED)
{
	events++;
	uk_waitq_wake_all(&wq);
}

static void link(struct uk_netdev *dev UK_UNUSED, void *arg UK_UNUSED)
{
	uk_waitq_wake_all(&wq);
}

static void swap(unsigned char *frame)
{
	for (int i = 0; i < 6; i++) {
		unsigned char c = frame[i];

		frame[i] = frame[6 + i];
		frame[6 + i] = c;
	}
}

static void send(struct uk_netq *q, struct uk_netbuf *pkt)
{
	while (!uk_netdev_tx(q, &pkt, 1))
		UK_WAIT(&wq, uk_netdev_irq_on(q), UK_NSEC_MAX);
}

static unsigned released;

static void release(struct uk_netbuf *nb)
{
	released++;
	uk_netpool_put(nb);
}

static void send_pieces(struct uk_netq *q, struct uk_netbuf *pkt)
{
	struct uk_netbuf *all = NULL, *last = NULL;
	unsigned char *heap = uk_malloc(2048);
	size_t at = 0, total = uk_netbuf_copy_out(pkt, 0, heap, 2048);

	memcpy(constant, heap, total);
	for (unsigned n = 1; at < total; n++) {
		size_t len = n < PARTS - 1 ? UK_MIN((size_t)n, total - at) : total - at;
		struct uk_netbuf *nb = uk_netpool_get(refs);

		uk_netbuf_refer(nb, (n & 1 ? constant : heap) + at, (uint32_t)len, 0, release);
		if (all)
			uk_netbuf_chain(all, last, nb);
		else
			all = nb;
		last = nb;
		at += len;
	}
	uk_netbuf_free(pkt);
	released = 0;
	at = all->pieces;
	send(q, all);
	while (uk_netdev_reap(q))
		;
	if (released != at)
		say("released %u of %zu\n", released, at);
	uk_free(heap);
}

static void send_copies(struct uk_netq *q, struct uk_netbuf *pkt)
{
	for (unsigned i = 0; i < COPIES; i++) {
		struct uk_netbuf *nb;

		while (!(nb = uk_netpool_get(pool)))
			uk_netdev_reap(q);
		uk_netbuf_copy_out(pkt, 0, uk_netbuf_append(nb, pkt->total), pkt->total);
		nb->data[HEADER + 1] = (unsigned char)(i >> 8);
		nb->data[HEADER + 2] = (unsigned char)i;
		send(q, nb);
	}
	uk_netbuf_free(pkt);
}

static void send_many(struct uk_netq *q, const struct uk_netbuf *pkt)
{
	struct uk_netbuf *burst[UK_NETDEV_BURST];

	for (unsigned left = MANY; left; left -= UK_NETDEV_BURST) {
		unsigned n = 0;

		for (unsigned i = 0; i < UK_NETDEV_BURST; i++) {
			while (!(burst[i] = uk_netpool_get(pool)))
				uk_netdev_reap(q);
			memcpy(uk_netbuf_append(burst[i], 60), pkt->data, 60);
		}
		while ((n += uk_netdev_tx(q, burst + n, UK_NETDEV_BURST - n)) < UK_NETDEV_BURST)
			UK_WAIT(&wq, uk_netdev_irq_on(q), UK_NSEC_MAX);
	}
}

static int restart(struct uk_netdev *dev)
{
	int rc;

	uk_netdev_stop(dev);
	rc = uk_netdev_start(dev, &conf);
	if (rc)
		say("start: %d\n", rc);
	return rc;
}

/* Bytes before the data of TCP; 0: something else. */
static unsigned ip_headers(const struct uk_netbuf *pkt)
{
	if (pkt->total > HEADERS && pkt->data[12] == 8 && !pkt->data[13])
		return HEADERS;
	return pkt->total > HEADERS6 && pkt->data[12] == 0x86 && pkt->data[13] == 0xdd &&
			       pkt->data[HEADER + 6] == 6
		       ? HEADERS6
		       : 0;
}

static int group(struct uk_netdev *dev UK_UNUSED, const unsigned char *payload UK_UNUSED)
{
#ifdef CONFIG_LIBUKNETDEV_MULTICAST
	return uk_netdev_group(dev, payload + 1, payload[0] == 'J');
#else
	return -ENOSYS;
#endif
}

/* False: the end. */
static bool handle(struct uk_netdev *dev, unsigned queue, struct uk_netbuf *pkt)
{
	unsigned headers = ip_headers(pkt);

	if (headers) {
		swap(pkt->data);
		pkt->hdr_len = (uint16_t)(pkt->gso ? headers : 0);
		send(dev->tx[queue], pkt);
		return true;
	}
	if (pkt->total <= HEADER || pkt->data[12] != 0x88 || pkt->data[13] != 0xb5) {
		uk_netbuf_free(pkt);
		return true;
	}
	if (pkt->data[0] & 1) /* answered from our own address */
		memcpy(pkt->data, dev->mac, 6);
	swap(pkt->data);
	switch (pkt->data[HEADER]) {
	case 'J':
	case 'L':
		pkt->data[HEADER + 7] = (unsigned char)-group(dev, pkt->data + HEADER);
		send(dev->tx[queue], pkt);
		break;
	case 'Q':
		uk_netbuf_free(pkt);
		return false;
	case 'S':
		send_pieces(dev->tx[queue], pkt);
		break;
	case 'B':
		send_copies(dev->tx[queue], pkt);
		break;
	case 'T':
		UK_MARK(16);
		send_many(dev->tx[queue], pkt);
		UK_MARK(17);
		say("phase tx %u\n", MANY);
		uk_netbuf_free(pkt);
		break;
	case 'R':
		if (restart(dev))
			return false;
		/* fall through */
	default:
		send(dev->tx[queue], pkt);
	}
	return true;
}

static bool something(struct uk_netdev *dev)
{
	for (unsigned i = 0; i < dev->queues; i++)
		if (uk_netdev_irq_on(dev->rx[i]))
			return true;
	return false;
}

static void serve(struct uk_netdev *dev, bool polling)
{
	struct uk_netbuf *pkts[UK_NETDEV_BURST];

	for (;;) {
		unsigned all = 0;

		for (unsigned i = 0; i < dev->queues; i++) {
			unsigned n = uk_netdev_rx(dev->rx[i], pkts, UK_NETDEV_BURST);

			all += n;
			for (unsigned k = 0; k < n; k++)
				if (!handle(dev, i, pkts[k]))
					return;
		}
		if (!all && !polling)
			UK_WAIT(&wq, something(dev) || !dev->link, UK_NSEC_MAX);
		if (dev->failed && uk_netdev_restart(dev))
			continue;
		if (!dev->link) {
			say("link down\n");
			return;
		}
	}
}

int main(int argc, char **argv)
{
	struct uk_netdev *dev = uk_netdev_get(0);
	unsigned used, count;
	struct uk_netq_stats rx, tx;
	int rc;

	if (!dev) {
		say("no device\n");
		return 1;
	}
	conf.queues = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
	conf.rx_len = conf.tx_len = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	conf.filter = true;
	conf.event = event;
	conf.link = link;
	pool = uk_netpool_create(&(struct uk_netpool_conf){
		.size = argc > 3 ? (unsigned)atoi(argv[3]) : dev->mtu + 18U,
		.headroom = dev->headroom,
		.count = 64,
		.max = 4096 });
	refs = uk_netpool_create(&(struct uk_netpool_conf){ .count = PARTS, .max = 4096 });
	conf.pool = pool;
	rc = uk_netdev_start(dev, &conf);
	say("%s %02x:%02x:%02x:%02x:%02x:%02x mtu %u queues %u of %u active %#x link %u start %d\n",
	    dev->driver, dev->mac[0], dev->mac[1], dev->mac[2], dev->mac[3], dev->mac[4],
	    dev->mac[5], dev->mtu, dev->queues, dev->max_queues, dev->active, dev->link, rc);
	if (rc)
		return 1;
	serve(dev, argc > 4);
	for (unsigned i = 0; i < dev->queues; i++)
		say("queue %u: rx %lu\n", i, (unsigned long)dev->rx[i]->stats.packets);
	rx = uk_netdev_stats(dev, false);
	tx = uk_netdev_stats(dev, true);
	uk_netdev_stop(dev);
	uk_netpool_stats(pool, &count, &used);
	say("rx %lu tx %lu errors %lu %lu drops %lu events %u buffers left %u\n",
	    (unsigned long)rx.packets, (unsigned long)tx.packets, (unsigned long)rx.errors,
	    (unsigned long)tx.errors, (unsigned long)tx.drops, events, used);
	return 0;
}
