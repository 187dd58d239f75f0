/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which addresses interfaces have: netdev.ip=, or DHCP; and what lwIP wants to know at start.
 */
#include <lwip/dhcp.h>
#include <lwip/ethip6.h>
#include <lwip/priv/tcp_priv.h>
#include <hooks.h>
#include <uk/init.h>
#include <uk/param.h>
#include <uk/print.h>
#include <uk/thread.h>
#include "internal.h"

UK_PARAM_LIST(netdev, ip, NULL,
	      "address/length[:gateway[:dns[:dns2[:hostname[:domain]]]]] of each device, or dhcp, "
	      "or none");
UK_PARAM_LIST(netdev, ip6, NULL, "address/length of each device, beside what routers announce");
UK_PARAM_UINT(netdev, wait, 3000, "milliseconds that boot waits for DHCP's answer at most");

#define WORD 160

ip_addr_t lwip_name_servers[DNS_MAX_SERVERS];
char lwip_hostname[65] = "whittle";
char lwip_domain[65];

void dns_setserver(u8_t i, const ip_addr_t *server)
{
	if (i >= DNS_MAX_SERVERS)
		return;
	if (server)
		lwip_name_servers[i] = *server;
	else
		ip_addr_set_zero(&lwip_name_servers[i]);
	lwip_files_changed();
}

const ip_addr_t *dns_getserver(u8_t i)
{
	return i < DNS_MAX_SERVERS ? &lwip_name_servers[i] : IP_ADDR_ANY;
}

/* ---- netdev.ip= ---- */

/* Dotted decimal and nothing else. */
static bool parse4(const char *s, ip4_addr_t *ip)
{
	unsigned dots = 0;
	const char *p;

	for (p = s; *p; p++) {
		if (*p == '.')
			dots++;
		else if (*p < '0' || *p > '9')
			return false;
	}
	return dots == 3 && ip4addr_aton(s, ip);
}

static bool parse_length(const char *s, unsigned most, unsigned *n)
{
	*n = 0;
	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || *n > most)
			return false;
		*n = *n * 10 + (unsigned)(*s - '0');
	}
	return *n <= most;
}

/* Cuts the text up to `sep` off *s; NULL if there is nothing left. */
static char *field(char **s, char sep)
{
	char *start = *s, *end;

	if (!start)
		return NULL;
	end = uk_strchr(start, sep);
	*s = NULL;
	if (end) {
		*end = 0;
		*s = end + 1;
	}
	return start;
}

static int bad(const char *word, const char *what, const char *text)
{
	uk_pr_err("netdev.ip=%s: %s \"%s\"; it is address/length[:gateway[:dns[:dns2]]], as in "
		  "10.0.0.2/24:10.0.0.1:10.0.0.1",
		  word, what, text);
	return -EINVAL;
}

/*
 * One that an interface can have: neither "this host", the loopback, nor a group (RFC 6890), and neither
 * the first of its network nor the last, which is all of them (RFC 1122 §3.2.1.3).
 */
static bool is_host(const ip4_addr_t *ip, uint32_t host_bits)
{
	uint32_t a = lwip_ntohl(ip->addr), net = a >> 24, host = a & host_bits;

	return net && net != 127 && net < 224 && (host_bits < 2 || (host && host != host_bits));
}

static int set_static(struct netif *n, const char *word)
{
	char copy[WORD], *rest = copy, *net, *text;
	ip4_addr_t ip, mask, gw = { 0 }, dns;
	uint32_t host_bits;
	unsigned len, i;

	uk_strscpy(copy, word, sizeof(copy));
	net = field(&rest, ':');
	text = field(&net, '/');
	if (!parse4(text, &ip))
		return bad(word, "this is no address:", text);
	if (!net)
		return bad(word, "the length of the network is missing behind", text);
	if (!parse_length(net, 32, &len))
		return bad(word, "the length of the network is 0 to 32, not", net);
	host_bits = (uint32_t)(0xffffffffULL >> len);
	mask.addr = lwip_htonl(~host_bits);
	if (!is_host(&ip, host_bits))
		return bad(word, "no interface of that network can have", text);
	text = field(&rest, ':');
	if (text && *text) {
		if (!parse4(text, &gw))
			return bad(word, "this is no address:", text);
		/* Of a network of one address it is outside: the other end of a line. */
		if (ip4_addr_cmp(&gw, &ip) || !is_host(&gw, host_bits) ||
		    (host_bits && !ip4_addr_netcmp(&gw, &ip, &mask)))
			return bad(word, "this gateway is no neighbour of ours:", text);
	}
	for (i = 0; i < DNS_MAX_SERVERS; i++) {
		text = field(&rest, ':');
		if (!text || !*text)
			continue;
		if (!parse4(text, &dns))
			return bad(word, "this is no address:", text);
		ip_addr_copy_from_ip4(lwip_name_servers[i], dns);
	}
	for (i = 0; i < 2; i++) {
		text = field(&rest, ':');
		if (text && *text &&
		    uk_strscpy(i ? lwip_domain : lwip_hostname, text, sizeof(lwip_domain)) < 0)
			return bad(word, "this name is longer than 64 letters:", text);
	}
	if (rest)
		return bad(word, "there is something behind the domain:", rest);
	netif_set_addr(n, &ip, &mask, &gw);
	return 0;
}

#if LWIP_IPV6
/* ip6addr_aton() stops at what it does not know. */
static bool parse6(const char *s, ip6_addr_t *ip)
{
	for (const char *p = s; *p; p++)
		if (!uk_strchr("0123456789abcdefABCDEF:.", *p))
			return false;
	return ip6addr_aton(s, ip);
}

static int set_static6(struct netif *n, const char *word)
{
	char copy[WORD], *rest = copy, *text;
	ip6_addr_t ip;
	unsigned len;
	s8_t slot;

	uk_strscpy(copy, word, sizeof(copy));
	text = field(&rest, '/');
	if (!parse6(text, &ip) || !rest || !parse_length(rest, 128, &len) ||
	    ip6_addr_isany_val(ip) || ip6_addr_isloopback(&ip) || ip6_addr_ismulticast(&ip)) {
		uk_pr_err("netdev.ip6=%s: this is no address/length of an interface, as in "
			  "fd00::2/64",
			  word);
		return -EINVAL;
	}
	if (len != 64)
		uk_pr_warn("netdev.ip6=%s: taken as a network of length 64", word);
	if (netif_add_ip6_address(n, &ip, &slot) != ERR_OK)
		return -ENOSPC;
	netif_ip6_addr_set_state(n, slot, IP6_ADDR_PREFERRED);
	return 0;
}
#endif

/* ---- devices ---- */

/* The device's own: lwIP counts its interfaces, and the loopback is one. */
static const char *name_of(const struct netif *n)
{
	return ((const struct device *)n->state)->dev->name;
}

static void status_changed(struct netif *n)
{
	static ip4_addr_t told;

	paths_changed();
	if (ip4_addr_isany(netif_ip4_addr(n)) || ip4_addr_cmp(&told, netif_ip4_addr(n)))
		return;
	told = *netif_ip4_addr(n);
	uk_pr_info("%s: %u.%u.%u.%u", name_of(n), ip4_addr1(&told), ip4_addr2(&told),
		   ip4_addr3(&told), ip4_addr4(&told));
}

static int configure(struct netif *n, const char **list, const char **list6)
{
	char word[WORD];
	int rc = uk_param_next(list, word, sizeof(word));

	if (rc < 0) {
		uk_pr_err("netdev.ip=: cannot read \"%s\"", *list);
		return rc;
	}
	netif_set_status_callback(n, status_changed);
#if LWIP_NETIF_HOSTNAME
	netif_set_hostname(n, lwip_hostname);
#endif
#if LWIP_IPV6
	netif_create_ip6_linklocal_address(n, 1);
	netif_set_ip6_autoconfig_enabled(n, 1);
	if (*list6) {
		char word6[WORD];

		if (uk_param_next(list6, word6, sizeof(word6)) == 1 && set_static6(n, word6))
			return -EINVAL;
	}
#endif
	if (rc && !uk_strcmp(word, "none"))
		return 0;
	if (rc && uk_strcmp(word, "dhcp"))
		return set_static(n, word);
#if LWIP_DHCP
	return lwip_error(dhcp_start(n));
#else
	uk_pr_warn("%s has no address: give netdev.ip=, since this image has no DHCP", name_of(n));
	return 0;
#endif
}

/* What is left of a list when each device has had its own. */
static void left_over(const char *name, const char *list, unsigned devices)
{
	while (*list == ' ')
		list++;
	if (*list)
		uk_pr_warn("netdev.%s=: no network device for \"%s\": there are %u", name, list,
			   devices);
}

static bool has_address(void)
{
	unsigned i;

	for (i = 0; i < lwip_n_devices; i++)
		if (!ip4_addr_isany(netif_ip4_addr(&lwip_devices[i]->netif)))
			return true;
	return false;
}

#if LWIP_DHCP
/* Most programs want an address from the start. */
static void wait_for_address(void)
{
	uk_nsec end = uk_deadline(uk_param_netdev_wait.u * UK_NSEC_PER_MS);

	while (!has_address() && uk_clock_monotonic() < end) {
		if (lwip_work())
			continue;
		lwip_unlock();
		uk_sleep(UK_NSEC_PER_MS / 2);
		lwip_lock();
	}
	if (!has_address() && uk_param_netdev_wait.u)
		uk_pr_warn("no answer from DHCP within %lu ms; going on without an address "
			   "(netdev.ip=address/length:gateway:dns gives one)",
			   uk_param_netdev_wait.u);
}
#endif

int lwip_setup(void)
{
	const char *list = uk_param_netdev_ip.s ? uk_param_netdev_ip.s : "";
	const char *list6 = uk_param_netdev_ip6.s ? uk_param_netdev_ip6.s : "";
	struct uk_netdev *dev;
	struct device *d;
	bool dhcp = false;
	unsigned i;
	int rc;

	for (i = 0; (dev = uk_netdev_get(i)) && i < DEVICES; i++) {
		rc = device_open(dev, &d);
		if (rc) {
			uk_pr_err("%s: cannot be opened (error %d)", dev->name, -rc);
			continue;
		}
		rc = configure(&d->netif, &list, &list6);
		if (rc)
			return rc;
#if LWIP_DHCP
		dhcp |= netif_dhcp_data(&d->netif) != NULL;
#endif
		if (!netif_default)
			netif_set_default(&d->netif);
	}
	if (dev)
		uk_pr_warn("only the first %u network devices are used", DEVICES);
	left_over("ip", list, i);
#if LWIP_IPV6
	left_over("ip6", list6, i);
#endif
	lwip_timers_plan();
#if LWIP_DHCP
	if (dhcp && !has_address())
		wait_for_address();
#endif
	return 0;
}

/* ---- numbers that nobody can guess ---- */

static inline uint64_t rotate(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

/* SipHash-1-3 of words (Aumasson, Bernstein 2012) with a key of this boot. */
static uint64_t siphash(const uint64_t *in, unsigned n)
{
	static uint64_t key[2];
	uint64_t v[4];
	unsigned i, j;

	if (UK_UNLIKELY(!key[0]))
		uk_random_fill(key, sizeof(key));
	v[0] = key[0] ^ 0x736f6d6570736575;
	v[1] = key[1] ^ 0x646f72616e646f6d;
	v[2] = key[0] ^ 0x6c7967656e657261;
	v[3] = key[1] ^ 0x7465646279746573;
	for (i = 0; i < n + 1; i++) {
		uint64_t m = i < n ? in[i] : (uint64_t)n << 59;

		v[3] ^= m;
		for (j = 0; j < (i < n ? 1U : 4U); j++) {
			v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
			v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
			v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
			v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
			if (!j)
				v[0] ^= m, v[2] ^= i < n ? 0 : 0xff;
		}
	}
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

u32_t lwip_secret(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
		  u16_t remote_port, uint64_t more)
{
	uint64_t in[6] = { more, (uint64_t)local_port << 16 | remote_port };

#if LWIP_IPV6
	if (IP_IS_V6(remote_ip)) {
		memcpy(in + 2, ip_2_ip6(local_ip)->addr, 16);
		memcpy(in + 4, ip_2_ip6(remote_ip)->addr, 16);
		return (u32_t)siphash(in, 6);
	}
#endif
	in[2] = (uint64_t)ip_addr_get_ip4_u32(local_ip) << 32 | ip_addr_get_ip4_u32(remote_ip);
	return (u32_t)siphash(in, 3);
}

u32_t lwip_tcp_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
		   u16_t remote_port)
{
	return lwip_secret(local_ip, local_port, remote_ip, remote_port, 0) +
	       (u32_t)(uk_clock_monotonic() / 4000);
}
