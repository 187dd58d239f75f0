/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs those of upstream's suites whose subject is in our configuration, and counts objects for them: our memp.c does
 * not. And three of ours, of window.c, neighbours.c and gather.c. What is left out is in test_lwip_unit.py, with reasons.
 */
#include <string.h>
#include "lwip_check.h"
#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/tcp.h"
#include "lwip/memp.h"
#include "lwip/netif.h"
#include "lwip/stats.h"
#include "host.h"

suite_getter_fn def_suite, netif_suite, pbuf_suite, dhcp_suite, etharp_suite, ip4_suite, ip6_suite,
	tcp_suite, tcp_oos_suite, udp_suite, window_suite, neighbours_suite, gather_suite;

static suite_getter_fn *const suites[] = { def_suite,   netif_suite,  pbuf_suite,
					   dhcp_suite,  etharp_suite, ip4_suite,
					   ip6_suite,   tcp_suite,    tcp_oos_suite,
					   udp_suite,   window_suite, neighbours_suite,
					   gather_suite };

static struct stats_mem counters[MEMP_MAX];

void *__real_memp_malloc(memp_t type);
void __real_memp_free(memp_t type, void *mem);

void *__wrap_memp_malloc(memp_t type)
{
	counters[type].used++;
	return __real_memp_malloc(type);
}

void __wrap_memp_free(memp_t type, void *mem)
{
	if (mem)
		counters[type].used--;
	__real_memp_free(type, mem);
}

void lwip_icmp_error(struct pbuf *p, u8_t type, u8_t code)
{
}

/* No devices, so no paths to them. */
err_t lwip_tcp_output(struct tcp_pcb *pcb, struct pbuf *p, struct netif *netif)
{
	return ip_output_if(p, &pcb->local_ip, &pcb->remote_ip, pcb->ttl, pcb->tos, IP_PROTO_TCP,
			    netif);
}

/* What they say where upstream's configuration has a thread: packets to ourselves arrive. */
int tcpip_thread_poll_one(void)
{
	struct netif *n;

	NETIF_FOREACH(n)
	{
		netif_poll(n);
	}
	return 0;
}

/* lwIP's own, which upstream's tests move by hand. */
void lwip_check_ensure_no_alloc(unsigned int skip)
{
	unsigned i;

	if (!(skip & SKIP_HEAP))
		fail_unless(lwip_stats.mem.used == 0);
	for (i = 0; i < MEMP_MAX; i++)
		if (!(skip & 1U << i))
			fail_unless(counters[i].used == 0);
}

Suite *create_suite(const char *name, testfunc *tests, size_t n, SFun setup, SFun teardown)
{
	Suite *s = suite_create(name);
	size_t i;

	for (i = 0; i < n; i++) {
		TCase *c = tcase_create(name);

		if (setup || teardown)
			tcase_add_checked_fixture(c, setup, teardown);
		tcase_add_named_test(c, tests[i]);
		suite_add_tcase(s, c);
	}
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(NULL);
	size_t i;

	for (i = 0; i < MEMP_MAX; i++)
		lwip_stats.memp[i] = &counters[i];
	lwip_init();
	memset(counters, 0, sizeof(counters)); /* what loopback takes is for ever */
	for (i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		srunner_add_suite(r, suites[i]());
	srunner_run_all(r, CK_VERBOSE);
	srunner_free(r);
	return 0; /* test_lwip_unit.py judges */
}
