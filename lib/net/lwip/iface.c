/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ioctl(2) and, where it is in the image, AF_NETLINK tell about interfaces: lo, eth0 and so on. They are configured
 * at boot, so nothing can be set.
 */
#include <lwip/dhcp.h>
#include <uk/abi/netlink.h>
#include <uk/link.h>
#include <uk/print.h>
#include "internal.h"

#define NAME_MAX UK_IFNAMSIZ

static bool is_loopback(const struct netif *n)
{
	return n->name[0] == 'l' && n->name[1] == 'o';
}

void netif_tell_name(const struct netif *n, char *name)
{
	unsigned i;

	memset(name, 0, NAME_MAX);
	for (i = 0; i < lwip_n_devices; i++)
		if (&lwip_devices[i]->netif == n) {
			uk_strscpy(name, lwip_devices[i]->dev->name, NAME_MAX);
			return;
		}
	uk_strscpy(name, "lo", NAME_MAX);
}

struct netif *netif_of_name(const char *name)
{
	char own[NAME_MAX];
	struct netif *n;

	NETIF_FOREACH(n)
	{
		netif_tell_name(n, own);
		if (!uk_strncmp(own, name, NAME_MAX))
			return n;
	}
	return NULL;
}

static struct uk_abi_sockaddr_in address(const ip4_addr_t *ip)
{
	return (struct uk_abi_sockaddr_in){ .sin_family = UK_AF_INET, .sin_addr = ip->addr };
}

static int16_t flags_of(const struct netif *n)
{
	int f = UK_IFF_MULTICAST;

	if (netif_is_up(n))
		f |= UK_IFF_UP;
	if (netif_is_link_up(n))
		f |= UK_IFF_RUNNING;
	f |= is_loopback(n) ? UK_IFF_LOOPBACK : UK_IFF_BROADCAST;
	return (int16_t)(is_loopback(n) ? f & ~UK_IFF_MULTICAST : f);
}

static int packet_max(const struct netif *n)
{
	return is_loopback(n) ? 65536 : (int)netif_packet_max(n);
}

static int answer(const struct netif *n, unsigned cmd, struct uk_abi_ifreq *r)
{
	ip4_addr_t broadcast;

	memset(r->room, 0, sizeof(r->room));
	switch (cmd) {
	case UK_SIOCGIFFLAGS:
		r->flags = flags_of(n);
		return 0;
	case UK_SIOCGIFINDEX:
		r->value = netif_get_index(n);
		return 0;
	case UK_SIOCGIFMTU:
		r->value = packet_max(n);
		return 0;
	case UK_SIOCGIFHWADDR:
		r->hwaddr.family = is_loopback(n) ? UK_ARPHRD_LOOPBACK : UK_ARPHRD_ETHER;
		memcpy(r->hwaddr.data, n->hwaddr, n->hwaddr_len);
		return 0;
	}
	if (ip4_addr_isany(netif_ip4_addr(n)))
		return -EADDRNOTAVAIL;
	switch (cmd) {
	case UK_SIOCGIFADDR:
		r->addr = address(netif_ip4_addr(n));
		return 0;
	case UK_SIOCGIFNETMASK:
		r->addr = address(netif_ip4_netmask(n));
		return 0;
	case UK_SIOCGIFBRDADDR:
		broadcast.addr = netif_ip4_addr(n)->addr | ~netif_ip4_netmask(n)->addr;
		r->addr = address(&broadcast);
		return 0;
	}
	return -ENOTTY;
}

static int one(unsigned cmd, uintptr_t arg)
{
	struct uk_abi_ifreq r;
	struct netif *n;
	int rc = uk_user_read(&r, arg, sizeof(r));

	if (rc)
		return rc;
	lwip_lock();
	if (cmd == UK_SIOCGIFNAME) {
		n = netif_of_index(r.value);
		rc = n ? 0 : -ENODEV;
		if (n)
			netif_tell_name(n, r.name);
	} else {
		n = netif_of_name(r.name);
		rc = n ? answer(n, cmd, &r) : -ENODEV;
	}
	lwip_unlock();
	return rc ? rc : uk_user_write(arg, &r, sizeof(r));
}

/* Interfaces with an IPv4 address. A list without room asks how much it takes. */
static int all(uintptr_t arg)
{
	struct uk_abi_ifreq found[DEVICES + 1];
	struct uk_abi_ifconf conf;
	struct netif *n;
	int rc = uk_user_read(&conf, arg, sizeof(conf));
	unsigned i = 0;

	if (rc)
		return rc;
	lwip_lock();
	NETIF_FOREACH(n)
	{
		if (ip4_addr_isany(netif_ip4_addr(n)) || i == UK_ARRAY_SIZE(found))
			continue;
		memset(&found[i], 0, sizeof(found[i]));
		netif_tell_name(n, found[i].name);
		found[i++].addr = address(netif_ip4_addr(n));
	}
	lwip_unlock();
	if (conf.req) {
		i = conf.len < 0 ? 0 : UK_MIN(i, (unsigned)conf.len / (unsigned)sizeof(found[0]));
		rc = i ? uk_user_write((uintptr_t)conf.req, found, i * sizeof(found[0])) : 0;
	}
	conf.len = (int32_t)(i * sizeof(found[0]));
	return rc ? rc : uk_user_write(arg, &conf, sizeof(conf));
}

int iface_ioctl(struct uk_file *f, unsigned cmd, uintptr_t arg)
{
	switch (cmd) {
	case UK_SIOCGIFCONF:
		return all(arg);
	case UK_SIOCGIFNAME:
	case UK_SIOCGIFFLAGS:
	case UK_SIOCGIFADDR:
	case UK_SIOCGIFBRDADDR:
	case UK_SIOCGIFNETMASK:
	case UK_SIOCGIFMTU:
	case UK_SIOCGIFHWADDR:
	case UK_SIOCGIFINDEX:
		return one(cmd, arg);
	}
	return -ENOTTY;
}

/* ---- for AF_NETLINK ---- */

#ifdef CONFIG_LIBNETLINK
_Static_assert(UK_LINK_ADDRS >= 1 + (LWIP_IPV6 ? LWIP_IPV6_NUM_ADDRESSES : 0),
	       "room for all addresses of an interface");

static void add_ipv4(struct uk_link *l, const struct netif *n)
{
	struct uk_link_addr *a = &l->addr[l->n_addrs];
	uint32_t mask;

	if (ip4_addr_isany(netif_ip4_addr(n)))
		return;
	*a = (struct uk_link_addr){ .family = UK_AF_INET, .flags = UK_IFA_F_PERMANENT };
	memcpy(a->addr, netif_ip4_addr(n), 4);
	for (mask = lwip_ntohl(netif_ip4_netmask(n)->addr); mask & 0x80000000; mask <<= 1)
		a->prefix++;
	a->broadcast = !is_loopback(n) && a->prefix < 31;
	if (is_loopback(n))
		a->scope = UK_RT_SCOPE_HOST;
#if LWIP_DHCP
	if (dhcp_supplied_address(n))
		a->flags = 0;
#endif
	l->n_addrs++;
}

#if LWIP_IPV6
static uint32_t flags_of_state(const struct netif *n, int i)
{
	uint8_t state = netif_ip6_addr_state(n, i);
	uint32_t flags = netif_ip6_addr_isstatic(n, i) ? UK_IFA_F_PERMANENT : 0;

	if (ip6_addr_isduplicated(state))
		return flags | UK_IFA_F_TENTATIVE | UK_IFA_F_DADFAILED;
	if (ip6_addr_istentative(state))
		return flags | UK_IFA_F_TENTATIVE;
	return ip6_addr_isdeprecated(state) ? flags | UK_IFA_F_DEPRECATED : flags;
}

static void add_ipv6(struct uk_link *l, const struct netif *n)
{
	const ip6_addr_t *ip;
	int i;

	for (i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
		struct uk_link_addr *a = &l->addr[l->n_addrs];

		ip = netif_ip6_addr(n, i);
		if (ip6_addr_isinvalid(netif_ip6_addr_state(n, i)))
			continue;
		*a = (struct uk_link_addr){ .family = UK_AF_INET6,
					    .prefix = 64,
					    .flags = flags_of_state(n, i) };
		memcpy(a->addr, ip->addr, 16);
		if (ip6_addr_isloopback(ip)) {
			a->prefix = 128;
			a->scope = UK_RT_SCOPE_HOST;
		} else if (ip6_addr_islinklocal(ip)) {
			a->scope = UK_RT_SCOPE_LINK;
		}
		l->n_addrs++;
	}
}
#endif

static int link_from(uint32_t index, struct uk_link *l)
{
	struct netif *n = NULL;

	lwip_lock();
	for (; !n && index < UINT8_MAX; index++)
		n = netif_of_index((int)index);
	if (n) {
		*l = (struct uk_link){ .index = netif_get_index(n),
				       .flags = (uint16_t)flags_of(n) };
		if (netif_is_link_up(n))
			l->flags |= UK_IFF_LOWER_UP;
		l->type = is_loopback(n) ? UK_ARPHRD_LOOPBACK : UK_ARPHRD_ETHER;
		l->mtu = (uint32_t)packet_max(n);
		netif_tell_name(n, l->name);
		memcpy(l->hwaddr, n->hwaddr, UK_MIN(n->hwaddr_len, sizeof(l->hwaddr)));
		add_ipv4(l, n);
#if LWIP_IPV6
		add_ipv6(l, n);
#endif
	}
	lwip_unlock();
	return n ? 0 : -ENODEV;
}

UK_LINKS("5", lwip, .from = link_from);
#endif
