/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses and errors: the caller's, which are Linux's, and lwIP's.
 */
#include "internal.h"

static int get4(const struct uk_abi_sockaddr_storage *a, uint32_t len, ip_addr_t *ip,
		uint16_t *port)
{
	const struct uk_abi_sockaddr_in *in = (const void *)a;

	if (len < sizeof(*in))
		return -EINVAL;
	ip_addr_set_ip4_u32_val(*ip, in->sin_addr);
	*port = lwip_htons(in->sin_port);
	return 0;
}

#if LWIP_IPV6
void address_of_ip6(const uint8_t *bytes, ip_addr_t *ip)
{
	ip6_addr_t ip6 = { 0 };

	memcpy(ip6.addr, bytes, sizeof(ip6.addr));
	if (ip6_addr_isipv4mappedipv6(&ip6))
		ip_addr_set_ip4_u32_val(*ip, ip6.addr[3]);
	else
		ip_addr_copy_from_ip6(*ip, ip6);
}

static int get6(const struct uk_abi_sockaddr_storage *a, uint32_t len, ip_addr_t *ip,
		uint16_t *port)
{
	const struct uk_abi_sockaddr_in6 *in = (const void *)a;

	if (len < UK_SIN6_LEN_RFC2133)
		return -EINVAL;
	address_of_ip6(in->sin6_addr, ip);
	*port = lwip_htons(in->sin6_port);
	if (IP_IS_V6(ip) && len >= sizeof(*in) && ip6_addr_has_scope(ip_2_ip6(ip), IP6_UNKNOWN))
		ip6_addr_set_zone(ip_2_ip6(ip), (u8_t)in->sin6_scope_id);
	return 0;
}
#endif

int address_get(int domain, const struct uk_abi_sockaddr_storage *a, uint32_t len, ip_addr_t *ip,
		uint16_t *port)
{
	if (len < sizeof(a->ss_family))
		return -EINVAL;
#if LWIP_IPV6
	if (domain == UK_AF_INET6 && a->ss_family == UK_AF_INET6)
		return get6(a, len, ip, port);
#endif
	if (a->ss_family == UK_AF_INET)
		return get4(a, len, ip, port);
	return len < sizeof(struct uk_abi_sockaddr_in) ? -EINVAL : -EAFNOSUPPORT;
}

int address_put(int domain, struct uk_abi_sockaddr_storage *a, const ip_addr_t *ip, uint16_t port)
{
	struct uk_abi_sockaddr_in *in4 = (void *)a;
#if LWIP_IPV6
	struct uk_abi_sockaddr_in6 *in6 = (void *)a;

	if (domain == UK_AF_INET6) {
		memset(in6, 0, sizeof(*in6));
		in6->sin6_family = UK_AF_INET6;
		in6->sin6_port = lwip_htons(port);
		if (IP_IS_V6_VAL(*ip)) {
			memcpy(in6->sin6_addr, ip_2_ip6(ip)->addr, sizeof(in6->sin6_addr));
			if (ip6_addr_has_scope(ip_2_ip6(ip), IP6_UNKNOWN))
				in6->sin6_scope_id = ip6_addr_zone(ip_2_ip6(ip));
		} else if (!IP_IS_ANY_TYPE_VAL(*ip) && !ip_addr_isany(ip)) {
			in6->sin6_addr[10] = in6->sin6_addr[11] = 0xff;
			memcpy(in6->sin6_addr + 12, &ip_2_ip4(ip)->addr, 4);
		}
		return sizeof(*in6);
	}
#endif
	*in4 = (struct uk_abi_sockaddr_in){ .sin_family = UK_AF_INET,
					    .sin_port = lwip_htons(port),
					    .sin_addr = ip_addr_get_ip4_u32(ip) };
	return sizeof(*in4);
}

UK_COLD bool address_is_ours(const ip_addr_t *ip)
{
	struct netif *n;

	if (ip_addr_isany(ip) || ip_addr_ismulticast(ip))
		return true;
	NETIF_FOREACH(n)
	{
#if LWIP_IPV6
		if (IP_IS_V6(ip)) {
			if (netif_get_ip6_addr_match(n, ip_2_ip6(ip)) >= 0)
				return true;
			continue;
		}
#endif
		if (ip4_addr_cmp(ip_2_ip4(ip), netif_ip4_addr(n)) ||
		    ip4_addr_isbroadcast(ip_2_ip4(ip), n))
			return true;
	}
	return false;
}

struct netif *netif_of_index(int index)
{
	return index > 0 && index < (int)UINT8_MAX ? netif_get_by_index((u8_t)index) : NULL;
}

UK_COLD int lwip_error(err_t err)
{
	switch (err) {
	case ERR_OK:
		return 0;
	case ERR_MEM:
	case ERR_BUF:
		return -ENOBUFS;
	case ERR_TIMEOUT:
		return -ETIMEDOUT;
	case ERR_RTE:
		return -ENETUNREACH;
	case ERR_INPROGRESS:
		return -EINPROGRESS;
	case ERR_WOULDBLOCK:
		return -EAGAIN;
	case ERR_USE:
		return -EADDRINUSE;
	case ERR_ALREADY:
		return -EALREADY;
	case ERR_ISCONN:
		return -EISCONN;
	case ERR_CONN:
	case ERR_CLSD:
		return -ENOTCONN;
	case ERR_ABRT:
		return -ECONNABORTED;
	case ERR_RST:
		return -ECONNRESET;
	case ERR_IF:
		return -ENETDOWN;
	}
	return -EINVAL;
}
