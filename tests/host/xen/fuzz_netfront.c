/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer as the backend of a network device: it writes what it likes into rings and buffers, and keeps what it likes mapped.
 * Whatever that is, each buffer is in one place; none that is the stack's is in the backend's reach; a packet's lengths fit; and a
 * fault is said once.
 */
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "netfront.h"

#define BUFS 600U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
unsigned netfront_rx(struct uk_netq *q, struct uk_netbuf **pkts, unsigned n);
unsigned netfront_tx(struct uk_netq *q, struct uk_netbuf *const *pkts, unsigned n);

static struct uk_netpool pool = { .size = 4096 };
static struct uk_netbuf bufs[BUFS];
static unsigned char *pages;
static struct netfront nf;
static struct uk_xenbus_dev bus = { .remote = 7 };

struct uk_netbuf *uk_netpool_refill(struct uk_netpool *p)
{
	return NULL;
}

static void make_buffers(void)
{
	memset(bufs, 0, sizeof(bufs));
	pool.cpu[0].free = NULL;
	pool.cpu[0].n = BUFS;
	if (!pages)
		pages = aligned_alloc(UK_PAGE_SIZE, BUFS * UK_PAGE_SIZE);
	for (unsigned i = 0; i < BUFS; i++) {
		bufs[i].head = pages + i * UK_PAGE_SIZE;
		bufs[i].size = UK_PAGE_SIZE;
		bufs[i].pool = &pool;
		bufs[i].next = pool.cpu[0].free;
		pool.cpu[0].free = &bufs[i];
	}
}

/* Every free buffer is ours alone. */
static void check_free(void)
{
	static bool seen[BUFS];

	memset(seen, 0, sizeof(seen));
	for (struct uk_netbuf *nb = pool.cpu[0].free; nb; nb = nb->next) {
		size_t i = (size_t)(nb - bufs);

		if (i >= BUFS || seen[i])
			abort();
		seen[i] = true;
	}
	for (unsigned i = 0; i < ngrants; i++) {
		size_t k = (size_t)(grants[i].page - pages) / UK_PAGE_SIZE;

		if (grants[i].set && grants[i].page >= pages && k < BUFS && seen[k])
			abort();
	}
}

static volatile unsigned char sink;

static void receive(void)
{
	struct uk_netbuf *pkts[8];
	unsigned n = netfront_rx(&nf.rxq[0], pkts, 8);

	while (n--) {
		struct uk_netbuf *pkt = pkts[n];
		unsigned total = 0, count = 0;

		for (struct uk_netbuf *nb = pkt; nb; nb = nb->next, count++) {
			if (is_granted(nb->head) || nb->data < nb->head ||
			    nb->data + nb->len > nb->head + UK_PAGE_SIZE)
				abort();
			for (unsigned i = 0; i < nb->len; i += 64)
				sink = nb->data[i];
			total += nb->len;
		}
		if (total != pkt->total || count != pkt->pieces || total < UK_ETH_HEADER ||
		    (pkt->flags & UK_NETBUF_CSUM &&
		     (unsigned)pkt->csum_start + pkt->csum_offset + 2 > pkt->len))
			abort();
		uk_netbuf_free(pkt);
	}
}

static void transmit(void)
{
	struct uk_netbuf *pkt = NULL, *last = NULL;
	unsigned pieces = 1 + byte() % 4;

	while (pieces--) {
		struct uk_netbuf *nb = uk_netpool_get(&pool);
		unsigned at = word() % 2048;

		if (!nb)
			break;
		nb->data = nb->head + at;
		nb->len = nb->total = word() % 600;
		if (pkt)
			uk_netbuf_chain(pkt, last, nb);
		else
			pkt = nb;
		last = nb;
	}
	if (!pkt)
		return;
	if (byte() & 1) {
		pkt->gso = UK_NETBUF_TSO4;
		pkt->mss = 500;
		pkt->flags = UK_NETBUF_CSUM;
	}
	if (!netfront_tx(&nf.txq[0], &pkt, 1))
		uk_netbuf_free(pkt);
}

/* An answer as the rules want it, so that more than the first step is reached. */
static void answer(struct share *s)
{
	unsigned what = byte();

	if (what & 1) {
		struct netif_tx_sring *r = s->tx.sring;
		struct netif_tx_response *a = &r->ring[r->rsp_prod & (TX_SIZE - 1)].rsp;

		a->id = r->ring[r->rsp_prod & (TX_SIZE - 1)].req.id;
		a->status = what & 2 ? NETIF_RSP_OKAY : NETIF_RSP_NULL;
		r->rsp_prod++;
	} else {
		struct netif_rx_sring *r = s->rx.sring;
		struct netif_rx_response *a = &r->ring[r->rsp_prod & (RX_SIZE - 1)].rsp;

		a->id = (uint16_t)(r->rsp_prod & (RX_SIZE - 1));
		a->offset = what & 2 ? (uint16_t)word() : 0;
		a->flags = (uint16_t)(what >> 4);
		a->status = (int16_t)word();
		r->rsp_prod++;
	}
}

/* Groups by the hundred, of which the backend is told when it can be. */
static void group(void)
{
	const uint8_t mac[6] = { 1, 0, 0x5e, 0, 0, (uint8_t)byte() };

	uk_netdev_group(&nf.dev, mac, byte() & 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uk_netdev_conf conf = { .pool = &pool };
	unsigned peers = 0;
	int err;

	input(data, size);
	make_buffers();
	memset(&nf, 0, sizeof(nf));
	nf.bus = &bus;
	nf.dev.mtu = 1500;
	nf.dev.tso_max = 65535;
	nf.dev.queues = 1;
	nf.dev.link = true;
	nf.dev.started = true;
	nf.dev.filter = true;
	nf.dev.group = netfront_group;
	nf.rx_len = RX_SIZE;
	uk_netq_init(&nf.rxq[0], &nf.dev, 0, false, &conf);
	uk_netq_init(&nf.txq[0], &nf.dev, 0, true, &conf);
	while (more()) {
		if (!nf.now) {
			nf.now = netfront_peer(&nf, byte() & 1, &err);
			nf.dev.link = true;
			nf.dev.failed = false;
			peers++;
			netfront_fill(&nf.now->share[0]);
			nf.filters = nf.now->share[0].groups_due = byte() & 1;
		}
		switch (byte() % 8) {
		case 0:
			receive();
			break;
		case 1:
			transmit();
			break;
		case 2:
			netfront_reap(&nf.txq[0]);
			break;
		case 3:
			netfront_irq_on(byte() & 1 ? &nf.txq[0] : &nf.rxq[0]);
			break;
		case 4:
		case 5:
			answer(&nf.now->share[0]);
			break;
		case 6:
			backend_acts();
			break;
		default:
			if (byte() >= 16) {
				group();
				break;
			}
			netfront_part(nf.now);
			nf.now = NULL;
		}
		check_free();
		if (broken > peers)
			abort();
	}
	netfront_part(nf.now);
	check_end();
	return 0;
}
