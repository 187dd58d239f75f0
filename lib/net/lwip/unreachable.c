/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What routers and hosts say of packets that did not arrive (RFC 792, RFC 4443; patches/0003-icmp-errors.patch): the
 * socket that sent one hears of it.
 *
 * Anybody can send such messages, so it counts only what quotes a packet that we can have sent: the ports and
 * addresses of a connected socket, and with TCP the sequence number of our SYN. A connection that is established never
 * ends by them (RFC 1122 §4.2.3.9, RFC 5927 §4): it is for its timeouts to say that nothing arrives.
 */
#include <lwip/inet_chksum.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/prot/icmp.h>
#include <lwip/prot/icmp6.h>
#include <hooks.h>
#include "internal.h"

#define ICMP_HEADER 8U
#define QUOTED      8U /* at least, of what is behind the header of IP */

/* The packet that the message is about. */
struct quoted {
	ip_addr_t from, to;
	uint8_t proto;
	uint16_t from_port, to_port;
	uint32_t seq;
};

struct meaning {
	uint8_t error;
	bool fatal; /* else it may pass: who waits for datagrams goes on */
};

/* As Linux has it, by code. */
static const struct meaning unreachable4[] = {
	{ ENETUNREACH, false },  { EHOSTUNREACH, false }, { ENOPROTOOPT, true },
	{ ECONNREFUSED, true },  { EMSGSIZE, false },     { EOPNOTSUPP, false },
	{ ENETUNREACH, true },   { EHOSTDOWN, true },     { ENONET, true },
	{ ENETUNREACH, true },   { EHOSTUNREACH, true },  { ENETUNREACH, false },
	{ EHOSTUNREACH, false }, { EHOSTUNREACH, true },  { EHOSTUNREACH, true },
	{ EHOSTUNREACH, true },
};

static const struct meaning hops_used_up = { EHOSTUNREACH, false },
			    not_understood = { EPROTO, true };

static const struct meaning *meaning4(uint8_t type, uint8_t code)
{
	if (type == ICMP_DUR && code < UK_ARRAY_SIZE(unreachable4))
		return &unreachable4[code];
	if (type == ICMP_PP)
		return &not_understood;
	return type == ICMP_TE ? &hops_used_up : NULL;
}

#if LWIP_IPV6
static const struct meaning unreachable6[] = {
	{ ENETUNREACH, false }, { EACCES, true }, { EHOSTUNREACH, false }, { EHOSTUNREACH, false },
	{ ECONNREFUSED, true }, { EACCES, true }, { EACCES, true },
};

static const struct meaning *meaning6(uint8_t type, uint8_t code)
{
	if (type == ICMP6_TYPE_DUR && code < UK_ARRAY_SIZE(unreachable6))
		return &unreachable6[code];
	if (type == ICMP6_TYPE_PP)
		return &not_understood;
	return type == ICMP6_TYPE_TE ? &hops_used_up : NULL;
}
#endif

static bool read_ports(const struct pbuf *p, unsigned at, struct quoted *q)
{
	unsigned char b[QUOTED];

	if (pbuf_copy_partial(p, b, sizeof(b), (u16_t)at) < sizeof(b))
		return false;
	q->from_port = (uint16_t)(b[0] << 8 | b[1]);
	q->to_port = (uint16_t)(b[2] << 8 | b[3]);
	q->seq = (uint32_t)b[4] << 24 | (uint32_t)b[5] << 16 | (uint32_t)b[6] << 8 | b[7];
	return true;
}

/* Among ourselves there are no checksums. */
static bool checked4(struct pbuf *p)
{
	return !(ip_current_input_netif()->chksum_flags & NETIF_CHECKSUM_CHECK_ICMP) ||
	       inet_chksum_pbuf(p) == 0;
}

static bool read4(const struct pbuf *p, struct quoted *q)
{
	unsigned char b[IP_HLEN];
	unsigned header;
	uint32_t ip;

	if (pbuf_copy_partial(p, b, sizeof(b), ICMP_HEADER) < sizeof(b))
		return false;
	header = (b[0] & 15U) * 4;
	if (b[0] >> 4 != 4 || header < IP_HLEN || b[6] & 0x1f || b[7]) /* not the first fragment */
		return false;
	q->proto = b[9];
	memcpy(&ip, b + 12, 4);
	ip_addr_set_ip4_u32_val(q->from, ip);
	memcpy(&ip, b + 16, 4);
	ip_addr_set_ip4_u32_val(q->to, ip);
	return read_ports(p, ICMP_HEADER + header, q);
}

#if LWIP_IPV6
/* Of packets without further headers: ours have none. */
static bool read6(const struct pbuf *p, struct quoted *q)
{
	unsigned char b[IP6_HLEN];
	ip6_addr_t ip = { .addr = { 0 } };

	if (pbuf_copy_partial(p, b, sizeof(b), ICMP_HEADER) < sizeof(b) || b[0] >> 4 != 6)
		return false;
	q->proto = b[6];
	memcpy(ip.addr, b + 8, 16);
	ip6_addr_assign_zone(&ip, IP6_UNICAST, ip_current_input_netif());
	ip_addr_copy_from_ip6(q->from, ip);
	memcpy(ip.addr, b + 24, 16);
	ip6_addr_assign_zone(&ip, IP6_UNICAST, ip_current_input_netif());
	ip_addr_copy_from_ip6(q->to, ip);
	return read_ports(p, ICMP_HEADER + IP6_HLEN, q);
}
#endif

/* Only sockets that are connected hear of it: others could not tell which datagram is meant. */
static void tell_datagram(const struct quoted *q, const struct meaning *m)
{
	struct udp_pcb *pcb;

	if (!m->fatal)
		return;
	for (pcb = udp_pcbs; pcb; pcb = pcb->next)
		if (pcb->flags & UDP_FLAGS_CONNECTED && pcb->local_port == q->from_port &&
		    pcb->remote_port == q->to_port && ip_addr_cmp(&pcb->remote_ip, &q->to) &&
		    (ip_addr_isany(&pcb->local_ip) || ip_addr_cmp(&pcb->local_ip, &q->from)))
			break;
	if (pcb && pcb->recv == dgram_udp_received)
		dgram_failed(pcb->recv_arg, m->error);
}

static void tell_stream(const struct quoted *q, const struct meaning *m)
{
	struct tcp_pcb *pcb;

	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		if (pcb->state == SYN_SENT && pcb->local_port == q->from_port &&
		    pcb->remote_port == q->to_port && ip_addr_cmp(&pcb->remote_ip, &q->to) &&
		    ip_addr_cmp(&pcb->local_ip, &q->from) && q->seq == pcb->lastack)
			break;
	if (pcb && pcb->callback_arg && m->error != EMSGSIZE)
		stream_abandon(pcb->callback_arg, m->error, false);
}

void lwip_icmp_error(struct pbuf *p, u8_t type, u8_t code)
{
	const struct meaning *m;
	struct quoted q;
	bool read;

#if LWIP_IPV6
	if (ip_current_is_v6()) {
		m = meaning6(type, code);
		read = m && read6(p, &q);
	} else
#endif
	{
		m = meaning4(type, code);
		read = m && checked4(p) && read4(p, &q);
	}
	if (!read)
		return;
	if (q.proto == IP_PROTO_UDP)
		tell_datagram(&q, m);
	else if (q.proto == IP_PROTO_TCP)
		tell_stream(&q, m);
}
