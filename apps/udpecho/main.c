/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lowest layer by itself: answers ARP, ping and UDP echo (RFC 862) straight on a network
 * device, without a protocol stack.
 *
 *	udpecho ADDRESS [COUNT]		our IPv4 address; end after so many answers (0: never)
 *
 * An answer goes back in the buffer in which the question came: addresses change places, and what was
 * received becomes what is sent. Nothing is copied, and no memory is asked for after the start.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uk/netdev.h>
#include <uk/waitq.h>

#define BUFFERS   512
#define ETH_ARP   0x0806
#define ETH_IPV4  0x0800
#define IP_ICMP   1
#define IP_UDP    17
#define PORT_ECHO 7

/* As they are on the wire: numbers with the highest byte first, no gaps. */
struct eth {
	uint8_t to[6], from[6];
	uint16_t type;
};

struct arp { /* RFC 826, for Ethernet and IPv4 */
	uint16_t hw, proto;
	uint8_t hw_len, proto_len;
	uint16_t op;
	uint8_t from_mac[6], from_ip[4], to_mac[6], to_ip[4];
};

struct ip { /* RFC 791 §3.1 */
	uint8_t version_len, tos;
	uint16_t total, id, fragment;
	uint8_t ttl, proto;
	uint16_t sum;
	uint8_t from[4], to[4];
};

struct icmp { /* RFC 792, echo */
	uint8_t type, code;
	uint16_t sum;
};

struct udp { /* RFC 768 */
	uint16_t from, to, len, sum;
};

static uint8_t our_ip[4];
static struct uk_waitq arrived;

static uint16_t swap16(uint16_t v)
{
	return __builtin_bswap16(v);
}

static void exchange(void *a, void *b, size_t n)
{
	uint8_t t[6];

	memcpy(t, a, n);
	memcpy(a, b, n);
	memcpy(b, t, n);
}

/* The Internet checksum (RFC 1071), which is 0 over data that contains its own. */
static uint16_t checksum(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;

	for (; len > 1; p += 2, len -= 2)
		sum += (uint32_t)p[0] << 8 | p[1];
	if (len)
		sum += (uint32_t)p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/*
 * Each of these looks at `len` bytes behind the header before, makes the answer in place, and returns how
 * many of them to send; 0: no answer. Whatever it believes of the packet it has checked against len.
 */
static size_t answer_arp(struct arp *a, size_t len, const uint8_t *our_mac)
{
	if (len < sizeof(*a) || a->hw != swap16(1) || a->proto != swap16(ETH_IPV4) ||
	    a->op != swap16(1) || memcmp(a->to_ip, our_ip, 4))
		return 0;
	a->op = swap16(2);
	memcpy(a->to_mac, a->from_mac, 6);
	memcpy(a->to_ip, a->from_ip, 4);
	memcpy(a->from_mac, our_mac, 6);
	memcpy(a->from_ip, our_ip, 4);
	return sizeof(*a);
}

static size_t answer_ping(struct icmp *c, size_t len)
{
	if (len < 8 || c->type != 8 || c->code || checksum(c, len, 0))
		return 0;
	c->type = 0;
	c->sum = 0;
	c->sum = swap16(checksum(c, len, 0));
	return len;
}

/*
 * Two addresses, or ports, that change places leave the sum of all as it is. And where the sender's checksum is
 * still to be computed (the packet comes from the same machine), so is ours: the netbuf says it still.
 */
static size_t answer_udp(struct udp *u, size_t len, const struct ip *ip, const struct uk_netbuf *nb)
{
	size_t told = len < sizeof(*u) ? 0 : swap16(u->len);

	if (told < sizeof(*u) || told > len || u->to != swap16(PORT_ECHO))
		return 0;
	if (!u->from || u->from == swap16(PORT_ECHO)) /* two that echo would never end */
		return 0;
	/* The pseudo header (RFC 768): addresses, protocol, length. */
	if (u->sum && !(nb->flags & (UK_NETBUF_CSUM | UK_NETBUF_CSUM_GOOD)) &&
	    checksum(u, told, IP_UDP + told + (uint16_t)~checksum(ip->from, 8, 0)))
		return 0;
	exchange(&u->from, &u->to, 2);
	return len;
}

static size_t answer_ip(struct ip *ip, size_t len, const struct uk_netbuf *nb)
{
	size_t header = len < sizeof(*ip) ? 0 : (ip->version_len & 15) * 4u;
	size_t total = header ? swap16(ip->total) : 0, n = 0;

	if (header < sizeof(*ip) || ip->version_len >> 4 != 4 || total < header || total > len)
		return 0;
	if (checksum(ip, header, 0) || ip->fragment & swap16(0x3fff) || memcmp(ip->to, our_ip, 4))
		return 0;
	if (ip->from[0] >= 224 || !ip->from[0] || !memcmp(ip->from, our_ip, 4)) /* nobody's */
		return 0;
	if (ip->proto == IP_ICMP)
		n = answer_ping((struct icmp *)((uint8_t *)ip + header), total - header);
	else if (ip->proto == IP_UDP)
		n = answer_udp((struct udp *)((uint8_t *)ip + header), total - header, ip, nb);
	if (!n)
		return 0;
	exchange(ip->from, ip->to, 4);
	return header + n; /* what Ethernet padded is left out */
}

/* Makes a received packet its answer; false: there is none. */
static bool answer(struct uk_netbuf *nb, const uint8_t *our_mac)
{
	struct eth *e = (struct eth *)nb->data;
	size_t n;

	if (nb->pieces > 1 || nb->len < sizeof(*e))
		return false;
	if (e->type == swap16(ETH_ARP))
		n = answer_arp((struct arp *)(e + 1), nb->len - sizeof(*e), our_mac);
	else if (e->type == swap16(ETH_IPV4))
		n = answer_ip((struct ip *)(e + 1), nb->len - sizeof(*e), nb);
	else
		return false;
	if (!n)
		return false;
	memcpy(e->to, e->from, 6);
	memcpy(e->from, our_mac, 6);
	nb->len = nb->total = sizeof(*e) + n;
	nb->flags &= UK_NETBUF_CSUM; /* CSUM_GOOD was about what came */
	return true;
}

/* The device's interrupt: all that it does is wake us. */
static void wake(struct uk_netq *q, void *arg)
{
	uk_waitq_wake_one(&arrived);
}

static int start(struct uk_netdev *dev)
{
	struct uk_netdev_conf conf = { .event = wake };

	conf.pool = uk_netpool_create(&(struct uk_netpool_conf){ .size = dev->mtu + 18,
								 .headroom = dev->headroom,
								 .count = BUFFERS,
								 .max = BUFFERS });
	if (!conf.pool)
		return -ENOMEM;
	/* Nothing longer than a frame. And what comes unsummed has to leave unsummed. */
	conf.not_wanted = UK_NETDEV_LRO4 | UK_NETDEV_LRO6;
	if (!(dev->features & UK_NETDEV_CSUM))
		conf.not_wanted |= UK_NETDEV_RX_CSUM;
	return uk_netdev_start(dev, &conf);
}

static void serve(struct uk_netdev *dev, unsigned long count)
{
	struct uk_netbuf *pkts[UK_NETDEV_BURST], *out[UK_NETDEV_BURST];
	struct uk_netq *rx = dev->rx[0], *tx = dev->tx[0];
	unsigned long answers = 0;

	while (!count || answers < count) {
		unsigned n = uk_netdev_rx(rx, pkts, UK_NETDEV_BURST), m = 0, sent;

		if (dev->failed && !uk_netdev_restart(dev))
			return;
		if (!n) /* true if one has come since: then we do not wait */
			UK_WAIT(&arrived, uk_netdev_irq_on(rx), UK_NSEC_MAX);
		for (unsigned i = 0; i < n; i++) {
			if (answer(pkts[i], dev->mac))
				out[m++] = pkts[i];
			else
				uk_netbuf_free(pkts[i]);
		}
		sent = m ? uk_netdev_tx(tx, out, m) : 0;
		answers += sent;
		while (sent < m) /* no room: as a network does, we lose them */
			uk_netbuf_free(out[sent++]);
	}
}

static bool parse_ip(const char *s, uint8_t ip[4])
{
	for (int i = 0; i < 4; i++) {
		char *end;
		unsigned long v = strtoul(s, &end, 10);

		if (end == s || v > 255 || *end != (i < 3 ? '.' : 0))
			return false;
		ip[i] = (uint8_t)v;
		s = end + 1;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct uk_netdev *dev = uk_netdev_get(0);
	struct uk_netq_stats in, out;
	int err;

	if (argc < 2 || !parse_ip(argv[1], our_ip)) {
		fprintf(stderr, "usage: udpecho ADDRESS [COUNT], for example 10.0.0.2\n");
		return 2;
	}
	if (!dev) {
		fprintf(stderr, "udpecho: no network device; run it with --net\n");
		return 1;
	}
	err = start(dev);
	if (err) {
		fprintf(stderr, "udpecho: %s does not start: error %d\n", dev->name, -err);
		return 1;
	}
	printf("udpecho: %s on %s, %s\n", argv[1], dev->name, dev->driver);
	fflush(stdout);
	serve(dev, argc > 2 ? strtoul(argv[2], NULL, 10) : 0);
	in = uk_netdev_stats(dev, false);
	out = uk_netdev_stats(dev, true);
	printf("udpecho: received %lu (dropped %lu, errors %lu), sent %lu (dropped %lu, errors "
	       "%lu)\n",
	       in.packets, in.drops, in.errors, out.packets, out.drops, out.errors);
	uk_netdev_stop(dev);
	return 0;
}
