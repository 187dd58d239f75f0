/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Network buffers: what a packet lies in, and the pools that they come from.
 *
 * A packet is a chain of pieces, each with a struct uk_netbuf that says where its bytes are. The
 * bytes may be anybody's: a pool's buffer has the structure, a private area for its user and the
 * bytes in one block; a structure alone can point at memory of others, which they get back by
 * release() when the device has done with it. So a stack sends what it keeps in buffers of its own
 * without copying.
 *
 *	| struct uk_netbuf | private | room in front | data ........ | room behind |
 *	                             ^head           ^data    +len            head+size^
 *
 * A netbuf has one owner at a time, who alone may touch it and its bytes: who allocated it, then the
 * driver that accepted it, then who is called back or who received it. There are no locks and no
 * reference counts here.
 *
 * Unless it says otherwise a function may be called from threads, with preemption on or off, not
 * from interrupt handlers; none blocks.
 */
#ifndef UK_NETBUF_H
#define UK_NETBUF_H

#include <uk/api.h>
#include <uk/assert.h>
#include <uk/atomic.h>
#include <uk/preempt.h>
#include <uk/string.h>

/*
 * What the device is to do, or has done: fields of the first piece. They lie as in struct
 * virtio_net_hdr (virtio 1.2 §5.1.6), with its values, so that a driver which speaks that copies
 * them: see uk/netdev_vnet.h.
 *
 * flags:
 * UK_NETBUF_CSUM	to send: add up the 16-bit words from byte csum_start of the packet to its end, and
 *			store the complement at csum_start + csum_offset, where the sum of the
 *			pseudo header is. Received: such a packet, to which that has not been done (it
 *			comes from the same machine); it may be taken as good.
 * UK_NETBUF_CSUM_GOOD	received: the device has verified the checksum of TCP or UDP.
 *
 * gso: 0, or
 * UK_NETBUF_TSO4, _TSO6 to send, with UK_NETBUF_CSUM: cut it into TCP segments with `mss` bytes of data each; the
 *			headers, hdr_len bytes from the start of the packet to the end of TCP's, go
 *			before each. Received: segments that were merged, and their mss (0: not known);
 *			hdr_len means nothing then.
 */
#define UK_NETBUF_CSUM      0x1U
#define UK_NETBUF_CSUM_GOOD 0x2U
#define UK_NETBUF_TSO4      1U
#define UK_NETBUF_TSO6      4U

struct uk_netpool;

/* One cache line. Fields of the first piece speak of the whole packet. */
struct uk_netbuf {
	struct uk_netbuf *next; /* next piece of this packet, or NULL */
	unsigned char *data;    /* this piece's first byte */
	uint32_t len;           /* this piece's bytes */
	uint32_t total;         /* first piece: bytes of all pieces */
	/* First piece: from here to csum_offset as in virtio_net_hdr. */
	uint8_t flags; /* UK_NETBUF_CSUM, _CSUM_GOOD */
	uint8_t gso;   /* UK_NETBUF_TSO4, _TSO6 */
	uint16_t hdr_len;
	uint16_t mss;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t pieces;     /* first piece: how many there are, itself included */
	uint32_t size;       /* bytes at `head` */
	unsigned char *head; /* what is before data, down to here, may be overwritten */
	/*
	 * NULL: the netbuf goes back to its pool. Else called, for each piece, instead: the memory at
	 * `data` is its owner's again, and the netbuf too. In the context of who called the function
	 * that let go of it (uk_netbuf_free(), or uk_netdev_tx(), _reap(), _stop()): a thread, with
	 * the caller's locks held. It may not call functions of the device.
	 */
	void (*release)(struct uk_netbuf *nb);
	struct uk_netpool *pool; /* where the structure comes from; NULL: no pool */
};

UK_STATIC_ASSERT(sizeof(struct uk_netbuf) == 64, "a netbuf is a cache line");

struct uk_netpool_conf {
	unsigned size;     /* bytes for data in each buffer, beside headroom; 0: structures alone */
	unsigned headroom; /* bytes before it */
	unsigned priv;     /* bytes of private area; zero at first, then as the user leaves it */
	unsigned count;    /* buffers to have at once, and to keep */
	bool pages;        /* each buffer's bytes, headroom included, lie at the start of a page frame of their own */
	unsigned max; /* buffers to have at most: the pool grows on demand, and gives back what is
			      free when page frames run short; 0: `count` */
};

/* A pool's buffers that are ready on one CPU. For the functions below only, as the next one. */
struct uk_netpool_cpu {
	struct uk_netbuf *free;
	unsigned n;
} UK_CPU_ALIGNED;

struct uk_netpool {
	struct uk_netpool_cpu cpu[UK_CPUS];
	unsigned headroom, stride, size;
	unsigned
		cache; /* more on one CPU than this, and half of them go where others can have them */
	unsigned count, max; /* buffers made so far, and at most */
	bool dry;            /* somebody got none; whoever wants to know clears it */
};

UK_API_BEGIN

/*
 * Makes a pool of page frames: buffers lie in the direct map, and each in adjoining frames, as devices
 * want it. NULL if there is no memory for `count`, or if a buffer would be larger than 64 KiB,
 * or with `pages` than a page.
 */
struct uk_netpool *uk_netpool_create(const struct uk_netpool_conf *conf);

/* All buffers must be back in the pool: -EBUSY if not. Then 0, and its memory is free. */
int uk_netpool_destroy(struct uk_netpool *pool);

/* For listings: buffers made so far, and those of them that somebody holds. */
void uk_netpool_stats(const struct uk_netpool *pool, unsigned *count, unsigned *used);

/* The rest of uk_netpool_get() and uk_netpool_put(); do not call. */
struct uk_netbuf *uk_netpool_refill(struct uk_netpool *pool);
void uk_netpool_spill(struct uk_netpool *pool);

/*
 * Copies up to `len` bytes from byte `at` of a packet on; returns how many there were. Or into it.
 */
size_t uk_netbuf_copy_out(const struct uk_netbuf *pkt, size_t at, void *to, size_t len);
size_t uk_netbuf_copy_in(struct uk_netbuf *pkt, size_t at, const void *from, size_t len);

UK_API_END

/* Nothing is asked of the device. */
static inline void uk_netbuf_no_offload(struct uk_netbuf *pkt)
{
	pkt->flags = 0;
	pkt->gso = 0;
	pkt->hdr_len = 0;
	pkt->mss = 0;
	pkt->csum_start = 0;
	pkt->csum_offset = 0;
}

/* The private area of a buffer that came from a pool with one; aligned to 16 bytes. Any context. */
static inline void *uk_netbuf_priv(struct uk_netbuf *nb)
{
	return nb + 1;
}

static inline struct uk_netbuf *uk_netbuf_of_priv(void *priv)
{
	return (struct uk_netbuf *)priv - 1;
}

/*
 * A buffer: one piece of length 0 with `headroom` bytes before its data. NULL: all `max` are in use, or
 * there is no memory for more.
 */
static inline struct uk_netbuf *uk_netpool_get(struct uk_netpool *pool)
{
	struct uk_netpool_cpu *c;
	struct uk_netbuf *nb;

	uk_preempt_disable();
	c = &pool->cpu[uk_cpu()];
	nb = c->free;
	if (UK_LIKELY(nb != NULL)) {
		c->free = nb->next;
		c->n--;
		uk_preempt_enable();
	} else {
		uk_preempt_enable();
		nb = uk_netpool_refill(pool);
		if (!nb)
			return NULL;
	}
	nb->next = NULL;
	nb->data = nb->head + pool->headroom;
	nb->len = 0;
	nb->total = 0;
	uk_netbuf_no_offload(nb);
	nb->pieces = 1;
	nb->release = NULL;
	return nb;
}

/* Gives back this one netbuf, wherever its data is: what a release() function does at its end. */
static inline void uk_netpool_put(struct uk_netbuf *nb)
{
	struct uk_netpool *pool = nb->pool;
	struct uk_netpool_cpu *c;

	uk_preempt_disable();
	c = &pool->cpu[uk_cpu()];
	nb->next = c->free;
	c->free = nb;
	c->n++;
#ifdef CONFIG_SMP
	if (UK_UNLIKELY(c->n > pool->cache))
		uk_netpool_spill(pool);
#endif
	uk_preempt_enable();
}

/* Lets go of a whole packet: each piece to release(), or back to its pool. */
static inline void uk_netbuf_free(struct uk_netbuf *pkt)
{
	struct uk_netbuf *next;

	for (; pkt; pkt = next) {
		next = pkt->next;
		if (UK_LIKELY(!pkt->release))
			uk_netpool_put(pkt);
		else
			pkt->release(pkt);
	}
}

/*
 * Makes a structure one piece that points at memory of others. `room` bytes before it may be
 * overwritten by the driver (see uk_netdev.headroom). A structure that did not come from a pool
 * has `pool` NULL and needs a release().
 */
static inline void uk_netbuf_refer(struct uk_netbuf *nb, void *data, uint32_t len, uint32_t room,
				   void (*release)(struct uk_netbuf *nb))
{
	nb->next = NULL;
	nb->data = (unsigned char *)data;
	nb->len = len;
	nb->total = len;
	uk_netbuf_no_offload(nb);
	nb->pieces = 1;
	nb->head = (unsigned char *)data - room;
	nb->size = room + len;
	nb->release = release;
}

/* Bytes before the data that may be overwritten, and behind it. */
static inline size_t uk_netbuf_room_front(const struct uk_netbuf *nb)
{
	return nb->data - nb->head;
}

static inline size_t uk_netbuf_room_back(const struct uk_netbuf *nb)
{
	return nb->head + nb->size - nb->data - nb->len;
}

/* Puts n bytes more before the data, or behind it, of a packet of one piece; where to write them. */
static inline void *uk_netbuf_push(struct uk_netbuf *nb, size_t n)
{
	UK_ASSERT(n <= uk_netbuf_room_front(nb));
	nb->len += n;
	nb->total += n;
	return nb->data -= n;
}

static inline void *uk_netbuf_append(struct uk_netbuf *nb, size_t n)
{
	UK_ASSERT(n <= uk_netbuf_room_back(nb) && !nb->next);
	nb->len += n;
	nb->total += n;
	return nb->data + nb->len - n;
}

/* Takes n bytes, which the first piece must have, off the start of a packet. */
static inline void *uk_netbuf_pull(struct uk_netbuf *pkt, size_t n)
{
	UK_ASSERT(n <= pkt->len);
	pkt->len -= n;
	pkt->total -= n;
	return pkt->data += n;
}

/* Adds piece (or packet) `more` to the end of a packet, whose last piece is `last`. */
static inline void uk_netbuf_chain(struct uk_netbuf *pkt, struct uk_netbuf *last,
				   struct uk_netbuf *more)
{
	last->next = more;
	pkt->total += more->total;
	pkt->pieces += more->pieces;
}

#endif
