/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending datagrams: to where path.c cannot send them, by lwIP.
 */
#include "internal.h"

#define DATAGRAM_MAX 65507 /* in IPv4, behind the headers of IP and UDP */

/* The message's bytes behind what is corked already. */
static int gather(struct dgram *d, struct uk_msg *m, struct pbuf **out)
{
	size_t before = d->more ? d->more->tot_len : 0;
	struct pbuf *p;

	if (m->it.left > (dgram_is_raw(d) ? UINT16_MAX : DATAGRAM_MAX) - before)
		return -EMSGSIZE;
	p = pbuf_alloc(d->hdrincl ? PBUF_LINK : PBUF_TRANSPORT, (u16_t)(before + m->it.left),
		       PBUF_RAM);
	if (!p)
		return -ENOBUFS;
	if (UK_UNLIKELY(before)) {
		pbuf_copy_partial(d->more, p->payload, (u16_t)before, 0);
		pbuf_free(d->more);
		d->more = NULL;
	}
	if (uk_iter_get(&m->it, (char *)p->payload + before, p->tot_len - before) <
	    p->tot_len - before) {
		pbuf_free(p);
		return -EFAULT;
	}
	*out = p;
	return 0;
}

/* Which address and interface IP_PKTINFO, IPV6_PKTINFO want. */
struct route {
	ip_addr_t src;
	bool has_src;
	struct netif *netif;
	int ttl, tos; /* or -1 */
};

/* IP_PKTINFO, or IPV6_PKTINFO: from that interface, and with that address, which is ours and of the destination's kind. */
static int read_info(const struct uk_abi_cmsghdr *h, size_t len, const ip_addr_t *to,
		     struct route *r)
{
	int index = 0;

	if (h->cmsg_level == UK_SOL_IP) {
		const struct uk_abi_in_pktinfo *info = (const void *)(h + 1);

		if (len != sizeof(*info))
			return -EINVAL;
		index = info->ipi_ifindex;
		ip_addr_set_ip4_u32_val(r->src, info->ipi_spec_dst);
#if LWIP_IPV6
	} else {
		const struct uk_abi_in6_pktinfo *info6 = (const void *)(h + 1);

		if (len < sizeof(*info6))
			return -EINVAL;
		address_of_ip6(info6->ipi6_addr, &r->src);
		if (IP_IS_V6_VAL(r->src) != IP_IS_V6(to))
			return -EINVAL;
		index = (int)info6->ipi6_ifindex;
		if (IP_IS_V6(to) && ip6_addr_has_scope(ip_2_ip6(&r->src), IP6_UNICAST))
			ip6_addr_set_zone(ip_2_ip6(&r->src),
					  index ? (u8_t)index : ip6_addr_zone(ip_2_ip6(to)));
#endif
	}
	if (index) {
		r->netif = netif_of_index(index);
		if (!r->netif)
			return -ENODEV;
	}
	r->has_src = !ip_addr_isany_val(r->src);
	if (r->has_src && !address_is_ours(&r->src))
		return IP_IS_V6(to) ? -EINVAL : -ENETUNREACH;
	return 0;
}

/* Its TTL and TOS, or what IPv6 calls them. */
static int read_value(const struct uk_abi_cmsghdr *h, size_t len, bool six, struct route *r)
{
	const bool ttl = h->cmsg_type == (six ? UK_IPV6_HOPLIMIT : UK_IP_TTL);
	int v, least = six ? -1 : ttl;

	if (!ttl && h->cmsg_type != (six ? UK_IPV6_TCLASS : UK_IP_TOS))
		return -EINVAL;
	if (len == sizeof(v))
		v = *(const int *)(h + 1);
	else if (len == 1 && !six && !ttl)
		v = *(const uint8_t *)(h + 1);
	else
		return -EINVAL;
	if (v < least || v > UINT8_MAX)
		return -EINVAL;
	*(ttl ? &r->ttl : &r->tos) = v;
	return 0;
}

static int read_piece(const struct dgram *d, const struct uk_abi_cmsghdr *h, size_t len,
		      const ip_addr_t *to, struct route *r)
{
	const bool six = IP_IS_V6(to);

	/* There is nothing of UDP's own here (UDP_SEGMENT). */
	if (control_is_bad(h) || (h->cmsg_level == UK_SOL_UDP && !dgram_is_raw(d)))
		return -EINVAL;
	/* A socket of IPv6 names addresses of IPv4 its way. */
	if (h->cmsg_level == UK_SOL_IPV6 && h->cmsg_type == UK_IPV6_PKTINFO &&
	    d->s.domain == UK_AF_INET6)
		return read_info(h, len, to, r);
	if (h->cmsg_level != (six ? UK_SOL_IPV6 : UK_SOL_IP))
		return 0; /* as on Linux */
	return !six && h->cmsg_type == UK_IP_PKTINFO ? read_info(h, len, to, r)
						     : read_value(h, len, six, r);
}

static int read_control(const struct dgram *d, const struct uk_msg *m, const ip_addr_t *to,
			struct route *r)
{
	const struct uk_abi_cmsghdr *h;
	size_t pos = 0, len;
	int rc = 0;

	while (!rc && (h = uk_cmsg_next(m, &pos, &len))) {
		if (uk_is_err(h))
			return -EINVAL;
		rc = read_piece(d, h, len, to, r);
	}
	return rc;
}

/* Checksums of datagrams that IP cuts are made here, by hand: no device sees all of one. */
static void checksum_by_hand(bool on)
{
	unsigned i;

	for (i = 0; i < lwip_n_devices; i++) {
		struct device *dev = lwip_devices[i];

		if (on)
			dev->netif.chksum_flags |= NETIF_CHECKSUM_GEN_UDP;
		else if (dev->dev->active & UK_NETDEV_CSUM)
			dev->netif.chksum_flags &= (u16_t)~NETIF_CHECKSUM_GEN_UDP;
	}
}

static int send_udp(struct dgram *d, struct pbuf *p, const ip_addr_t *to, uint16_t port,
		    const struct route *r)
{
	const ip_addr_t *src = r->has_src ? &r->src : NULL;
	struct netif *n = r->netif;
	bool big;
	err_t err;

	if (!n)
		n = netif_get_by_index(d->udp->netif_idx);
	if (!n && ip_addr_ismulticast(to) && d->udp->mcast_ifindex)
		n = netif_get_by_index(d->udp->mcast_ifindex);
	if (!n)
		n = ip_route(&d->udp->local_ip, to);
	if (!n)
		return -ENETUNREACH;
	if (IP_IS_V4(to) && ip4_addr_isany(netif_ip4_addr(n)) &&
	    !ip4_addr_cmp(ip_2_ip4(to), IP4_ADDR_BROADCAST))
		return -ENETUNREACH;
	if (IP_IS_V4(to) && ip4_addr_isbroadcast(ip_2_ip4(to), n) &&
	    !ip_get_option(d->udp, SOF_BROADCAST))
		return -EACCES;
	big = UK_UNLIKELY(p->tot_len + 48U > netif_packet_max(n));
	if (big && d->mtu_discover == UK_IP_PMTUDISC_DO)
		return -EMSGSIZE;
	if (big)
		checksum_by_hand(true);
	if (src && !d->udp->local_port) {
		err = udp_bind(d->udp, &d->udp->local_ip, 0);
		if (err)
			return lwip_error(err);
	}
	if (src)
		err = udp_sendto_if_src(d->udp, p, to, port, n, src);
	else
		err = udp_sendto_if(d->udp, p, to, port, n);
	if (big)
		checksum_by_hand(false);
	return lwip_error(err);
}

static int send_packet(struct dgram *d, struct pbuf *p, const ip_addr_t *to, uint16_t port,
		       struct route *r)
{
	struct udp_pcb *pcb = d->udp; /* raw pcbs begin with the same fields */
	u8_t ttl = pcb->ttl, tos = pcb->tos;
	int rc;

	if (UK_UNLIKELY(r->ttl >= 0))
		pcb->ttl = (u8_t)r->ttl;
	if (UK_UNLIKELY(r->tos >= 0))
		pcb->tos = (u8_t)r->tos;
	if (r->has_src && !r->netif && dgram_is_raw(d))
		r->netif = ip_route(&r->src, to);
	if (dgram_is_raw(d))
		rc = lwip_error(
			r->netif ? raw_sendto_if_src(d->raw, p, to, r->netif,
						     r->has_src
							     ? &r->src
							     : ip_netif_get_local_ip(r->netif, to))
				 : raw_sendto(d->raw, p, to));
	else
		rc = send_udp(d, p, to, port, r);
	pcb->ttl = ttl;
	pcb->tos = tos;
	return rc == -EINVAL ? -ENETUNREACH : rc;
}

/* Where it goes. */
static int destination(struct dgram *d, struct uk_msg *m, ip_addr_t *to, uint16_t *port)
{
	int rc;

	if (m->name && m->name_len >= sizeof(m->name->ss_family) &&
	    m->name->ss_family == UK_AF_UNSPEC) {
		if (d->s.domain == UK_AF_INET)
			m->name->ss_family = UK_AF_INET;
		else
			m->name = NULL; /* both as on Linux */
	}
	if (!m->name) {
		if (!d->connected)
			return -EDESTADDRREQ;
		*to = dgram_is_raw(d) ? d->raw->remote_ip : d->udp->remote_ip;
		*port = dgram_is_raw(d) ? 0 : d->udp->remote_port;
		return 0;
	}
	rc = address_get(d->s.domain, m->name, m->name_len, to, port);
	if (rc)
		return rc;
	if (!dgram_is_raw(d) && !*port)
		return -EINVAL;
	if (ip_addr_isany(to))
		ip_addr_set_loopback_val(IP_IS_V6_VAL(*to), *to);
	return 0;
}

static ssize_t send_message(struct dgram *d, struct uk_msg *m)
{
	struct route r = { .ttl = -1, .tos = -1 };
	struct pbuf *p = NULL;
	size_t n = m->it.left;
	ip_addr_t to;
	uint16_t port;
	int rc;

	if (m->flags & UK_MSG_OOB)
		return -EOPNOTSUPP;
	if (d->shut_wr)
		return -EPIPE;
	rc = uk_socket_take_error(&d->s);
	if (!rc)
		rc = destination(d, m, &to, &port);
	if (!rc && UK_UNLIKELY(m->control_len))
		rc = read_control(d, m, &to, &r);
	if (!rc)
		rc = gather(d, m, &p);
	if (UK_UNLIKELY(rc))
		return rc;
	if (UK_UNLIKELY(m->flags & UK_MSG_MORE)) {
		d->more = p;
		d->path.version = 0;
		return (ssize_t)n;
	}
	if (!dgram_is_raw(d) && d->s.domain == UK_AF_INET && !m->control_len) {
		d->path.version = 0;
		path_wanted = &d->path;
	}
	rc = send_packet(d, p, &to, port, &r);
	path_wanted = NULL;
	if (!m->control_len)
		d->path.to_peer = !m->name; /* if there is a path */
	pbuf_free(p);
	return rc ? rc : (ssize_t)n;
}

ssize_t dgram_send_by_lwip(struct dgram *d, struct uk_msg *m)
{
	ssize_t n = send_message(d, m);

	lwip_unlock();
	return n;
}
