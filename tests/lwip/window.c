/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Windows that upstream's tests do not have: what the persist timer sends when there is one of more than 16 bits; and one that is closed
 * while the link is down.
 */
#include "lwip_check.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "tcp/tcp_helper.h"

void recovery_link_up(void); /* lib/net/lwip/internal.h, which is for the kernel's files */

static u8_t data[TCP_MSS];

/* A connection on which `bytes` wait for a window: the timer has been started. */
static struct tcp_pcb *waiting(struct netif *netif, struct test_tcp_txcounters *sent,
			       struct test_tcp_counters *counters, u16_t bytes)
{
	struct tcp_pcb *pcb;

	test_tcp_init_netif(netif, sent, &test_local_ip, &test_netmask);
	pcb = test_tcp_new_counters_pcb(counters);
	fail_unless(pcb != NULL);
	tcp_set_state(pcb, ESTABLISHED, &test_local_ip, &test_remote_ip, TEST_LOCAL_PORT,
		      TEST_REMOTE_PORT);
	pcb->mss = TCP_MSS;
	pcb->cwnd = 4 * TCP_MSS;
	pcb->pollinterval = 255; /* nothing else sends */
	pcb->snd_wnd = 100;
	pcb->snd_wnd_max = 65536; /* or it would be cut when it is written */
	fail_unless(tcp_write(pcb, data, bytes, TCP_WRITE_FLAG_COPY) == ERR_OK);
	fail_unless(tcp_output(pcb) == ERR_OK);
	fail_unless(sent->num_tx_calls == 0);
	fail_unless(pcb->persist_backoff == 1);
	return pcb;
}

static void expect_sent(u32_t window, u16_t bytes, u32_t expected)
{
	struct test_tcp_txcounters sent = { 0 };
	struct test_tcp_counters counters = { 0 };
	struct netif netif;
	struct tcp_pcb *pcb = waiting(&netif, &sent, &counters, bytes);

	pcb->snd_wnd = window;
	for (int i = 0; i < 3; i++)
		tcp_slowtmr();
	fail_unless(sent.num_tx_bytes == expected);
	tcp_abort(pcb);
}

START_TEST(test_window_of_65536)
{
	expect_sent(65536, TCP_MSS, TCP_MSS + 40);
	expect_sent(3 * 65536, TCP_MSS, TCP_MSS + 40);
}
END_TEST

START_TEST(test_window_of_65637)
{
	expect_sent(65536 + 101, TCP_MSS, TCP_MSS + 40);
}
END_TEST

/* A minute: the connection lasts, and when the link is up again nothing waits for the next of the timer's steps. */
START_TEST(test_link_down)
{
	struct test_tcp_txcounters sent = { 0 };
	struct test_tcp_counters counters = { 0 };
	struct netif netif;
	struct tcp_pcb *pcb = waiting(&netif, &sent, &counters, TCP_MSS);

	pcb->snd_wnd = 0;
	netif_set_link_down(&netif);
	for (int i = 0; i < 120; i++)
		tcp_slowtmr();
	fail_unless(counters.err_calls == 0 && pcb->state == ESTABLISHED);
	fail_unless(sent.num_tx_calls == 0 && pcb->persist_probe > 1);
	netif_set_link_up(&netif);
	recovery_link_up();
	tcp_slowtmr();
	fail_unless(sent.num_tx_calls == 1 && sent.num_tx_bytes == 41);
	tcp_slowtmr();
	fail_unless(sent.num_tx_calls == 1);
	tcp_abort(pcb);
}
END_TEST

Suite *window_suite(void)
{
	testfunc tests[] = { TESTFUNC(test_window_of_65536), TESTFUNC(test_window_of_65637),
			     TESTFUNC(test_link_down) };

	return create_suite("WINDOW", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
