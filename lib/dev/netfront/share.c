/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What both sides see: for each pair of queues two rings of a page each, event channels, and grants for every slot, taken once.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/print.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

#include "netfront.h"

void netfront_broken(struct share *s, const char *what, unsigned number)
{
	if (__atomic_exchange_n(&s->peer->dead, true, __ATOMIC_RELAXED))
		return; /* another queue has said it */
	uk_xenbus_broken(s->nf->bus, s->nf->dev.name, what, number);
	uk_netdev_failed(&s->nf->dev);
}

/* ---- event channels ---- */

static unsigned index_of(const struct share *s)
{
	return (unsigned)(s - s->peer->share);
}

static void rx_event(void *arg)
{
	struct share *s = arg;

	uk_xen_event_mask(s->rx_port); /* one is asked for at a time */
	if (s->nf->now == s->peer)
		uk_netq_event(&s->nf->rxq[index_of(s)]);
}

static void tx_event(void *arg)
{
	struct share *s = arg;

	uk_xen_event_mask(s->tx_port);
	if (s->nf->now == s->peer)
		uk_netq_event(&s->nf->txq[index_of(s)]);
}

static void both(void *arg)
{
	struct share *s = arg;

	uk_xen_event_mask(s->rx_port);
	if (s->nf->now != s->peer)
		return;
	uk_netq_event(&s->nf->rxq[index_of(s)]);
	uk_netq_event(&s->nf->txq[index_of(s)]);
}

static int open_channel(struct share *s, uint32_t *port, void (*fn)(void *arg))
{
	int rc = uk_xen_event_alloc(s->nf->bus->remote);

	if (rc < 0)
		return rc;
	*port = (uint32_t)rc;
	rc = uk_xen_event_handler(*port, fn, s);
	if (!rc)
		uk_xen_event_mask(*port);
#ifdef CONFIG_SMP
	if (!rc)
		rc = uk_xen_event_move(*port, index_of(s) % uk_smp_cpus());
#endif
	return rc;
}

static int open_channels(struct share *s, bool split)
{
	int rc = open_channel(s, &s->rx_port, split ? rx_event : both);

	s->tx_port = s->rx_port;
	if (split && !rc) {
		s->tx_port = 0;
		rc = open_channel(s, &s->tx_port, tx_event);
	}
	return rc;
}

/* ---- rings ---- */

static int open_rings(struct share *s)
{
	unsigned remote = s->nf->bus->remote;
	struct netif_tx_sring *tx;
	struct netif_rx_sring *rx;
	int err;

	tx = uk_xen_grant_pages(remote, &s->ring_ref[0], 1, false, &err);
	if (!tx)
		return err;
	SHARED_RING_INIT(tx);
	FRONT_RING_INIT(&s->tx, tx, UK_PAGE_SIZE);
	rx = uk_xen_grant_pages(remote, &s->ring_ref[1], 1, false, &err);
	if (!rx)
		return err;
	SHARED_RING_INIT(rx);
	FRONT_RING_INIT(&s->rx, rx, UK_PAGE_SIZE);
	return 0;
}

/* On failure what there is then is for close_share(). */
static int open_share(struct share *s, bool split)
{
	int err = uk_xen_grant_alloc(s->tx_ref, TX_SIZE);

	if (err)
		return err;
	s->tx_refs = true;
	err = uk_xen_grant_alloc(s->rx_ref, RX_SIZE);
	if (err)
		return err;
	s->rx_refs = true;
	err = open_rings(s);
	if (err)
		return err;
	for (s->tx_nfree = 0; s->tx_nfree < TX_SIZE; s->tx_nfree++)
		s->tx_free[s->tx_nfree] = (uint16_t)(TX_SIZE - 1 - s->tx_nfree);
	return open_channels(s, split);
}

struct peer *netfront_peer(struct netfront *nf, bool split, int *err)
{
	struct peer *p = uk_calloc(1, sizeof(*p));

	*err = p ? 0 : -ENOMEM;
	if (!p)
		return NULL;
	p->nf = nf;
	for (unsigned i = 0; i < UK_NETDEV_QUEUES; i++) {
		p->share[i].peer = p;
		p->share[i].nf = nf;
	}
	for (unsigned i = 0; !*err && i < nf->dev.queues; i++)
		*err = open_share(&p->share[i], split);
	if (*err) {
		netfront_part(p);
		return NULL;
	}
	return p;
}

/* What was granted under this reference may be used again. False: it may not, nor the reference. */
static bool end(uint32_t ref, bool granted, unsigned *lost)
{
	if (granted && !uk_xen_grant_clear(ref)) {
		++*lost;
		return false;
	}
	uk_xen_grant_free(&ref, 1);
	return true;
}

static unsigned close_share(struct share *s)
{
	unsigned lost = 0;

	if (s->tx_port && s->tx_port != s->rx_port)
		uk_xen_event_close(s->tx_port);
	if (s->rx_port)
		uk_xen_event_close(s->rx_port);
	for (unsigned i = 0; s->tx_refs && i < TX_SIZE; i++)
		if (!end(s->tx_ref[i], s->tx_busy[i], &lost))
			s->tx_pkt[s->tx_first[i]] = NULL; /* it is nobody's */
	for (unsigned i = 0; i < TX_SIZE; i++)
		uk_netbuf_free(s->tx_pkt[i]);
	for (unsigned i = 0; s->rx_refs && i < RX_SIZE; i++)
		if (end(s->rx_ref[i], s->rx_buf[i], &lost) && s->rx_buf[i])
			uk_netbuf_free(s->rx_buf[i]);
	uk_netbuf_free(s->partial);
	lost += !uk_xen_ungrant_pages(s->tx.sring, &s->ring_ref[0], 1);
	return lost + !uk_xen_ungrant_pages(s->rx.sring, &s->ring_ref[1], 1);
}

void netfront_part(struct peer *p)
{
	unsigned lost = 0;

	if (!p)
		return;
	for (unsigned i = 0; i < UK_NETDEV_QUEUES; i++)
		lost += close_share(&p->share[i]);
	if (lost)
		uk_pr_warn("%s: domain %u keeps %u pages of ours mapped; they are lost",
			   p->nf->dev.name, p->nf->bus->remote, lost);
	uk_free(p);
}
