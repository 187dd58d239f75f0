/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Published ports with the host's sockets: a program that binds port 80 of its machine gets the port and address of the
 * host that were chosen for it, as behind QEMU's user network. Other ports are the host's as they are.
 */
#include <uk/abi/in.h>
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/param.h>
#include <uk/print.h>
#include <uk/string.h>

#include "hostnet.h"

UK_PARAM_LIST(hostnet, publish, NULL,
	      "[ tcp:127.0.0.1:8080:80 ... ]: which address and port of the host stands for which "
	      "of ours");

#define MOST      64
#define WORD_SIZE 64
#define LOOPBACK  0x7f000001U

static struct published {
	uint8_t type; /* UK_SOCK_STREAM or UK_SOCK_DGRAM */
	uint16_t port;
	uint32_t host_addr; /* network byte order, as the next */
	uint16_t host_port;
} table[MOST] UK_RO_AFTER_INIT_ZERO;
static unsigned count UK_RO_AFTER_INIT_ZERO;

/* A number up to `most` that ends in `end`; moves *s behind that. */
static bool number(const char **s, char end, uint32_t most, uint32_t *v)
{
	const char *start = *s;

	for (*v = 0; **s >= '0' && **s <= '9' && *v <= most; (*s)++)
		*v = *v * 10 + (uint32_t)(**s - '0');
	return *s != start && *v <= most && *(*s)++ == end;
}

/* tcp:ADDRESS:PORT:OURS */
static bool read_one(const char *s, struct published *p)
{
	uint32_t addr = 0, part, host_port, port;

	if (!uk_strncmp(s, "tcp:", 4))
		p->type = UK_SOCK_STREAM;
	else if (!uk_strncmp(s, "udp:", 4))
		p->type = UK_SOCK_DGRAM;
	else
		return false;
	s += 4;
	for (unsigned i = 0; i < 4; i++) {
		if (!number(&s, i < 3 ? '.' : ':', 255, &part))
			return false;
		addr = addr << 8 | part;
	}
	if (!number(&s, ':', 0xffff, &host_port) || !number(&s, 0, 0xffff, &port) || !host_port ||
	    !port)
		return false;
	p->host_addr = __builtin_bswap32(addr);
	p->host_port = __builtin_bswap16((uint16_t)host_port);
	p->port = __builtin_bswap16((uint16_t)port);
	return true;
}

static const struct published *find(unsigned type, uint16_t port)
{
	for (const struct published *p = table; p < table + count; p++)
		if (p->type == type && p->port == port)
			return p;
	return NULL;
}

/*
 * A socket of IPv6 that takes IPv4 as well gets that address in IPv6's form (RFC 4291 §2.5.5.2); one that does not
 * gets what is the same there: everybody, or this machine.
 */
static int as_ipv6(int fd, const struct published *p, uint8_t *addr)
{
	int only = 1, len = sizeof(only);

	memset(addr, 0, 16);
	host_getsockopt(fd, UK_IPPROTO_IPV6, UK_IPV6_V6ONLY, &only, &len);
	if (!only) {
		addr[10] = addr[11] = 0xff;
		memcpy(addr + 12, &p->host_addr, 4);
	} else if (p->host_addr == __builtin_bswap32(LOOPBACK)) {
		addr[15] = 1;
	} else if (p->host_addr) {
		return -EADDRNOTAVAIL;
	}
	return 0;
}

int hostnet_published(int fd, unsigned type, struct uk_abi_sockaddr_storage *addr, uint32_t len)
{
	struct uk_abi_sockaddr_in *in = (void *)addr;
	struct uk_abi_sockaddr_in6 *in6 = (void *)addr;
	const struct published *p;

	if (!count || len < sizeof(*in))
		return 0;
	p = find(type, in->sin_port);
	if (!p)
		return 0;
	in->sin_port = p->host_port;
	if (in->sin_family == UK_AF_INET6 && len >= UK_SIN6_LEN_RFC2133)
		return as_ipv6(fd, p, in6->sin6_addr);
	in->sin_addr = p->host_addr;
	return 0;
}

static int start(void)
{
	const char *list = uk_param_hostnet_publish.s;
	char word[WORD_SIZE];
	int rc;

	while (list && (rc = uk_param_next(&list, word, sizeof(word)))) {
		if (rc < 0 || count == MOST || !read_one(word, &table[count]))
			uk_fatal("hostnet.publish: `%s` is not tcp:ADDRESS:PORT:PORT, as in "
				 "tcp:127.0.0.1:8080:80%s",
				 rc < 0 ? list : word,
				 count == MOST ? ", or there are more than 64" : "");
		count++;
	}
	return 0;
}

UK_INIT(UK_INIT_POSIX, "9", start, NULL);
