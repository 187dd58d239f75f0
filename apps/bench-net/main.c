/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What packets cost on the lowest layer: UDP datagrams of 18 bytes, the shortest that Ethernet carries,
 * are made and sent straight on a network device. tests/bench counts instructions per packet between
 * markers; nobody has to answer.
 *
 *   bench-net [PACKETS]
 *
 * After each phase a line `phase NAME OPERATIONS` is printed; the k-th line belongs to the k-th
 * pair of markers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uk/mark.h>
#include <uk/netdev.h>
#include <uk/waitq.h>

#define MARK_BEGIN 16
#define MARK_END   17

#define PAYLOAD 18
#define HEADERS (14 + 20 + 8)
#define IP_SUM  24 /* where the checksum of the IP header is */
#define BURST   32U
#define BUFFERS 1024

static struct uk_netdev *dev;
static struct uk_netpool *pool;
static struct uk_waitq room;

/* To nobody, from 10.0.0.2 to port 9 of 10.0.0.1 (discard, RFC 863); UDP's checksum is 0: none. */
static const unsigned char headers[HEADERS] = {
	2,    0,           0,    0,
	0,    1,           2,    0,
	0,    0,           0,    2,
	8,    0, /* Ethernet */
	0x45, 0,           0,    20 + 8 + PAYLOAD,
	0,    0,           0x40, 0,
	64,   17,          0,    0,
	10,   0,           0,    2,
	10,   0,           0,    1, /* IP */
	0x10, 0,           0,    9,
	0,    8 + PAYLOAD, 0,    0, /* UDP */
};

static void wake(struct uk_netq *q, void *arg)
{
	uk_waitq_wake_one(&room);
}

/* The checksum of a header of 20 bytes (RFC 1071). */
static uint16_t ip_checksum(const unsigned char *p)
{
	uint64_t sum = 0;
	uint32_t w;

	for (int i = 0; i < 20; i += 4) {
		memcpy(&w, p + i, 4);
		sum += w;
	}
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* As a stack would: a buffer, the data, the headers before it. */
static struct uk_netbuf *datagram(unsigned n)
{
	struct uk_netbuf *nb = uk_netpool_get(pool);
	unsigned char *p;
	uint16_t sum;

	if (!nb)
		return NULL;
	memset(uk_netbuf_append(nb, PAYLOAD), (int)n, PAYLOAD);
	p = uk_netbuf_push(nb, HEADERS);
	memcpy(p, headers, HEADERS);
	p[18] = n >> 8; /* identification */
	p[19] = n;
	sum = ip_checksum(p + 14);
	memcpy(p + IP_SUM, &sum, sizeof(sum));
	return nb;
}

static void send_all(struct uk_netbuf **pkts, unsigned n)
{
	unsigned sent = uk_netdev_tx(dev->tx[0], pkts, n);

	while (sent < n) {
		UK_WAIT(&room, uk_netdev_irq_on(dev->tx[0]), UK_NSEC_MAX);
		sent += uk_netdev_tx(dev->tx[0], pkts + sent, n - sent);
	}
}

static void run_tx(unsigned long n, unsigned burst)
{
	struct uk_netbuf *pkts[BURST];

	for (unsigned long i = 0; i < n; i += burst) {
		for (unsigned j = 0; j < burst; j++)
			pkts[j] = datagram(i + j);
		send_all(pkts, burst);
	}
}

static void burst(unsigned long n)
{
	run_tx(n, BURST);
}

static void single(unsigned long n)
{
	run_tx(n, 1);
}

/* What of it is the packet's making. */
static void make(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		uk_netbuf_free(datagram(i));
}

static void buffer(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		uk_netbuf_free(uk_netpool_get(pool));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(unsigned long n);
	} phases[] = {
		{ "buffer", buffer }, { "make", make }, { "tx", burst }, { "tx-1", single }
	};
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 32768;
	struct uk_netdev_conf conf = { .event = wake };
	int err;

	dev = uk_netdev_get(0);
	if (!dev) {
		fprintf(stderr, "bench-net: no network device\n");
		return 1;
	}
	conf.pool = pool =
		uk_netpool_create(&(struct uk_netpool_conf){ .size = dev->mtu + 18,
							     .headroom = 64 + dev->headroom,
							     .count = BUFFERS,
							     .max = BUFFERS });
	err = pool ? uk_netdev_start(dev, &conf) : -ENOMEM;
	if (err) {
		fprintf(stderr, "bench-net: %s does not start: error %d\n", dev->name, -err);
		return 1;
	}
	n -= n % BURST;
	for (unsigned i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		phases[i].run(BURST); /* once before it counts */
		UK_MARK(MARK_BEGIN);
		phases[i].run(n);
		UK_MARK(MARK_END);
		printf("phase %s %lu\n", phases[i].name, n);
	}
	uk_netdev_stop(dev);
	return 0;
}
