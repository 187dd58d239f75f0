/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of sockets, those of SOL_SOCKET, IP and IPv6. What is not known is -ENOPROTOOPT, so that a program can do without.
 */
#include <lwip/igmp.h>
#include <lwip/mld6.h>
#include "internal.h"
#include "option.h"

/* As on Linux: what was asked for is doubled, for the kernel's own share, and has a minimum. */
#define BUF_MIN 2304U
#define BUF_MAX 212992U

uint32_t option_buffer(int value)
{
	uint32_t n = value < 0 ? BUF_MAX : UK_MIN((uint32_t)value, BUF_MAX);

	return UK_MAX(n * 2, BUF_MIN);
}

int option_put(void *val, uint32_t len, int value)
{
	memcpy(val, &value, UK_MIN(len, (uint32_t)sizeof(value)));
	return sizeof(value);
}

/* An int, or for IP's options a single byte. */
bool option_int(const void *val, uint32_t len, bool byte, int *value)
{
	if (len >= sizeof(*value)) {
		memcpy(value, val, sizeof(*value));
		return true;
	}
	if (!byte || !len)
		return false;
	*value = *(const uint8_t *)val;
	return true;
}

/* ---- datagrams ---- */

static int find_device(const void *val, uint32_t len, u8_t *index)
{
	char name[UK_IFNAMSIZ] = { 0 };
	unsigned i;

	memcpy(name, val, UK_MIN(len, (uint32_t)sizeof(name) - 1));
	*index = NETIF_NO_INDEX;
	if (!name[0])
		return 0;
	for (i = 0; i < lwip_n_devices; i++)
		if (!uk_strcmp(name, lwip_devices[i]->dev->name))
			*index = netif_get_index(&lwip_devices[i]->netif);
	return *index == NETIF_NO_INDEX ? -ENODEV : 0;
}

int option_bind_device(struct ip_pcb *pcb, const void *val, uint32_t len)
{
	u8_t index;
	int rc = find_device(val, len, &index);

	if (!rc && pcb)
		pcb->netif_idx = index;
	return rc;
}

static void flag(struct dgram *d, u8_t option, bool on)
{
	if (on)
		ip_set_option(d->udp, option);
	else
		ip_reset_option(d->udp, option);
}

static int set_socket(struct dgram *d, int name, const void *val, uint32_t len)
{
	int v;

	if (name == UK_SO_BINDTODEVICE)
		return option_bind_device((struct ip_pcb *)d->udp, val, len);
	if (name == UK_SO_LINGER) {
		if (len < sizeof(d->linger))
			return -EINVAL;
		memcpy(&d->linger, val, sizeof(d->linger));
		return 0;
	}
	if (!option_int(val, len, false, &v))
		return -EINVAL;
	switch (name) {
	case UK_SO_REUSEADDR:
		d->reuse_addr = v;
		return 0;
	case UK_SO_REUSEPORT:
		d->reuse_port = v;
		return 0;
	case UK_SO_BROADCAST:
		flag(d, SOF_BROADCAST, v);
		return 0;
	case UK_SO_KEEPALIVE:
		flag(d, SOF_KEEPALIVE, v);
		return 0;
	case UK_SO_RCVBUF:
		d->rx_limit = option_buffer(v);
		return 0;
	case UK_SO_SNDBUF:
		d->sndbuf = option_buffer(v);
		return 0;
	case UK_SO_RCVLOWAT:
	case UK_SO_PRIORITY:
		return 0; /* datagrams come whole, and there is one queue */
	}
	return -ENOPROTOOPT;
}

static int get_socket(struct dgram *d, int name, void *val, uint32_t len)
{
	switch (name) {
	case UK_SO_LINGER:
		memcpy(val, &d->linger, UK_MIN(len, (uint32_t)sizeof(d->linger)));
		return sizeof(d->linger);
	case UK_SO_REUSEADDR:
		return option_put(val, len, d->reuse_addr);
	case UK_SO_REUSEPORT:
		return option_put(val, len, d->reuse_port);
	case UK_SO_BROADCAST:
		return option_put(val, len, ip_get_option(d->udp, SOF_BROADCAST) != 0);
	case UK_SO_KEEPALIVE:
		return option_put(val, len, ip_get_option(d->udp, SOF_KEEPALIVE) != 0);
	case UK_SO_RCVBUF:
		return option_put(val, len, (int)d->rx_limit);
	case UK_SO_SNDBUF:
		return option_put(val, len, d->sndbuf ? (int)d->sndbuf : (int)BUF_MAX);
	case UK_SO_RCVLOWAT:
	case UK_SO_SNDLOWAT:
		return option_put(val, len, 1);
	case UK_SO_PRIORITY:
		return option_put(val, len, 0);
	}
	return -ENOPROTOOPT;
}

/* ---- groups ---- */

static int membership4(int name, const void *val, uint32_t len)
{
	struct uk_abi_ip_mreqn m = { 0 };
	ip4_addr_t group, iface;
	struct netif *n = NULL;
	err_t err;

	if (len < sizeof(struct uk_abi_ip_mreq))
		return -EINVAL;
	memcpy(&m, val, UK_MIN(len, (uint32_t)sizeof(m)));
	group.addr = m.imr_multiaddr;
	iface.addr = m.imr_address;
	if (!ip4_addr_ismulticast(&group))
		return -EINVAL;
	if (len >= sizeof(m) && m.imr_ifindex) {
		n = netif_of_index(m.imr_ifindex);
		if (!n)
			return -ENODEV;
	} else if (ip4_addr_isany_val(iface)) {
		n = ip4_route(&group);
		if (!n)
			n = netif_default;
		if (!n)
			return -ENODEV;
	}
	if (name == UK_IP_ADD_MEMBERSHIP)
		err = n ? igmp_joingroup_netif(n, &group) : igmp_joingroup(&iface, &group);
	else
		err = n ? igmp_leavegroup_netif(n, &group) : igmp_leavegroup(&iface, &group);
	lwip_timers_plan();
	if (err == ERR_MEM)
		return -ENOBUFS;
	return err == ERR_OK ? 0 : name == UK_IP_ADD_MEMBERSHIP ? -ENODEV : -EADDRNOTAVAIL;
}

static int multicast_if(struct dgram *d, const void *val, uint32_t len)
{
	struct uk_abi_ip_mreqn m = { 0 };
	struct netif *n;

	if (len >= sizeof(m))
		memcpy(&m, val, sizeof(m));
	else if (len >= sizeof(struct uk_abi_ip_mreq))
		memcpy(&m, val, sizeof(struct uk_abi_ip_mreq));
	else if (len >= sizeof(m.imr_address))
		memcpy(&m.imr_address, val, sizeof(m.imr_address));
	else
		return -EINVAL;
	if (!m.imr_ifindex && !m.imr_address) {
		udp_set_multicast_netif_index(d->udp, NETIF_NO_INDEX);
		return 0;
	}
	NETIF_FOREACH(n)
	{
		if (m.imr_ifindex ? netif_get_index(n) == m.imr_ifindex
				  : netif_ip4_addr(n)->addr == m.imr_address) {
			udp_set_multicast_netif_index(d->udp, netif_get_index(n));
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
}

/* ---- IP ---- */

static int set_ip(struct dgram *d, int name, const void *val, uint32_t len)
{
	int v;

	switch (name) {
	case UK_IP_ADD_MEMBERSHIP:
	case UK_IP_DROP_MEMBERSHIP:
		return membership4(name, val, len);
	case UK_IP_MULTICAST_IF:
		return d->s.type == UK_SOCK_RAW ? -ENOPROTOOPT : multicast_if(d, val, len);
	}
	if (!option_int(val, len, true, &v))
		return -EINVAL;
	switch (name) {
	case UK_IP_TOS:
		d->udp->tos = (u8_t)v;
		return 0;
	case UK_IP_TTL:
		if (v != -1 && (v < 1 || v > 255))
			return -EINVAL;
		d->udp->ttl = v < 0 ? IP_DEFAULT_TTL : (u8_t)v;
		return 0;
	case UK_IP_PKTINFO:
		d->pktinfo = v;
		return 0;
	case UK_IP_RECVTTL:
		d->recvttl = v;
		return 0;
	case UK_IP_RECVTOS:
		d->recvtos = v;
		return 0;
	case UK_IP_MTU_DISCOVER:
		if (v < UK_IP_PMTUDISC_DONT || v > UK_IP_PMTUDISC_DO)
			return -EINVAL;
		d->mtu_discover = v;
		return 0;
	case UK_IP_MULTICAST_TTL:
		if (v < -1 || v > 255)
			return -EINVAL;
		if (d->s.type != UK_SOCK_RAW)
			udp_set_multicast_ttl(d->udp, v < 0 ? 1 : (u8_t)v);
		return 0;
	case UK_IP_MULTICAST_LOOP:
		if (d->s.type == UK_SOCK_RAW)
			return -ENOPROTOOPT;
		if (v)
			udp_set_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
		else
			udp_clear_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
		return 0;
	case UK_IP_HDRINCL:
		if (d->s.type != UK_SOCK_RAW)
			return -ENOPROTOOPT;
		d->hdrincl = v;
		if (v)
			raw_set_flags(d->raw, RAW_FLAGS_HDRINCL);
		else
			raw_clear_flags(d->raw, RAW_FLAGS_HDRINCL);
		return 0;
	}
	return -ENOPROTOOPT;
}

static int get_ip(struct dgram *d, int name, void *val, uint32_t len)
{
	switch (name) {
	case UK_IP_TOS:
		return option_put(val, len, d->udp->tos);
	case UK_IP_TTL:
		return option_put(val, len, d->udp->ttl);
	case UK_IP_PKTINFO:
		return option_put(val, len, d->pktinfo);
	case UK_IP_RECVTTL:
		return option_put(val, len, d->recvttl);
	case UK_IP_RECVTOS:
		return option_put(val, len, d->recvtos);
	case UK_IP_MTU_DISCOVER:
		return option_put(val, len, d->mtu_discover);
	case UK_IP_MULTICAST_TTL:
		return d->s.type == UK_SOCK_RAW ? -ENOPROTOOPT
						: option_put(val, len, d->udp->mcast_ttl);
	case UK_IP_MULTICAST_LOOP:
		return d->s.type == UK_SOCK_RAW
			       ? -ENOPROTOOPT
			       : option_put(val, len,
					    (udp_flags(d->udp) & UDP_FLAGS_MULTICAST_LOOP) != 0);
	case UK_IP_HDRINCL:
		return d->s.type == UK_SOCK_RAW ? option_put(val, len, d->hdrincl) : -ENOPROTOOPT;
	}
	return -ENOPROTOOPT;
}

/* ---- IPv6 ---- */

#if LWIP_IPV6
static int membership6(int name, const void *val, uint32_t len)
{
	const struct uk_abi_ipv6_mreq *m = val;
	struct netif *n;
	ip6_addr_t group;
	err_t err;

	if (len < sizeof(*m))
		return -EINVAL;
	memset(&group, 0, sizeof(group));
	memcpy(group.addr, m->ipv6mr_multiaddr, 16);
	if (!ip6_addr_ismulticast(&group))
		return -EINVAL;
	n = m->ipv6mr_interface ? netif_of_index(m->ipv6mr_interface) : netif_default;
	if (!n)
		return -ENODEV;
	ip6_addr_assign_zone(&group, IP6_MULTICAST, n);
	err = name == UK_IPV6_JOIN_GROUP ? mld6_joingroup_netif(n, &group)
					 : mld6_leavegroup_netif(n, &group);
	lwip_timers_plan();
	if (err == ERR_MEM)
		return -ENOBUFS;
	return err == ERR_OK ? 0 : -EADDRNOTAVAIL;
}

static int set_ip6(struct dgram *d, int name, const void *val, uint32_t len)
{
	int v;

	if (name == UK_IPV6_JOIN_GROUP || name == UK_IPV6_LEAVE_GROUP)
		return membership6(name, val, len);
	if (!option_int(val, len, false, &v))
		return -EINVAL;
	switch (name) {
	case UK_IPV6_V6ONLY:
		if (d->bound)
			return -EINVAL;
		d->v6only = v;
		if (d->s.type != UK_SOCK_RAW)
			IP_SET_TYPE_VAL(d->udp->local_ip, v ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY);
		return 0;
	case UK_IPV6_UNICAST_HOPS:
		if (v < -1 || v > 255)
			return -EINVAL;
		d->udp->ttl = v < 0 ? IP_DEFAULT_TTL : (u8_t)v;
		return 0;
	case UK_IPV6_TCLASS:
		if (v < -1 || v > 255)
			return -EINVAL;
		d->udp->tos = v < 0 ? 0 : (u8_t)v;
		return 0;
	case UK_IPV6_RECVPKTINFO:
		d->pktinfo6 = v;
		return 0;
	case UK_IPV6_RECVHOPLIMIT:
		d->recvhops = v;
		return 0;
	case UK_IPV6_RECVTCLASS:
		d->recvtclass = v;
		return 0;
	case UK_IPV6_MULTICAST_IF:
		if (d->s.type == UK_SOCK_RAW)
			return -ENOPROTOOPT;
		if (v && !netif_of_index(v))
			return -ENODEV;
		udp_set_multicast_netif_index(d->udp, (u8_t)v);
		return 0;
	case UK_IPV6_MULTICAST_HOPS:
		if (v < -1 || v > 255)
			return -EINVAL;
		if (d->s.type != UK_SOCK_RAW)
			udp_set_multicast_ttl(d->udp, v < 0 ? 1 : (u8_t)v);
		return 0;
	}
	return -ENOPROTOOPT;
}

static int get_ip6(struct dgram *d, int name, void *val, uint32_t len)
{
	switch (name) {
	case UK_IPV6_V6ONLY:
		return option_put(val, len, d->v6only);
	case UK_IPV6_UNICAST_HOPS:
		return option_put(val, len, d->udp->ttl);
	case UK_IPV6_TCLASS:
		return option_put(val, len, d->udp->tos);
	case UK_IPV6_RECVPKTINFO:
		return option_put(val, len, d->pktinfo6);
	case UK_IPV6_RECVHOPLIMIT:
		return option_put(val, len, d->recvhops);
	case UK_IPV6_RECVTCLASS:
		return option_put(val, len, d->recvtclass);
	}
	return -ENOPROTOOPT;
}
#endif

static int set_filter(void *filter, size_t size, const void *val, uint32_t len)
{
	memcpy(filter, val, UK_MIN((size_t)len, size));
	return 0;
}

int dgram_setsockopt(struct uk_socket *s, int level, int name, const void *val, uint32_t len)
{
	struct dgram *d = dgram_of(s);
	bool raw = s->type == UK_SOCK_RAW;
	int rc = -ENOPROTOOPT;

	lwip_lock();
	d->path.version = 0; /* how it sends may be another way */
	if (level == UK_SOL_SOCKET)
		rc = set_socket(d, name, val, len);
	else if (level == UK_SOL_IP)
		rc = set_ip(d, name, val, len);
#if LWIP_IPV6
	else if (level == UK_SOL_IPV6 && s->domain == UK_AF_INET6)
		rc = set_ip6(d, name, val, len);
	else if (level == UK_SOL_ICMPV6 && name == UK_ICMPV6_FILTER && raw)
		rc = set_filter(d->icmp6_filter, sizeof(d->icmp6_filter), val, len);
#endif
	else if (level == UK_SOL_RAW && name == UK_ICMP_FILTER && raw)
		rc = set_filter(&d->icmp_filter, sizeof(d->icmp_filter), val, len);
	lwip_unlock();
	return rc;
}

int dgram_getsockopt(struct uk_socket *s, int level, int name, void *val, uint32_t len)
{
	struct dgram *d = dgram_of(s);

	if (level == UK_SOL_SOCKET)
		return get_socket(d, name, val, len);
	if (level == UK_SOL_IP)
		return get_ip(d, name, val, len);
#if LWIP_IPV6
	if (level == UK_SOL_IPV6 && s->domain == UK_AF_INET6)
		return get_ip6(d, name, val, len);
#endif
	return -EOPNOTSUPP; /* no such level, Linux says */
}
