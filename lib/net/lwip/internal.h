/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared by the files of lwip: the lock, the work, devices, addresses, sockets.
 *
 * There is one lock, here, around all of lwIP and all of our sockets' state. Who holds it may call
 * anything of lwIP; lwIP calls back with it held. Packets to send are collected meanwhile and
 * go to their devices when it is released, and so do those for ourselves.
 */
#ifndef LWIP_INTERNAL_H
#define LWIP_INTERNAL_H

#include <lwip/ip.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/raw.h>
#include <lwip/tcp.h>
#include <lwip/udp.h>
#include <uk/abi/in.h>
#include <uk/abi/ioctl.h>
#include <uk/abi/poll.h>
#include <uk/alloc.h>
#include <uk/random.h>
#include <uk/mutex.h>
#include <uk/netdev.h>
#include <uk/socket.h>
#include <uk/string.h>
#include <uk/time.h>
#include <uk/timer.h>

/* ---- stack.c ---- */

extern struct uk_mutex lwip_mutex;

static inline void lwip_lock(void)
{
	uk_mutex_lock(&lwip_mutex);
}

/* Sends what was collected, and releases the lock. */
void lwip_unlock(void);

/* Releases it where nothing was collected. */
#ifdef CONFIG_SMP
void lwip_release(void);
#else
static inline void lwip_release(void)
{
	uk_mutex_unlock(&lwip_mutex);
}
#endif

static inline void lwip_leave(const bool *held)
{
	lwip_unlock();
}

/* The lock is held from here to the end of the block, whichever way that is left. */
#define LWIP_LOCKED()                                                                              \
	lwip_lock();                                                                               \
	const bool lwip_held __attribute__((cleanup(lwip_leave), unused)) = true

/* Take what devices have received, and run timers that are due. True if there was anything. Locked. */
bool lwip_work(void);

/* There is work: somebody shall call lwip_work(). Any context. */
void lwip_wake(void);

/* No thread has found packets and will be back soon for more: interrupts are asked for. Locked. */
extern bool lwip_resting;

/* Devices shall look at what was sent. Any context. */
void lwip_tell(void);

#define ROW_AT_ONCE                                                                                \
	4U /* so many datagrams of a row are told to the device one by one, the rest by ... */
#define ROW_PART 32U

extern unsigned
	lwip_row; /* sent since a thread last waited for packets, or a CPU had nothing to do */
extern struct uk_timer lwip_row_timer;
void lwip_row_begins(void);

/* A datagram goes out: need the device not be told of it yet? */
static inline bool lwip_row_goes_on(void)
{
	unsigned n = uk_shared_get(lwip_row) + 1;

	uk_shared_set(lwip_row, n); /* idle CPUs make it 0, without the lock */

	if (n <= ROW_AT_ONCE || !(n % ROW_PART))
		return false;
	if (UK_UNLIKELY(!uk_timer_pending(&lwip_row_timer)))
		lwip_row_begins();
	return true;
}

/* lookup.c: so many connections may be half open. */
extern unsigned lwip_half_open_max;

/* ---- timers.c ---- */

void lwip_timers_run(void);
extern bool lwip_timer_due;
extern bool lwip_timers_rest; /* nothing has moved for a while; who moves something calls: */
void lwip_timers_wake(void);
void lwip_timers_plan(void); /* something other than a packet may need them now */

/* How many objects of this kind there are. */
unsigned lwip_memp_used(unsigned type);

/* May something that can happen very often be said in the log? Once a minute for each `last`. */
static inline bool lwip_may_say(uk_nsec *last)
{
	uk_nsec now = uk_clock_monotonic();

	if (*last && now - *last < 60 * UK_NSEC_PER_SEC)
		return false;
	*last = now;
	return true;
}

/* ---- device.c ---- */

#define DEVICES 8 /* more are left alone, with a warning */

/* An interface over a network device. */
struct device {
	struct netif netif;
	struct uk_netdev *dev;
	struct uk_netpool *rx_pool;
	struct uk_netpool *tx_pool;    /* structures only */
	struct uk_netpool *dgram_pool; /* of path.c */
	bool tso, tso6;                /* it cuts TCP's segments: segment.c */
	bool armed;                    /* an interrupt was asked for and has not come */
	struct uk_netbuf *pending[UK_NETDEV_BURST];
	unsigned n_pending;
	uint64_t told_bytes; /* sent when the device was last told because they were many */
};

extern struct device *lwip_devices[DEVICES];
extern unsigned lwip_n_devices;

/* Opens the devices of the image. */
int device_open(struct uk_netdev *dev, struct device **d);
/* Packets that came: true if there were any. Locked, as all here. */
bool device_poll(struct device *d);
void device_flush(struct device *d);

/* More bytes than this are not kept from a device: it shall work while we do. */
#define HOLD_BYTES 65536

/*
 * To tell a device takes long: to leave the guest, or, if that sends, to send. With several CPUs it waits until the lock is
 * released. `hold`: even longer, since somebody will tell it.
 */
#ifdef CONFIG_SMP
extern bool lwip_untold; /* devices are to be told then. Locked */

static inline bool device_tell_later(const struct device *d, bool hold)
{
	if (!hold || d->dev->tell_sends)
		lwip_untold = true;
	return true;
}
#else
static inline bool device_tell_later(const struct device *d UK_UNUSED, bool hold)
{
	return hold;
}
#endif

/* Need it not hear of what is sent now, since somebody will tell it soon? */
static inline bool device_may_hold(struct device *d)
{
	uint64_t bytes = uk_shared_get(d->dev->tx[0]->stats.bytes);

	if (!lwip_resting && bytes - d->told_bytes < HOLD_BYTES)
		return true;
	d->told_bytes = bytes;
	return false;
}

/*
 * Sends a segment over IPv4, with all headers. `csum_start`: where that of TCP begins, which has the sum of the pseudo header; 0: it
 * has its checksum, or the packet is to be looked at.
 */
err_t device_send(struct device *d, struct pbuf *p, unsigned csum_start);
/*
 * A device has no room and can collect no more: who sends datagrams waits, by device_wait_room(), which lets go of the
 * lock meanwhile. 0, or -EINTR, -EAGAIN after the deadline.
 */
extern bool lwip_full;
int device_wait_room(uk_nsec deadline);
/* At exit: waits until what was sent has left the image, but not long. */
void device_drain(void);
/* Asks for an interrupt; true: there are packets already. */
bool device_arm(struct device *d);

/* Its mtu, which `netif.mtu` may hide (device.c). */
static inline unsigned netif_packet_max(const struct netif *n)
{
	return n->state ? ((const struct device *)n->state)->dev->mtu : UINT16_MAX;
}

/* ---- segment.c ---- */

unsigned segment_limit(const struct tcp_pcb *pcb);
u16_t segment_size(const struct tcp_pcb *pcb, unsigned packets, u16_t *room);
bool segment_offload(struct netif *netif, struct uk_netbuf *nb);
void segment_tick(void);

/* recovery.c: every RECOVERY_TICK_MS while a connection has losses; false: none has. */
#define RECOVERY_TICK_MS 10
bool recovery_tick(void);
void recovery_timer_needed(void); /* timers.c */
void recovery_link_up(void);

/* What devices have sent is let go of. */
void device_reap(void);

/* ---- setup.c, files.c ---- */

int lwip_setup(void);
int lwip_files(void);
extern ip_addr_t lwip_name_servers[DNS_MAX_SERVERS];
void lwip_files_changed(void);
/* Without the lock. */
void lwip_files_update(void);
extern char lwip_hostname[65], lwip_domain[65];

/* ---- address.c ---- */

/* lwIP's idea of a caller's address, for a socket of `domain`. 0, -EINVAL, -EAFNOSUPPORT. */
int address_get(int domain, const struct uk_abi_sockaddr_storage *a, uint32_t len, ip_addr_t *ip,
		uint16_t *port);
/* The address of IPv6 of these 16 bytes, or the one of IPv4 that it stands for (RFC 4291 §2.5.5.2). */
void address_of_ip6(const uint8_t *bytes, ip_addr_t *ip);
/* The other way; its length. */
int address_put(int domain, struct uk_abi_sockaddr_storage *a, const ip_addr_t *ip, uint16_t port);
/* One of IPv6 that every link has, without the link's number? */
static inline bool address_lacks_link(const ip_addr_t *ip)
{
#if LWIP_IPV6
	return IP_IS_V6(ip) && ip6_addr_lacks_zone(ip_2_ip6(ip), IP6_UNKNOWN);
#else
	return false;
#endif
}

/* Is it an address of ours, or none in particular, so that one may bind to it? */
bool address_is_ours(const ip_addr_t *ip);
/* The interface of that number, or NULL. */
struct netif *netif_of_index(int index);
/* Linux's error for lwIP's. */
int lwip_error(err_t err);
/*
 * A piece of control data for all sockets (SOL_SOCKET), which Linux refuses. Descriptors and credentials are not among them: sockets
 * that can do nothing with them let them go. So it is with what other protocols would know.
 */
static inline bool control_is_bad(const struct uk_abi_cmsghdr *h)
{
	return h->cmsg_level == UK_SOL_SOCKET && h->cmsg_type != UK_SCM_RIGHTS &&
	       h->cmsg_type != UK_SCM_CREDENTIALS;
}

/* ---- sockets ---- */

int stream_create(int domain, int protocol, struct uk_file **f);
int datagram_create(int domain, int type, int protocol, struct uk_file **f);
int iface_ioctl(struct uk_file *f, unsigned cmd, uintptr_t arg);
/* The interface that ioctl() has by that name, or NULL; and its name, of UK_IFNAMSIZ bytes at most. With the lock. */
struct netif *netif_of_name(const char *name);
void netif_tell_name(const struct netif *n, char *name);

/*
 * A connection, a listening socket, or what may become either. It ends with its file; the pcb may
 * live on after that, until the other side has heard it, and may end before, by an error.
 */
struct stream {
	struct uk_socket s;
	struct tcp_pcb *pcb; /* NULL: not yet, or gone */
	/* Received and not yet read, linked by pbuf.next; the first `rx_skip` bytes are read. */
	struct pbuf *rx, **rx_end;
	uint32_t rx_skip, rx_bytes;
	bool rx_eof; /* who reads waits for nothing more: the other side has finished, or SHUT_RD */
	bool finished; /* the other side has */
	bool shut_wr;
	bool shut; /* both ways: what comes is answered by a reset */
	bool connecting, connected;
	bool untold;                    /* the caller of connect() does not know yet how it ended */
	bool deferred;                  /* its listener is not told before it has sent something */
	bool bound;                     /* it has a port, by bind() or listen() */
	bool bound_port, bound_address; /* which bind() asked for: kept when it is disconnected */
	uint32_t defer_sec;             /* TCP_DEFER_ACCEPT; 0: off */
	uint16_t packets;               /* that one segment may become: segment.c */

	/* Options, all that an accepted connection has from its listener, up to `local`; as the caller set them. */
	bool nodelay, cork, broadcast, oobinline;
	bool quickack, slowack; /* TCP_QUICKACK was set to 1, to 0 */
	bool reuse_addr, reuse_port, v6only, keepalive;
	uint8_t tos, ttl, device; /* SO_BINDTODEVICE: its index, or NETIF_NO_INDEX */
	uint16_t maxseg;
	struct uk_abi_linger linger;
	uint32_t sndbuf, rcvbuf, rcvlowat;
	uint32_t keep_idle, keep_intvl, keep_cnt, user_timeout;

	ip_addr_t local, peer;
	uint16_t local_port, peer_port;
	/* Listening: connections that nobody has accepted yet, in order. */
	struct stream *queue, **queue_end;
	struct stream *next, *listener;
	/* The next in a ring of listeners with one pcb (SO_REUSEPORT), or NULL. */
	struct stream *sharing;
	unsigned queued, backlog;
};

static inline struct stream *stream_of(struct uk_socket *s)
{
	return UK_CONTAINER_OF(s, struct stream, s);
}

/* At exit: closes all connections, as close() does. Locked. */
void streams_close(void);

/* stream.c: its beginning, its file, its pcb. Locked, as all that does not have the name of a call. */
struct stream *stream_new(int domain);
struct uk_file *stream_file(struct stream *st);
void stream_attach(struct stream *st, struct tcp_pcb *pcb);
/* lwIP forgets the socket: the connection goes on, or to its end, alone. */
void stream_detach(struct stream *st);
void stream_note_addresses(struct stream *st);
/* The connection ends: its user hears `error`, the other side a reset if `reset`. */
void stream_abandon(struct stream *st, int error, bool reset);
/* lwIP has copied SOF_KEEPALIVE. */
void stream_set_keepalive(struct stream *st);

/* connect.c */
int stream_need_pcb(struct stream *st);
/* The socket may not have this address and port, since others have it. */
bool stream_conflict(struct stream *st, const ip_addr_t *ip, uint16_t port);
int stream_bind_to(struct stream *st, ip_addr_t *ip, uint16_t port);
/* As before it was connected, or listened; the other side gets a reset if it is not done. */
void stream_disconnect(struct stream *st);
int stream_bind(struct uk_socket *s, const struct uk_abi_sockaddr_storage *a, uint32_t len);
int stream_connect(struct uk_socket *s, const struct uk_abi_sockaddr_storage *a, uint32_t len,
		   unsigned flags);

/* listen.c */
/* Who listens may accept it. */
void stream_offer(struct stream *st);
void stream_shut_listener(struct stream *st);
int stream_listen(struct uk_socket *s, int backlog);
int stream_accept(struct uk_socket *s, struct uk_file **f, unsigned flags,
		  struct uk_abi_sockaddr_storage *addr, uint32_t *len);

/* receive.c */
void stream_drop_received(struct stream *st);
/* The other side has finished. */
void stream_ended(struct stream *st);
err_t stream_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err);
ssize_t stream_recvmsg(struct uk_socket *s, struct uk_msg *m);
ssize_t stream_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos);

/* send.c */
ssize_t stream_sendmsg(struct uk_socket *s, struct uk_msg *m);
ssize_t stream_write(struct uk_file *f, struct uk_iter *it, uk_off_t *pos);
/* Send what waits, where Nagle's algorithm and TCP_CORK allow it; `force`: and where not. Locked. */
void stream_push(struct stream *st, bool force);
/* More may be sent now. Locked. */
void stream_update_out(struct stream *st);
int stream_setsockopt(struct uk_socket *s, int level, int name, const void *val, uint32_t len);
int stream_getsockopt(struct uk_socket *s, int level, int name, void *val, uint32_t len);

/* A received datagram; its bytes are `p`. */
struct datagram {
	struct datagram *next;
	struct pbuf *p;
	ip_addr_t from, to;
	uint16_t port;
	uint8_t ttl, tos, ifindex;
};

/* ---- path.c ---- */

extern uint32_t lwip_paths; /* a new number whenever the way of packets may have changed */
extern struct lwip_path *path_wanted; /* whose packet is being sent; or NULL */

static inline void paths_changed(void)
{
	if (!++lwip_paths)
		lwip_paths = 1;
}

/* The packet of path_wanted is this one, and goes to that device. Locked, as all here. */
void path_record(struct device *d, const struct pbuf *p);

/* Hands a packet that came to TCP or UDP, if it is a usual one. False: nothing has happened. */
bool path_input(struct device *d, struct pbuf *p);
extern unsigned lwip_raw_sockets; /* they want to see every packet */

uint16_t lwip_checksum(const void *data, int len);

#define TELL_PKTINFO  1U /* IP_PKTINFO and so on: what is told as control data */
#define TELL_TTL      2U
#define TELL_TOS      4U
#define TELL_PKTINFO6 8U
#define TELL_HOPS     16U
#define TELL_TCLASS   32U

struct dgram {
	struct uk_socket s;
	union {
		struct udp_pcb *udp;
		struct raw_pcb *raw;
	};
	struct datagram *rx, **rx_end;
	uint32_t rx_bytes, rx_limit;
	bool connected, shut_rd, shut_wr;
	bool reuse_addr, reuse_port, v6only, hdrincl;
	bool bound_port, bound_address; /* which bind() asked for: kept when it is disconnected */
	uint8_t told;                   /* of each message: TELL_* */
	uint32_t sndbuf;
	struct uk_abi_linger linger; /* for nothing, as on Linux */
	int mtu_discover;
	uint8_t icmp6_filter[32];
	uint32_t icmp_filter;
	/* What a corked message, or one sent with MSG_MORE, has so far. */
	struct pbuf *more;
	struct lwip_path path;
};

static inline struct dgram *dgram_of(struct uk_socket *s)
{
	return UK_CONTAINER_OF(s, struct dgram, s);
}

static inline bool dgram_is_raw(const struct dgram *d)
{
	return d->s.type == UK_SOCK_RAW;
}

ssize_t dgram_sendmsg(struct uk_socket *s, struct uk_msg *m); /* path.c */
/* What has no path. Releases the lock. */
ssize_t dgram_send_by_lwip(struct dgram *d, struct uk_msg *m);
ssize_t dgram_recvmsg(struct uk_socket *s, struct uk_msg *m);
/* A datagram has not arrived. */
void dgram_failed(struct dgram *d, int error);
/* The first of the list is done with. Locked, as what lwIP calls. */
void dgram_drop_first(struct dgram *d);
void dgram_udp_received(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
			u16_t port);
u8_t dgram_raw_received(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from);
int dgram_setsockopt(struct uk_socket *s, int level, int name, const void *val, uint32_t len);
int dgram_getsockopt(struct uk_socket *s, int level, int name, void *val, uint32_t len);

#endif
