/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is sent from several pieces of memory: each byte in its place, wherever tcp_write() puts it: into the room that the last segment
 * has, into more of it, and into new ones.
 */
#include "lwip_check.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "tcp/tcp_helper.h"
#include <uk/iov.h>

#define PIECES 7

int tests_gather;

static u8_t data[6 * TCP_MSS];

static void write_from(struct tcp_pcb *pcb, const struct uk_iter *it, u16_t n, u8_t flags)
{
	tests_gather = 1;
	fail_unless(tcp_write(pcb, it, n, TCP_WRITE_FLAG_COPY | flags) == ERR_OK);
	tests_gather = 0;
}

/* Some bytes of `data`, of which `done` are queued, in pieces that are not alike, one of them empty. */
static void write_pieces(struct tcp_pcb *pcb, u16_t done, u16_t n, u8_t flags)
{
	const size_t lengths[PIECES] = { 1, 0, 15, 3, 400, 535, sizeof(data) };
	struct uk_iovec iov[PIECES];
	struct uk_iter it;
	size_t at = done;

	for (unsigned i = 0; i < PIECES; at += iov[i++].len)
		iov[i] = (struct uk_iovec){ data + at, LWIP_MIN(lengths[i], sizeof(data) - at) };
	fail_unless(!uk_iter_iov(&it, iov, PIECES));
	write_from(pcb, &it, n, flags);
}

/* The bytes of all segments that wait, in order. */
static void expect_queued(const struct tcp_pcb *pcb, u16_t n, unsigned segments)
{
	static u8_t got[sizeof(data)];
	u16_t have = 0;

	for (const struct tcp_seg *s = pcb->unsent; s; s = s->next, segments--)
		have += pbuf_copy_partial(s->p, got + have, s->len, s->p->tot_len - s->len);
	fail_unless(have == n && !segments);
	fail_unless(!memcmp(got, data, n));
}

START_TEST(test_gather)
{
	struct test_tcp_counters counters = { 0 };
	struct tcp_pcb *pcb = test_tcp_new_counters_pcb(&counters);
	struct uk_iter it;

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (u8_t)(i * 7 + i / 256);
	fail_unless(pcb != NULL);
	tcp_set_state(pcb, ESTABLISHED, &test_local_ip, &test_remote_ip, TEST_LOCAL_PORT,
		      TEST_REMOTE_PORT);
	pcb->mss = TCP_MSS;
	pcb->snd_wnd = pcb->snd_wnd_max = 65535;
	write_pieces(pcb, 0, 100, TCP_WRITE_FLAG_MORE); /* a segment with room behind its bytes */
	expect_queued(pcb, 100, 1);
	fail_unless(pcb->unsent_oversize > 0);
	write_pieces(pcb, 100, 20, TCP_WRITE_FLAG_MORE); /* into that */
	expect_queued(pcb, 120, 1);
	pcb->unsent_oversize = 0;
	write_pieces(pcb, 120, 30, 0); /* behind it, in memory of its own */
	expect_queued(pcb, 150, 1);
	write_pieces(pcb, 150, 2 * TCP_MSS, 0); /* the same, and two segments more */
	expect_queued(pcb, 150 + 2 * TCP_MSS, 3);
	pcb->unsent_oversize = 0;
	write_pieces(pcb, 150 + 2 * TCP_MSS, 1, TCP_WRITE_FLAG_MORE);
	fail_unless(pcb->unsent_oversize > 0);
	write_pieces(pcb, 151 + 2 * TCP_MSS, TCP_MSS,
		     0); /* into room that is there, and a segment */
	expect_queued(pcb, 151 + 3 * TCP_MSS, 4);
	it = uk_iter_buf(data + 151 + 3 * TCP_MSS,
			 2 * TCP_MSS); /* one piece, in several segments */
	write_from(pcb, &it, 2 * TCP_MSS, 0);
	expect_queued(pcb, 151 + 5 * TCP_MSS, 6);
	tcp_abort(pcb);
}
END_TEST

Suite *gather_suite(void)
{
	testfunc tests[] = { TESTFUNC(test_gather) };

	return create_suite("GATHER", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
