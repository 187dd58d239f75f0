/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ioctl(2) tells about interfaces: lo, eth0 and so on. They are configured at boot, so nothing can be set.
 */
#include <uk/print.h>
#include "internal.h"

#define NAME_MAX UK_IFNAMSIZ

static bool is_loopback(const struct netif *n)
{
	return n->name[0] == 'l' && n->name[1] == 'o';
}

static void name_of(const struct netif *n, char name[NAME_MAX])
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

static struct netif *find(const char *name)
{
	char own[NAME_MAX];
	struct netif *n;

	NETIF_FOREACH(n)
	{
		name_of(n, own);
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
		r->value = is_loopback(n) ? 65536 : netif_packet_max(n);
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
			name_of(n, r.name);
	} else {
		n = find(r.name);
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
		name_of(n, found[i].name);
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
