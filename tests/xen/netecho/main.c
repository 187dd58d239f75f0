/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers ARP and pings for every address of 10.0.9.0/24 but the first, each from the queue that it came to. A ping with 999
 * bytes has it say what each queue has had. When the backend is another one, or broke the rules, the device is started again,
 * as its user has to. Of multicast packets it wants those to 239.1.2.3 and so many others, and says which it gets.
 *
 *	netecho QUEUES [OTHERS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uk/errno.h>
#include <uk/netdev.h>
#include <uk/thread.h>
#include <uk/waitq.h>

#define BURST 32U
#define TELL  999U

#define ETH_TYPE   12U
#define ARP_OP     20U
#define ARP_FROM   22U /* MAC, address */
#define ARP_TO     32U
#define IP_PROTO   23U
#define IP_FROM    26U
#define ICMP       34U
#define ICMP_BYTES 42U

static struct uk_waitq wq;
static volatile unsigned news;
static unsigned long packets[UK_NETDEV_QUEUES];

static void event(struct uk_netq *q UK_UNUSED, void *arg UK_UNUSED)
{
	news++;
	uk_waitq_wake_all(&wq);
}

static void link(struct uk_netdev *dev UK_UNUSED, void *arg UK_UNUSED)
{
	news++;
	uk_waitq_wake_all(&wq);
}

static void tell(const struct uk_netdev *dev)
{
	printf("queues:");
	for (unsigned i = 0; i < dev->queues; i++)
		printf(" %lu", packets[i]);
	printf("\n");
	fflush(stdout);
}

/* Makes the answer of the packet. False: there is none. */
static bool answer(const struct uk_netdev *dev, unsigned char *p, unsigned len)
{
	unsigned char address[4];
	bool arp = p[ETH_TYPE + 1] == 6;

	if (len < ICMP_BYTES || p[ETH_TYPE] != 8)
		return false;
	memcpy(p, p + 6, 6);
	memcpy(p + 6, dev->mac, 6);
	if (arp) {
		if (p[ARP_OP + 1] != 1 || memcmp(p + ARP_TO + 6, "\12\0\11", 3) ||
		    p[ARP_TO + 9] == 1)
			return false;
		memcpy(address, p + ARP_TO + 6, 4);
		memcpy(p + ARP_TO, p + ARP_FROM, 10);
		memcpy(p + ARP_FROM, dev->mac, 6);
		memcpy(p + ARP_FROM + 6, address, 4);
		p[ARP_OP + 1] = 2;
		return true;
	}
	if (p[ETH_TYPE + 1] || p[IP_PROTO] != 1 || p[ICMP] != 8)
		return false;
	memcpy(address, p + IP_FROM, 4);
	memcpy(p + IP_FROM, p + IP_FROM + 4, 4);
	memcpy(p + IP_FROM + 4, address, 4);
	p[ICMP] = 0;
	if (p[ICMP + 2] > 0xf7) /* 0x0800 less in the sum (RFC 1624) */
		p[ICMP + 3]++;
	p[ICMP + 2] += 8;
	return true;
}

static unsigned serve(struct uk_netdev *dev, unsigned i)
{
	struct uk_netbuf *pkts[BURST];
	unsigned n = uk_netdev_rx(dev->rx[i], pkts, BURST);

	for (unsigned k = 0; k < n; k++) {
		struct uk_netbuf *pkt = pkts[k];

		if (pkt->data[0] == 1)
			printf("group %u\n", pkt->data[5]), fflush(stdout);
		if (pkt->next || !answer(dev, pkt->data, pkt->len)) {
			uk_netbuf_free(pkt);
			continue;
		}
		packets[i]++;
		pkt->flags = 0;
		if (pkt->total == ICMP_BYTES + TELL)
			tell(dev);
		if (!uk_netdev_tx(dev->tx[i], &pkt, 1))
			uk_netbuf_free(pkt);
	}
	return n;
}

/* Nothing has come, and whoever has something will say so. */
static bool quiet(struct uk_netdev *dev, unsigned seen)
{
	for (unsigned i = 0; i < dev->queues; i++)
		if (uk_netdev_irq_on(dev->rx[i]))
			return false;
	return news == seen && !dev->failed;
}

static void join(struct uk_netdev *dev, unsigned others)
{
	uint8_t mac[6] = { 1, 0, 0x5e, 1, 2, 4 };

	uk_netdev_group(dev, mac, true);
	uk_netdev_group(dev, mac, true);
	uk_netdev_group(dev, mac, false);
	uk_netdev_group(dev, mac, false);
	mac[5] = 3;
	uk_netdev_group(dev, mac, true);
	mac[3] = 9;
	while (others--) {
		mac[5]++;
		uk_netdev_group(dev, mac, true);
	}
	printf("joined\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct uk_netdev *dev = uk_netdev_get(0);
	struct uk_netdev_conf conf = { .queues = argc > 1 ? (unsigned)atoi(argv[1]) : 1,
				       .filter = true,
				       .event = event,
				       .link = link };
	unsigned others = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	bool joined = false;
	int rc;

	if (!dev)
		return 1;
	conf.pool = uk_netpool_create(&(struct uk_netpool_conf){
		.size = 4096, .count = 256, .pages = true, .max = 8192 });
	if (!conf.pool)
		return 2;
	rc = uk_netdev_start(dev, &conf);
	if (rc) {
		fprintf(stderr, "%s does not start: %s\n", dev->name, strerror(-rc));
		return 3;
	}
	printf("%s: %u of %u queues\n", dev->name, dev->queues, dev->max_queues);
	fflush(stdout);
	for (;;) {
		unsigned seen = news, got = 0;

		if (dev->failed)
			printf("restart: %d\n", uk_netdev_restart(dev)), fflush(stdout);
		for (unsigned i = 0; i < dev->queues; i++)
			got += serve(dev, i);
		if (dev->link && !joined) {
			join(dev, others);
			joined = true;
		}
		if (!got && quiet(dev, seen))
			UK_WAIT(&wq, news != seen, UK_NSEC_MAX);
	}
}
