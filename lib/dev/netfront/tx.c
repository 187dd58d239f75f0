/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending: a packet is a chain of slots, one for each part of a page that it touches, the first of which says how long all is.
 * (netif.h, "Guest transmit".) What the backend has copied comes back slot by slot, in any order; the packet is let go of when
 * all have, and none of it is granted any more.
 */
#include <uk/alloc.h>
#include <uk/print.h>
#include <uk/time.h>

#include "netfront.h"

/* For any packet: its slots, and one that says how it is to be cut. */
#define ROOM (SLOTS + 1)

/* All of the packet has come back. */
static void end_packet(struct share *s, uint16_t first)
{
	uint16_t id = first, next;

	do {
		next = s->tx_next[id];
		s->tx_free[s->tx_nfree++] = id;
		id = next;
	} while (id != first);
	uk_netbuf_free(s->tx_pkt[first]);
	s->tx_pkt[first] = NULL;
}

static void failed(const struct share *s, struct uk_netq *q, uint16_t first)
{
	if (s->tx_pkt[first])
		uk_netq_error(q);
	else
		uk_pr_warn(
			"%s: its backend cannot note which multicast packets are wanted, and does "
			"not hand over all of them",
			q->dev->name);
}

unsigned netfront_reap(struct uk_netq *q)
{
	struct peer *p = netfront_of(q->dev)->now;
	struct share *s = p ? netfront_share_of(p, q) : NULL;
	RING_IDX prod;

	if (UK_UNLIKELY(!s))
		return 0;
	if (UK_UNLIKELY(p->dead))
		return TX_SIZE - s->tx_nfree;
	prod = UK_READ_ONCE(s->tx.sring->rsp_prod);
	xen_rmb();
	if (UK_UNLIKELY(RING_RESPONSE_PROD_OVERFLOW(&s->tx, prod))) {
		netfront_broken(s, "more packets sent than it got: index", prod);
		return 0;
	}
	while (s->tx.rsp_cons != prod) {
		struct netif_tx_response r;
		uint16_t first;

		RING_COPY_RESPONSE(&s->tx, s->tx.rsp_cons, &r);
		s->tx.rsp_cons++;
		if (UK_UNLIKELY(r.status ==
				NETIF_RSP_NULL)) /* of extra information, which has no id */
			continue;
		if (UK_UNLIKELY(r.id >= TX_SIZE) || UK_UNLIKELY(!s->tx_busy[r.id])) {
			netfront_broken(s, "a packet sent that it did not get: number", r.id);
			return 0;
		}
		if (UK_UNLIKELY(!uk_xen_grant_clear(s->tx_ref[r.id]))) {
			netfront_broken(s, "it keeps what it has sent mapped: number", r.id);
			return 0;
		}
		s->tx_busy[r.id] = false;
		first = s->tx_first[r.id];
		if (UK_UNLIKELY(r.status != NETIF_RSP_OKAY))
			failed(s, q, first);
		if (!--s->tx_left[first])
			end_packet(s, first);
	}
	return TX_SIZE - s->tx_nfree;
}

/* For any packet? What says how one is cut has a slot, too, but no grant. */
static inline bool has_room(const struct share *s)
{
	return s->tx_nfree >= ROOM && RING_FREE_REQUESTS(&s->tx) >= ROOM;
}

/* Slots that [p, p + len) takes. */
static inline unsigned slots_of(const unsigned char *p, size_t len)
{
	return (unsigned)(((uintptr_t)p % UK_PAGE_SIZE + len + UK_PAGE_SIZE - 1) / UK_PAGE_SIZE);
}

static unsigned slots(const struct uk_netbuf *pkt)
{
	unsigned n = 0;

	for (; pkt; pkt = pkt->next)
		if (pkt->len)
			n += slots_of(pkt->data, pkt->len);
	return n;
}

/* Linux's backend drops a packet whose first slot has less than Ethernet's header. */
static inline bool starts_short(const struct uk_netbuf *pkt)
{
	return pkt->len < UK_ETH_HEADER ||
	       UK_PAGE_SIZE - (uintptr_t)pkt->data % UK_PAGE_SIZE < UK_ETH_HEADER;
}

/* The next slot of a packet. What lies in the ring is the backend's to change: it is written, and never read. */
static struct netif_tx_request *put(struct share *s, uint16_t id, const unsigned char *p,
				    size_t size, uint16_t flags)
{
	struct netif_tx_request *r = RING_GET_REQUEST(&s->tx, s->tx.req_prod_pvt++);

	uk_xen_grant_set(s->tx_ref[id], s->nf->bus->remote, p, true);
	s->tx_busy[id] = true;
	r->gref = s->tx_ref[id];
	r->offset = (uint16_t)((uintptr_t)p % UK_PAGE_SIZE);
	r->flags = flags;
	r->id = id;
	r->size = (uint16_t)size;
	return r;
}

static void put_gso(struct share *s, const struct uk_netbuf *pkt)
{
	struct netif_extra_info *e =
		(struct netif_extra_info *)RING_GET_REQUEST(&s->tx, s->tx.req_prod_pvt++);

	memset(e, 0, sizeof(*e));
	e->type = XEN_NETIF_EXTRA_TYPE_GSO;
	e->u.gso.type =
		pkt->gso == UK_NETBUF_TSO6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
	e->u.gso.size = pkt->mss;
}

static uint16_t flags_of(const struct uk_netbuf *pkt)
{
	uint16_t flags = NETTXF_more_data;

	if (pkt->flags & UK_NETBUF_CSUM)
		flags |= NETTXF_csum_blank | NETTXF_data_validated;
	else if (pkt->flags & UK_NETBUF_CSUM_GOOD)
		flags |= NETTXF_data_validated;
	return pkt->gso ? flags | NETTXF_extra_info : flags;
}

static void put_packet(struct share *s, struct uk_netbuf *pkt)
{
	uint16_t first = 0, last = 0, n = 0, flags = flags_of(pkt);
	struct netif_tx_request *r = NULL;
	const struct uk_netbuf *nb;

	for (nb = pkt; nb; nb = nb->next) {
		const unsigned char *p = nb->data;
		size_t left = nb->len;

		while (left) {
			size_t len = UK_MIN(left, UK_PAGE_SIZE - (uintptr_t)p % UK_PAGE_SIZE);
			uint16_t id = s->tx_free[--s->tx_nfree];

			if (n++) {
				flags = NETTXF_more_data;
				s->tx_next[last] = id;
				r = put(s, id, p, len, flags);
			} else {
				first = id;
				r = put(s, id, p, pkt->total, flags);
				if (pkt->gso)
					put_gso(s, pkt);
			}
			s->tx_first[id] = first;
			last = id;
			p += len;
			left -= len;
		}
	}
	r->flags = flags & (uint16_t)~NETTXF_more_data;
	s->tx_next[last] = first;
	s->tx_left[first] = n;
	s->tx_pkt[first] = pkt;
}

static unsigned drop_all(struct uk_netq *q, struct uk_netbuf *const *pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		uk_netbuf_free(pkts[i]);
	uk_netq_dropped(q, n);
	return n;
}

static void tell(struct share *s)
{
	RING_IDX prod = UK_READ_ONCE(s->tx_shown), told = UK_READ_ONCE(s->tx_told);

	xen_mb(); /* the backend looks at what is shown after it has said from where on it wants to hear */
	UK_WRITE_ONCE(s->tx_told, prod);
	if (prod - UK_READ_ONCE(s->tx.sring->req_event) < prod - told)
		uk_xen_event_notify(s->tx_port);
}

static void show(struct share *s)
{
	xen_wmb();
	UK_WRITE_ONCE(s->tx.sring->req_prod, s->tx.req_prod_pvt);
	UK_WRITE_ONCE(s->tx_shown, s->tx.req_prod_pvt);
}

/* ---- multicast (netif.h, "feature-multicast-control") ---- */

#ifdef CONFIG_LIBUKNETDEV_MULTICAST
#define GROUPS   true
#define PATIENCE (100 * UK_NSEC_PER_MS) /* for room in the ring */

/* What is granted for it: a page that has no other use, and never will, whoever still has it mapped. */
static unsigned char nothing[UK_PAGE_SIZE] UK_ALIGNED(UK_PAGE_SIZE);

/* A packet of nothing, for what comes with it. The backend answers it as any. */
static int put_group(struct share *s, const uint8_t mac[6], bool join)
{
	uk_nsec end = uk_deadline(PATIENCE);
	struct netif_extra_info *e;
	uint16_t id;

	while (!has_room(s)) {
		netfront_reap(&s->nf->txq[0]);
		if (s->peer->dead || uk_clock_monotonic() > end)
			return -EIO;
	}
	id = s->tx_free[--s->tx_nfree];
	s->tx_first[id] = s->tx_next[id] = id;
	s->tx_left[id] = 1;
	put(s, id, nothing, 0, NETTXF_extra_info);
	e = (struct netif_extra_info *)RING_GET_REQUEST(&s->tx, s->tx.req_prod_pvt++);
	memset(e, 0, sizeof(*e));
	e->type = join ? XEN_NETIF_EXTRA_TYPE_MCAST_ADD : XEN_NETIF_EXTRA_TYPE_MCAST_DEL;
	memcpy(e->u.mcast.addr, mac, 6);
	show(s);
	tell(s);
	return 0;
}

/* A backend that is new knows of none. */
static UK_NOINLINE int put_groups(struct share *s)
{
	const struct uk_netdev *dev = &s->nf->dev;
	int rc = 0;

	s->groups_due = false;
	for (unsigned i = 0; !rc && i < UK_NETDEV_GROUPS; i++)
		if (dev->groups[i].users)
			rc = put_group(s, dev->groups[i].mac, true);
	return rc;
}

static int let_all_through(const struct netfront *nf)
{
	if (!nf->filters)
		return 0;
	if (uk_xenbus_offer(nf->bus, "feature-dynamic-multicast-control", 0) != 1)
		return -ENOTSUP;
	return uk_xenstore_write(0, nf->bus->path, "request-multicast-control", "0");
}

int netfront_group(struct uk_netdev *dev, const uint8_t mac[6], bool join)
{
	struct share *s = netfront_share(dev->tx[0]);

	if (!mac)
		return let_all_through(netfront_of(dev));
	/* Without a backend the next one is told. */
	if (!s || !netfront_of(dev)->filters)
		return 0;
	return s->groups_due ? put_groups(s) : put_group(s, mac, join);
}
#else
#define GROUPS false
int put_groups(struct share *s);
#endif

/* ---- packets in too many parts ---- */

struct copy {
	struct uk_netbuf nb;
	size_t pages;
};

static void copy_free(struct uk_netbuf *nb)
{
	struct copy *c = UK_CONTAINER_OF(nb, struct copy, nb);

	uk_page_free_run(uk_page_from_virt(nb->head), c->pages);
	uk_free(c);
}

/* The same in adjoining frames; the packet is gone. NULL: no memory. */
static UK_NOINLINE struct uk_netbuf *linear(struct uk_netbuf *pkt)
{
	size_t pages = UK_DIV_ROUND_UP((size_t)pkt->total, UK_PAGE_SIZE);
	struct copy *c = uk_malloc(sizeof(*c));
	uk_paddr_t pa = c ? uk_page_alloc_run(pages, 0) : UK_PAGE_NONE;

	if (pa == UK_PAGE_NONE) {
		uk_free(c);
		uk_netbuf_free(pkt);
		return NULL;
	}
	c->pages = pages;
	c->nb.pool = NULL;
	uk_netbuf_refer(&c->nb, uk_page_to_virt(pa), pkt->total, 0, copy_free);
	uk_netbuf_copy_out(pkt, 0, c->nb.data, pkt->total);
	c->nb.flags = pkt->flags;
	c->nb.gso = pkt->gso;
	c->nb.mss = pkt->mss;
	uk_netbuf_free(pkt);
	return &c->nb;
}

unsigned netfront_tx(struct uk_netq *q, struct uk_netbuf *const *pkts, unsigned n)
{
	struct share *s = netfront_share(q);
	unsigned i, sent = 0;
	uint64_t bytes = 0;

	if (UK_UNLIKELY(!s) || UK_UNLIKELY(!q->dev->link))
		return drop_all(q, pkts, n);
	if (GROUPS && UK_UNLIKELY(s->groups_due))
		put_groups(s);
	if (s->tx_nfree < TX_SIZE / 2)
		netfront_reap(q);
	for (i = 0; i < n && !UK_READ_ONCE(s->peer->dead); i++) {
		struct uk_netbuf *pkt = pkts[i];
		uint32_t max = pkt->gso ? q->dev->tso_max : q->dev->mtu + UK_ETH_HEADER + 4U;
		unsigned need;

		if (UK_UNLIKELY(pkt->total < UK_ETH_HEADER) || UK_UNLIKELY(pkt->total > max)) {
			uk_netq_error(q);
			uk_netbuf_free(pkt);
			continue;
		}
		need = slots(pkt);
		if (UK_UNLIKELY(!has_room(s))) {
			netfront_reap(q);
			if (!has_room(s))
				break;
		}
		if (UK_UNLIKELY(need > SLOTS) || UK_UNLIKELY(starts_short(pkt))) {
			pkt = linear(pkt);
			if (!pkt) {
				uk_netq_dropped(q, 1);
				continue;
			}
		}
		uk_netq_seen(q, pkt);
		put_packet(s, pkt);
		bytes += pkt->total;
		sent++;
	}
	uk_netq_count(q, sent, bytes);
	show(s);
	if (!q->hold || UK_UNLIKELY(s->tx_nfree < TX_SIZE / 2))
		tell(s);
	return i;
}

void netfront_tell(struct uk_netq *q)
{
	struct share *s = netfront_share(q);

	if (s)
		tell(s);
}

bool netfront_irq_on(struct uk_netq *q)
{
	struct share *s = netfront_share(q);
	int more;

	if (!s)
		return q->tx; /* what is sent is dropped: nobody waits for room */
	if (!q->tx) {
		uk_xen_event_take(s->rx_port); /* of packets that were seen */
		uk_xen_event_unmask(s->rx_port);
		RING_FINAL_CHECK_FOR_RESPONSES(&s->rx, more);
		return more;
	}
	netfront_reap(q);
	if (has_room(s))
		return true;
	uk_xen_event_unmask(s->tx_port);
	UK_WRITE_ONCE(s->tx.sring->rsp_event,
		      s->tx.rsp_cons + (s->tx.req_prod_pvt - s->tx.rsp_cons) / 2 + 1);
	xen_mb();
	netfront_reap(q);
	return has_room(s) || s->peer->dead;
}

void netfront_irq_off(struct uk_netq *q)
{
	struct share *s = netfront_share(q);

	if (s && s->tx_port != s->rx_port) /* else the other queue may want it */
		uk_xen_event_mask(q->tx ? s->tx_port : s->rx_port);
}
