/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way, out: packets that go where the last one of their connection, or socket, went. Route, neighbour and addresses are
 * the same, so the headers are too, but for lengths, identification and checksums: they are taken from the last
 * packet, as lwIP made it. And in: packets that need nothing of what Ethernet and IP do about others.
 *
 * Whatever may change the way makes a new `lwip_paths`: timers of lwIP (which age neighbours, each second),
 * ARP packets, links, addresses; and calls that change the socket forget its path. Then the next datagram goes through
 * lwIP, and leaves its headers here again. Only IPv4 to one neighbour, without options, in one piece.
 * (A segment that the device cuts is one piece here.)
 */
#include <lwip/prot/ethernet.h>
#include <lwip/prot/ip4.h>
#include <lwip/priv/tcp_priv.h>
#include "hooks.h"
#include "internal.h"

/* Offsets in a packet. */
#define AT_IP      14
#define AT_IP_LEN  (AT_IP + 2)
#define AT_IP_ID   (AT_IP + 4)
#define AT_IP_FRAG (AT_IP + 6)
#define AT_IP_SUM  (AT_IP + 10)
#define AT_IP_SRC  (AT_IP + 12)
#define AT_IP_DST  (AT_IP + 16)
#define AT_UDP     (AT_IP + 20)
#define AT_UDP_DST (AT_UDP + 2)
#define AT_UDP_LEN (AT_UDP + 4)
#define AT_UDP_SUM (AT_UDP + 6)

uint32_t lwip_paths = 1;
unsigned lwip_raw_sockets;
struct lwip_path *path_wanted;

static inline void put16(unsigned char *p, uint16_t v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

static inline uint32_t get32(const unsigned char *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint16_t get16(const unsigned char *p)
{
	uint16_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

/* Family, port and address at once. */
static inline uint64_t place_of(const struct uk_abi_sockaddr_in *a)
{
	uint64_t v;

	UK_STATIC_ASSERT(offsetof(struct uk_abi_sockaddr_in, sin_addr) == 4, "they are 8 bytes");
	__builtin_memcpy(&v, a, sizeof(v));
	return v;
}

static inline uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

void path_record(struct device *d, const struct pbuf *p)
{
	struct lwip_path *path = path_wanted;
	unsigned char *h = path->header;

	path_wanted = NULL;
	if (p->len < PATH_HEADER)
		return;
	memcpy(h, p->payload, PATH_HEADER);
	if (h[0] & 1 || h[12] != 0x08 || h[13] || h[AT_IP] != 0x45 ||
	    (h[AT_IP + 9] != IP_PROTO_UDP && h[AT_IP + 9] != IP_PROTO_TCP))
		return;
	if (h[AT_IP_FRAG] & 0x3f || h[AT_IP_FRAG + 1] || d->dev->mtu < PATH_HEADER)
		return;
	put16(h + AT_IP_LEN, 0);
	put16(h + AT_IP_ID, 0);
	put16(h + AT_IP_SUM, 0);
	put16(h + AT_UDP_LEN, 0); /* of TCP nothing from here on is looked at */
	put16(h + AT_UDP_SUM, 0);
	path->ip_sum = lwip_checksum(h + AT_IP, 20);
	path->pseudo_sum = lwip_checksum(h + AT_IP_SRC, 8) + lwip_htons(h[AT_IP + 9]);
	path->to = place_of(&(struct uk_abi_sockaddr_in){ .sin_family = UK_AF_INET,
							  .sin_port = get16(h + AT_UDP_DST),
							  .sin_addr = get32(h + AT_IP_DST) });
	path->to_peer = false;
	path->csum = !!(d->dev->active & UK_NETDEV_CSUM);
	path->max = (uint16_t)(d->dev->mtu - (PATH_HEADER - AT_IP));
	path->bytes = UINT16_MAX; /* of none */
	path->device = d;
	path->version = lwip_paths;
}

/* To the place that the headers name? */
static inline bool same_place(const struct lwip_path *path, const struct uk_msg *m)
{
	if (!m->name)
		return path->to_peer;
	return m->name_len >= sizeof(struct uk_abi_sockaddr_in) &&
	       place_of((const void *)m->name) == path->to;
}

/* One more for each packet. */
static inline uint16_t next_id(void)
{
	static uint16_t id;

	return ++id;
}

/* Length, identification and checksum of the header at p. `len` is in network order. */
static inline void number(const struct lwip_path *path, unsigned char *p, uint16_t len)
{
	uint16_t id = next_id();

	put16(p + AT_IP_LEN, len);
	put16(p + AT_IP_ID, id);
	put16(p + AT_IP_SUM, (uint16_t)~fold(path->ip_sum + len + id));
}

/* The header is for `n` bytes now: what depends on that and on nothing else. */
static UK_NOINLINE void fit(struct lwip_path *path, size_t n)
{
	uint16_t ip_len = lwip_htons((uint16_t)(n + PATH_HEADER - AT_IP));
	uint16_t udp_len = lwip_htons((uint16_t)(n + PATH_HEADER - AT_UDP));

	path->bytes = (uint16_t)n;
	path->bytes_sum = fold(path->ip_sum + ip_len);
	put16(path->header + AT_IP_LEN, ip_len);
	put16(path->header + AT_UDP_LEN, udp_len);
	put16(path->header + AT_UDP_SUM, fold(path->pseudo_sum + udp_len));
}

/* The headers of n bytes at p, before the bytes. */
static inline void put_headers(struct lwip_path *path, struct uk_netbuf *nb, unsigned char *p,
			       size_t n)
{
	uint16_t id = next_id(), made;
	uint32_t sum;

	if (UK_UNLIKELY(path->bytes != n))
		fit(path, n);
	__builtin_memcpy(p, path->header, PATH_HEADER); /* moves, no call */
	put16(p + AT_IP_ID, id);
	sum = (uint32_t)path->bytes_sum + id;
	put16(p + AT_IP_SUM, (uint16_t) ~(sum + (sum >> 16)));
	if (UK_LIKELY(path->csum)) {
		nb->flags = UK_NETBUF_CSUM;
		nb->csum_start = AT_UDP;
		nb->csum_offset = AT_UDP_SUM - AT_UDP;
		return;
	}
	/* The sum of the pseudo header is in its place already, as for a device. */
	made = (uint16_t)~lwip_checksum(p + AT_UDP, (int)(n + PATH_HEADER - AT_UDP));
	put16(p + AT_UDP_SUM, made ? made : 0xffff); /* 0 is for none (RFC 768) */
}

/*
 * Not by way of d->pending, if the queue has room. If it has none an interrupt is asked for; until that comes, or until there
 * are so many that the sender has to wait, packets are collected: then they are a burst again.
 */
static inline void hand_over(struct device *d, struct uk_netbuf *nb)
{
	struct uk_netq *q = d->dev->tx[0];

	if (UK_LIKELY(!d->n_pending)) {
		q->hold = device_tell_later(d, UK_LIKELY(lwip_resting) ? lwip_row_goes_on()
								       : device_may_hold(d));
		if (UK_LIKELY(uk_netdev_tx(q, &nb, 1)))
			return;
	}
	d->pending[d->n_pending++] = nb;
	if (d->n_pending == 1 || d->n_pending == UK_NETDEV_BURST)
		device_flush(d);
}

/*
 * On the socket's path: the message's length, or -EFAULT. NOT_SENT: it has none for this message, and nothing has happened. What
 * forbids it is asked of the path: whatever changes a socket so that messages cannot just go, makes its path void.
 */
#define NOT_SENT (-4096L) /* no error has this number */

static inline ssize_t path_send(struct dgram *dg, struct uk_msg *m)
{
	struct lwip_path *path = &dg->path;
	struct device *d = path->device;
	size_t n = m->it.left;
	struct uk_netbuf *nb;
	unsigned char *p;

	if (UK_UNLIKELY(path->version != lwip_paths) || UK_UNLIKELY(n > path->max) ||
	    UK_UNLIKELY(m->control_len) || UK_UNLIKELY(m->flags & (UK_MSG_MORE | UK_MSG_OOB)) ||
	    UK_UNLIKELY(!same_place(path, m)) || UK_UNLIKELY(lwip_timers_rest))
		return NOT_SENT;
	nb = uk_netpool_get(d->dgram_pool);
	if (UK_UNLIKELY(!nb))
		return NOT_SENT;
	p = nb->data;
	nb->len = nb->total = (uint32_t)(PATH_HEADER + n);
	if (UK_UNLIKELY(uk_iter_get(&m->it, p + PATH_HEADER, n) < n)) {
		uk_netpool_put(nb);
		return -EFAULT;
	}
	put_headers(path, nb, p, n);
	hand_over(d, nb);
	return (ssize_t)n;
}

/* Here, so that the short way is one function. */
ssize_t dgram_sendmsg(struct uk_socket *s, struct uk_msg *m)
{
	struct dgram *d = dgram_of(s);
	ssize_t n;

	lwip_lock();
	if (UK_UNLIKELY(lwip_full)) {
		n = device_wait_room(uk_socket_deadline(m->flags, s->sndtimeo));
		if (n) {
			lwip_unlock();
			return n;
		}
	}
	n = path_send(d, m);
	if (UK_UNLIKELY(n == NOT_SENT))
		return dgram_send_by_lwip(d, m);
	lwip_release(); /* nothing of lwIP's has been touched, so nothing is to be done */
	return n;
}

/* ---- segments ---- */

static UK_NOINLINE err_t output_by_ip(struct tcp_pcb *pcb, struct pbuf *p, struct netif *n)
{
	err_t err;

	path_wanted = &pcb->path;
	err = ip_output_if(p, &pcb->local_ip, &pcb->remote_ip, pcb->ttl, pcb->tos, IP_PROTO_TCP, n);
	path_wanted = NULL;
	return err;
}

err_t lwip_tcp_output(struct tcp_pcb *pcb, struct pbuf *p, struct netif *n)
{
	const struct lwip_path *path = &pcb->path;
	struct device *d = path->device;
	unsigned char *h = (unsigned char *)p->payload - PATH_IP_HEADER;
	uint16_t len = p->tot_len;
	bool csum;

	if (UK_UNLIKELY(path->version != lwip_paths) || UK_UNLIKELY(&d->netif != n) ||
	    UK_UNLIKELY(path->header[AT_IP + 1] != pcb->tos) ||
	    UK_UNLIKELY(path->header[AT_IP + 8] != pcb->ttl) ||
	    UK_UNLIKELY(len > UINT16_MAX - PATH_IP_HEADER))
		return output_by_ip(pcb, p, n);
	__builtin_memcpy(h, path->header, PATH_IP_HEADER);
	number(path, h, lwip_htons((uint16_t)(len + PATH_IP_HEADER - AT_IP)));
	csum = path->csum;
	if (UK_LIKELY(csum)) /* lwIP has not made it */
		put16(h + AT_UDP + offsetof(struct tcp_hdr, chksum),
		      fold(path->pseudo_sum + lwip_htons(len)));
	p->payload = h; /* with room for it: of TCP's segments */
	p->len += PATH_IP_HEADER;
	p->tot_len += PATH_IP_HEADER;
	return device_send(d, p, csum ? AT_UDP : 0);
}

/* ---- what came ---- */

/* A header of IPv4 whose sum is right (RFC 791 §3.1). */
static inline bool sum_is_right(const unsigned char *ip)
{
	uint64_t sum = (uint64_t)get32(ip) + get32(ip + 4) + get32(ip + 8) + get32(ip + 12) +
		       get32(ip + 16);

	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return fold((uint32_t)((sum & 0xffff) + (sum >> 16))) == 0xffff;
}

/*
 * To an address of the interface, from one machine, in one piece, without options and bytes behind it. Whether a packet may
 * come from there is asked as lwIP asks, but what is the least bit unusual goes to it.
 */
bool path_input(struct device *d, struct pbuf *p)
{
	struct netif *n = &d->netif;
	const unsigned char *h = p->payload, *ip = h + AT_IP;
	uint32_t from, to;

	if (UK_UNLIKELY(p->len < PATH_HEADER) || UK_UNLIKELY(h[0] & 1) ||
	    UK_UNLIKELY(get16(h + 12) != PP_HTONS(ETHTYPE_IP)) || UK_UNLIKELY(ip[0] != 0x45) ||
	    UK_UNLIKELY(get16(ip + 2) != lwip_htons((uint16_t)(p->tot_len - AT_IP))) ||
	    UK_UNLIKELY(get16(ip + 6) & ~PP_HTONS(IP_DF)) || UK_UNLIKELY(lwip_raw_sockets) ||
	    UK_UNLIKELY(ip[9] != IP_PROTO_TCP && ip[9] != IP_PROTO_UDP))
		return false;
	from = get32(h + AT_IP_SRC);
	to = get32(h + AT_IP_DST);
	if (UK_UNLIKELY(!to) || UK_UNLIKELY(to != ip4_addr_get_u32(netif_ip4_addr(n))) ||
	    UK_UNLIKELY(!netif_is_up(n)) || UK_UNLIKELY(!from) ||
	    UK_UNLIKELY(h[AT_IP_SRC] >= 224) ||
	    UK_UNLIKELY((from | ip4_addr_get_u32(netif_ip4_netmask(n))) == UINT32_MAX) ||
	    UK_UNLIKELY(!sum_is_right(ip)))
		return false;
	p->if_idx = netif_get_index(n);
	p->payload = (unsigned char *)p->payload + PATH_IP_HEADER;
	p->len -= PATH_IP_HEADER;
	p->tot_len -= PATH_IP_HEADER;
	ip_addr_copy_from_ip4(ip_data.current_iphdr_dest, *netif_ip4_addr(n));
	ip_addr_set_ip4_u32_val(ip_data.current_iphdr_src, from);
	ip_data.current_netif = ip_data.current_input_netif = n;
	ip_data.current_ip4_header = (const struct ip_hdr *)(const void *)ip;
	ip_data.current_ip_header_tot_len = IP_HLEN;
	if (UK_LIKELY(ip[9] == IP_PROTO_TCP))
		tcp_input(p, n);
	else
		udp_input(p, n);
	ip_data.current_netif = ip_data.current_input_netif = NULL;
	ip_data.current_ip4_header = NULL;
	ip_data.current_ip_header_tot_len = 0;
	ip_addr_set_any_val(false, ip_data.current_iphdr_src);
	ip_addr_set_any_val(false, ip_data.current_iphdr_dest);
	return true;
}
