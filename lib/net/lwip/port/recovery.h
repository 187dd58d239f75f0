/* SPDX-License-Identifier: BSD-3-Clause */
/* recovery.c, as lwIP's TCP sees it (patches/0002-recovery.patch). The lock is held in all of it. */
#ifndef LWIP_PORT_RECOVERY_H
#define LWIP_PORT_RECOVERY_H

#include <lwip/arch.h>

struct tcp_pcb;
struct tcp_seg;

/* A part of each connection; all zero until something is lost. */
struct lwip_recovery {
	u32_t serial;     /* of the latest transmission; each one has the next number */
	u32_t delivered;  /* the highest of those that have arrived */
	u32_t sacked;     /* bytes that have arrived behind others that have not */
	u32_t recover;    /* what was sent before this number has reduced cwnd already */
	u32_t rtt_serial; /* the transmission that is being timed, or 0 */
	u32_t rtt_at;     /* when it was, in ms */
	u32_t again;      /* segments sent again since the connection began */
	u16_t srtt;       /* smoothed round-trip time in 1/8 ms; 0: none has been measured */
	u8_t loss;        /* ticks that this state lasts at least; 0: the state is off */
	u8_t silence;     /* ticks since the other side was heard, or since the latest probe */
	u8_t probes;      /* since the other side was heard */
};

#define TF_SEG_SACKED 0x20U /* in tcp_seg.flags: has arrived, behind others that have not */

/* Blocks of a SACK option (RFC 2018 §3), as they are in the packet. */
void lwip_tcp_sack(struct tcp_pcb *pcb, u32_t ackno, const u8_t *blocks, unsigned len);

/* A segment has been acknowledged and is about to be freed. If the state is on. */
void lwip_tcp_acked(struct tcp_pcb *pcb, const struct tcp_seg *seg);

/* An acknowledgement is done with: what is lost, going by it, is queued again. If the state is on. */
void lwip_tcp_recover(struct tcp_pcb *pcb);

/* Three duplicate acknowledgements, or more. */
void lwip_tcp_dupacks(struct tcp_pcb *pcb);

/* Something came that is not next: acknowledgements are not delayed for a while. */
void lwip_tcp_gap(struct tcp_pcb *pcb);

/* A segment is being sent. If the state is on. */
void lwip_tcp_sent(struct tcp_pcb *pcb, struct tcp_seg *seg);

/* The head of `unsent` is to be sent next: makes it one packet. If the state is on. */
void lwip_tcp_head(struct tcp_pcb *pcb);

/* The timer of retransmission has expired; before and after it is sure that everything can be sent again. */
void lwip_tcp_timeout(struct tcp_pcb *pcb);
void lwip_tcp_lose_all(struct tcp_pcb *pcb);

#endif
