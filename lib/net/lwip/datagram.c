/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SOCK_DGRAM and SOCK_RAW: messages, each with an address. Here are their sockets; dgramsend.c and dgramreceive.c
 * have what they are for.
 */
#include "internal.h"

#define RCVBUF_DEFAULT 212992 /* as on Linux */

static const struct uk_socket_ops dgram_ops;

/* ---- creation and end ---- */

static bool new_pcb(struct dgram *d, int protocol)
{
	if (dgram_is_raw(d)) {
		d->raw = raw_new_ip_type(d->s.domain == UK_AF_INET6 ? IPADDR_TYPE_V6
								    : IPADDR_TYPE_V4,
					 (u8_t)protocol);
		if (!d->raw)
			return false;
		lwip_raw_sockets++;
		raw_recv(d->raw, dgram_raw_received, d);
#if LWIP_IPV6
		if (protocol == UK_IPPROTO_ICMPV6) { /* RFC 3542 §3.1 */
			d->raw->chksum_reqd = 1;
			d->raw->chksum_offset = 2;
		}
#endif
		d->hdrincl = protocol == UK_IPPROTO_RAW;
		if (d->hdrincl)
			raw_set_flags(d->raw, RAW_FLAGS_HDRINCL);
		return true;
	}
	d->udp = udp_new_ip_type(d->s.domain == UK_AF_INET6 ? IPADDR_TYPE_ANY : IPADDR_TYPE_V4);
	if (!d->udp)
		return false;
	udp_recv(d->udp, dgram_udp_received, d);
	/* As far as this network, and to members here too, until options say otherwise. */
	udp_set_multicast_ttl(d->udp, 1);
	udp_set_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
	return true;
}

static void end_pcb(struct dgram *d)
{
	if (dgram_is_raw(d)) {
		raw_remove(d->raw);
		lwip_raw_sockets--;
	} else {
		udp_remove(d->udp);
	}
}

int datagram_create(int domain, int type, int protocol, struct uk_file **f)
{
	struct dgram *d = uk_calloc(1, sizeof(*d));
	bool made;

	if (!d)
		return -ENOMEM;
	d->s.domain = (uint16_t)domain;
	d->s.type = (uint8_t)type;
	d->s.protocol = protocol;
	d->rx_end = &d->rx;
	d->rx_limit = RCVBUF_DEFAULT;
	d->s.events.ready = UK_POLLOUT;
	lwip_lock();
	made = new_pcb(d, protocol);
	lwip_unlock();
	*f = made ? uk_socket_file(&d->s, &dgram_ops) : NULL;
	if (*f)
		return 0;
	if (made) {
		lwip_lock();
		end_pcb(d);
		lwip_unlock();
	}
	uk_free(d);
	return -ENOMEM;
}

static void dgram_release(struct uk_file *f)
{
	struct dgram *d = dgram_of(f->priv);

	lwip_lock();
	end_pcb(d);
	while (d->rx)
		dgram_drop_first(d);
	if (d->more)
		pbuf_free(d->more);
	lwip_unlock();
	uk_free(d);
}

/* ---- addresses ---- */

static bool port_taken(struct dgram *d, const ip_addr_t *ip, uint16_t port)
{
	struct udp_pcb *p;

	for (p = udp_pcbs; port && p; p = p->next) {
		struct dgram *other = p->recv == dgram_udp_received ? p->recv_arg : NULL;

		if (p == d->udp || p->local_port != port || !other)
			continue;
		if ((other->reuse_addr && d->reuse_addr) || (other->reuse_port && d->reuse_port))
			continue;
		if (IP_IS_ANY_TYPE_VAL(p->local_ip) || IP_IS_ANY_TYPE_VAL(*ip) ||
		    (IP_GET_TYPE(&p->local_ip) == IP_GET_TYPE(ip) &&
		     (ip_addr_isany_val(p->local_ip) || ip_addr_isany_val(*ip) ||
		      ip_addr_cmp(&p->local_ip, ip))))
			return true;
	}
	return false;
}

/* An address of one link, and nothing says of which. */
static bool lacks_link(const struct dgram *d, const ip_addr_t *ip)
{
	if (d->udp->netif_idx != NETIF_NO_INDEX ||
	    (ip_addr_ismulticast(ip) && !dgram_is_raw(d) && d->udp->mcast_ifindex))
		return false;
	return address_lacks_link(ip);
}

static int bind_to(struct dgram *d, ip_addr_t *ip, uint16_t port)
{
	if (lacks_link(d, ip))
		return -EINVAL;
	if (!address_is_ours(ip))
		return -EADDRNOTAVAIL;
	if (dgram_is_raw(d))
		return lwip_error(raw_bind(d->raw, ip));
	if (d->s.domain == UK_AF_INET6 && !d->v6only && IP_IS_V6(ip) && ip_addr_isany(ip)) {
		IP_SET_TYPE(ip, IPADDR_TYPE_ANY);
	}
	if (port_taken(d, ip, port))
		return -EADDRINUSE;
	ip_set_option(d->udp, SOF_REUSEADDR); /* it has been looked at */
	return lwip_error(udp_bind(d->udp, ip, port));
}

static int dgram_bind(struct uk_socket *s, const struct uk_abi_sockaddr_storage *a, uint32_t len)
{
	struct dgram *d = dgram_of(s);
	ip_addr_t ip;
	uint16_t port;
	int rc = address_get(s->domain, a, len, &ip, &port);

	if (rc)
		return rc;
	LWIP_LOCKED();
	d->path.version = 0;
	if (dgram_is_raw(d) ? d->connected : d->udp->local_port)
		return -EINVAL;
	rc = bind_to(d, &ip, port);
	if (rc)
		return rc;
	d->bound_port = port != 0;
	d->bound_address = !ip_addr_isany(&ip);
	return 0;
}

static int connect_to(struct dgram *d, const ip_addr_t *to, uint16_t port)
{
	struct netif *n;

	if (lacks_link(d, to))
		return -EINVAL;
	if (dgram_is_raw(d))
		return lwip_error(raw_connect(d->raw, to));
	n = ip_route(&d->udp->local_ip, to);
	if (!n || (IP_IS_V4(to) && ip4_addr_isany(netif_ip4_addr(n))))
		return -ENETUNREACH;
	if (IP_IS_V4(to) && ip4_addr_isbroadcast(ip_2_ip4(to), n) &&
	    !ip_get_option(d->udp, SOF_BROADCAST))
		return -EACCES;
	/* Who is connected has one address of its own, and tells it. */
	if (ip_addr_isany(&d->udp->local_ip) || IP_IS_ANY_TYPE_VAL(d->udp->local_ip)) {
		const ip_addr_t *own = ip_netif_get_local_ip(n, to);

		if (own)
			udp_bind(d->udp, own, d->udp->local_port);
	}
	return lwip_error(udp_connect(d->udp, to, port));
}

/* As before it had one: nothing comes, and others may have it. */
static void give_port_back(struct dgram *d)
{
	struct udp_pcb **p = &udp_pcbs;

	while (*p && *p != d->udp)
		p = &(*p)->next;
	if (*p)
		*p = d->udp->next;
	d->udp->local_port = 0;
}

/* Of its address and port it keeps what bind() has asked for. */
static void disconnect(struct dgram *d)
{
	LWIP_LOCKED();
	d->connected = false;
	d->path.version = 0;
	if (dgram_is_raw(d)) {
		raw_disconnect(d->raw);
		return;
	}
	udp_disconnect(d->udp);
	if (!d->bound_port)
		give_port_back(d);
	if (!d->bound_address) {
		ip_addr_set_any_val(d->s.domain == UK_AF_INET6, d->udp->local_ip);
		if (d->s.domain == UK_AF_INET6 && !d->v6only) {
			IP_SET_TYPE_VAL(d->udp->local_ip, IPADDR_TYPE_ANY);
		}
	}
}

static int dgram_connect(struct uk_socket *s, const struct uk_abi_sockaddr_storage *a, uint32_t len,
			 unsigned flags)
{
	struct dgram *d = dgram_of(s);
	ip_addr_t ip;
	uint16_t port;
	int rc;

	if (len >= sizeof(a->ss_family) && a->ss_family == UK_AF_UNSPEC) {
		disconnect(d);
		return 0;
	}
	rc = address_get(s->domain, a, len, &ip, &port);
	if (rc)
		return rc;
	if (ip_addr_isany(&ip))
		ip_addr_set_loopback_val(IP_IS_V6_VAL(ip), ip);
	LWIP_LOCKED();
	d->path.version = 0;
	rc = connect_to(d, &ip, port);
	d->connected |= !rc;
	return rc;
}

static int dgram_getsockname(struct uk_socket *s, struct uk_abi_sockaddr_storage *a)
{
	struct dgram *d = dgram_of(s);

	if (dgram_is_raw(d))
		return address_put(s->domain, a, &d->raw->local_ip, (uint16_t)s->protocol);
	return address_put(s->domain, a, &d->udp->local_ip, d->udp->local_port);
}

static int dgram_getpeername(struct uk_socket *s, struct uk_abi_sockaddr_storage *a)
{
	struct dgram *d = dgram_of(s);

	if (!d->connected)
		return -ENOTCONN;
	if (dgram_is_raw(d))
		return address_put(s->domain, a, &d->raw->remote_ip, 0);
	return address_put(s->domain, a, &d->udp->remote_ip, d->udp->remote_port);
}

/* ---- the rest ---- */

static int dgram_shutdown(struct uk_socket *s, int how)
{
	struct dgram *d = dgram_of(s);

	LWIP_LOCKED();
	d->shut_rd |= how != UK_SHUT_WR;
	d->shut_wr |= how != UK_SHUT_RD;
	d->path.version = 0;
	if (d->shut_rd)
		uk_event_set(&s->events, UK_POLLIN | UK_POLLRDHUP);
	if (d->shut_rd && d->shut_wr)
		uk_event_set(&s->events, UK_POLLHUP);
	return d->connected ? 0 : -ENOTCONN; /* and yet it is shut, as on Linux */
}

static int dgram_ioctl(struct uk_file *f, unsigned cmd, uintptr_t arg)
{
	struct dgram *d = dgram_of(f->priv);
	int n = 0;

	if (cmd != UK_FIONREAD && cmd != UK_TIOCOUTQ)
		return iface_ioctl(f, cmd, arg);
	lwip_lock();
	if (cmd == UK_FIONREAD && d->rx)
		n = d->rx->p->tot_len;
	lwip_unlock();
	return uk_user_write(arg, &n, sizeof(n));
}

static const struct uk_socket_ops dgram_ops = {
	.file = { .type = UK_S_IFSOCK,
		  .read = uk_socket_read,
		  .write = uk_socket_write,
		  .ioctl = dgram_ioctl,
		  .stat = uk_socket_stat,
		  .release = dgram_release },
	.bind = dgram_bind,
	.connect = dgram_connect,
	.sendmsg = dgram_sendmsg,
	.recvmsg = dgram_recvmsg,
	.shutdown = dgram_shutdown,
	.getsockname = dgram_getsockname,
	.getpeername = dgram_getpeername,
	.setsockopt = dgram_setsockopt,
	.getsockopt = dgram_getsockopt,
};
