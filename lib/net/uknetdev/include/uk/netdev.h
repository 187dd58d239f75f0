/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Network devices, for those who use them; drivers include <uk/netdev_driver.h> as well.
 *
 * A device has queues in pairs, each to receive and to send Ethernet frames (without preamble and
 * FCS) in bursts. Drivers find their devices at boot (UK_INIT_DEV) and register them; a user looks
 * one up and starts it:
 *
 *	struct uk_netpool *pool = uk_netpool_create(&(struct uk_netpool_conf){
 *		.size = 1536, .headroom = dev->headroom, .count = 256, .max = 4096 });
 *	uk_netdev_start(dev, &(struct uk_netdev_conf){ .pool = pool, .event = wake });
 *
 *	for (;;) {
 *		n = uk_netdev_rx(dev->rx[0], pkts, 32);
 *		if (!n)
 *			UK_WAIT(&wq, uk_netdev_irq_on(dev->rx[0]), UK_NSEC_MAX);
 *		...
 *		sent = uk_netdev_tx(dev->tx[0], pkts, n);
 *	}
 *
 * Polling is the normal state: no queue raises interrupts until uk_netdev_irq_on(), and then one. So
 * under load, when each burst finds another behind it, there are none.
 *
 * A queue is used by one thread at a time; that is the caller's affair (a lock, or a queue for each
 * CPU). Different queues are independent of each other, the two of a pair as well. Functions on
 * queues may be called from threads, with preemption on or off, and do not block; the rest from
 * threads with preemption on.
 *
 * A device that failed, or whose link is down, still takes packets to send, and drops them, so nobody
 * waits for it: see stats and dev->link. One that failed may be started again: uk_netdev_restart().
 */
#ifndef UK_NETDEV_H
#define UK_NETDEV_H

#include <uk/errno.h>
#include <uk/netbuf.h>
#include <uk/provider.h>

#define UK_NETDEV_QUEUES UK_CPUS /* pairs at most */
#define UK_NETDEV_BURST  32      /* a good size */

/* What a device can do for its user (dev->features), and what of it is in use (dev->active). */
#define UK_NETDEV_CSUM    0x1U  /* to send: UK_NETBUF_CSUM */
#define UK_NETDEV_TSO4    0x2U  /* to send: gso UK_NETBUF_TSO4, packets up to dev->tso_max bytes */
#define UK_NETDEV_TSO6    0x4U  /* the same for IPv6 */
#define UK_NETDEV_RX_CSUM 0x8U  /* received packets may come with CSUM or CSUM_GOOD */
#define UK_NETDEV_LRO4    0x10U /* received TCP segments may come merged, with RX_CSUM only */
#define UK_NETDEV_LRO6    0x20U
#define UK_NETDEV_ALL     0x3fU

struct uk_netdev;
struct uk_netq;
struct uk_netdev_ops;

/* Of one queue since the start. Written by the queue's user, who is inside it; others see it late. */
struct uk_netq_stats {
	uint64_t packets; /* received, or handed to the device; a TSO packet is one */
	uint64_t bytes;   /* of these, from the Ethernet header on */
	uint64_t drops;   /* no buffer for it, or the link was down */
	uint64_t errors;  /* malformed: by the device (received), by the user (to send) */
};

/* A queue. The driver's own state follows it. */
struct uk_netq {
	struct uk_netdev *dev;
	struct uk_netpool *pool; /* receiving: where buffers come from */
	void (*event)(struct uk_netq *q, void *arg);
	void *arg;
	uint16_t index; /* in dev->rx or dev->tx */
	bool tx;
	bool hold; /* the user's: the device need not hear of packets to send before uk_netdev_tell() */
	struct uk_netq_stats stats;
};

struct uk_netdev_conf {
	unsigned queues; /* pairs wanted, 0: one; see dev->queues for how many there are then */
	unsigned rx_len; /* packets in each queue, 0: as the driver likes; rounded, cut */
	unsigned tx_len;
	/*
	 * Where the driver takes buffers for received packets: when it starts, and in uk_netdev_rx() as
	 * many as that handed out. Their headroom is dev->headroom at least, and their size that of
	 * a frame, dev->mtu + 18 (less where dev->rx_split). Lives until uk_netdev_stop().
	 */
	struct uk_netpool *pool;
	uint32_t not_wanted; /* UK_NETDEV_*: features to do without, though the device has them */
	/*
	 * Of multicast frames only those of uk_netdev_group() are wanted. With LIBUKNETDEV_MULTICAST,
	 * and where the device can: see dev->filter.
	 */
	bool filter;
	/*
	 * A queue has what uk_netdev_irq_on() waited for. Interrupt context: wake a thread. NULL:
	 * nobody ever calls uk_netdev_irq_on().
	 */
	void (*event)(struct uk_netq *q, void *arg);
	/* Or NULL. The link has changed (dev->link, dev->mtu). Interrupt context, or a thread. */
	void (*link)(struct uk_netdev *dev, void *arg);
	void *arg; /* for both */
};

#define UK_NETDEV_GROUPS 32

/* A multicast address that frames are wanted for, by so many. */
struct uk_netdev_group {
	uint8_t mac[6];
	uint16_t users;
};

/* A device. All is the driver's, and only to be read by users, unless it says otherwise. */
struct uk_netdev {
	const struct uk_netdev_ops *ops; /* NULL if there is a single provider */
	struct uk_netdev *next;          /* in order of registration */
	unsigned index;                  /* 0 for the first */
	const char *driver;              /* "virtio-net" */
	char name[16];                   /* "eth0" */
	uint8_t mac[6];                  /* before it is started the user may set another */
	uint16_t mtu; /* bytes behind the Ethernet header; the user may set less */
	bool link;    /* something is connected */
	bool started;
	bool failed;   /* it broke the rules, and was reset */
	bool rx_split; /* it spreads a long packet over several buffers */
	bool rx_pages; /* its buffers must be from a pool of `pages`: others can see all of each page */
	/*
	 * What is sent with q->hold is sent by who calls uk_netdev_tell(): that takes as long for many packets as for each alone, and
	 * several threads may do it, without the lock that keeps them apart in uk_netdev_tx().
	 */
	bool tell_sends;
	uint16_t
		headroom; /* bytes the driver wants before a received packet, and can use before one
			       to send; if there are fewer it costs more, not less */
	uint16_t pieces;  /* in one packet to send, at most */
	uint16_t max_queues;                  /* pairs */
	uint16_t queues;                      /* pairs in use */
	uint32_t tso_max;                     /* bytes in a packet to send with gso */
	uint32_t features;                    /* UK_NETDEV_* that it has */
	uint32_t active;                      /* since the start: in use */
	struct uk_netq *rx[UK_NETDEV_QUEUES]; /* since the start: `queues` of them */
	struct uk_netq *tx[UK_NETDEV_QUEUES];
	void (*link_event)(struct uk_netdev *dev, void *arg);
	void *arg;
	int (*restart)(struct uk_netdev *dev); /* see netdev_driver.h; NULL: it cannot */
	uint64_t restart_from;                 /* the restart's; UK_NSEC_MAX: never again */
#ifdef CONFIG_LIBUKNETDEV_MULTICAST
	bool filter;     /* since the start: it hands over multicast frames that were asked for */
	bool all_groups; /* or all the same, as those were too many */
	struct uk_netdev_group groups[UK_NETDEV_GROUPS];
	/* See netdev_driver.h; NULL: it hands over all. */
	int (*group)(struct uk_netdev *dev, const uint8_t mac[6], bool join);
#endif
#ifdef CONFIG_LIBUKNETDEV_CAPTURE
	void (*capture)(struct uk_netq *q, const struct uk_netbuf *pkt, void *arg);
	void *capture_arg;
#endif
};

/* The operations of a provider, for images with several (uk/provider.h). */
struct uk_netdev_ops {
	int (*start)(struct uk_netdev *dev, const struct uk_netdev_conf *conf);
	void (*stop)(struct uk_netdev *dev);
	unsigned (*tx)(struct uk_netq *q, struct uk_netbuf *const *pkts, unsigned n);
	unsigned (*rx)(struct uk_netq *q, struct uk_netbuf **pkts, unsigned n);
	void (*tell)(struct uk_netq *q);
	unsigned (*reap)(struct uk_netq *q);
	bool (*irq_on)(struct uk_netq *q);
	void (*irq_off)(struct uk_netq *q);
};

UK_API_BEGIN

/* The i-th device, from 0 on, or by name; NULL: there is none. After UK_INIT_DEV. */
struct uk_netdev *uk_netdev_get(unsigned i);
struct uk_netdev *uk_netdev_find(const char *name);

/* ---- direct calls of the driver, if there is only one ---- */

/*
 * Makes the queues and opens the device. 0; -EINVAL: the pool's buffers do not fit; -EBUSY: it is
 * started; -ENOMEM: for rings, or no buffer in the pool; -EIO: the device did not obey. May block.
 */
int uk_netdev_start(struct uk_netdev *dev, const struct uk_netdev_conf *conf);

/*
 * Closes it, when nobody uses the queues or will. All buffers that the driver has are let go of,
 * received and not looked at, sent or not. It may be started again. May block.
 */
void uk_netdev_stop(struct uk_netdev *dev);

/*
 * Resets a device that failed (dev->failed) and starts it as it was: the same queues, address and features;
 * packets that it had are lost. When nobody uses the queues or will meanwhile, but for uk_netdev_tell(). True: it
 * works again. False: it stays off, which is said once: it does not start, or it has failed before within a
 * minute; or it has not failed. The link's event is sent. May block.
 */
bool uk_netdev_restart(struct uk_netdev *dev);

/*
 * Sends n packets, in order. Returns how many it took: those belong to the driver, until it lets go
 * of them (uk_netbuf_free()) some time after the device has sent them. The rest, for which the
 * queue has no room, is still the caller's; what has been sent was reaped before that is said. Pieces
 * may lie in any memory that is mapped to be read, also in frames that do not adjoin. A packet that
 * cannot be sent at all (too long, too many pieces) is taken, dropped and counted. The device is told once
 * at most, so send in bursts. With q->hold it is only told when most of the queue is full: more is
 * to come soon, or uk_netdev_tell().
 */
unsigned uk_netdev_tx(struct uk_netq *q, struct uk_netbuf *const *pkts, unsigned n);

/*
 * Tells the device of packets that were sent with q->hold, if it does not know. Without any it costs
 * little. Any context, also while a thread uses the queue: of what that sends meanwhile the device hears now or by the
 * next call.
 */
void uk_netdev_tell(struct uk_netq *q);

/*
 * Takes up to n received packets, in order; how many there were. They are the caller's. Puts new
 * buffers from the pool in their place (all that the queue has room for); if the pool is empty the queue runs dry,
 * packets are dropped, and the next call tries again.
 */
unsigned uk_netdev_rx(struct uk_netq *q, struct uk_netbuf **pkts, unsigned n);

/*
 * Lets go of packets that have been sent; how many have not. Only for who needs them back at some
 * time: sending does it by itself when it needs room.
 */
unsigned uk_netdev_reap(struct uk_netq *q);

/*
 * Asks for one interrupt, when there is a packet (receiving), or when there is room again for one
 * of dev->pieces pieces (sending). True: there is already, and there will be no interrupt. So
 * nothing is lost between looking and waiting. May be called again before it came.
 */
bool uk_netdev_irq_on(struct uk_netq *q);

/* Takes that back. An interrupt that is on its way may still come. */
void uk_netdev_irq_off(struct uk_netq *q);

UK_API_END

/* Sums of all queues of a device to receive (tx false) or to send. */
static inline struct uk_netq_stats uk_netdev_stats(const struct uk_netdev *dev, bool tx)
{
	struct uk_netq_stats sum = { 0 };

	for (unsigned i = 0; i < dev->queues; i++) {
		const struct uk_netq_stats *s = tx ? &dev->tx[i]->stats : &dev->rx[i]->stats;

		sum.packets += uk_shared_get(s->packets);
		sum.bytes += uk_shared_get(s->bytes);
		sum.drops += uk_shared_get(s->drops);
		sum.errors += uk_shared_get(s->errors);
	}
	return sum;
}

#ifdef CONFIG_LIBUKNETDEV_MULTICAST
UK_API_BEGIN

/*
 * Frames to the multicast address `mac` are wanted by one more (join), or by one less. Broadcasts come in any case, and so may frames
 * to other addresses: who receives has to look. Of a started device; what was asked for lasts until it is
 * stopped, also beyond a restart. More than UK_NETDEV_GROUPS addresses, or than the device can do, have it hand over
 * all. 0; -ENOTSUP: all frames come anyway, as the device has no filter, or was started without conf.filter;
 * -EINVAL: that is no multicast address; -ENOENT: nobody had joined; else its frames do not come, which is said. For who may use
 * dev->tx[0]: that is how some devices are told. May block.
 */
int uk_netdev_group(struct uk_netdev *dev, const uint8_t mac[6], bool join);

UK_API_END
#endif

#ifdef CONFIG_LIBUKNETDEV_CAPTURE
/*
 * Shows each packet that is received, or accepted to be sent, to `fn`, in the thread that does so, with
 * its locks; NULL: to nobody. It may look at the packet, and nothing else. Before the device is started.
 */
static inline void uk_netdev_capture(struct uk_netdev *dev,
				     void (*fn)(struct uk_netq *q, const struct uk_netbuf *pkt,
						void *arg),
				     void *arg)
{
	dev->capture_arg = arg;
	dev->capture = fn;
}
#endif

#endif
