/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What both sides see: two rings of a page each, event channels, and grants for every slot, taken once.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/print.h>

#include "netfront.h"

void netfront_broken(struct share *s, const char *what, unsigned number)
{
	if (s->dead)
		return;
	UK_WRITE_ONCE(s->dead, true);
	uk_xenbus_broken(s->nf->bus, s->nf->dev.name, what, number);
	uk_netdev_failed(&s->nf->dev);
}

/* ---- event channels ---- */

static void rx_event(void *arg)
{
	struct share *s = arg;

	uk_xen_event_mask(s->rx_port); /* one is asked for at a time */
	if (s->nf->now == s)
		uk_netq_event(&s->nf->rxq);
}

static void tx_event(void *arg)
{
	struct share *s = arg;

	uk_xen_event_mask(s->tx_port);
	if (s->nf->now == s)
		uk_netq_event(&s->nf->txq);
}

static void both(void *arg)
{
	struct share *s = arg;

	uk_xen_event_mask(s->rx_port);
	if (s->nf->now != s)
		return;
	uk_netq_event(&s->nf->rxq);
	uk_netq_event(&s->nf->txq);
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

struct share *netfront_share(struct netfront *nf, bool split, int *err)
{
	struct share *s = uk_calloc(1, sizeof(*s));
	struct netif_tx_sring *tx;
	struct netif_rx_sring *rx;

	*err = -ENOMEM;
	if (!s)
		return NULL;
	s->nf = nf;
	*err = uk_xen_grant_alloc(s->tx_ref, TX_SIZE);
	if (*err)
		goto no_tx;
	*err = uk_xen_grant_alloc(s->rx_ref, RX_SIZE);
	if (*err)
		goto no_rx;
	tx = uk_xen_grant_pages(nf->bus->remote, &s->ring_ref[0], 1, false, err);
	if (!tx)
		goto no_ring;
	SHARED_RING_INIT(tx);
	FRONT_RING_INIT(&s->tx, tx, UK_PAGE_SIZE);
	rx = uk_xen_grant_pages(nf->bus->remote, &s->ring_ref[1], 1, false, err);
	if (!rx)
		goto no_ring;
	SHARED_RING_INIT(rx);
	FRONT_RING_INIT(&s->rx, rx, UK_PAGE_SIZE);
	for (s->tx_nfree = 0; s->tx_nfree < TX_SIZE; s->tx_nfree++)
		s->tx_free[s->tx_nfree] = (uint16_t)(TX_SIZE - 1 - s->tx_nfree);
	*err = open_channels(s, split);
	if (*err)
		goto no_ring;
	return s;
no_ring:
	netfront_unshare(s);
	return NULL;
no_rx:
	uk_xen_grant_free(s->tx_ref, TX_SIZE);
no_tx:
	uk_free(s);
	return NULL;
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

void netfront_unshare(struct share *s)
{
	unsigned lost = 0;

	if (!s)
		return;
	if (s->tx_port && s->tx_port != s->rx_port)
		uk_xen_event_close(s->tx_port);
	if (s->rx_port)
		uk_xen_event_close(s->rx_port);
	for (unsigned i = 0; i < TX_SIZE; i++)
		if (!end(s->tx_ref[i], s->tx_busy[i], &lost))
			s->tx_kept = true;
	for (unsigned i = 0; i < TX_SIZE && !s->tx_kept; i++)
		uk_netbuf_free(s->tx_pkt[i]);
	for (unsigned i = 0; i < RX_SIZE; i++)
		if (end(s->rx_ref[i], s->rx_buf[i], &lost) && s->rx_buf[i])
			uk_netbuf_free(s->rx_buf[i]);
	uk_netbuf_free(s->partial);
	lost += !uk_xen_ungrant_pages(s->tx.sring, &s->ring_ref[0], 1);
	lost += !uk_xen_ungrant_pages(s->rx.sring, &s->ring_ref[1], 1);
	if (lost)
		uk_pr_warn("%s: domain %u keeps %u pages of ours mapped; they are lost",
			   s->nf->dev.name, s->nf->bus->remote, lost);
	uk_free(s);
}
