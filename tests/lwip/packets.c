/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer as the network: the input is what arrives, what programs do with their sockets, and how time passes, in
 * turn. Packets are whole frames of any bytes, or have headers that get them further in: to a connection (near the sequence
 * numbers that it expects), to the DHCP client (with its number), to a port. Each lies in memory of just its size, in one
 * piece or two, and objects are freed at once, so that ASan sees what is read beyond an end, or used after it. At the
 * end everything is closed, and what is left is a leak.
 */
#include <stdlib.h>
#include <string.h>

#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/igmp.h>
#include <lwip/init.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/mld6.h>
#include <lwip/nd6.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/prot/dhcp.h>
#include <netif/ethernet.h>
#include "../../lib/net/lwip/internal.h"
#include "host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- what the files need of the others ---- */

struct uk_mutex lwip_mutex;
bool lwip_full, lwip_timers_rest, lwip_resting = true;
unsigned lwip_row;
struct uk_timer lwip_row_timer;

void lwip_row_begins(void)
{
}

void lwip_timers_plan(void)
{
}

void lwip_unlock(void)
{
	struct netif *n;

	NETIF_FOREACH(n)
	{
		netif_poll(n);
	}
	uk_mutex_unlock(&lwip_mutex);
}

bool lwip_work(void)
{
	return false;
}

int device_wait_room(uk_nsec deadline)
{
	return -EAGAIN;
}

struct uk_netbuf *uk_netpool_refill(struct uk_netpool *pool)
{
	return NULL;
}

void device_flush(struct device *d)
{
}

unsigned uk_netdev_tx(struct uk_netq *q, struct uk_netbuf *const *pkts, unsigned n)
{
	return 0;
}

err_t device_send(struct device *d, struct pbuf *p, unsigned csum_start)
{
	return ERR_MEM;
}

int uk_mutex_lock_slow(struct uk_mutex *m, uk_nsec deadline, bool interruptible)
{
	abort(); /* there is one thread */
}

void uk_mutex_unlock_slow(struct uk_mutex *m)
{
	abort();
}

void uk_event_wake(struct uk_event_source *s, uint32_t bits)
{
}

int uk_sleep_until(uk_nsec t)
{
	return -EINTR;
}

uk_nsec uk_socket_deadline_slow(uk_nsec timeo)
{
	return 0;
}

int uk_socket_wait(struct uk_socket *s, uint32_t bits, uk_nsec deadline)
{
	return -EAGAIN;
}

void uk_socket_stat(struct uk_file *f, struct uk_abi_stat *st)
{
}

ssize_t uk_socket_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	return -EINVAL;
}

ssize_t uk_socket_write(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	return -EINVAL;
}

/* No control data. */
int uk_cmsg_put(struct uk_msg *m, int level, int type, const void *data, size_t len)
{
	return 0;
}

const struct uk_abi_cmsghdr *uk_cmsg_next(const struct uk_msg *m, size_t *pos, size_t *len)
{
	return NULL;
}

struct uk_file *uk_socket_file(struct uk_socket *s, const struct uk_socket_ops *ops)
{
	struct uk_file *f = calloc(1, sizeof(*f));

	f->ops = &ops->file;
	f->priv = s;
	s->file = f;
	return f;
}

/* ---- input ---- */

static const uint8_t *in, *in_end;

static unsigned byte(void)
{
	return in < in_end ? *in++ : 0;
}

static size_t bytes(void *to, size_t n)
{
	size_t there = (size_t)(in_end - in);

	n = n < there ? n : there;
	memcpy(to, in, n);
	in += n;
	return n;
}

/* ---- the interface ---- */

static struct netif netif;
static uint8_t frame[2048];
static volatile unsigned seen;

static err_t transmit(struct netif *n, struct pbuf *p)
{
	for (; p; p = p->next)
		for (unsigned i = 0; i < p->len; i++)
			seen += ((uint8_t *)p->payload)[i];
	return ERR_OK;
}

static err_t start(struct netif *n)
{
	n->mtu = 1500;
	n->mtu6 = 1500;
	n->hwaddr_len = 6;
	memcpy(n->hwaddr, "\2\0\0\0\0\2", 6);
	n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
		   NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
	n->output = etharp_output;
	n->output_ip6 = ethip6_output;
	n->linkoutput = transmit;
	n->chksum_flags = 0; /* a fuzzer cannot guess them */
	return ERR_OK;
}

struct piece {
	struct pbuf_custom c;
	uint8_t data[];
};

static void piece_free(struct pbuf *p)
{
	free(p);
}

static struct pbuf *piece(const uint8_t *data, size_t n)
{
	struct piece *x = malloc(sizeof(*x) + n);

	x->c.custom_free_function = piece_free;
	memcpy(x->data, data, n);
	return pbuf_alloced_custom(PBUF_RAW, (u16_t)n, PBUF_REF, &x->c, x->data, (u16_t)n);
}

static void arrive(const uint8_t *data, size_t n)
{
	unsigned cut = byte();
	struct pbuf *p;

	if (cut & 128 && (size_t)(cut & 127) < n && n > 14) {
		size_t first = (cut & 127) > 14 ? (cut & 127) : 14;

		p = piece(data, first < n ? first : n);
		if (first < n)
			pbuf_cat(p, piece(data + first, n - first));
	} else {
		p = piece(data, n);
	}
	lwip_lock();
	if (ethernet_input(p, &netif) != ERR_OK)
		pbuf_free(p);
	lwip_unlock();
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* Sends frame[], whose n bytes behind the header of IPv4 are there. */
static void arrive4(unsigned proto, size_t n)
{
	static const uint8_t from[] = { 10, 0, 0, 1 }, to[] = { 10, 0, 0, 2 };
	unsigned how = byte();

	memcpy(frame, netif.hwaddr, 6);
	put16(frame + 12, 0x0800);
	memset(frame + 14, 0, 20);
	frame[14] = 0x45;
	put16(frame + 16, (unsigned)(20 + n));
	if (how & 1) {
		put16(frame + 18, byte());
		put16(frame + 20, byte() << 8 | byte());
	}
	frame[22] = 64;
	frame[23] = (uint8_t)proto;
	memcpy(frame + 26, from, 4);
	memcpy(frame + 30, how & 2 ? (const uint8_t *)"\377\377\377\377" : to, 4);
	arrive(frame, 34 + n);
}

static void any4(void)
{
	unsigned proto = byte();
	size_t n = bytes(frame + 34, byte() * 4U);

	arrive4(proto, n);
}

static void any6(void)
{
	unsigned proto = byte();
	size_t n = bytes(frame + 54, byte() * 4U);

	memcpy(frame, netif.hwaddr, 6);
	put16(frame + 12, 0x86dd);
	memset(frame + 14, 0, 40);
	frame[14] = 0x60;
	put16(frame + 18, (unsigned)n);
	frame[20] = (uint8_t)proto;
	frame[21] = 255;
	frame[22] = 0xfe;
	frame[23] = 0x80;
	frame[37] = 1;
	memcpy(frame + 38, netif_ip6_addr(&netif, 0)->addr, 16);
	arrive(frame, 54 + n);
}

static void whole(void)
{
	size_t n = bytes(frame, byte() * 8U);

	arrive(frame, n);
}

/* Near what the connection expects. */
static void segment(void)
{
	unsigned which = byte(), flags = byte(), words;
	struct tcp_pcb *pcb;
	uint8_t *tcp = frame + 34;
	size_t n;

	for (pcb = tcp_active_pcbs; pcb && pcb->next && which--; pcb = pcb->next)
		;
	memset(tcp, 0, 20);
	put16(tcp, pcb ? pcb->remote_port : 1000 + (which & 7));
	put16(tcp + 2, pcb ? pcb->local_port : 80);
	put32(tcp + 4,
	      (pcb ? pcb->rcv_nxt : 0) + (uint32_t)((int8_t)byte() * (flags & 64 ? 1460 : 1)));
	put32(tcp + 8,
	      (pcb ? pcb->snd_nxt : 0) + (uint32_t)((int8_t)byte() * (flags & 128 ? 1460 : 1)));
	words = byte();
	tcp[12] = (uint8_t)((5 + words % 11) << 4);
	tcp[13] = (uint8_t)(flags & 63);
	put16(tcp + 14, byte() << 8);
	n = 20 + bytes(tcp + 20, words % 11 * 4U);
	n += bytes(tcp + n, byte() * 4U);
	arrive4(IP_PROTO_TCP, n);
}

static void answer_of_dhcp(void)
{
	struct dhcp *d = netif_dhcp_data(&netif);
	uint8_t *udp = frame + 34, *m = udp + 8;
	size_t n;

	memset(udp, 0, 8 + 240);
	m[0] = DHCP_BOOTREPLY;
	m[1] = 1;
	m[2] = 6;
	if (d)
		put32(m + 4, d->xid);
	put32(m + 16, 0x0a000002);
	memcpy(m + 28, netif.hwaddr, 6);
	if (byte() & 1)
		bytes(m + 44, 192);
	put32(m + 236, 0x63825363);
	n = 240 + bytes(m + 240, byte() * 2U);
	put16(udp, 67);
	put16(udp + 2, 68);
	put16(udp + 4, (unsigned)(8 + n));
	arrive4(IP_PROTO_UDP, 8 + n);
}

/* ---- time ---- */

static void pass(unsigned tens)
{
	for (; tens; tens--) {
		host_ms += 10;
		lwip_lock();
		recovery_tick();
		if (host_ms % TCP_TMR_INTERVAL < 10)
			tcp_tmr();
		if (host_ms % 500 < 10)
			dhcp_fine_tmr();
		if (host_ms % 1000 < 10) {
			ip_reass_tmr();
			etharp_tmr();
			nd6_tmr();
			ip6_reass_tmr();
		}
		igmp_tmr();
		mld6_tmr();
		lwip_unlock();
	}
}

/* ---- programs ---- */

#define SLOTS 8
static struct uk_file *files[SLOTS];

static const struct uk_socket_ops *ops_of(struct uk_file *f)
{
	return (const struct uk_socket_ops *)(const void *)f->ops;
}

static void address(struct uk_abi_sockaddr_storage *a, uint32_t ip, unsigned port)
{
	struct uk_abi_sockaddr_in *in4 = (void *)a;

	memset(a, 0, sizeof(*a));
	in4->sin_family = UK_AF_INET;
	in4->sin_port = lwip_htons((u16_t)port);
	in4->sin_addr = lwip_htonl(ip);
}

static void finish(unsigned slot)
{
	struct uk_file *f = files[slot];

	files[slot] = NULL;
	f->ops->release(f);
	free(f);
}

/* 0: listens; 1: a datagram socket with a port; 2: one that is connected; 3: raw; others connect. */
static void begin(unsigned slot)
{
	struct uk_abi_sockaddr_storage a;
	struct uk_file *f = NULL;

	if (slot == 1 || slot == 2)
		datagram_create(UK_AF_INET, UK_SOCK_DGRAM, 0, &f);
	else if (slot == 3)
		datagram_create(UK_AF_INET, UK_SOCK_RAW, UK_IPPROTO_ICMP, &f);
	else
		stream_create(UK_AF_INET, 0, &f);
	files[slot] = f;
	if (!f || slot == 3)
		return;
	if (slot == 2 || slot > 3) {
		address(&a, 0x0a000001, 1000 + slot);
		ops_of(f)->connect(f->priv, &a, sizeof(struct uk_abi_sockaddr_in), UK_MSG_DONTWAIT);
		return;
	}
	address(&a, 0, slot ? 53 : 80);
	ops_of(f)->bind(f->priv, &a, sizeof(struct uk_abi_sockaddr_in));
	if (!slot)
		ops_of(f)->listen(f->priv, 4);
}

static void program(void)
{
	static char data[8192];
	unsigned slot = byte() % SLOTS, what = byte(), to;
	struct uk_file *f = files[slot], *got;
	struct uk_msg m = { .flags = UK_MSG_DONTWAIT };

	if (!f) {
		begin(slot);
		return;
	}
	switch (what & 3) {
	case 0:
		finish(slot);
		return;
	case 1:
		m.it = uk_iter_buf(data, what * 32U);
		ops_of(f)->sendmsg(f->priv, &m);
		return;
	case 2:
		to = 4 + what % 4;
		if (!slot && !files[to]) {
			if (!ops_of(f)->accept(f->priv, &got, UK_MSG_DONTWAIT, NULL, NULL))
				files[to] = got;
			return;
		}
		m.it = uk_iter_buf(data, what * 32U);
		ops_of(f)->recvmsg(f->priv, &m);
		return;
	default:
		ops_of(f)->shutdown(f->priv, what >> 2 & 1);
	}
}

/* ---- a run ---- */

static void set_up(void)
{
	static bool started;
	ip4_addr_t ip, mask, gateway;

	if (!started) {
		started = true;
		lwip_init();
	}
	IP4_ADDR(&ip, 10, 0, 0, 2);
	IP4_ADDR(&mask, 255, 255, 255, 0);
	IP4_ADDR(&gateway, 10, 0, 0, 1);
	host_ms = 100000;
	netif_add(&netif, &ip, &mask, &gateway, NULL, start, ethernet_input);
	netif_create_ip6_linklocal_address(&netif, 1);
	netif_ip6_addr_set_state(&netif, 0, IP6_ADDR_PREFERRED);
	netif_set_default(&netif);
	netif_set_up(&netif);
	netif_set_link_up(&netif);
	dhcp_start(&netif);
	for (unsigned i = 0; i < 5; i++)
		begin(i);
}

static void tear_down(void)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (files[i])
			finish(i);
	while (tcp_active_pcbs)
		tcp_abandon(tcp_active_pcbs, 0);
	while (tcp_tw_pcbs)
		tcp_abandon(tcp_tw_pcbs, 0);
	dhcp_stop(&netif);
	dhcp_cleanup(&netif);
	pass(1);
	netif_remove(&netif);
	for (unsigned i = 0; i < 70; i++) {
		ip_reass_tmr();
		ip6_reass_tmr();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(void) = { whole,   any4,           any6,   segment,
					       segment, answer_of_dhcp, program };
	unsigned steps = 64;

	in = data;
	in_end = data + size;
	set_up();
	while (in < in_end && steps--) {
		unsigned what = byte();

		if (what % 8 == 7)
			pass(what / 8);
		else
			kinds[what % 8]();
	}
	tear_down();
	return 0;
}
