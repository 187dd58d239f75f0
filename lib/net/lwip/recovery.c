/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is done about lost packets, in place of lwIP's own: with one loss for each window it gets along, with more it
 * waits for its timer again and again.
 *
 * Each transmission of a segment has a serial number. An acknowledgement (also a selective one, RFC 2018) tells which
 * transmissions have arrived, and those that were sent earlier and have not are lost, or late (RFC 9002 §6.1.1 does
 * the same for QUIC). So a lost retransmission is found like any other. When nothing is heard the first missing
 * segment is sent again as a probe, after two round trips and a little, each next one after twice the time (as in RFC
 * 9002 §6.2); lwIP's timer, with its reduced window, stays for when that does not help. The congestion window shrinks
 * once for each window of data that had a loss (RFC 6675).
 *
 * All this is a state of a connection that begins with the first sign of a loss and lasts 2 s beyond the last one.
 * While it is on, segments have one packet, and those that were larger are split before they are sent again;
 * acknowledgements are not delayed.
 */
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include "internal.h"

#define LOSS_TICKS  200 /* the state lasts 2 s */
#define MAX_PROBES  7
#define GRANULARITY 2 /* ticks; also what the other side may take to answer */

static inline u32_t seqno(const struct tcp_seg *seg)
{
	return lwip_ntohl(seg->tcphdr->seqno);
}

static inline u32_t seq_end(const struct tcp_seg *seg)
{
	return seqno(seg) + TCP_TCPLEN(seg);
}

static inline bool later(u32_t serial, u32_t than)
{
	return (s32_t)(serial - than) > 0;
}

/* Losses of this window have been paid for. */
static inline bool recovering(const struct tcp_pcb *pcb)
{
	return TCP_SEQ_LT(pcb->lastack, pcb->rec.recover);
}

static void enter(struct tcp_pcb *pcb)
{
	struct lwip_recovery *r = &pcb->rec;
	struct tcp_seg *seg;

	if (!r->loss) {
		/* Nothing has been sent twice so far: they went out in this order. */
		r->delivered = r->serial;
		for (seg = pcb->unacked; seg; seg = seg->next)
			seg->serial = ++r->serial;
		r->recover = pcb->lastack;
		r->rtt_serial = 0;
		r->silence = r->probes = 0;
		recovery_timer_needed();
	}
	r->loss = LOSS_TICKS;
}

static void insert(struct tcp_seg **list, struct tcp_seg *seg)
{
	while (*list && TCP_SEQ_LT(seqno(*list), seqno(seg)))
		list = &(*list)->next;
	seg->next = *list;
	*list = seg;
}

/* Its bytes are still being sent: they must not change. */
static bool busy(const struct tcp_seg *seg)
{
	if (seg->p->ref == 1)
		return false;
	device_reap();
	return seg->p->ref != 1;
}

/* One transmission has arrived. */
static void arrived(struct lwip_recovery *r, const struct tcp_seg *seg)
{
	u32_t ms;

	if (later(seg->serial, r->delivered))
		r->delivered = seg->serial;
	if (!r->rtt_serial || seg->serial != r->rtt_serial)
		return;
	r->rtt_serial = 0;
	ms = UK_MIN(UK_MAX(sys_now() - r->rtt_at, 1U), 8000U);
	r->srtt = (u16_t)(r->srtt ? r->srtt - r->srtt / 8 + ms : ms * 8);
}

/* ---- what lwIP tells ---- */

static void mark_arrived(struct lwip_recovery *r, struct tcp_seg *seg, u32_t left, u32_t right)
{
	for (; seg && TCP_SEQ_LT(seqno(seg), right); seg = seg->next) {
		if (seg->flags & TF_SEG_SACKED || TCP_SEQ_LT(seqno(seg), left) ||
		    TCP_SEQ_GT(seq_end(seg), right))
			continue;
		seg->flags |= TF_SEG_SACKED;
		r->sacked += seg->len;
		arrived(r, seg);
	}
}

/* What has arrived is not sent again, nor may new bytes be added to it: it waits among the others that were sent. */
static void keep_arrived(struct tcp_pcb *pcb)
{
	struct tcp_seg **p = &pcb->unsent, *seg;

	while ((seg = *p) && TCP_SEQ_LT(seqno(seg), pcb->snd_nxt)) {
		if (!(seg->flags & TF_SEG_SACKED)) {
			p = &seg->next;
			continue;
		}
		*p = seg->next;
		insert(&pcb->unacked, seg);
		pcb->persist_backoff = 0;
		if (pcb->rtime < 0)
			pcb->rtime = 0;
	}
	if (!pcb->unsent)
		pcb->unsent_oversize = 0;
}

void lwip_tcp_sack(struct tcp_pcb *pcb, u32_t ackno, const u8_t *blocks, unsigned len)
{
	u32_t left, right;

	for (; len >= 8; blocks += 8, len -= 8) {
		memcpy(&left, blocks, 4);
		memcpy(&right, blocks + 4, 4);
		left = lwip_ntohl(left);
		right = lwip_ntohl(right);
		if (!TCP_SEQ_GT(left, pcb->lastack) || !TCP_SEQ_GT(left, ackno) ||
		    !TCP_SEQ_LT(left, right) || TCP_SEQ_GT(right, pcb->snd_nxt) ||
		    TCP_SEQ_GT(ackno, pcb->snd_nxt))
			continue;
		enter(pcb);
		mark_arrived(&pcb->rec, pcb->unacked, left, right);
		mark_arrived(&pcb->rec, pcb->unsent, left, right); /* given up too early */
	}
	if (pcb->rec.sacked)
		keep_arrived(pcb);
}

void lwip_tcp_acked(struct tcp_pcb *pcb, const struct tcp_seg *seg)
{
	if (seg->flags & TF_SEG_SACKED)
		pcb->rec.sacked -= seg->len;
	else
		arrived(&pcb->rec, seg);
}

void lwip_tcp_gap(struct tcp_pcb *pcb)
{
	enter(pcb);
}

void lwip_tcp_sent(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
	struct lwip_recovery *r = &pcb->rec;

	seg->serial = ++r->serial;
	if (TCP_SEQ_LT(seqno(seg), pcb->snd_nxt))
		r->again++;
	if (!r->rtt_serial) {
		r->rtt_serial = r->serial;
		r->rtt_at = sys_now();
	}
}

/* ---- what is lost ---- */

/* The segment that *p points at moves to those to be sent. */
static bool lose(struct tcp_pcb *pcb, struct tcp_seg **p)
{
	struct tcp_seg *seg = *p;

	if (busy(seg))
		return false;
	*p = seg->next;
	if (seg->serial == pcb->rec.rtt_serial)
		pcb->rec.rtt_serial = 0;
	pcb->rttest = 0; /* which one is acknowledged will not be known */
	insert(&pcb->unsent, seg);
	if (!seg->next)
		pcb->unsent_oversize = 0;
	return true;
}

/* Once for each window. */
static void slow_down(struct tcp_pcb *pcb)
{
	if (recovering(pcb))
		return;
	/* By as much as CUBIC does (RFC 9438 §4.6). */
	pcb->ssthresh = UK_MAX(UK_MIN(pcb->cwnd, pcb->snd_wnd) * 7 / 10, 2U * pcb->mss);
	pcb->cwnd = pcb->ssthresh;
	pcb->bytes_acked = 0;
	pcb->rec.recover = pcb->snd_nxt;
}

/* How many transmissions must have overtaken one that is taken for lost; some, as packets are also reordered. */
static u32_t threshold(const struct tcp_pcb *pcb)
{
	const struct tcp_seg *seg = pcb->unacked;
	unsigned n;

	for (n = 0; seg && n < 4; n++)
		seg = seg->next;
	return recovering(pcb) || pcb->rec.sacked > 2U * pcb->mss || n < 4 ? 1 : 3;
}

void lwip_tcp_recover(struct tcp_pcb *pcb)
{
	struct lwip_recovery *r = &pcb->rec;
	const u32_t limit = threshold(pcb);
	struct tcp_seg **p = &pcb->unacked;
	bool lost = false;

	r->silence = r->probes = 0;
	while (*p) {
		if ((*p)->flags & TF_SEG_SACKED ||
		    (s32_t)(r->delivered - (*p)->serial) < (s32_t)limit || !lose(pcb, p))
			p = &(*p)->next;
		else
			lost = true;
	}
	if (!lost)
		return;
	r->loss = LOSS_TICKS;
	slow_down(pcb);
}

/* Without selective acknowledgements: the first one is missing, and more are only known when it has been filled in. */
void lwip_tcp_dupacks(struct tcp_pcb *pcb)
{
	if (pcb->flags & TF_SACK || !pcb->unacked)
		return;
	enter(pcb);
	if (!recovering(pcb) && lose(pcb, &pcb->unacked))
		slow_down(pcb);
}

void lwip_tcp_timeout(struct tcp_pcb *pcb)
{
	struct tcp_seg *seg;

	device_reap();
	enter(pcb);
	pcb->rec.recover = pcb->snd_nxt;
	if (!pcb->nrtx)
		return;
	/* The second time: who said that it had them may have thrown them away (RFC 2018 §8). */
	for (seg = pcb->unacked; seg; seg = seg->next)
		seg->flags &= (u8_t)~TF_SEG_SACKED;
	for (seg = pcb->unsent; seg; seg = seg->next)
		seg->flags &= (u8_t)~TF_SEG_SACKED;
	pcb->rec.sacked = 0;
}

void lwip_tcp_lose_all(struct tcp_pcb *pcb)
{
	struct tcp_seg *seg, *next, **p = &pcb->unsent;

	for (seg = pcb->unacked; seg; seg = next) {
		next = seg->next;
		while (*p && TCP_SEQ_LT(seqno(*p), seqno(seg)))
			p = &(*p)->next;
		seg->next = *p;
		*p = seg;
		p = &seg->next;
	}
	pcb->unacked = NULL;
	pcb->rec.rtt_serial = 0;
	keep_arrived(pcb);
}

/* ---- sending again ---- */

/* In halves, as what comes behind a cut is copied. */
void lwip_tcp_head(struct tcp_pcb *pcb)
{
	const u16_t mss = pcb->mss;
	struct tcp_seg *head = pcb->unsent;
	err_t err = ERR_OK;

	if (!head || head->len <= mss || busy(head))
		return;
	while (head->len > mss && err == ERR_OK) {
		u16_t half = (u16_t)((head->len + mss - 1) / mss / 2 * mss);

		pcb->mss = head->len; /* it is asserted that this is not less */
		err = tcp_split_unsent_seg(pcb, half);
		pcb->mss = mss;
		if (err == ERR_OK)
			head->next->serial = head->serial;
	}
}

/* ---- time ---- */

/* Ticks until the next probe. */
static unsigned patience(const struct tcp_pcb *pcb)
{
	unsigned ms = pcb->rec.srtt ? pcb->rec.srtt / 8U
				    : (unsigned)(pcb->sa >> 3) * TCP_SLOW_INTERVAL + 20;

	return (2 * ms / RECOVERY_TICK_MS + GRANULARITY) << pcb->rec.probes;
}

static void probe(struct tcp_pcb *pcb)
{
	struct tcp_seg **p = &pcb->unacked;

	while (*p && (*p)->flags & TF_SEG_SACKED)
		p = &(*p)->next;
	if (!*p || !lose(pcb, p))
		return;
	pcb->rec.silence = 0;
	pcb->rec.probes++;
	tcp_output(pcb);
}

static void tick(struct tcp_pcb *pcb)
{
	struct lwip_recovery *r = &pcb->rec;

	if (r->loss > 1 || (!r->sacked && !recovering(pcb)))
		r->loss--;
	if (pcb->state < ESTABLISHED)
		return;
	if (r->silence < 255)
		r->silence++;
	if (!pcb->unacked && pcb->unsent && TCP_SEQ_LT(seqno(pcb->unsent), pcb->snd_nxt))
		tcp_output(pcb); /* something that the device had not finished with */
	else if (pcb->unacked && r->probes < MAX_PROBES &&
		 r->silence >= UK_MIN(patience(pcb), 255U))
		probe(pcb);
}

/* What waits for its timer, after twice the time again and again, need not. */
void recovery_link_up(void)
{
	struct tcp_pcb *pcb;

	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
		pcb->persist_cnt = UINT8_MAX; /* of a window that is closed, if one is */
		if (pcb->rtime < 0 || !pcb->nrtx)
			continue;
		pcb->rtime = pcb->rto;
		pcb->rec.probes = 0;
	}
}

bool recovery_tick(void)
{
	struct tcp_pcb *pcb, *next;
	bool more = false;

	for (pcb = tcp_active_pcbs; pcb; pcb = next) {
		next = pcb->next;
		if (UK_LIKELY(!pcb->rec.loss))
			continue;
		tick(pcb);
		more = true;
	}
	return more;
}
