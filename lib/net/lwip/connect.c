/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that are opened from here, and the addresses of sockets: bind() and connect().
 */
#include <lwip/priv/tcp_priv.h>
#include "internal.h"

int stream_need_pcb(struct stream *st)
{
	struct tcp_pcb *pcb;

	if (st->pcb)
		return 0;
	pcb = tcp_new_ip_type(st->s.domain != UK_AF_INET6 ? IPADDR_TYPE_V4
			      : st->v6only                ? IPADDR_TYPE_V6
							  : IPADDR_TYPE_ANY);
	if (!pcb)
		return -ENOBUFS;
	stream_attach(st, pcb);
	if (st->reuse_addr || st->reuse_port)
		ip_set_option(pcb, SOF_REUSEADDR);
	if (st->keepalive)
		ip_set_option(pcb, SOF_KEEPALIVE);
	if (st->nodelay)
		tcp_nagle_disable(pcb);
	stream_set_keepalive(st);
	pcb->ttl = st->ttl;
	pcb->tos = st->tos;
	pcb->netif_idx = st->device;
	if (st->bound_address)
		pcb->local_ip = st->local;
	if (st->bound) { /* it was connected before */
		pcb->local_port = st->local_port;
		TCP_REG(&tcp_bound_pcbs, pcb);
		ip_set_option(pcb,
			      SOF_REUSEADDR); /* tcp_connect() looks for what is left of that */
	}
	return 0;
}

static bool overlap(const ip_addr_t *a, const ip_addr_t *b)
{
	if (IP_IS_ANY_TYPE_VAL(*a) || IP_IS_ANY_TYPE_VAL(*b))
		return true;
	return IP_GET_TYPE(a) == IP_GET_TYPE(b) &&
	       (ip_addr_isany(a) || ip_addr_isany(b) || ip_addr_cmp(a, b));
}

/*
 * Linux's rule: two may have a port at one address if both have SO_REUSEADDR and the other does not listen, or both have
 * SO_REUSEPORT. What is left of a connection without a socket knows of the first only.
 */
static bool goes_together(const struct stream *st, const struct tcp_pcb *pcb)
{
	const struct stream *other = pcb->callback_arg;

	if (!other)
		return st->reuse_addr && ip_get_option(pcb, SOF_REUSEADDR);
	return (st->reuse_addr && other->reuse_addr && pcb->state != LISTEN) ||
	       (st->reuse_port && other->reuse_port);
}

bool stream_conflict(struct stream *st, const ip_addr_t *ip, uint16_t port)
{
	struct tcp_pcb *pcb;
	unsigned i;

	for (i = 0; port && i < NUM_TCP_PCB_LISTS; i++)
		for (pcb = *tcp_pcb_lists[i]; pcb; pcb = pcb->next)
			if (pcb->local_port == port && pcb != st->pcb &&
			    overlap(&pcb->local_ip, ip) && !goes_together(st, pcb))
				return true;
	return false;
}

int stream_bind_to(struct stream *st, ip_addr_t *ip, uint16_t port)
{
	int rc;

	if (st->bound || st->connected || st->connecting || st->s.listening)
		return -EINVAL;
	rc = stream_need_pcb(st);
	if (rc)
		return rc;
	if (st->pcb->netif_idx == NETIF_NO_INDEX && address_lacks_link(ip))
		return -EINVAL;
	if (ip_addr_ismulticast(ip) || !address_is_ours(ip))
		return -EADDRNOTAVAIL;
	if (st->s.domain == UK_AF_INET6 && !st->v6only && IP_IS_V6(ip) && ip_addr_isany(ip))
		IP_SET_TYPE(ip, IPADDR_TYPE_ANY);
	else if (st->s.domain == UK_AF_INET6 && st->v6only && IP_IS_V4(ip))
		return -EINVAL;
	if (stream_conflict(st, ip, port))
		return -EADDRINUSE;
	if (ip_addr_isany(ip))
		st->pcb->local_ip = *ip; /* tcp_bind() leaves one that it had */
	rc = lwip_error(tcp_bind(st->pcb, ip, port));
	if (rc)
		return rc;
	st->bound = true;
	st->bound_port = port != 0;
	st->bound_address = !ip_addr_isany(ip);
	st->local = *ip;
	st->local_port = st->pcb->local_port;
	return 0;
}

/* A stream of IPv6 takes addresses of that family only. */
static int address_of_stream(int domain, const struct uk_abi_sockaddr_storage *a, uint32_t len,
			     ip_addr_t *ip, uint16_t *port)
{
	if (domain == UK_AF_INET6 && len < UK_SIN6_LEN_RFC2133)
		return -EINVAL;
	if (domain == UK_AF_INET6 && a->ss_family != UK_AF_INET6)
		return -EAFNOSUPPORT;
	return address_get(domain, a, len, ip, port);
}

int stream_bind(struct uk_socket *s, const struct uk_abi_sockaddr_storage *a, uint32_t len)
{
	struct stream *st = stream_of(s);
	ip_addr_t ip;
	uint16_t port;
	int rc = address_of_stream(s->domain, a, len, &ip, &port);

	if (rc)
		return rc;
	LWIP_LOCKED();
	return stream_bind_to(st, &ip, port);
}

/* 0.0.0.0 means this machine. */
static void any_is_self(ip_addr_t *ip)
{
	if (!ip_addr_isany(ip))
		return;
#if LWIP_IPV6
	if (IP_IS_V6(ip)) {
		ip_addr_set_loopback_val(true, *ip);
		return;
	}
#endif
	ip_addr_set_loopback_val(false, *ip);
}

static err_t established(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct stream *st = arg;

	st->connecting = false;
	st->connected = true;
	stream_note_addresses(st);
	uk_event_set(&st->s.events, UK_POLLOUT);
	return ERR_OK;
}

static int connect_start(struct stream *st, ip_addr_t *ip, uint16_t port)
{
	struct netif *n;
	int rc;

	if (st->s.listening || st->connected)
		return -EISCONN;
	rc = stream_need_pcb(st);
	if (rc)
		return rc;
	any_is_self(ip);
	if (st->v6only && IP_IS_V4(ip))
		return -ENETUNREACH;
	if (ip_addr_ismulticast(ip))
		return -ENETUNREACH;
	if (st->pcb->netif_idx == NETIF_NO_INDEX && address_lacks_link(ip))
		return -EINVAL;
	n = ip_route(&st->pcb->local_ip, ip);
	if (!n || (IP_IS_V4(ip) && ip4_addr_isany(netif_ip4_addr(n))))
		return -ENETUNREACH;
	rc = lwip_error(tcp_connect(st->pcb, ip, port, established));
	if (rc)
		return rc;
	st->connecting = st->untold = true;
	stream_note_addresses(st);
	uk_socket_take_error(&st->s); /* of a connection before this one */
	uk_event_clear(&st->s.events, UK_POLLOUT | (st->shut ? 0 : UK_POLLHUP));
	return 0;
}

void stream_disconnect(struct stream *st)
{
	struct tcp_pcb *pcb = st->pcb;

	if (st->s.listening) {
		stream_shut_listener(st);
	} else if (pcb && pcb->state != CLOSED) {
		bool over = pcb->state > CLOSE_WAIT && !pcb->unsent;

		stream_detach(st);
		tcp_abandon(pcb, !over && pcb->state != SYN_SENT);
		if (!over)
			st->s.error = ECONNRESET;
	}
	stream_drop_received(st);
	st->rx_eof = st->finished = st->shut_wr = st->shut = false;
	st->connected = st->connecting = st->untold = false;
	uk_event_clear(&st->s.events, UK_POLLIN | UK_POLLRDHUP);
	uk_event_set(&st->s.events, UK_POLLOUT | UK_POLLHUP | (st->s.error ? UK_POLLERR : 0));
	if (st->pcb) /* was not connected */
		return;
	st->bound &= st->bound_port;
	if (!st->bound_address)
		ip_addr_set_any_val(st->s.domain == UK_AF_INET6, st->local);
	if (st->bound)
		stream_need_pcb(st); /* if there is memory: else who needs it next tries again */
}

/* The attempt is over, and its caller is told how. If it failed the socket may try again, as a new one. */
static int attempt_result(struct stream *st)
{
	int rc;

	st->untold = false;
	if (st->connected && st->pcb)
		return 0;
	rc = uk_socket_take_error(&st->s);
	stream_disconnect(st);
	return rc ? rc : -ECONNABORTED; /* SO_ERROR has told the reason */
}

static int connect_wait(struct stream *st, unsigned flags)
{
	const uk_nsec deadline = uk_socket_deadline(flags, st->s.sndtimeo);
	int rc;

	while (st->connecting) {
		if (!deadline)
			return -EINPROGRESS;
		lwip_unlock();
		rc = uk_socket_wait(&st->s, UK_POLLOUT | UK_POLLERR, deadline);
		lwip_lock();
		if (rc)
			return rc == -EAGAIN ? -EINPROGRESS : rc;
	}
	return attempt_result(st);
}

int stream_connect(struct uk_socket *s, const struct uk_abi_sockaddr_storage *a, uint32_t len,
		   unsigned flags)
{
	struct stream *st = stream_of(s);
	ip_addr_t ip;
	uint16_t port;
	int rc;

	if (len >= sizeof(a->ss_family) && a->ss_family == UK_AF_UNSPEC) {
		LWIP_LOCKED();
		stream_disconnect(st);
		return 0;
	}
	rc = address_of_stream(s->domain, a, len, &ip, &port);
	if (rc)
		return rc;
	LWIP_LOCKED();
	if (st->connecting && flags & UK_MSG_DONTWAIT)
		return -EALREADY;
	if (!st->untold) {
		rc = connect_start(st, &ip, port);
		if (rc)
			return rc;
	}
	return connect_wait(st, flags);
}
