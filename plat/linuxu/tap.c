/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The network device of a process: a TAP interface of the host (tapsetup.c).
 *
 * A packet is a read or a write, with struct virtio_net_hdr before it, so checksums and
 * segmentation are left to the host: a TCP stream goes by 64 KiB at a time in both directions. The host
 * has no call for several packets of this kind. What is written is gone when the call returns, so
 * with one CPU nothing is ever outstanding.
 *
 * A write takes long, as the host brings the packet to its receiver meanwhile. So with several CPUs there is a ring of packets to
 * send, as other devices have one, and whoever tells the device of them writes them: one CPU at a time, also what others add. These go
 * on with their work.
 *
 * The interrupt is SIGIO. Switching it costs a call, and so it stays on while we sleep and wake in turn:
 * whether something came since the last look is known from the signal (`noted`). When signals come
 * that nobody waits for it is switched off, until somebody waits.
 */
#include <uk/atomic.h>
#include <uk/init.h>
#include <uk/netdev_vnet.h>
#ifdef CONFIG_SMP
#include <uk/arch/relax.h>
#include <uk/smp.h>
#endif

#include "linuxu.h"

/* The names that the build gives to what this library provides. */
UK_NETDEV_PROVIDER(plat_linuxu);
UK_NETDEV_OPS(plat_linuxu);

#define TUNSETOFFLOAD 0x400454d0UL /* what the host may hand to us, TUN_F_* */
#define TUN_F_CSUM    1U
#define TUN_F_TSO4    2U
#define TUN_F_TSO6    4U

#define HEADER   UK_VNET_OFFLOAD_SIZE
#define HEADROOM 16U
#define PIECES   64U /* of a packet to send */
#define SPARES   64U /* of one received */
#define TSO_MAX  65535U
#define IN_VAIN  1U /* signals that nobody waited for until they are switched off */

static struct {
	struct uk_netdev dev;
	struct uk_netq rx, tx;
	int fd;
	struct uk_netbuf *spare[SPARES]; /* for the next packet */
	unsigned spares, need;
	bool pcap;        /* somebody wants copies */
	bool async;       /* SIGIO is on */
	unsigned in_vain; /* and came, while nobody waited */
	uint32_t noted;   /* something may have come since uk_netdev_rx() began */
	struct linuxu_watch watch;
} tap;

/* ---- the interrupt ---- */

static void fired(void)
{
	uk_atomic_store_relaxed(&tap.noted, 1);
	uk_atomic_fence();
	if (uk_atomic_exchange(&tap.watch.wanted, 0))
		uk_netq_event(&tap.rx);
	else
		tap.in_vain++;
}

static void set_async(bool on)
{
	host_fcntl(tap.fd, HOST_F_SETFL, HOST_O_NONBLOCK | (on ? HOST_O_ASYNC : 0));
	tap.async = on;
	tap.in_vain = 0;
}

bool plat_linuxu_irq_on(struct uk_netq *q)
{
	static const struct host_timespec no_wait;
	struct host_pollfd p = { tap.fd, HOST_POLLIN, 0 };

	if (q->tx)
		return true;
	uk_atomic_store_relaxed(&tap.watch.wanted, 1);
	uk_atomic_fence();
	if (!tap.async) {
		set_async(true);
		if (host_ppoll(&p, 1, &no_wait, NULL) != 0)
			uk_atomic_store_relaxed(&tap.noted, 1);
	}
	if (!uk_atomic_load_relaxed(&tap.noted))
		return false;
	uk_atomic_store_relaxed(&tap.watch.wanted, 0);
	return true;
}

void plat_linuxu_irq_off(struct uk_netq *q)
{
	if (!q->tx)
		uk_atomic_store_relaxed(&tap.watch.wanted, 0);
}

/* ---- receiving ---- */

/* One packet into the spare buffers; its length, header included, or a negative errno. */
static ssize_t read_packet(struct uk_netpool *pool)
{
	struct host_iovec iov[SPARES];
	unsigned char nowhere[HEADER];
	ssize_t r;

	while (tap.spares < tap.need && (tap.spare[tap.spares] = uk_netpool_get(pool)))
		tap.spares++;
	iov[0].base = tap.spares ? tap.spare[0]->data - HEADER : nowhere;
	iov[0].len = HEADER + (tap.spares ? pool->size : 0);
	for (unsigned i = 1; i < tap.spares; i++)
		iov[i] = (struct host_iovec){ tap.spare[i]->data, pool->size };
	do {
		r = tap.spares > 1 ? host_readv(tap.fd, iov, tap.spares)
				   : host_read(tap.fd, iov[0].base, iov[0].len);
	} while (r == -EINTR);
	return r;
}

/* Makes a packet of `len` bytes of the spare buffers; what is left of them stays. */
static struct uk_netbuf *take_packet(struct uk_netpool *pool, size_t len)
{
	struct uk_netbuf *pkt = tap.spare[0], *nb = pkt;
	size_t left = len;
	unsigned n = 0;

	for (;;) {
		nb->len = UK_MIN(left, (size_t)pool->size);
		left -= nb->len;
		n++;
		if (!left)
			break;
		nb = nb->next = tap.spare[n];
	}
	for (unsigned i = n; i < tap.spares; i++)
		tap.spare[i - n] = tap.spare[i];
	tap.spares -= n;
	pkt->total = len;
	pkt->pieces = n;
	return pkt;
}

unsigned plat_linuxu_rx(struct uk_netq *q, struct uk_netbuf **pkts, unsigned n)
{
	struct uk_netpool *pool = q->pool;
	struct uk_vnet_hdr hdr;
	uint64_t bytes = 0;
	unsigned got = 0;

	uk_atomic_store_relaxed(&tap.noted, 0);
	UK_BARRIER();
	while (got < n) {
		ssize_t r = read_packet(pool);

		if (r < 0)
			break;
		if (UK_UNLIKELY(!tap.spares)) { /* it is gone */
			uk_netq_dropped(q, 1);
			continue;
		}
		if (UK_UNLIKELY((size_t)r < HEADER + UK_ETH_HEADER ||
				(size_t)r >= HEADER + tap.spares * pool->size)) {
			uk_netq_error(q); /* cut off, if it fills all */
			continue;
		}
		memcpy(&hdr, tap.spare[0]->data - HEADER, HEADER);
		pkts[got] = take_packet(pool, (size_t)r - HEADER);
		if (UK_UNLIKELY(!uk_vnet_to_netbuf(pkts[got], &hdr))) {
			uk_netq_error(q);
			uk_netbuf_free(pkts[got]);
			continue;
		}
		if (UK_UNLIKELY(tap.pcap))
			linuxu_pcap_packet(pkts[got]);
		uk_netq_seen(q, pkts[got]);
		bytes += pkts[got++]->total;
	}
	uk_netq_count(q, got, bytes);
	if (UK_UNLIKELY(tap.in_vain > IN_VAIN && tap.async))
		set_async(false);
	return got;
}

/* ---- sending ---- */

/* The host does not find pages of ours that appear when they are touched. */
static void touch(const struct uk_netbuf *pkt)
{
	for (; pkt; pkt = pkt->next)
		for (uint32_t i = 0; i < pkt->len; i = UK_ALIGN_DOWN(i + 4096, 4096U))
			(void)*(volatile unsigned char *)(pkt->data + i);
}

static ssize_t write_packet(const struct uk_netbuf *pkt)
{
	struct host_iovec iov[PIECES + 1], *v = iov;
	bool touched = false;
	struct uk_vnet_hdr hdr;
	ssize_t r;

	uk_vnet_from_netbuf(&hdr, pkt);
	if (uk_netbuf_room_front(pkt) >= HEADER) {
		memcpy(pkt->data - HEADER, &hdr, HEADER);
		*v++ = (struct host_iovec){ pkt->data - HEADER, pkt->len + HEADER };
	} else {
		*v++ = (struct host_iovec){ &hdr, HEADER };
		*v++ = (struct host_iovec){ pkt->data, pkt->len };
	}
	for (const struct uk_netbuf *nb = pkt->next; nb; nb = nb->next)
		*v++ = (struct host_iovec){ nb->data, nb->len };
	for (;;) {
		r = v - iov > 1 ? host_writev(tap.fd, iov, (unsigned)(v - iov))
				: host_write(tap.fd, iov[0].base, iov[0].len);
		if (r == -EFAULT && !touched)
			touch(pkt);
		else if (r != -EINTR)
			return r;
		touched = r == -EFAULT;
	}
}

/* Can it be sent? Else it is gone. */
static inline bool accept(struct uk_netq *q, struct uk_netbuf *pkt)
{
	if (UK_UNLIKELY(pkt->pieces > PIECES || pkt->total < UK_ETH_HEADER)) {
		uk_netq_error(q);
		uk_netbuf_free(pkt);
		return false;
	}
	if (UK_UNLIKELY(tap.pcap))
		linuxu_pcap_packet(pkt);
	uk_netq_seen(q, pkt);
	return true;
}

#ifdef CONFIG_SMP
#define RING 256U

/* Numbers of packets; their places are these modulo RING. */
static struct {
	struct uk_netbuf *packet[RING];
	uint32_t added, reaped;       /* by who uses the queue */
	uint32_t UK_CPU_ALIGNED gone; /* by who writes packets, ... */
	uint32_t busy;                /* ... if somebody does */
} ring;

static void write_added(struct uk_netq *q)
{
	for (uint32_t n = ring.gone; n != uk_atomic_load_acquire(&ring.added);) {
		const struct uk_netbuf *pkt = ring.packet[n % RING];

		if (UK_UNLIKELY(write_packet(pkt) < 0))
			uk_netq_dropped(q, 1); /* the interface is down, or its queue full */
		else
			uk_netq_count(q, 1, pkt->total);
		uk_atomic_store_release(&ring.gone, ++n);
	}
}

/*
 * Who finds it busy leaves: who writes looks again after that. With preemption off, as all others rely on it; and an interrupt that
 * comes in between finds it busy, too.
 */
void plat_linuxu_tell(struct uk_netq *q)
{
	uk_preempt_disable();
	uk_atomic_fence(); /* added, then is it busy?; and below: not busy, then was any added? */
	while (uk_atomic_load_relaxed(&ring.gone) != uk_atomic_load_relaxed(&ring.added) &&
	       !uk_atomic_exchange(&ring.busy, 1)) {
		write_added(q);
		uk_atomic_store_release(&ring.busy, 0);
		uk_atomic_fence();
	}
	uk_preempt_enable();
}

unsigned plat_linuxu_reap(struct uk_netq *q UK_UNUSED)
{
	uint32_t gone = uk_atomic_load_acquire(&ring.gone);

	while (ring.reaped != gone)
		uk_netbuf_free(ring.packet[ring.reaped++ % RING]);
	return ring.added - gone;
}

/* Writes all, or waits for the CPU that does. */
static UK_NOINLINE void write_all(struct uk_netq *q)
{
	while (plat_linuxu_reap(q)) {
		plat_linuxu_tell(q);
		uk_smp_poll(0);
		uk_arch_relax();
	}
}

unsigned plat_linuxu_tx(struct uk_netq *q, struct uk_netbuf *const *pkts, unsigned n)
{
	plat_linuxu_reap(q);
	for (unsigned i = 0; i < n; i++) {
		if (!accept(q, pkts[i]))
			continue;
		if (UK_UNLIKELY(ring.added - ring.reaped == RING))
			write_all(q);
		ring.packet[ring.added % RING] = pkts[i];
		uk_atomic_store_release(&ring.added, ring.added + 1);
	}
	if (!q->hold) {
		plat_linuxu_tell(q);
		plat_linuxu_reap(q);
	}
	return n;
}
#else
/* What was written is gone. */
void plat_linuxu_tell(struct uk_netq *q)
{
}

unsigned plat_linuxu_reap(struct uk_netq *q UK_UNUSED)
{
	return 0;
}

static inline void write_all(struct uk_netq *q UK_UNUSED)
{
}

unsigned plat_linuxu_tx(struct uk_netq *q, struct uk_netbuf *const *pkts, unsigned n)
{
	uint64_t bytes = 0;
	unsigned good = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t total = pkts[i]->total;

		if (!accept(q, pkts[i]))
			continue;
		if (UK_UNLIKELY(write_packet(pkts[i]) < 0)) {
			uk_netq_dropped(q, 1); /* the interface is down, or its queue full */
		} else {
			good++;
			bytes += total;
		}
		uk_netbuf_free(pkts[i]);
	}
	uk_netq_count(q, good, bytes);
	return n;
}
#endif

/* ---- the device ---- */

/* How many take the longest packet that may come, and a byte, which tells one that was cut off. */
static unsigned buffers(const struct uk_netdev *dev, const struct uk_netpool *pool)
{
	uint32_t longest = dev->active & (UK_NETDEV_LRO4 | UK_NETDEV_LRO6) ? TSO_MAX : dev->mtu;

	return UK_DIV_ROUND_UP(longest + UK_ETH_HEADER + 5, pool->size);
}

int plat_linuxu_start(struct uk_netdev *dev, const struct uk_netdev_conf *conf)
{
	unsigned long offload = 0;
	unsigned need;
	int err = uk_netdev_opening(dev, conf);

	if (err)
		return err;
	if (!(dev->active & UK_NETDEV_RX_CSUM))
		dev->active &= ~(UK_NETDEV_LRO4 | UK_NETDEV_LRO6);
	need = buffers(dev, conf->pool);
	if (need > SPARES) { /* small buffers: then no packet longer than a frame */
		dev->active &= ~(UK_NETDEV_LRO4 | UK_NETDEV_LRO6);
		need = buffers(dev, conf->pool);
	}
	if (need > SPARES)
		return -EINVAL;
	tap.need = need;
	offload |= dev->active & UK_NETDEV_RX_CSUM ? TUN_F_CSUM : 0;
	offload |= dev->active & UK_NETDEV_LRO4 ? TUN_F_TSO4 : 0;
	offload |= dev->active & UK_NETDEV_LRO6 ? TUN_F_TSO6 : 0;
	if (host_ioctl(tap.fd, TUNSETOFFLOAD, (void *)offload))
		return -EIO;
	uk_netq_init(&tap.rx, dev, 0, false, conf);
	uk_netq_init(&tap.tx, dev, 0, true, conf);
	linuxu_irq_attach(HOST_SIGIO);
	tap.async = false;
	dev->started = true;
	return 0;
}

void plat_linuxu_stop(struct uk_netdev *dev)
{
	set_async(false);
	uk_atomic_store_relaxed(&tap.watch.wanted, 0);
	write_all(&tap.tx);
	while (tap.spares)
		uk_netbuf_free(tap.spare[--tap.spares]);
	dev->started = false;
}

static int tap_init(void)
{
	struct uk_netdev *dev = &tap.dev;
	struct linuxu_tap host;
	int err = linuxu_tap_open(&host);

	if (err || host.fd < 0)
		return err;
	tap.fd = tap.watch.fd = host.fd;
	tap.pcap = linuxu_pcap_begin();
	tap.watch.fired = fired;
	linuxu_watch_add(&tap.watch);
	dev->ops = UK_OPS(&plat_linuxu_ops);
	dev->driver = "tap";
	memcpy(dev->mac, host.mac, sizeof(dev->mac));
	dev->mac[0] = (dev->mac[0] | 2) &
		      ~1; /* ours: locally administered, like the host's but for one bit */
	dev->mac[5] ^= 1;
	dev->mtu = host.mtu;
	dev->link = true;
	dev->rx_split = true;
	dev->headroom = HEADROOM;
	dev->pieces = PIECES;
	dev->max_queues = 1;
	dev->tell_sends = UK_CPUS > 1;
	dev->tso_max = TSO_MAX;
	dev->features = UK_NETDEV_ALL;
	uk_netdev_register(dev);
	return 0;
}
UK_INIT(UK_INIT_DEV, "5", tap_init, NULL);
