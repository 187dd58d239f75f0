/* SPDX-License-Identifier: BSD-3-Clause */
/* What lwIP calls of ours, beside the operations of interfaces. */
#ifndef LWIP_PORT_HOOKS_H
#define LWIP_PORT_HOOKS_H

#include <lwip/err.h>
#include <lwip/ip_addr.h>
#include <stdbool.h>

struct netif;
struct pbuf;
struct tcp_hdr;
struct tcp_pcb;
struct tcp_pcb_listen;

/* setup.c: a server of names was told by DHCP or a router. */
void dns_setserver(u8_t i, const ip_addr_t *server);
const ip_addr_t *dns_getserver(u8_t i);

/* The first sequence number of a connection, that nobody else can guess (RFC 6528): a clock of 4 us and a hash. */
u32_t lwip_tcp_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
		   u16_t remote_port);
/* That hash, with something `more` in it. */
u32_t lwip_secret(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
		  u16_t remote_port, uint64_t more);

/*
 * lookup.c: the connection between these ports (host's byte order) and the addresses of the packet that is being looked at, or
 * NULL. (patches/0001-find-pcb.patch, 0003-many-connections.patch)
 */
struct tcp_pcb *lwip_tcp_find(u16_t remote_port, u16_t local_port);
void lwip_tcp_enter(struct tcp_pcb *pcb); /* it has addresses and ports, and is active */
void lwip_tcp_gone(struct tcp_pcb *pcb);  /* about to be freed */

bool lwip_tcp_may_open(void); /* a SYN has come: are not too many half open? */
void lwip_tcp_half_open(struct tcp_pcb *pcb);
void lwip_tcp_opened(struct tcp_pcb *pcb);
/*
 * cookie.c: answers a SYN, with so many bytes of options, without a connection. And: is this segment to a listener the answer to
 * that? Then *pcb is the connection, half open, or NULL if it must wait. Headers in the host's byte order.
 */
void lwip_cookie_give(const struct tcp_hdr *hdr, u16_t options);
bool lwip_cookie_take(struct tcp_pcb_listen *l, const struct tcp_hdr *hdr, struct tcp_pcb **pcb);
/* So many wait to be accepted that this one must wait before that. */
void lwip_tcp_backlog_full(u16_t port);

/*
 * device.c: buffers for what is received run short; then a connection that has something unread gets nothing more, and nothing
 * is kept for later, so that what remains is for those who read.
 */
extern bool lwip_rx_short;
bool lwip_tcp_refuses(const struct tcp_pcb *pcb, const struct pbuf *p, u32_t seqno);
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, hdr, optlen, opt1len, opt2, p)                             \
	(__builtin_expect(lwip_rx_short, 0) && lwip_tcp_refuses(pcb, p, (hdr)->seqno) ? ERR_MEM    \
										      : ERR_OK)

struct netif;
struct pbuf;
/*
 * segment.c: copies n bytes from `pos` on of what tcp_write() was given, a struct uk_iter, which stays as it is. Beyond its first piece it
 * is gone through each time, so not for many segments at once. (patches/0014-gather.patch)
 */
void lwip_tcp_gather(void *to, const void *from, u16_t pos, u16_t n);
#ifndef TCP_WRITE_COPY
#define TCP_WRITE_COPY lwip_tcp_gather
#endif
/* segment.c: the device cuts this packet of IPv6, so lwIP need not. (patches/0003-segments-ipv6.patch) */
int lwip_cut_by_device(struct netif *netif, const struct pbuf *p);

/* unreachable.c: an error (RFC 792, RFC 4443); `p` is the message. (patches/0004-icmp-errors.patch) */
struct pbuf;
void lwip_icmp_error(struct pbuf *p, u8_t type, u8_t code);

/* path.c: sends a segment, which begins with its header, on the connection's path or by IP. (patches/0005-path.patch) */
err_t lwip_tcp_output(struct tcp_pcb *pcb, struct pbuf *p, struct netif *netif);

#endif
