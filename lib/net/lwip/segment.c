/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments that are larger than a packet: the device cuts them (UK_NETBUF_TSO4, _TSO6), so that the way through the stack is
 * gone once for up to 64 KiB.
 *
 * lwIP knows nothing of it. It makes a segment of up to pcb->mss bytes, and this is raised while it is given bytes of
 * a connection that goes through such a device; for all else (windows, what is told to the other side) it keeps its value.
 * A segment takes at most half of what may be in flight now, so that acknowledgements keep coming.
 *
 * What may be in flight can become less than a segment that is there already; then lwIP would wait for
 * ever for room for it. segment_tick() has it split, as recovery.c does after losses. So it does where the other
 * side has less room: lwIP does that too, but seconds later, and for segments of a packet only.
 */
#include <hooks.h>
#include <lwip/nd6.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <lwip/prot/tcp.h>
#include <lwip/priv/tcp_priv.h>
#include "internal.h"

#define HEADERS 128 /* more than there are */

/* How many packets a connection's segments may become; 1: the device does not cut. */
UK_COLD unsigned segment_limit(const struct tcp_pcb *pcb)
{
	unsigned i, n;

	if (!pcb->mss)
		return 1;
	for (i = 0; i < lwip_n_devices; i++) {
		const struct device *d = lwip_devices[i];

		if (!(IP_IS_V6_VAL(pcb->remote_ip) ? d->tso6 : d->tso) ||
		    ip_route(&pcb->local_ip, &pcb->remote_ip) != &d->netif)
			continue;
		n = (UK_MIN(d->dev->tso_max, 65535U) - HEADERS) / pcb->mss;
		return UK_MAX(n, 1U);
	}
	return 1;
}

/* The largest segment to make now; `packets` as above. *room: what the last one still takes, or if that is full the next. */
u16_t segment_size(const struct tcp_pcb *pcb, unsigned packets, u16_t *room)
{
	const struct tcp_seg *last = pcb->unsent;
	tcpwnd_size_t most = UK_MIN(pcb->cwnd, pcb->snd_wnd) / 2;
	u32_t size = UK_MAX(UK_MIN(most / pcb->mss, packets), 1U) * pcb->mss;

	if (UK_UNLIKELY(pcb->rec.loss))
		size = pcb->mss; /* one that is lost costs no more than a packet */

	/* lwIP adds to the last one, and expects that it is not too large already, nor the room behind it. */
	*room = (u16_t)size;
	if (last) {
		while (last->next)
			last = last->next;
		size = UK_MAX(size, (u32_t)last->len + pcb->unsent_oversize);
		*room = (u16_t)(size > last->len ? size - last->len : size);
	}
	return (u16_t)size;
}

void lwip_tcp_gather(void *to, const void *from, u16_t pos, u16_t n)
{
	const struct uk_iter *all = from;
	struct uk_iter it;

	if (UK_LIKELY(pos + n <= all->here)) {
		memcpy(to, all->p + pos, n);
		return;
	}
	it = *all;
	uk_iter_skip(&it, pos);
	uk_iter_get_slow(&it, to, n);
}

static bool goes_to(const unsigned char *ip, const ip_addr_t *to)
{
#if LWIP_IPV6
	if (IP_IS_V6(to))
		return ip[0] >> 4 == 6 &&
		       !memcmp(((const struct ip6_hdr *)(const void *)ip)->dest.addr,
			       ip_2_ip6(to)->addr, 16);
#endif
	return ip[0] >> 4 == 4 &&
	       ((const struct ip_hdr *)(const void *)ip)->dest.addr == ip_2_ip4(to)->addr;
}

/*
 * Into what a packet is cut that lwIP wants to send, with `head` bytes of IP's and TCP's headers: the mss of its connection, unless the
 * path has a lower mtu by now; 0: nobody knows it.
 */
static u16_t mss_of(struct netif *netif, const unsigned char *ip, const struct tcp_hdr *tcp,
		    unsigned head)
{
	const struct tcp_pcb *pcb;

	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
		if (pcb->local_port != lwip_ntohs(tcp->src) ||
		    pcb->remote_port != lwip_ntohs(tcp->dest) || !goes_to(ip, &pcb->remote_ip))
			continue;
#if LWIP_IPV6
		if (IP_IS_V6_VAL(pcb->remote_ip)) {
			u16_t mtu = nd6_get_destination_mtu(ip_2_ip6(&pcb->remote_ip), netif);

			return (u16_t)UK_MIN(pcb->mss, UK_MAX(mtu, IP6_MIN_MTU_LENGTH) - head);
		}
#endif
		return pcb->mss;
	}
	return 0;
}

/* Of a packet at its IP header. 0: it is not a segment of TCP. */
static unsigned tcp_at(const unsigned char *ip, unsigned len)
{
	unsigned at = ip[0] >> 4 == 6 ? IP6_HLEN : (ip[0] & 15U) * 4;

	if (len < at + 20 || ip[ip[0] >> 4 == 6 ? 6 : 9] != IP_PROTO_TCP)
		return 0;
	return at;
}

/*
 * The packet behind the Ethernet header is longer than the device's mtu: ask it to cut. False: it is not
 * a segment of TCP.
 */
bool segment_offload(struct netif *netif, struct uk_netbuf *nb)
{
	const unsigned char *ip = nb->data + 14;
	const struct tcp_hdr *tcp;
	unsigned at;

	if (nb->len < 14 + 20 + 20)
		return false;
	at = tcp_at(ip, nb->len - 14);
	if (!at)
		return false;
	tcp = (const void *)(ip + at);
	at += TCPH_HDRLEN_BYTES(tcp);
	nb->mss = mss_of(netif, ip, tcp, at);
	nb->hdr_len = (uint16_t)(14 + at);
	nb->gso = ip[0] >> 4 == 6 ? UK_NETBUF_TSO6 : UK_NETBUF_TSO4;
	return nb->mss;
}

int lwip_cut_by_device(struct netif *netif, const struct pbuf *p)
{
	const struct device *d = netif->state;

	return d && d->tso6 && p->tot_len > d->dev->mtu && tcp_at(p->payload, p->len);
}

UK_COLD void segment_tick(void)
{
	struct tcp_pcb *pcb, *next;

	for (pcb = tcp_active_pcbs; pcb; pcb = next) {
		const struct tcp_seg *seg = pcb->unsent;

		next = pcb->next;
		if (UK_LIKELY(!seg || seg->len <= UK_MIN(pcb->cwnd, pcb->snd_wnd) ||
			      lwip_ntohl(seg->tcphdr->seqno) != pcb->lastack))
			continue;
		if (seg->len > pcb->cwnd)
			lwip_tcp_gap(pcb);
		else
			lwip_tcp_head(pcb);
		tcp_output(pcb);
	}
}
