/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The neighbours of IPv6 while packets go to many addresses that nobody has (patches/0012-neighbours-ipv6.patch).
 */
#include <stdbool.h>
#include "lwip_check.h"
#include "lwip/ip6.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/priv/nd6_priv.h"

#define HONEST (LWIP_ND6_NUM_NEIGHBORS / 2)

static struct netif netif;

static err_t output(struct netif *n, struct pbuf *p, const ip6_addr_t *to)
{
	return ERR_OK;
}

static err_t start(struct netif *n)
{
	n->output_ip6 = output;
	n->mtu = 1500;
	n->hwaddr_len = 6;
	n->flags = NETIF_FLAG_ETHARP | NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

/* A packet goes to the i-th address of the link. True: its neighbour is known. */
static bool known(unsigned i)
{
	const u8_t *mac = NULL;
	struct pbuf *p = pbuf_alloc(PBUF_IP, 8, PBUF_RAM);
	ip6_addr_t to;
	err_t err;

	IP6_ADDR(&to, PP_HTONL(0xfe800000), 0, PP_HTONL(2), lwip_htonl(i));
	ip6_addr_assign_zone(&to, IP6_UNICAST, &netif);
	err = nd6_get_next_hop_addr_or_queue(&netif, p, &to, &mac);
	fail_unless(err == ERR_OK || err == ERR_MEM);
	pbuf_free(p);
	return mac != NULL;
}

static void flood(u8_t state)
{
	unsigned i, n = 0;

	fail_unless(netif_add_noaddr(&netif, NULL, start, NULL) != NULL);
	netif_set_up(&netif);
	netif_create_ip6_linklocal_address(&netif, 1);
	netif_ip6_addr_set_state(&netif, 0, IP6_ADDR_VALID);
	for (i = 1; i <= HONEST; i++)
		known(i);
	for (i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++)
		if (neighbor_cache[i].state == ND6_INCOMPLETE) {
			neighbor_cache[i].state = state;
			neighbor_cache[i].counter.reachable_time = 30000;
			n++;
		}
	fail_unless(n == HONEST);
	for (i = 1000; i < 4000; i++)
		fail_unless(!known(i));
	for (i = 1; i <= HONEST; i++)
		fail_unless(known(i));
}

START_TEST(test_reachable_neighbours_stay)
{
	flood(ND6_REACHABLE);
}
END_TEST

START_TEST(test_stale_neighbours_stay)
{
	flood(ND6_STALE);
}
END_TEST

Suite *neighbours_suite(void)
{
	testfunc tests[] = { TESTFUNC(test_reachable_neighbours_stay),
			     TESTFUNC(test_stale_neighbours_stay) };

	return create_suite("NEIGHBOURS", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
