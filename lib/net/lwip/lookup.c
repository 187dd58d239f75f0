/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All of TCP's connections: a table that finds the one a segment belongs to, with those that are half open or only
 * remembered, so that lists of thousands are never walked through for a packet.
 *
 * Of those half open (SYN received, our answer not acknowledged) there is a second list, by age. A flood of SYNs
 * fills it; then further ones are answered without being remembered (cookie.c), until those in the list have answered or are given up.
 * They do not count as waiting to be accepted; that queue is for those who have shown that they are there.
 */
#include <hooks.h>
#include <lwip/priv/tcp_priv.h>
#include <uk/print.h>
#include "internal.h"

#define BUCKETS 1024U

static struct tcp_pcb *table[BUCKETS];

static struct tcp_pcb *oldest, **youngest = &oldest; /* of those half open */
static unsigned n_half_open;
unsigned lwip_half_open_max = 64;

static inline struct tcp_pcb **bucket(u32_t remote, u16_t remote_port, u16_t local_port)
{
	u32_t h = remote ^ ((u32_t)remote_port << 16 | local_port);

	return &table[(h * 0x9e3779b1U) >> 22];
}

static inline u32_t word_of(const ip_addr_t *ip)
{
#if LWIP_IPV6
	if (IP_IS_V6(ip))
		return ip_2_ip6(ip)->addr[1] ^ ip_2_ip6(ip)->addr[3];
#endif
	return ip_2_ip4(ip)->addr;
}

void lwip_tcp_enter(struct tcp_pcb *pcb)
{
	struct tcp_pcb **b = bucket(word_of(&pcb->remote_ip), pcb->remote_port, pcb->local_port);

	pcb->same = *b;
	pcb->same_at = b;
	if (*b)
		(*b)->same_at = &pcb->same;
	*b = pcb;
}

struct tcp_pcb *lwip_tcp_find(u16_t remote_port, u16_t local_port)
{
	const ip_addr_t *remote = ip_current_src_addr();
	struct tcp_pcb *pcb = *bucket(word_of(remote), remote_port, local_port);

	for (; pcb; pcb = pcb->same)
		if (pcb->remote_port == remote_port && pcb->local_port == local_port &&
		    ip_addr_cmp(&pcb->remote_ip, remote) &&
		    ip_addr_cmp(&pcb->local_ip, ip_current_dest_addr()) &&
		    (pcb->netif_idx == NETIF_NO_INDEX ||
		     pcb->netif_idx == netif_get_index(ip_current_input_netif())))
			return pcb;
	return NULL;
}

/* ---- half open ---- */

bool lwip_tcp_may_open(void)
{
	static uk_nsec said;

	if (UK_LIKELY(n_half_open < lwip_half_open_max))
		return true;
	if (lwip_may_say(&said))
		uk_pr_warn("port %u: %u connections are half open (is this a flood of SYNs?); "
			   "others get a SYN cookie",
			   oldest->local_port, n_half_open);
	return false;
}

void lwip_tcp_half_open(struct tcp_pcb *pcb)
{
	pcb->younger = NULL;
	pcb->younger_at = youngest;
	*youngest = pcb;
	youngest = &pcb->younger;
	n_half_open++;
}

void lwip_tcp_opened(struct tcp_pcb *pcb)
{
	*pcb->younger_at = pcb->younger;
	if (pcb->younger)
		pcb->younger->younger_at = pcb->younger_at;
	else
		youngest = pcb->younger_at;
	pcb->younger_at = NULL;
	n_half_open--;
}

void lwip_tcp_gone(struct tcp_pcb *pcb)
{
	if (pcb->younger_at)
		lwip_tcp_opened(pcb);
	if (!pcb->same_at)
		return; /* it never had another side */
	*pcb->same_at = pcb->same;
	if (pcb->same)
		pcb->same->same_at = pcb->same_at;
}

void lwip_tcp_backlog_full(u16_t port)
{
	static uk_nsec said;

	if (lwip_may_say(&said))
		uk_pr_warn("port %u: as many connections as listen() allows wait to be accepted; "
			   "clients try again",
			   port);
}
