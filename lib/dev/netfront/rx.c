/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving (netif.h, "Guest receive"): each slot has a page of the pool's, granted until the answer to it has come, and
 * answers come in the order of slots. A packet is one answer, or several; behind its first there may be one that says how segments
 * were merged, in a slot whose page stays unused.
 */
#include "netfront.h"

#define PIECES_MAX 20U /* of a packet: 64 KiB, in pages that need not be full */

static inline unsigned slot_of(RING_IDX i)
{
	return i & (RX_SIZE - 1);
}

void netfront_fill(struct share *s)
{
	struct netfront *nf = s->nf;
	RING_IDX first = s->rx.req_prod_pvt;
	int notify;

	while (s->rx.req_prod_pvt - s->rx.rsp_cons < nf->rx_len) {
		struct uk_netbuf *nb = uk_netpool_get(nf->rxq[0].pool);
		unsigned slot = slot_of(s->rx.req_prod_pvt);
		struct netif_rx_request *r;

		if (UK_UNLIKELY(!nb))
			break;
		r = RING_GET_REQUEST(&s->rx, s->rx.req_prod_pvt++);
		uk_xen_grant_set(s->rx_ref[slot], nf->bus->remote, nb->head, false);
		s->rx_buf[slot] = nb;
		r->id = (uint16_t)slot;
		r->pad = 0;
		r->gref = s->rx_ref[slot];
	}
	if (s->rx.req_prod_pvt == first)
		return;
	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&s->rx, notify);
	if (notify)
		uk_xen_event_notify(s->rx_port);
}

/* What a packet without its checksum is to get, and where (RFC 793 §3.1, RFC 768). */
static void find_checksum(struct uk_netbuf *nb)
{
	const unsigned char *p = nb->data;
	unsigned at = UK_ETH_HEADER, proto;

	nb->flags |= UK_NETBUF_CSUM_GOOD;
	if (nb->len < UK_ETH_HEADER + 40)
		return;
	if (p[12] == 0x08 && p[13] == 0x00) {
		proto = p[at + 9];
		at += (p[at] & 0xfU) * 4;
	} else if (p[12] == 0x86 && p[13] == 0xdd) {
		proto = p[at + 6];
		at += 40;
	} else {
		return;
	}
	if ((proto != 6 && proto != 17) || at + 18 > nb->len)
		return;
	nb->flags = UK_NETBUF_CSUM;
	nb->csum_start = (uint16_t)at;
	nb->csum_offset = proto == 6 ? 16 : 6;
}

static void add_piece(struct share *s, struct uk_netbuf *nb, const struct netif_rx_response *r)
{
	if (UK_UNLIKELY(r->status <= 0) ||
	    UK_UNLIKELY(r->offset + (unsigned)r->status > UK_PAGE_SIZE) || s->bad ||
	    (s->partial && s->partial->pieces >= PIECES_MAX)) {
		s->bad = true;
		uk_netbuf_free(nb);
		return;
	}
	nb->data = nb->head + r->offset;
	nb->len = nb->total = (uint32_t)r->status;
	if (UK_LIKELY(!s->partial)) {
		s->partial = nb;
		if (r->flags & NETRXF_csum_blank)
			find_checksum(nb);
		else if (r->flags & NETRXF_data_validated)
			nb->flags = UK_NETBUF_CSUM_GOOD;
	} else {
		uk_netbuf_chain(s->partial, s->last, nb);
	}
	s->last = nb;
}

static void add_extra(struct share *s, const struct netif_rx_response *r)
{
	struct netif_extra_info e;

	memcpy(&e, r, sizeof(e));
	s->extra = e.flags & XEN_NETIF_EXTRA_FLAG_MORE;
	if (e.type != XEN_NETIF_EXTRA_TYPE_GSO || !s->partial)
		return;
	if (e.u.gso.type == XEN_NETIF_GSO_TYPE_TCPV4)
		s->partial->gso = UK_NETBUF_TSO4;
	else if (e.u.gso.type == XEN_NETIF_GSO_TYPE_TCPV6)
		s->partial->gso = UK_NETBUF_TSO6;
	else
		s->bad = true;
	s->partial->mss = e.u.gso.size;
}

UK_STATIC_ASSERT(sizeof(struct netif_extra_info) == sizeof(struct netif_rx_response),
		 "what says more about a packet has the place of an answer");

/* The next answer. False: the other side broke the rules. */
static bool take(struct share *s)
{
	unsigned slot = slot_of(s->rx.rsp_cons);
	struct uk_netbuf *nb = s->rx_buf[slot];
	struct netif_rx_response r;

	RING_COPY_RESPONSE(&s->rx, s->rx.rsp_cons, &r);
	if (UK_UNLIKELY(!nb) || (!s->extra && UK_UNLIKELY(r.id != slot))) {
		netfront_broken(s, "a packet in a buffer that it does not have: number", r.id);
		return false;
	}
	if (UK_UNLIKELY(!uk_xen_grant_clear(s->rx_ref[slot]))) {
		netfront_broken(s, "it keeps what it has filled mapped: number", r.id);
		return false;
	}
	s->rx_buf[slot] = NULL;
	s->rx.rsp_cons++;
	if (UK_UNLIKELY(s->extra)) {
		uk_netbuf_free(nb);
		add_extra(s, &r);
		return true;
	}
	s->more = r.flags & NETRXF_more_data;
	s->extra = r.flags & NETRXF_extra_info;
	add_piece(s, nb, &r);
	return true;
}

/* A packet is complete: NULL if it is nothing. */
static struct uk_netbuf *finish(struct uk_netq *q, struct share *s)
{
	struct uk_netbuf *pkt = s->partial;
	bool bad = s->bad || !pkt || pkt->total < UK_ETH_HEADER;

	s->partial = NULL;
	s->bad = false;
	if (UK_LIKELY(!bad))
		return pkt;
	uk_netq_error(q);
	uk_netbuf_free(pkt);
	return NULL;
}

unsigned netfront_rx(struct uk_netq *q, struct uk_netbuf **pkts, unsigned n)
{
	struct share *s = netfront_share(q);
	uint64_t bytes = 0;
	unsigned got = 0;
	RING_IDX prod;

	if (UK_UNLIKELY(!s))
		return 0;
	prod = UK_READ_ONCE(s->rx.sring->rsp_prod);
	xen_rmb();
	if (UK_UNLIKELY(RING_RESPONSE_PROD_OVERFLOW(&s->rx, prod))) {
		netfront_broken(s, "more packets than buffers: index", prod);
		return 0;
	}
	while (s->rx.rsp_cons != prod && got < n && take(s)) {
		struct uk_netbuf *pkt;

		if (s->more || s->extra)
			continue;
		pkt = finish(q, s);
		if (!pkt)
			continue;
		uk_netq_seen(q, pkt);
		bytes += pkt->total;
		pkts[got++] = pkt;
	}
	uk_netq_count(q, got, bytes);
	if (!s->peer->dead)
		netfront_fill(s);
	return got;
}
