/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of connections: TCP's, and what SOL_SOCKET, IP and IPv6 have for them. They are kept in the
 * socket, since the pcb comes later than some of them, and set in the pcb if there is one.
 */
#include <lwip/priv/tcp_priv.h>
#include "option.h"

#define SEC_MS   1000U
#define TIME_MAX 32767 /* seconds, Linux's limit for keep-alive */

static void socket_flag(struct stream *st, u8_t option, bool on)
{
	if (!st->pcb)
		return;
	if (on)
		ip_set_option(st->pcb, option);
	else
		ip_reset_option(st->pcb, option);
}

static int set_socket(struct stream *st, int name, const void *val, uint32_t len)
{
	int v;

	if (name == UK_SO_BINDTODEVICE) {
		v = option_bind_device(&st->device, val, len);
		if (st->pcb)
			st->pcb->netif_idx = st->device;
		return v;
	}
	if (!option_int(val, len, false, &v))
		return -EINVAL;
	switch (name) {
	case UK_SO_REUSEADDR:
		st->reuse_addr = v;
		socket_flag(st, SOF_REUSEADDR, st->reuse_addr || st->reuse_port);
		return 0;
	case UK_SO_REUSEPORT:
		st->reuse_port = v;
		socket_flag(st, SOF_REUSEADDR, st->reuse_addr || st->reuse_port);
		return 0;
	case UK_SO_KEEPALIVE:
		st->keepalive = v;
		socket_flag(st, SOF_KEEPALIVE, v);
		return 0;
	case UK_SO_LINGER:
		return option_linger(&st->linger, val, len);
	case UK_SO_RCVBUF:
		st->rcvbuf = option_buffer(v, OPTION_RCVBUF_MIN);
		return 0;
	case UK_SO_SNDBUF:
		st->sndbuf = option_buffer(v, OPTION_SNDBUF_MIN);
		return 0;
	case UK_SO_RCVLOWAT:
		st->rcvlowat = v < 0 ? INT32_MAX : v ? (uint32_t)v : 1;
		return 0;
	case UK_SO_BROADCAST:
		st->broadcast = v; /* for nothing */
		return 0;
	case UK_SO_OOBINLINE:
		st->oobinline = v; /* there is no urgent data to be anywhere else */
		return 0;
	}
	return -ENOPROTOOPT;
}

static int get_socket(struct stream *st, int name, void *val, uint32_t len)
{
	switch (name) {
	case UK_SO_BINDTODEVICE:
		return option_tell_device(st->device, val, len);
	case UK_SO_REUSEADDR:
		return option_put(val, len, st->reuse_addr);
	case UK_SO_REUSEPORT:
		return option_put(val, len, st->reuse_port);
	case UK_SO_KEEPALIVE:
		return option_put(val, len, st->keepalive);
	case UK_SO_LINGER:
		memcpy(val, &st->linger, UK_MIN(len, (uint32_t)sizeof(st->linger)));
		return sizeof(st->linger);
	case UK_SO_RCVBUF:
		return option_put(val, len, st->rcvbuf ? (int)st->rcvbuf : (int)TCP_WND);
	case UK_SO_SNDBUF:
		return option_put(val, len, st->sndbuf ? (int)st->sndbuf : (int)TCP_SND_BUF);
	case UK_SO_RCVLOWAT:
		return option_put(val, len, st->rcvlowat ? (int)st->rcvlowat : 1);
	case UK_SO_SNDLOWAT:
		return option_put(val, len, 1);
	case UK_SO_BROADCAST:
		return option_put(val, len, st->broadcast);
	case UK_SO_OOBINLINE:
		return option_put(val, len, st->oobinline);
	}
	return -ENOPROTOOPT;
}

/* ---- TCP ---- */

static int set_congestion(const void *val, uint32_t len)
{
	char name[UK_TCP_CONGESTION_NAME] = { 0 };

	memcpy(name, val, UK_MIN(len, (uint32_t)sizeof(name) - 1));
	return uk_strcmp(name, "reno") ? -ENOENT : 0;
}

static int set_keep(struct stream *st, int name, int v)
{
	if (v < 1 || v > (name == UK_TCP_KEEPCNT ? 127 : TIME_MAX))
		return -EINVAL;
	switch (name) {
	case UK_TCP_KEEPIDLE:
		st->keep_idle = (uint32_t)v * SEC_MS;
		break;
	case UK_TCP_KEEPINTVL:
		st->keep_intvl = (uint32_t)v * SEC_MS;
		break;
	default:
		st->keep_cnt = (uint32_t)v;
	}
	if (st->pcb && !st->s.listening)
		stream_set_keepalive(st);
	return 0;
}

static void set_nodelay(struct stream *st, bool on)
{
	st->nodelay = on;
	if (!st->pcb || st->s.listening)
		return;
	if (!on) {
		tcp_nagle_enable(st->pcb);
		return;
	}
	tcp_nagle_disable(st->pcb);
	stream_push(st, !st->cork);
}

static void set_cork(struct stream *st, bool on)
{
	st->cork = on;
	if (st->pcb && !st->s.listening && !on)
		stream_push(st, true);
}

static void set_quickack(struct stream *st, bool on)
{
	st->quickack = on;
	st->slowack = !on;
	if (!on || !st->pcb || st->s.listening || !(st->pcb->flags & TF_ACK_DELAY))
		return;
	tcp_ack_now(st->pcb);
	tcp_output(st->pcb);
}

static int set_tcp(struct stream *st, int name, const void *val, uint32_t len)
{
	int v;

	if (name == UK_TCP_CONGESTION)
		return len ? set_congestion(val, len) : -EINVAL;
	if (!option_int(val, len, false, &v))
		return -EINVAL;
	switch (name) {
	case UK_TCP_NODELAY:
		set_nodelay(st, v);
		return 0;
	case UK_TCP_CORK:
		set_cork(st, v);
		return 0;
	case UK_TCP_QUICKACK:
		set_quickack(st, v & 1);
		return 0;
	case UK_TCP_MAXSEG:
		if (v && (v < 88 || v > 32767))
			return -EINVAL;
		st->maxseg = (uint16_t)v;
		if (st->pcb && !st->s.listening && v && v < st->pcb->mss)
			st->pcb->mss = (u16_t)v;
		return 0;
	case UK_TCP_KEEPIDLE:
	case UK_TCP_KEEPINTVL:
	case UK_TCP_KEEPCNT:
		return set_keep(st, name, v);
	case UK_TCP_DEFER_ACCEPT:
		st->defer_sec = v > 0 ? (uint32_t)v : 0;
		return 0;
	case UK_TCP_USER_TIMEOUT:
		if (v < 0)
			return -EINVAL;
		st->user_timeout = (uint32_t)v;
		return v ? -ENOPROTOOPT : 0; /* lwIP gives up after a number of attempts */
	}
	return -ENOPROTOOPT;
}

static uint8_t linux_state(const struct stream *st)
{
	static const uint8_t states[] = { [CLOSED] = UK_TCP_CLOSE,
					  [LISTEN] = UK_TCP_LISTEN,
					  [SYN_SENT] = UK_TCP_SYN_SENT,
					  [SYN_RCVD] = UK_TCP_SYN_RECV,
					  [ESTABLISHED] = UK_TCP_ESTABLISHED,
					  [FIN_WAIT_1] = UK_TCP_FIN_WAIT1,
					  [FIN_WAIT_2] = UK_TCP_FIN_WAIT2,
					  [CLOSE_WAIT] = UK_TCP_CLOSE_WAIT,
					  [CLOSING] = UK_TCP_CLOSING,
					  [LAST_ACK] = UK_TCP_LAST_ACK,
					  [TIME_WAIT] = UK_TCP_TIME_WAIT };

	return st->pcb ? states[st->pcb->state] : UK_TCP_CLOSE;
}

#define TICK_US (TCP_SLOW_INTERVAL * 1000U)

static void fill_info(const struct stream *st, struct uk_abi_tcp_info *i)
{
	const struct tcp_pcb *pcb = st->pcb;
	const struct tcp_seg *seg;

	memset(i, 0, sizeof(*i));
	i->tcpi_state = linux_state(st);
	if (!pcb || st->s.listening)
		return;
	if (pcb->flags & TF_WND_SCALE) {
		i->tcpi_options |= UK_TCPI_OPT_WSCALE;
		i->tcpi_wscale = (uint8_t)(pcb->snd_scale | pcb->rcv_scale << 4);
	}
	if (pcb->flags & TF_SACK)
		i->tcpi_options |= UK_TCPI_OPT_SACK;
	i->tcpi_retransmits = pcb->nrtx;
	i->tcpi_backoff = pcb->persist_backoff;
	i->tcpi_rto = (uint32_t)pcb->rto * TICK_US;
	i->tcpi_snd_mss = i->tcpi_rcv_mss = i->tcpi_advmss = pcb->mss;
	for (seg = pcb->unacked; seg; seg = seg->next)
		i->tcpi_unacked++;
	i->tcpi_rtt = (uint32_t)UK_MAX(pcb->sa, 0) * (TICK_US / 8);
	i->tcpi_rttvar = (uint32_t)UK_MAX(pcb->sv, 0) * (TICK_US / 4);
	i->tcpi_snd_cwnd = pcb->cwnd / pcb->mss; /* in segments */
	i->tcpi_snd_ssthresh = pcb->ssthresh / pcb->mss;
	i->tcpi_rcv_space = pcb->rcv_wnd;
	i->tcpi_pmtu = 1500;
	i->tcpi_reordering = 3;
	i->tcpi_total_retrans = pcb->rec.again;
}

static int get_info(const struct stream *st, void *val, uint32_t len)
{
	struct uk_abi_tcp_info info;

	fill_info(st, &info);
	memcpy(val, &info, UK_MIN(len, (uint32_t)sizeof(info)));
	return sizeof(info);
}

static int get_congestion(void *val, uint32_t len)
{
	static const char name[UK_TCP_CONGESTION_NAME] = "reno";

	memcpy(val, name, UK_MIN(len, (uint32_t)sizeof(name)));
	return sizeof(name);
}

static int get_tcp(struct stream *st, int name, void *val, uint32_t len)
{
	const bool conn = st->pcb && !st->s.listening;

	switch (name) {
	case UK_TCP_NODELAY:
		return option_put(val, len, st->nodelay);
	case UK_TCP_CORK:
		return option_put(val, len, st->cork);
	case UK_TCP_QUICKACK:
		return option_put(val, len, !st->slowack);
	case UK_TCP_MAXSEG:
		return option_put(val, len,
				  conn && st->connected ? st->pcb->mss
				  : st->maxseg          ? st->maxseg
							: 536);
	case UK_TCP_KEEPIDLE:
		return option_put(val, len, st->keep_idle ? (int)(st->keep_idle / SEC_MS) : 7200);
	case UK_TCP_KEEPINTVL:
		return option_put(val, len, st->keep_intvl ? (int)(st->keep_intvl / SEC_MS) : 75);
	case UK_TCP_KEEPCNT:
		return option_put(val, len, st->keep_cnt ? (int)st->keep_cnt : 9);
	case UK_TCP_DEFER_ACCEPT:
		return option_put(val, len, (int)st->defer_sec);
	case UK_TCP_SYNCNT:
		return option_put(val, len, TCP_SYNMAXRTX);
	case UK_TCP_USER_TIMEOUT:
		return option_put(val, len, 0);
	case UK_TCP_INFO:
		return get_info(st, val, len);
	case UK_TCP_CONGESTION:
		return get_congestion(val, len);
	}
	return -ENOPROTOOPT;
}

/* ---- IP, IPv6 ---- */

static int set_ip(struct stream *st, int level, int name, const void *val, uint32_t len)
{
	const bool six = level == UK_SOL_IPV6;
	int v;

	if (!option_int(val, len, !six, &v))
		return -EINVAL;
	if (six && name == UK_IPV6_V6ONLY) {
		if (st->bound || st->pcb)
			return -EINVAL;
		st->v6only = v;
		return 0;
	}
	if (name == (six ? UK_IPV6_TCLASS : UK_IP_TOS)) {
		if (six && (v < -1 || v > 255))
			return -EINVAL;
		/* The lowest two bits are TCP's own (ECN, RFC 3168 §5). */
		st->tos = six && v < 0 ? 0 : (uint8_t)(v & ~3);
		if (st->pcb)
			st->pcb->tos = st->tos;
		return 0;
	}
	if (name == (six ? UK_IPV6_UNICAST_HOPS : UK_IP_TTL)) {
		if (v != -1 && (v < (six ? 0 : 1) || v > 255))
			return -EINVAL;
		st->ttl = v < 0 ? IP_DEFAULT_TTL : (uint8_t)v;
		if (st->pcb)
			st->pcb->ttl = st->ttl;
		return 0;
	}
	return -ENOPROTOOPT;
}

static int get_ip(struct stream *st, int level, int name, void *val, uint32_t len)
{
	const bool six = level == UK_SOL_IPV6;

	if (six && name == UK_IPV6_V6ONLY)
		return option_put(val, len, st->v6only);
	if (name == (six ? UK_IPV6_TCLASS : UK_IP_TOS))
		return option_put(val, len, st->tos);
	if (name == (six ? UK_IPV6_UNICAST_HOPS : UK_IP_TTL))
		return option_put(val, len, st->ttl);
	return -ENOPROTOOPT;
}

static bool is_ip(const struct uk_socket *s, int level)
{
	return level == UK_SOL_IP || (level == UK_SOL_IPV6 && s->domain == UK_AF_INET6);
}

int stream_setsockopt(struct uk_socket *s, int level, int name, const void *val, uint32_t len)
{
	struct stream *st = stream_of(s);
	int rc = -ENOPROTOOPT;

	lwip_lock();
	if (level == UK_SOL_SOCKET)
		rc = set_socket(st, name, val, len);
	else if (level == UK_SOL_TCP)
		rc = set_tcp(st, name, val, len);
	else if (is_ip(s, level))
		rc = set_ip(st, level, name, val, len);
	lwip_unlock();
	return rc;
}

int stream_getsockopt(struct uk_socket *s, int level, int name, void *val, uint32_t len)
{
	struct stream *st = stream_of(s);
	int rc = -EOPNOTSUPP;

	lwip_lock();
	if (level == UK_SOL_SOCKET)
		rc = get_socket(st, name, val, len);
	else if (level == UK_SOL_TCP)
		rc = get_tcp(st, name, val, len);
	else if (is_ip(s, level))
		rc = get_ip(st, level, name, val, len);
	lwip_unlock();
	return rc;
}
