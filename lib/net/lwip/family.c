/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AF_INET and AF_INET6: which socket a type and a protocol mean.
 */
#include "internal.h"

static int create(int domain, int type, int protocol, struct uk_file **f)
{
	if (protocol < 0 || protocol > UK_IPPROTO_RAW)
		return -EINVAL;
	switch (type) {
	case UK_SOCK_STREAM:
		if (protocol && protocol != UK_IPPROTO_TCP)
			return -EPROTONOSUPPORT;
		return stream_create(domain, UK_IPPROTO_TCP, f);
	case UK_SOCK_DGRAM:
		if (protocol && protocol != UK_IPPROTO_UDP)
			return -EPROTONOSUPPORT;
		return datagram_create(domain, type, UK_IPPROTO_UDP, f);
	case UK_SOCK_RAW:
		if (!protocol)
			return -EPROTONOSUPPORT;
		return datagram_create(domain, type, protocol, f);
	}
	return -ESOCKTNOSUPPORT;
}

UK_SOCKET_FAMILY("3", inet, .domain = UK_AF_INET, .create = create);
#if LWIP_IPV6
UK_SOCKET_FAMILY("3", inet6, .domain = UK_AF_INET6, .create = create);
#endif
