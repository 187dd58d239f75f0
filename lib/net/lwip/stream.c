/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SOCK_STREAM: connections and those who listen for them, over lwIP's callbacks. Here are their beginning
 * and their end; connect.c, listen.c, receive.c and send.c have what lies between.
 *
 * The event source follows: IN while there is something to read or accept, OUT while there is room to
 * send, ERR, HUP and RDHUP as on Linux.
 */
#include <lwip/priv/tcp_priv.h>
#include "internal.h"

static const struct uk_socket_ops stream_ops;

struct stream *stream_new(int domain)
{
	struct stream *st = uk_calloc(1, sizeof(*st));

	if (!st)
		return NULL;
	st->s.domain = (uint16_t)domain;
	st->s.type = UK_SOCK_STREAM;
	st->s.protocol = UK_IPPROTO_TCP;
	st->ttl = IP_DEFAULT_TTL;
	st->rx_end = &st->rx;
	st->queue_end = &st->queue;
	st->s.events.ready = UK_POLLOUT | UK_POLLHUP; /* not connected */
	ip_addr_set_any_val(domain == UK_AF_INET6, st->local);
	ip_addr_set_any_val(domain == UK_AF_INET6, st->peer);
	return st;
}

struct uk_file *stream_file(struct stream *st)
{
	return uk_socket_file(&st->s, &stream_ops);
}

int stream_create(int domain, int protocol, struct uk_file **f)
{
	struct stream *st = stream_new(domain);

	if (!st)
		return -ENOMEM;
	*f = stream_file(st);
	if (*f)
		return 0;
	uk_free(st);
	return -ENOMEM;
}

/* ---- with lwIP, the lock held ---- */

/* lwIP forgets the socket: the connection goes on, or to its end, alone. */
void stream_detach(struct stream *st)
{
	struct tcp_pcb *pcb = st->pcb;

	st->pcb = NULL;
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
}

void stream_update_out(struct stream *st)
{
	if (uk_event_ready(&st->s.events) & UK_POLLOUT)
		return;
	if (!st->pcb ||
	    (st->pcb->snd_buf >= TCP_SNDLOWAT && tcp_sndqueuelen(st->pcb) < TCP_SNDQUEUELOWAT))
		uk_event_set(&st->s.events, UK_POLLOUT);
}

static err_t sent(void *arg, struct tcp_pcb *pcb, u16_t n)
{
	struct stream *st = arg;

	if (UK_LIKELY(st != NULL))
		stream_update_out(st);
	return ERR_OK;
}

static void broken(struct stream *st, int error)
{
	st->s.error = error;
	st->connecting = false;
	st->rx_eof = true;
	st->shut_wr = true;
	uk_event_set(&st->s.events,
		     UK_POLLIN | UK_POLLOUT | UK_POLLERR | UK_POLLHUP | UK_POLLRDHUP);
}

/* The pcb is gone. */
static void failed(void *arg, err_t err)
{
	struct stream *st = arg;

	if (!st)
		return;
	st->pcb = NULL;
	if (st->deferred) {
		uk_free(st); /* nobody has heard of it */
		return;
	}
	if (err == ERR_CLSD) { /* in order: both sides had finished */
		stream_ended(st);
		return;
	}
	if (err != ERR_RST)
		broken(st, ETIMEDOUT);
	else if (st->connecting)
		broken(st, ECONNREFUSED);
	else /* the other side had finished, and takes nothing either: who sends is told, who reads knows */
		broken(st, st->finished && !st->shut_wr ? EPIPE : ECONNRESET);
}

UK_COLD void stream_abandon(struct stream *st, int error, bool reset)
{
	struct tcp_pcb *pcb = st->pcb;

	stream_detach(st);
	tcp_abandon(pcb, reset);
	broken(st, error);
}

void stream_attach(struct stream *st, struct tcp_pcb *pcb)
{
	st->pcb = pcb;
	tcp_arg(pcb, st);
	tcp_recv(pcb, stream_received);
	tcp_sent(pcb, sent);
	tcp_err(pcb, failed);
}

void stream_note_addresses(struct stream *st)
{
	st->local = st->pcb->local_ip;
	st->local_port = st->pcb->local_port;
	st->peer = st->pcb->remote_ip;
	st->peer_port = st->pcb->remote_port;
	st->packets = (uint16_t)segment_limit(st->pcb);
}

/* lwIP has copied SOF_KEEPALIVE. */
void stream_set_keepalive(struct stream *st)
{
	if (st->keep_idle)
		st->pcb->keep_idle = st->keep_idle;
	if (st->keep_intvl)
		st->pcb->keep_intvl = st->keep_intvl;
	if (st->keep_cnt)
		st->pcb->keep_cnt = st->keep_cnt;
}

/* ---- the end ---- */

static UK_COLD int stream_shutdown(struct uk_socket *s, int how)
{
	struct stream *st = stream_of(s);
	int rc = 0;

	LWIP_LOCKED();
	if (st->s.listening || st->connecting) {
		if (st->connecting || how != UK_SHUT_WR)
			stream_disconnect(st);
		return 0;
	}
	if (!st->connected || (!st->pcb && st->shut_wr))
		rc = -ENOTCONN; /* and yet it is shut, as on Linux */
	if (how != UK_SHUT_WR) {
		st->rx_eof = true; /* but what comes can be read, as on Linux */
		uk_event_set(&st->s.events, UK_POLLIN | UK_POLLRDHUP);
	}
	if (how != UK_SHUT_RD && !st->shut_wr) {
		st->shut_wr = true;
		if (st->connected && st->pcb)
			tcp_shutdown(st->pcb, 0, 1);
		uk_event_set(&st->s.events, UK_POLLOUT);
	}
	st->shut = st->shut_wr && st->rx_eof;
	if (st->shut)
		uk_event_set(&st->s.events, UK_POLLHUP);
	return rc;
}

/* SO_LINGER: until the other side has everything, or the time is over. */
static void linger(struct stream *st)
{
	uk_nsec end = uk_deadline((uint32_t)st->linger.l_linger * UK_NSEC_PER_SEC);

	while (st->pcb && (st->pcb->unsent || st->pcb->unacked) && uk_clock_monotonic() < end) {
		uk_nsec soon = uk_deadline(10 * UK_NSEC_PER_MS);

		tcp_output(st->pcb);
		lwip_unlock();
		if (uk_sleep_until(UK_MIN(soon, end)))
			end = 0;
		lwip_lock();
		lwip_work();
	}
}

static void hang_up(struct stream *st)
{
	struct tcp_pcb *pcb = st->pcb;

	if (!pcb)
		return;
	stream_detach(st);
	/* As on Linux, what nobody has read is lost, and the other side shall know. */
	if ((st->linger.l_onoff && !st->linger.l_linger) || st->rx_bytes)
		tcp_abort(pcb);
	else
		tcp_close(pcb);
}

void streams_close(void)
{
	struct tcp_pcb *pcb, *next;

	for (pcb = tcp_active_pcbs; pcb; pcb = next) {
		struct stream *st = pcb->callback_arg;

		next = pcb->next;
		if (st && st->pcb == pcb)
			hang_up(st);
	}
}

static void stream_release(struct uk_file *f)
{
	struct stream *st = stream_of(f->priv);

	lwip_lock();
	if (st->s.listening)
		stream_shut_listener(st);
	if (st->pcb && st->linger.l_onoff && st->linger.l_linger && st->connected)
		linger(st);
	hang_up(st);
	if (st->rx)
		stream_drop_received(st);
	lwip_unlock();
	uk_free(st);
}

/* ---- names ---- */

static int stream_getsockname(struct uk_socket *s, struct uk_abi_sockaddr_storage *a)
{
	struct stream *st = stream_of(s);

	return address_put(s->domain, a, &st->local, st->local_port);
}

static int stream_getpeername(struct uk_socket *s, struct uk_abi_sockaddr_storage *a)
{
	struct stream *st = stream_of(s);

	if (!st->connected || (!st->pcb && st->shut_wr && st->rx_eof))
		return -ENOTCONN;
	return address_put(s->domain, a, &st->peer, st->peer_port);
}

static int stream_ioctl(struct uk_file *f, unsigned cmd, uintptr_t arg)
{
	struct stream *st = stream_of(f->priv);
	int n;

	if (cmd != UK_FIONREAD && cmd != UK_TIOCOUTQ && cmd != UK_SIOCATMARK)
		return iface_ioctl(f, cmd, arg);
	lwip_lock();
	if (cmd == UK_FIONREAD)
		n = st->s.listening ? -EINVAL : (int)(st->rx_bytes);
	else if (cmd == UK_TIOCOUTQ)
		n = st->pcb && !st->s.listening ? (int)(TCP_SND_BUF - st->pcb->snd_buf) : 0;
	else
		n = 0; /* there is no urgent data */
	lwip_unlock();
	return n < 0 ? n : uk_user_write(arg, &n, sizeof(n));
}

static const struct uk_socket_ops stream_ops = {
	.file = { .type = UK_S_IFSOCK,
		  .read = stream_read,
		  .write = stream_write,
		  .ioctl = stream_ioctl,
		  .stat = uk_socket_stat,
		  .release = stream_release },
	.bind = stream_bind,
	.listen = stream_listen,
	.accept = stream_accept,
	.connect = stream_connect,
	.sendmsg = stream_sendmsg,
	.recvmsg = stream_recvmsg,
	.shutdown = stream_shutdown,
	.getsockname = stream_getsockname,
	.getpeername = stream_getpeername,
	.setsockopt = stream_setsockopt,
	.getsockopt = stream_getsockopt,
};
