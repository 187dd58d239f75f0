/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interfaces of lwIP over network devices.
 *
 * Received buffers become pbufs as they are: the pbuf lies in the buffer's private area, and when lwIP or a
 * socket frees it the buffer goes back to its pool. Packets to send go out as they are, too: each pbuf of one
 * gets a netbuf that points at its bytes, and the packet counts as used until the device has done with it.
 */
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/ip4_frag.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <netif/ethernet.h>
#include <lwip/priv/tcp_priv.h>
#include <uk/page.h>
#include <uk/print.h>
#include <uk/waitq.h>
#include <hooks.h>
#include "internal.h"

#define RX_BUFFERS 128
#define RX_MAX     8192
#define RX_SHARE   8 /* and this part of the memory */
#define TX_BUFFERS 64
#define TX_MAX     16384
#define DGRAM_MAX  4096

struct device *lwip_devices[DEVICES];
unsigned lwip_n_devices;

static bool link_changed;
static unsigned rx_held;              /* buffers that lwIP and sockets have */
static unsigned rx_calm = UINT32_MAX; /* more than so many are too many */

bool lwip_full;
static struct uk_waitq room_waiting;
static uint32_t room_events; /* interrupts that told of room */

/* ---- receiving ---- */

UK_STATIC_ASSERT(offsetof(struct pbuf_custom, pbuf) == 0, "a pbuf is its buffer's private area");

static void rx_free(struct pbuf *p)
{
	rx_held--;
	uk_netpool_put(uk_netbuf_of_priv(p));
}

static inline struct pbuf *wrap(struct uk_netbuf *nb)
{
	struct pbuf_custom *c = uk_netbuf_priv(nb);

	rx_held++;
	c->custom_free_function = rx_free;
	c->pbuf = (struct pbuf){ .payload = nb->data,
				 .tot_len = (u16_t)nb->total,
				 .len = (u16_t)nb->len,
				 .type_internal = (u8_t)PBUF_REF,
				 .flags = PBUF_FLAG_IS_CUSTOM,
				 .ref = 1 };
	return &c->pbuf;
}

/* The pieces of a packet, whose `total` are how many bytes from there on. */
static struct pbuf *wrap_pieces(struct uk_netbuf *nb)
{
	uint32_t left = nb->total;
	struct pbuf *first = NULL, **end = &first;
	struct uk_netbuf *next;

	for (; nb; nb = next) {
		next = nb->next;
		nb->total = left;
		left -= nb->len;
		*end = wrap(nb);
		end = &(*end)->next;
	}
	return first;
}

static void input(struct device *d, struct uk_netbuf *nb)
{
	struct pbuf *p;

	if (UK_UNLIKELY(nb->total > UINT16_MAX)) {
		uk_netbuf_free(nb);
		return;
	}
	if (UK_UNLIKELY(nb->len > 13 && nb->data[12] == 0x08 && nb->data[13] == 0x06)) /* ARP */
		paths_changed();
	/* Who has verified the checksum? lwIP asks the interface; that is one packet at a time. */
	if (UK_LIKELY(nb->flags & (UK_NETBUF_CSUM | UK_NETBUF_CSUM_GOOD)))
		d->netif.chksum_flags &=
			(u16_t) ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP);
	else
		d->netif.chksum_flags |= NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;
	p = UK_LIKELY(!nb->next) ? wrap(nb) : wrap_pieces(nb);
	if (UK_LIKELY(path_input(d, p)))
		return;
	if (UK_UNLIKELY(ethernet_input(p, &d->netif) != ERR_OK))
		pbuf_free(p);
}

/* ---- too much that nobody reads ---- */

bool lwip_rx_short;

bool lwip_tcp_refuses(const struct tcp_pcb *pcb, const struct pbuf *p, u32_t seqno)
{
	const struct stream *st = pcb->callback_arg;

	if (!p->tot_len || pcb->state < ESTABLISHED || !st)
		return false;
	return st->rx || pcb->refused_data || seqno != pcb->rcv_nxt;
}

/* Many buffers are held, or the pool could not grow: do enough remain for those who read? */
static UK_NOINLINE void look_if_short(struct device *d)
{
	static uk_nsec said;
	unsigned limit = d->rx_pool->dry ? UK_MIN(d->rx_pool->count / 2, rx_calm) : rx_calm;
	struct tcp_pcb *pcb;
	bool was = lwip_rx_short;

	lwip_rx_short = rx_held >= limit;
	if (!lwip_rx_short)
		d->rx_pool->dry = false;
	if (!lwip_rx_short || was)
		return;
	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		if (pcb->ooseq)
			tcp_free_ooseq(pcb); /* it is sent again */
	if (lwip_may_say(&said))
		uk_pr_warn("%u buffers hold what was received and not read yet; sockets that do "
			   "not read get nothing more",
			   rx_held);
}

static UK_COLD UK_NOINLINE void follow_links(void)
{
	unsigned i;

	uk_shared_set(link_changed, false);
	paths_changed();
	for (i = 0; i < lwip_n_devices; i++) {
		struct device *d = lwip_devices[i];

		if (uk_shared_get(d->dev->failed) && uk_netdev_restart(d->dev)) {
			uk_shared_set(d->armed, false);
			recovery_link_up();
		}
		if (!uk_shared_get(d->dev->link)) {
			netif_set_link_down(&d->netif);
		} else if (!netif_is_link_up(&d->netif)) {
			memcpy(d->netif.hwaddr, d->dev->mac, 6); /* of a card that was exchanged */
			netif_set_link_up(&d->netif);
			recovery_link_up();
		}
		d->netif.mtu = d->tso ? UINT16_MAX : d->dev->mtu;
	}
	lwip_timers_plan();
}

bool device_poll(struct device *d)
{
	struct uk_netbuf *pkts[UK_NETDEV_BURST];
	unsigned n, i;

	if (UK_UNLIKELY(uk_shared_get(link_changed)))
		follow_links();
	n = uk_netdev_rx(d->dev->rx[0], pkts, UK_NETDEV_BURST);
	if (!n)
		return false;
	/* An interrupt that was asked for was perhaps meant for these, and will not come any more. */
	uk_shared_set(d->armed, false);
	/* What was sent counts as used until now; lwIP sends nothing again that still is. */
	uk_netdev_reap(d->dev->tx[0]);
	if (UK_UNLIKELY(d->rx_pool->dry | lwip_rx_short | (rx_held >= rx_calm)))
		look_if_short(d);
	if (UK_UNLIKELY(lwip_timers_rest))
		lwip_timers_wake();
	for (i = 0; i < n; i++)
		input(d, pkts[i]);
	return true;
}

bool device_arm(struct device *d)
{
	if (uk_shared_get(d->armed))
		return false;
	uk_shared_set(d->armed, true);
	if (UK_LIKELY(!uk_netdev_irq_on(d->dev->rx[0])))
		return false;
	uk_shared_set(d->armed, false);
	return true;
}

/* Interrupt context. */
static void rx_event(struct uk_netq *q, void *arg)
{
	struct device *d = arg;

	if (q->tx) {
		uk_atomic_add_relaxed(&room_events, 1);
		uk_waitq_wake_all(&room_waiting);
	} else {
		uk_shared_set(d->armed, false);
	}
	lwip_wake();
}

static void link_event(struct uk_netdev *dev, void *arg)
{
	uk_shared_set(link_changed, true);
	lwip_wake();
}

/* ---- sending ---- */

/* In the private area of a netbuf to send. */
struct sent {
	struct pbuf *p; /* in the first piece: the packet */
};

static void release_first(struct uk_netbuf *nb)
{
	pbuf_free(((struct sent *)uk_netbuf_priv(nb))->p);
	uk_netpool_put(nb);
}

static void release_next(struct uk_netbuf *nb)
{
	uk_netpool_put(nb);
}

/* How many bytes before the payload nobody needs. */
static inline uint32_t room_before(const struct pbuf *p)
{
	if (!(p->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS))
		return 0;
	return (uint32_t)((const char *)p->payload - (const char *)p -
			  LWIP_MEM_ALIGN_SIZE(sizeof(struct pbuf)));
}

static inline uint32_t add_words(const void *p, unsigned n)
{
	const uint16_t *w = p;
	uint32_t sum = 0;

	while (n--)
		sum += *w++;
	return sum;
}

/*
 * The device shall make the checksum of TCP or UDP: say where it goes, and put there the sum of the pseudo
 * header (RFC 9293 §3.1, RFC 8200 §8.1). Other packets, and fragments, are complete already.
 */
static void offload_checksum(struct uk_netbuf *nb)
{
	unsigned char *eth = nb->data;
	uint32_t sum, proto, at;
	uint16_t *field;

	if (nb->len < 14 + 20)
		return;
	if (eth[12] == 0x08 && eth[13] == 0x00) {
		const unsigned char *ip = eth + 14;

		proto = ip[9];
		if (((ip[6] & 0x3f) | ip[7]) != 0)
			return;
		at = 14 + (ip[0] & 15) * 4U;
		sum = add_words(ip + 12, 4) + PP_HTONS(proto) + lwip_htons((u16_t)(nb->total - at));
	} else if (eth[12] == 0x86 && eth[13] == 0xdd && nb->len >= 14 + 40) {
		proto = eth[14 + 6];
		at = 14 + 40;
		sum = add_words(eth + 14 + 8, 16) + PP_HTONS(proto) +
		      lwip_htons((u16_t)(nb->total - at));
	} else {
		return;
	}
	if (proto == IP_PROTO_TCP)
		nb->csum_offset = 16;
	else if (proto == IP_PROTO_UDP)
		nb->csum_offset = 6;
	else
		return;
	if (at + nb->csum_offset + 2 > nb->len)
		return;
	field = (uint16_t *)(void *)(eth + at + nb->csum_offset);
	if (proto == IP_PROTO_UDP && *field)
		return; /* made by software: of a datagram that is cut */
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	*field = (uint16_t)sum;
	nb->csum_start = (uint16_t)at;
	nb->flags |= UK_NETBUF_CSUM;
}

/* The packet as netbufs; it is used once more. NULL: no memory. */
static struct uk_netbuf *describe(struct device *d, struct pbuf *p)
{
	struct uk_netbuf *nb = uk_netpool_get(d->tx_pool), *last = nb, *more;
	struct pbuf *q;

	if (UK_UNLIKELY(!nb))
		return NULL;
	uk_netbuf_refer(nb, p->payload, p->len, room_before(p), release_first);
	((struct sent *)uk_netbuf_priv(nb))->p = p;
	pbuf_ref(p);
	for (q = p->next; q; q = q->next) {
		if (!q->len)
			continue;
		more = uk_netpool_get(d->tx_pool);
		if (UK_UNLIKELY(!more)) {
			uk_netbuf_free(nb);
			return NULL;
		}
		uk_netbuf_refer(more, q->payload, q->len, 0, release_next);
		uk_netbuf_chain(nb, last, more);
		last = more;
	}
	return nb;
}

static void look_if_full(void)
{
	lwip_full = false;
	for (unsigned i = 0; i < lwip_n_devices; i++)
		lwip_full |= lwip_devices[i]->n_pending == UK_NETDEV_BURST;
}

/* The first `sent` are gone; the others stay, and an interrupt will tell when there is room. */
static UK_NOINLINE void keep_rest(struct device *d, unsigned sent)
{
	for (;;) {
		d->n_pending -= sent;
		memmove(d->pending, d->pending + sent, d->n_pending * sizeof(d->pending[0]));
		if (!d->n_pending || !uk_netdev_irq_on(d->dev->tx[0]))
			break;
		sent = uk_netdev_tx(d->dev->tx[0], d->pending, d->n_pending);
	}
	look_if_full();
}

void device_flush(struct device *d)
{
	struct uk_netq *q = d->dev->tx[0];
	unsigned sent;

	if (UK_UNLIKELY(lwip_timers_rest))
		lwip_timers_wake();
	q->hold = device_tell_later(d, device_may_hold(d));
	sent = uk_netdev_tx(q, d->pending, d->n_pending);
	if (UK_UNLIKELY(sent < d->n_pending || lwip_full))
		keep_rest(d, sent);
	else
		d->n_pending = 0;
}

int device_wait_room(uk_nsec deadline)
{
	while (lwip_full) {
		uint32_t before = uk_atomic_load_relaxed(&room_events);
		int rc = -EAGAIN;

		/* Asks again for an interrupt, now that we know how many there were. */
		for (unsigned i = 0; i < lwip_n_devices; i++)
			if (lwip_devices[i]->n_pending)
				device_flush(lwip_devices[i]);
		if (!lwip_full)
			break;
		if (deadline) {
			lwip_unlock();
			rc = UK_WAIT(&room_waiting, uk_atomic_load_relaxed(&room_events) != before,
				     deadline);
			lwip_lock();
		}
		if (rc)
			return rc == -ETIMEDOUT ? -EAGAIN : rc;
	}
	return 0;
}

void device_reap(void)
{
	for (unsigned i = 0; i < lwip_n_devices; i++)
		uk_netdev_reap(lwip_devices[i]->dev->tx[0]);
}

#define DRAIN_NSEC (100 * UK_NSEC_PER_MS)

/* A machine that is switched off takes along what its devices have not sent yet. */
void device_drain(void)
{
	uk_nsec end = uk_deadline(DRAIN_NSEC);

	for (unsigned i = 0; i < lwip_n_devices; i++) {
		struct device *d = lwip_devices[i];

		while (d->n_pending || uk_netdev_reap(d->dev->tx[0])) {
			if (d->n_pending)
				device_flush(d);
			lwip_tell();
			if (uk_clock_monotonic() > end)
				return;
		}
	}
}

err_t device_send(struct device *d, struct pbuf *p, unsigned csum_start)
{
	struct uk_netbuf *nb;

	/* No room: TCP tries again when it hears of the other side; other packets are lost, as on any network. */
	if (UK_UNLIKELY(d->n_pending == UK_NETDEV_BURST))
		return ERR_MEM;
	if (UK_UNLIKELY(p->next && pbuf_clen(p) > d->dev->pieces)) {
		struct pbuf *copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);

		if (!copy)
			return ERR_MEM;
		nb = describe(d, copy);
		pbuf_free(copy);
	} else {
		nb = describe(d, p);
	}
	if (UK_UNLIKELY(!nb))
		return ERR_MEM;
	if (csum_start) {
		nb->csum_start = (uint16_t)csum_start;
		nb->csum_offset = offsetof(struct tcp_hdr, chksum);
		nb->flags |= UK_NETBUF_CSUM;
	} else if (d->dev->active & UK_NETDEV_CSUM) {
		offload_checksum(nb);
	}
	if (UK_UNLIKELY(p->tot_len > d->dev->mtu + 14U) && !segment_offload(&d->netif, nb)) {
		uk_netbuf_free(nb);
		return ERR_BUF;
	}
	d->pending[d->n_pending++] = nb;
	if (UK_UNLIKELY(d->n_pending == UK_NETDEV_BURST))
		device_flush(d);
	return ERR_OK;
}

static err_t link_output(struct netif *netif, struct pbuf *p)
{
	struct device *d = netif->state;

	if (UK_UNLIKELY(path_wanted != NULL))
		path_record(d, p);
	return device_send(d, p, 0);
}

/*
 * Where the device cuts segments, the interface's mtu is as large as can be for lwIP, which then lets packets of any length through; what is
 * none of TCP's is cut here.
 */
static err_t output(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
	const struct device *d = n->state;
	err_t err;

	if (UK_LIKELY(p->tot_len <= d->dev->mtu) ||
	    IPH_PROTO((const struct ip_hdr *)p->payload) == IP_PROTO_TCP)
		return etharp_output(n, p, to);
	n->mtu = d->dev->mtu;
	err = ip4_frag(p, n, to);
	n->mtu = UINT16_MAX;
	return err;
}

/* ---- multicast ---- */

#ifdef CONFIG_LIBUKNETDEV_MULTICAST
/* What the device cannot do is said by it, and no reason not to join. */
static err_t group(struct netif *n, const uint8_t mac[6], enum netif_mac_filter_action action)
{
	const struct device *d = n->state;

	uk_netdev_group(d->dev, mac, action == NETIF_ADD_MAC_FILTER);
	return ERR_OK;
}

/* RFC 1112, §6.4. */
static err_t group4(struct netif *n, const ip4_addr_t *addr, enum netif_mac_filter_action action)
{
	const uint8_t mac[6] = {
		1, 0, 0x5e, ip4_addr2(addr) & 0x7f, ip4_addr3(addr), ip4_addr4(addr)
	};

	return group(n, mac, action);
}

#if LWIP_IPV6
/* RFC 2464, §7. */
static err_t group6(struct netif *n, const ip6_addr_t *addr, enum netif_mac_filter_action action)
{
	uint8_t mac[6] = { 0x33, 0x33 };

	memcpy(mac + 2, &addr->addr[3], 4);
	return group(n, mac, action);
}
#endif

/* From the start on. Of all nodes of IPv6 lwIP is a part without having joined. */
static void filter_groups(struct netif *n)
{
#if LWIP_IPV6
	ip6_addr_t all;

	n->mld_mac_filter = group6;
	ip6_addr_set_allnodes_linklocal(&all);
	group6(n, &all, NETIF_ADD_MAC_FILTER);
#endif
	n->igmp_mac_filter = group4;
}
#else
static void filter_groups(struct netif *n UK_UNUSED)
{
}
#endif

/* ---- opening ---- */

static UK_COLD err_t netif_start(struct netif *n)
{
	struct device *d = n->state;

	n->name[0] = 'e';
	n->name[1] = 't';
	/* lwIP takes a lower mtu from the interface, so that must not be 0 then. */
	d->tso = (d->dev->active & UK_NETDEV_TSO4) && d->dev->mtu >= TCP_MSS + 40;
	d->tso6 = d->dev->active & UK_NETDEV_TSO6;
	n->mtu = d->tso ? UINT16_MAX : d->dev->mtu;
	n->hwaddr_len = 6;
	memcpy(n->hwaddr, d->dev->mac, 6);
	n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
		   NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
	n->output = output;
#if LWIP_IPV6
	n->output_ip6 = ethip6_output;
#endif
	n->linkoutput = link_output;
	n->chksum_flags = NETIF_CHECKSUM_ENABLE_ALL;
	if (d->dev->active & UK_NETDEV_CSUM)
		n->chksum_flags &= (u16_t) ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP);
	filter_groups(n);
	return ERR_OK;
}

/* How many buffers may hold what was received; the memory of a small machine is not for that alone. */
static unsigned rx_max(size_t size)
{
	struct uk_page_stats st;

	uk_page_stats(&st);
	return 2 * RX_BUFFERS + (unsigned)UK_MIN(st.total / RX_SHARE / size, (uint64_t)RX_MAX);
}

UK_COLD int device_open(struct uk_netdev *dev, struct device **out)
{
	struct device *d = uk_calloc(1, sizeof(*d));
	struct uk_netpool_conf rx = { .size = UK_ALIGN_UP(UK_MAX(dev->mtu + 18U, 1536U), 16),
				      .headroom = UK_ALIGN_UP(dev->headroom, 16U),
				      .priv = sizeof(struct pbuf_custom),
				      .pages = dev->rx_pages,
				      .count = RX_BUFFERS,
				      .max = rx_max(dev->mtu + 512U) };
	struct uk_netpool_conf tx = { .priv = sizeof(struct sent),
				      .count = TX_BUFFERS,
				      .max = TX_MAX };
	struct uk_netpool_conf dgram = { .size = rx.size,
					 .headroom = rx.headroom,
					 .max = DGRAM_MAX };
	struct uk_netdev_conf conf = { .rx_len = RX_BUFFERS,
				       .filter = true,
				       .event = rx_event,
				       .link = link_event,
				       .arg = d };
	int rc = -ENOMEM;

	if (!d)
		return -ENOMEM;
	if (dev->rx_pages)
		rx.size = UK_PAGE_SIZE - rx.headroom;
	d->dev = dev;
	d->rx_pool = conf.pool = uk_netpool_create(&rx);
	d->tx_pool = uk_netpool_create(&tx);
	d->dgram_pool = uk_netpool_create(&dgram);
	rx_calm = UK_MIN(rx_calm, rx.max / 2);
	if (d->rx_pool && d->tx_pool && d->dgram_pool)
		rc = uk_netdev_start(dev, &conf);
	if (!rc && !netif_add_noaddr(&d->netif, d, netif_start, ethernet_input))
		rc = -EIO;
	if (rc) {
		if (d->rx_pool)
			uk_netpool_destroy(d->rx_pool);
		if (d->tx_pool)
			uk_netpool_destroy(d->tx_pool);
		if (d->dgram_pool)
			uk_netpool_destroy(d->dgram_pool);
		uk_free(d);
		return rc;
	}
#if LWIP_IPV6
	d->netif.mtu6 = dev->mtu;
#endif
	netif_set_up(&d->netif);
	if (dev->link)
		netif_set_link_up(&d->netif);
	lwip_devices[lwip_n_devices++] = d;
	*out = d;
	return 0;
}
