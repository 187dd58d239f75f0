/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies (RFC 4987 §3.6): with as many half-open connections as there may be, a SYN is answered and forgotten. All that must
 * be known later is in the sequence number of the answer, which the other side acknowledges: when it was, which maximum
 * segment size the SYN asked for, and a hash of that, of the SYN and of a secret. So a flood takes no memory, and who answers gets in,
 * however long that takes him. There is no place for other options: the connection has no scaled window and no SACK.
 *
 *	bits 31 to 3	hash
 *	bit 2		period's lowest bit
 *	bits 1 to 0	segment size
 */
#include <lwip/inet_chksum.h>
#include <lwip/priv/tcp_priv.h>
#include <uk/print.h>
#include <hooks.h>
#include "internal.h"

#define PERIOD_NSEC (64 * UK_NSEC_PER_SEC) /* valid for one more after its own */

/* Of IPv4's smallest packet, IPv6's smallest, IPv6 and IPv4 over Ethernet. */
static const u16_t sizes[] = { 536, 1220, 1440, 1460 };

static u32_t last_period = UINT32_MAX - 1; /* when a cookie was given */

static u32_t period_now(void)
{
	return (u32_t)(uk_clock_monotonic() / PERIOD_NSEC);
}

/* For a SYN with this sequence number, between the addresses of the packet that is looked at. */
static u32_t make(const struct tcp_hdr *hdr, u32_t isn, u32_t period, unsigned size)
{
	uint64_t what =
		1ULL << 63 | (uint64_t)(period & 0xfffffff) << 34 | (uint64_t)size << 32 | isn;

	return (lwip_secret(ip_current_dest_addr(), hdr->dest, ip_current_src_addr(), hdr->src,
			    what) &
		~7U) |
	       (period & 1) << 2 | size;
}

/* The largest of ours that is not larger than what the SYN says (RFC 9293 §3.7.1). */
static unsigned size_of(const u8_t *options, u16_t len)
{
	u16_t mss = sizes[0];
	unsigned i = UK_ARRAY_SIZE(sizes) - 1;

	for (u16_t at = 0; at + 4 <= len && options[at] != LWIP_TCP_OPT_EOL;) {
		if (options[at] == LWIP_TCP_OPT_NOP) {
			at++;
			continue;
		}
		if (options[at] == LWIP_TCP_OPT_MSS)
			mss = (u16_t)(options[at + 2] << 8 | options[at + 3]);
		if (options[at + 1] < 2)
			break;
		at += options[at + 1];
	}
	while (i && sizes[i] > mss)
		i--;
	return i;
}

void lwip_cookie_give(const struct tcp_hdr *hdr, u16_t options)
{
	const ip_addr_t *local = ip_current_dest_addr(), *remote = ip_current_src_addr();
	struct netif *n = ip_route(local, remote);
	struct pbuf *p = n ? pbuf_alloc(PBUF_IP, TCP_HLEN + 4, PBUF_RAM) : NULL;
	struct tcp_hdr *h;
	u32_t *option;

	if (!p)
		return;
	last_period = period_now();
	h = p->payload;
	option = (u32_t *)(void *)(h + 1);
	h->src = lwip_htons(hdr->dest);
	h->dest = lwip_htons(hdr->src);
	h->seqno = lwip_htonl(
		make(hdr, hdr->seqno, last_period, size_of((const u8_t *)(hdr + 1), options)));
	h->ackno = lwip_htonl(hdr->seqno + 1);
	TCPH_HDRLEN_FLAGS_SET(h, (TCP_HLEN + 4) / 4, TCP_SYN | TCP_ACK);
	h->wnd = lwip_htons(TCPWND_MIN16(TCP_WND));
	h->chksum = h->urgp = 0;
	*option = TCP_BUILD_MSS_OPTION(tcp_eff_send_mss_netif(TCP_MSS, n, remote));
	IF__NETIF_CHECKSUM_ENABLED(n, NETIF_CHECKSUM_GEN_TCP)
	h->chksum = ip_chksum_pseudo(p, IP_PROTO_TCP, p->tot_len, local, remote);
	ip_output_if(p, local, remote, TCP_TTL, 0, IP_PROTO_TCP, n);
	pbuf_free(p);
}

/* The segment size that the cookie has, or 0: it is none of ours, or too old. */
static u16_t check(const struct tcp_hdr *hdr)
{
	u32_t cookie = hdr->ackno - 1, period = period_now();

	period -= (period ^ cookie >> 2) & 1;
	if (make(hdr, hdr->seqno - 1, period, cookie & 3) != cookie)
		return 0;
	return sizes[cookie & 3];
}

/* As it would be, had its SYN been remembered. */
static struct tcp_pcb *open_again(struct tcp_pcb_listen *l, const struct tcp_hdr *hdr, u16_t mss)
{
	struct tcp_pcb *pcb = tcp_alloc(l->prio);

	if (!pcb)
		return NULL;
	ip_addr_copy(pcb->local_ip, *ip_current_dest_addr());
	ip_addr_copy(pcb->remote_ip, *ip_current_src_addr());
	pcb->local_port = l->local_port;
	pcb->remote_port = hdr->src;
	pcb->state = SYN_RCVD;
	pcb->rcv_nxt = pcb->rcv_ann_right_edge = hdr->seqno;
	pcb->lastack = pcb->snd_wl2 = hdr->ackno - 1;
	pcb->snd_nxt = pcb->snd_lbb = hdr->ackno;
	pcb->snd_wl1 = hdr->seqno - 2; /* its window is taken */
	pcb->snd_wnd = pcb->snd_wnd_max = hdr->wnd;
	pcb->callback_arg = l->callback_arg;
	pcb->listener = l;
	pcb->so_options = l->so_options & SOF_INHERITED;
	pcb->netif_idx = l->netif_idx;
	TCP_REG_ACTIVE(pcb);
	lwip_tcp_half_open(pcb);
	pcb->mss = tcp_eff_send_mss(mss, &pcb->local_ip, &pcb->remote_ip);
	return pcb;
}

bool lwip_cookie_take(struct tcp_pcb_listen *l, const struct tcp_hdr *hdr, struct tcp_pcb **pcb)
{
	u16_t mss;

	*pcb = NULL;
	if ((TCPH_FLAGS(hdr) & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_ACK ||
	    UK_LIKELY(period_now() - last_period > 1))
		return false;
	mss = check(hdr);
	if (!mss)
		return false;
	if (l->accepts_pending >= l->backlog) /* it says so again, with its data */
		lwip_tcp_backlog_full(l->local_port);
	else
		*pcb = open_again(l, hdr, mss);
	return true;
}
