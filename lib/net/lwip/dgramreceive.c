/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving datagrams. They wait in a list, as lwIP handed them over, up to SO_RCVBUF bytes; what comes then is lost. A
 * raw socket gets a copy, since the stack itself may answer the packet.
 */
#include <hooks.h>
#include "internal.h"

#define OVERHEAD 256 /* what a message in the list counts beside its bytes */

/* The first of the list is done with. */
void dgram_drop_first(struct dgram *d)
{
	struct datagram *g = d->rx;

	d->rx = g->next;
	if (!d->rx) {
		d->rx_end = &d->rx;
		if (!d->shut_rd)
			uk_event_clear(&d->s.events, UK_POLLIN);
	}
	d->rx_bytes -= g->p->tot_len + OVERHEAD;
	pbuf_free(g->p);
	uk_free(g);
}

/* Takes over the pbuf, whatever happens. */
static void enqueue(struct dgram *d, struct pbuf *p, const ip_addr_t *from, uint16_t port)
{
	struct datagram *g = NULL;

	if (d->rx_bytes + p->tot_len <= d->rx_limit && !(lwip_rx_short && d->rx))
		g = uk_malloc(sizeof(*g));
	if (UK_UNLIKELY(!g)) {
		pbuf_free(p);
		return;
	}
	g->next = NULL;
	g->p = p;
	g->from = *from;
	g->to = *ip_current_dest_addr();
	g->port = port;
	g->ifindex = netif_get_index(ip_current_input_netif());
	g->ttl = 0;
	g->tos = 0;
	if (UK_UNLIKELY(d->told & ~(TELL_PKTINFO | TELL_PKTINFO6))) {
#if LWIP_IPV6
		if (ip_current_is_v6()) {
			g->ttl = IP6H_HOPLIM(ip6_current_header());
			g->tos = (uint8_t)IP6H_TC(ip6_current_header());
		} else
#endif
		{
			g->ttl = IPH_TTL(ip4_current_header());
			g->tos = IPH_TOS(ip4_current_header());
		}
	}
	*d->rx_end = g;
	d->rx_end = &g->next;
	d->rx_bytes += p->tot_len + OVERHEAD;
	uk_event_set(&d->s.events, UK_POLLIN);
}

static struct dgram *sharer(struct udp_pcb *pcb, const struct dgram *d)
{
	struct dgram *other = pcb->recv == dgram_udp_received ? pcb->recv_arg : NULL;

	return other && pcb->local_port == d->udp->local_port && other->reuse_port &&
			       !other->connected && ip_addr_cmp(&pcb->local_ip, &d->udp->local_ip)
		       ? other
		       : NULL;
}

/* Which of those that share the port gets what comes from there (SO_REUSEPORT); of multicasts each has a copy. */
static struct dgram *pick(struct dgram *d, const ip_addr_t *from, uint16_t port)
{
	u32_t there = ip_addr_get_ip4_u32(from) ^ port, best = 0;
	struct dgram *other, *got = d;
	struct udp_pcb *pcb;

	if (ip_addr_ismulticast(ip_current_dest_addr()) ||
	    ip_addr_isbroadcast(ip_current_dest_addr(), ip_current_netif()))
		return d;
	/* The highest hash of both: the list's order changes, as lwIP moves who gets something to the front. */
	for (pcb = udp_pcbs; pcb; pcb = pcb->next) {
		u32_t hash;

		other = sharer(pcb, d);
		hash = (there ^ (u32_t)(uintptr_t)other) * 0x9e3779b1U;
		hash = (hash ^ hash >> 15) * 0x85ebca6bU;
		if (other && hash >= best) {
			best = hash;
			got = other;
		}
	}
	return got;
}

void dgram_udp_received(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
			u16_t port)
{
	struct dgram *d = arg;

	if (UK_UNLIKELY(d->reuse_port) && !d->connected)
		d = pick(d, from, port);
	enqueue(d, p, from, port);
}

UK_COLD void dgram_failed(struct dgram *d, int error)
{
	d->s.error = error;
	d->path.version = 0;
	uk_event_set(&d->s.events, UK_POLLERR);
}

static bool filtered(const struct dgram *d, const struct pbuf *p)
{
	u8_t type;

	if (d->s.protocol == UK_IPPROTO_ICMP && d->s.domain == UK_AF_INET) {
		type = pbuf_get_at(p, (u16_t)(IPH_HL(ip4_current_header()) * 4));
		return type < 32 && d->icmp_filter >> type & 1;
	}
	if (d->s.protocol == UK_IPPROTO_ICMPV6) {
		type = pbuf_get_at(p, ip_current_header_tot_len());
		return d->icmp6_filter[type / 8] >> type % 8 & 1;
	}
	return false;
}

UK_COLD u8_t dgram_raw_received(void *arg, struct raw_pcb *pcb, struct pbuf *p,
				const ip_addr_t *from)
{
	struct dgram *d = arg;
	struct pbuf *copy;

	if (d->connected && !ip_addr_cmp(&pcb->remote_ip, from))
		return 0;
	if (filtered(d, p))
		return 0;
	copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
	if (!copy)
		return 0;
	/* With IPv6, programs get what follows the header (RFC 3542 §3). */
	if (d->s.domain == UK_AF_INET6)
		pbuf_remove_header(copy, ip_current_header_tot_len());
	enqueue(d, copy, from, 0);
	return 0; /* others may want it, too */
}

static UK_COLD UK_NOINLINE int put_control(const struct dgram *d, const struct datagram *g,
					   struct uk_msg *m)
{
	int rc = 0, value;

	if (d->told & TELL_PKTINFO && IP_IS_V4_VAL(g->to)) {
		struct uk_abi_in_pktinfo info = { .ipi_ifindex = g->ifindex,
						  .ipi_addr = ip_addr_get_ip4_u32(&g->to) };
		struct netif *n = netif_get_by_index(g->ifindex);

		info.ipi_spec_dst = n ? netif_ip4_addr(n)->addr : info.ipi_addr;
		if (n && !ip_addr_ismulticast(&g->to) && !ip4_addr_isbroadcast(ip_2_ip4(&g->to), n))
			info.ipi_spec_dst = info.ipi_addr;
		rc = uk_cmsg_put(m, UK_SOL_IP, UK_IP_PKTINFO, &info, sizeof(info));
	}
#if LWIP_IPV6
	if (rc >= 0 && d->told & TELL_PKTINFO6) {
		struct uk_abi_in6_pktinfo info = { .ipi6_ifindex = g->ifindex };
		struct uk_abi_sockaddr_storage a;

		address_put(UK_AF_INET6, &a, &g->to, 0);
		memcpy(info.ipi6_addr, ((struct uk_abi_sockaddr_in6 *)&a)->sin6_addr, 16);
		rc = uk_cmsg_put(m, UK_SOL_IPV6, UK_IPV6_PKTINFO, &info, sizeof(info));
	}
#endif
	value = g->ttl;
	if (rc >= 0 && d->told & TELL_TTL && IP_IS_V4_VAL(g->from))
		rc = uk_cmsg_put(m, UK_SOL_IP, UK_IP_TTL, &value, sizeof(value));
	if (rc >= 0 && d->told & TELL_HOPS && IP_IS_V6_VAL(g->from))
		rc = uk_cmsg_put(m, UK_SOL_IPV6, UK_IPV6_HOPLIMIT, &value, sizeof(value));
	value = g->tos;
	if (rc >= 0 && d->told & TELL_TOS && IP_IS_V4_VAL(g->from))
		rc = uk_cmsg_put(m, UK_SOL_IP, UK_IP_TOS, &g->tos, 1);
	if (rc >= 0 && d->told & TELL_TCLASS && IP_IS_V6_VAL(g->from))
		rc = uk_cmsg_put(m, UK_SOL_IPV6, UK_IPV6_TCLASS, &value, sizeof(value));
	return rc < 0 ? rc : 0;
}

static ssize_t hand_out(struct dgram *d, struct uk_msg *m)
{
	struct datagram *g = d->rx;
	const struct pbuf *q;
	size_t left = UK_MIN((size_t)g->p->tot_len, m->it.left), copied = 0;
	ssize_t rc;

	if (g->p->tot_len > m->it.left)
		m->out_flags |= UK_MSG_TRUNC;
	for (q = g->p; q && copied < left; q = q->next) {
		size_t n = UK_MIN((size_t)q->len, left - copied);

		if (uk_iter_put(&m->it, q->payload, n) < n)
			return -EFAULT;
		copied += n;
	}
	if (m->name)
		m->name_len = (uint32_t)address_put(d->s.domain, m->name, &g->from, g->port);
	/* Without any room for it, too: then it says that there was something. */
	if (UK_UNLIKELY(d->told)) {
		rc = put_control(d, g, m);
		if (rc)
			return rc;
	}
	rc = (ssize_t)(m->flags & UK_MSG_TRUNC ? g->p->tot_len : copied);
	if (UK_LIKELY(!(m->flags & UK_MSG_PEEK)))
		dgram_drop_first(d);
	return rc;
}

static ssize_t receive(struct dgram *d, struct uk_msg *m)
{
	const uk_nsec deadline = uk_socket_deadline(m->flags, d->s.rcvtimeo);
	bool looked = false;
	int rc = uk_socket_take_error(&d->s);

	if (UK_UNLIKELY(rc))
		return rc;
	while (!d->rx) {
		rc = uk_socket_take_error(&d->s);
		if (rc)
			return rc;
		if (!deadline) {
			if (!looked && lwip_work()) {
				looked = true;
				continue;
			}
			return -EAGAIN;
		}
		if (d->shut_rd)
			return 0; /* who would have to wait; others do not see it, as on Linux */
		lwip_unlock();
		rc = uk_socket_wait(&d->s, UK_POLLIN | UK_POLLERR, deadline);
		lwip_lock();
		if (rc)
			return rc;
	}
	return hand_out(d, m);
}

ssize_t dgram_recvmsg(struct uk_socket *s, struct uk_msg *m)
{
	if (m->flags & UK_MSG_OOB)
		return -EOPNOTSUPP;
	if (m->flags & UK_MSG_ERRQUEUE)
		return -EAGAIN;
	LWIP_LOCKED();
	return receive(dgram_of(s), m);
}
