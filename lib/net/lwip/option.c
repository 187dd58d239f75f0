/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of sockets, those of SOL_SOCKET, IP and IPv6. What is not known is -ENOPROTOOPT, so that a program can do without.
 */
#include <lwip/igmp.h>
#include <lwip/mld6.h>
#include "internal.h"
#include "option.h"

#define BUF_MAX 212992U

uint32_t option_buffer(int value, uint32_t min)
{
	uint32_t n = value < 0 ? BUF_MAX : UK_MIN((uint32_t)value, BUF_MAX);

	return UK_MAX(n * 2, min);
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

int option_linger(struct uk_abi_linger *l, const void *val, uint32_t len)
{
	const struct uk_abi_linger *v = val;

	if (len < sizeof(*v))
		return -EINVAL;
	l->l_onoff = v->l_onoff != 0;
	if (v->l_onoff)
		l->l_linger = v->l_linger;
	return 0;
}

/* ---- datagrams ---- */

int option_bind_device(uint8_t *index, const void *val, uint32_t len)
{
	char name[UK_IFNAMSIZ] = { 0 };
	struct netif *n = NULL;

	memcpy(name, val, UK_MIN(len, (uint32_t)sizeof(name) - 1));
	if (name[0]) {
		n = netif_of_name(name);
		if (!n)
			return -ENODEV;
	}
	*index = n ? netif_get_index(n) : NETIF_NO_INDEX;
	return 0;
}

int option_tell_device(uint8_t index, void *val, uint32_t len)
{
	struct netif *n = netif_get_by_index(index);

	if (!n)
		return 0;
	if (len < UK_IFNAMSIZ)
		return -EINVAL;
	netif_tell_name(n, val);
	return (int)uk_strlen(val) + 1;
}

/* Which of what a receiver may be told an option is about, or 0. */
static uint8_t told4(int name)
{
	switch (name) {
	case UK_IP_PKTINFO:
		return TELL_PKTINFO;
	case UK_IP_RECVTTL:
		return TELL_TTL;
	case UK_IP_RECVTOS:
		return TELL_TOS;
	}
	return 0;
}

#if LWIP_IPV6
static uint8_t told6(int name)
{
	switch (name) {
	case UK_IPV6_RECVPKTINFO:
		return TELL_PKTINFO6;
	case UK_IPV6_RECVHOPLIMIT:
		return TELL_HOPS;
	case UK_IPV6_RECVTCLASS:
		return TELL_TCLASS;
	}
	return 0;
}
#endif

static int tell(struct dgram *d, uint8_t what, bool on)
{
	d->told = (uint8_t)(on ? d->told | what : d->told & ~what);
	return 0;
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
		return option_bind_device(&d->udp->netif_idx, val, len);
	if (name == UK_SO_LINGER)
		return option_linger(&d->linger, val, len);
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
		d->rx_limit = option_buffer(v, OPTION_RCVBUF_MIN);
		return 0;
	case UK_SO_SNDBUF:
		d->sndbuf = option_buffer(v, OPTION_SNDBUF_MIN);
		return 0;
	case UK_SO_RCVLOWAT:
		return 0; /* datagrams come whole */
	}
	return -ENOPROTOOPT;
}

static int get_socket(struct dgram *d, int name, void *val, uint32_t len)
{
	switch (name) {
	case UK_SO_BINDTODEVICE:
		return option_tell_device(d->udp->netif_idx, val, len);
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

static int multicast_loop(struct dgram *d, int on)
{
	if (d->s.type == UK_SOCK_RAW)
		return -ENOPROTOOPT;
	if (on)
		udp_set_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
	else
		udp_clear_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
	return 0;
}

/* A number, of what only UDP's pcbs have. */
static int multicast_get(struct dgram *d, bool loop, void *val, uint32_t len)
{
	if (d->s.type == UK_SOCK_RAW)
		return -ENOPROTOOPT;
	return option_put(val, len,
			  loop ? (udp_flags(d->udp) & UDP_FLAGS_MULTICAST_LOOP) != 0
			       : d->udp->mcast_ttl);
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
	if (told4(name))
		return tell(d, told4(name), v);
	switch (name) {
	case UK_IP_TOS:
		d->udp->tos = (u8_t)v;
		return 0;
	case UK_IP_TTL:
		if (v != -1 && (v < 1 || v > 255))
			return -EINVAL;
		d->udp->ttl = v < 0 ? IP_DEFAULT_TTL : (u8_t)v;
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
		return multicast_loop(d, v);
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
	if (told4(name))
		return option_put(val, len, (d->told & told4(name)) != 0);
	switch (name) {
	case UK_IP_TOS:
		return option_put(val, len, d->udp->tos);
	case UK_IP_TTL:
		return option_put(val, len, d->udp->ttl);
	case UK_IP_MTU_DISCOVER:
		return option_put(val, len, d->mtu_discover);
	case UK_IP_MULTICAST_TTL:
	case UK_IP_MULTICAST_LOOP:
		return multicast_get(d, name == UK_IP_MULTICAST_LOOP, val, len);
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
	if (told6(name))
		return tell(d, told6(name), v);
	switch (name) {
	case UK_IPV6_V6ONLY:
		if (dgram_is_raw(d) || d->udp->local_port)
			return -EINVAL;
		d->v6only = v;
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
	case UK_IPV6_MULTICAST_LOOP:
		return (unsigned)v > 1 ? -EINVAL : multicast_loop(d, v);
	}
	return -ENOPROTOOPT;
}

static int get_ip6(struct dgram *d, int name, void *val, uint32_t len)
{
	if (told6(name))
		return option_put(val, len, (d->told & told6(name)) != 0);
	switch (name) {
	case UK_IPV6_V6ONLY:
		return option_put(val, len, d->v6only);
	case UK_IPV6_UNICAST_HOPS:
		return option_put(val, len, d->udp->ttl);
	case UK_IPV6_TCLASS:
		return option_put(val, len, d->udp->tos);
	case UK_IPV6_MULTICAST_HOPS:
	case UK_IPV6_MULTICAST_LOOP:
		return multicast_get(d, name == UK_IPV6_MULTICAST_LOOP, val, len);
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
