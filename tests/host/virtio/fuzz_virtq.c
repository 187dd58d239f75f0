/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer as a virtio device: the input is what driver and device do in turn, the device whatever it likes to the
 * rings and to the buffers that it was given. Whatever that is, a buffer comes back once at most, no longer than
 * it is; a received packet lies in its buffers; and nothing else is touched (ASan: rings and buffers are blocks of
 * just their size).
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <uk/page.h>
#include <uk/percpu.h>
#include <uk/print.h>

#include "vnet.h"

#define SIZE    8
#define COOKIES 32
#define BYTES   64 /* of a buffer's data */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void vnet_link(struct vnet *v);
unsigned uk_netdev_rx(struct uk_netq *q, struct uk_netbuf **pkts, unsigned n);

/* ---- what the files need of the others ---- */

struct uk_percpu uk_percpu_boot;
uintptr_t uk_plat_direct_base; /* 0: an address is its own frame */
struct uk_alloc *uk_heap;

void *uk_alloc_malloc(struct uk_alloc *a, size_t size)
{
	return malloc(size);
}

void uk_alloc_free(struct uk_alloc *a, void *p)
{
	free(p);
}

uk_paddr_t uk_page_alloc_run(size_t npages, unsigned flags)
{
	return (uk_paddr_t)calloc(npages, UK_PAGE_SIZE);
}

void uk_page_free_run(uk_paddr_t pa, size_t npages)
{
	free((void *)pa);
}

void uk_log(enum uk_log_level level, const char *lib, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	uk_vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
}

void vnet_link(struct vnet *v)
{
}

struct uk_netbuf *uk_netpool_refill(struct uk_netpool *pool)
{
	return NULL;
}

/* ---- transport ---- */

static uint8_t status(struct uk_virtio_dev *d)
{
	return 0;
}

static void set_status(struct uk_virtio_dev *d, uint8_t v)
{
}

static const struct uk_virtio_ops ops = { .status = status, .set_status = set_status };
static const struct uk_virtio_driver driver = { .name = "fuzz" };
static struct uk_virtio_dev dev;
static struct uk_virtq *q;
static uint32_t bell;

/* ---- input ---- */

static const uint8_t *in, *in_end;

static unsigned byte(void)
{
	return in < in_end ? *in++ : 0;
}

static unsigned word(void)
{
	unsigned v = byte();

	return v | byte() << 8;
}

/* ---- buffers without contents ---- */

static struct {
	bool there;
	uint32_t room;
} cookies[COOKIES];

static void add(void)
{
	unsigned form = byte(), out = form & 3, inn = form >> 2 & 3, i;
	struct uk_virtq_seg seg[6];
	uint32_t room = 0;

	for (i = 0; i < COOKIES && cookies[i].there; i++)
		;
	if (!(out + inn) || i == COOKIES)
		return;
	for (unsigned k = 0; k < out + inn; k++) {
		seg[k] = (struct uk_virtq_seg){ 0x1000 * k, word() };
		room += k >= out ? seg[k].len : 0;
	}
	if (uk_virtq_add(q, seg, out, inn, &cookies[i]))
		return;
	cookies[i].there = true;
	cookies[i].room = room;
}

static void get(void)
{
	uint32_t len = 0;
	void *cookie = uk_virtq_get(q, &len);
	size_t i = ((char *)cookie - (char *)cookies) / sizeof(cookies[0]);

	if (!cookie)
		return;
	if (i >= COOKIES || cookie != &cookies[i] || !cookies[i].there || len > cookies[i].room)
		abort();
	cookies[i].there = false;
}

/* ---- packets ---- */

static struct uk_netpool pool = { .headroom = HDR, .size = BYTES };
static struct vnet v;
static unsigned char *blocks[SIZE * 2];
static struct uk_netbuf *bufs[SIZE * 2];

static void make_buffers(void)
{
	memset(&v, 0, sizeof(v));
	v.dev.mtu = 1500;
	v.dev.rx_split = true;
	v.rx[0].q.dev = &v.dev;
	v.rx[0].q.pool = &pool;
	v.rx[0].vq = q;
	v.virtio = &dev;
	for (unsigned i = 0; i < SIZE * 2; i++) {
		bufs[i] = calloc(1, sizeof(*bufs[i]));
		blocks[i] = malloc(HDR + BYTES);
		memset(blocks[i], 0, HDR + BYTES);
		bufs[i]->head = blocks[i];
		bufs[i]->size = HDR + BYTES;
		bufs[i]->pool = &pool;
		bufs[i]->next = pool.cpu[0].free;
		pool.cpu[0].free = bufs[i];
		pool.cpu[0].n++;
	}
}

static void free_buffers(void)
{
	struct uk_netbuf *nb;
	unsigned n = 0;

	uk_netbuf_free(v.rx[0].partial);
	while ((nb = uk_virtq_drain(q)))
		uk_netbuf_free(nb);
	for (nb = pool.cpu[0].free; nb; nb = nb->next)
		n++;
	if (n != SIZE * 2) /* lost, or there twice */
		abort();
	pool.cpu[0].free = NULL;
	pool.cpu[0].n = 0;
	for (unsigned i = 0; i < SIZE * 2; i++) {
		free(blocks[i]);
		free(bufs[i]);
	}
}

static volatile unsigned char sink;

static void receive(void)
{
	struct uk_netbuf *pkts[4];
	unsigned n = uk_netdev_rx(&v.rx[0].q, pkts, 4);

	while (n--) {
		uint32_t total = 0;
		unsigned pieces = 0;

		for (struct uk_netbuf *nb = pkts[n]; nb; nb = nb->next, pieces++) {
			for (uint32_t i = 0; i < nb->len; i++)
				sink = nb->data[i];
			total += nb->len;
		}
		if (total != pkts[n]->total || pieces != pkts[n]->pieces)
			abort();
		if (pkts[n]->flags & UK_NETBUF_CSUM &&
		    (uint32_t)pkts[n]->csum_start + pkts[n]->csum_offset + 2 > total)
			abort();
		uk_netbuf_free(pkts[n]);
	}
}

/* ---- the device ---- */

static void use(void)
{
	unsigned id = byte(), len = word();

	if (id & 0x80)
		id = 0x10000 | id;
	if (q->packed) {
		volatile struct uk_virtq_pdesc *d = &q->p.desc[q->p.used_idx];

		d->id = (uint16_t)id;
		d->len = len;
		d->flags = q->p.used_flags;
		return;
	}
	((volatile struct uk_virtq_used *)&q->s.used[2])[q->s.used[1] % SIZE] =
		(struct uk_virtq_used){ id, len };
	q->s.used[1]++;
}

static void scribble(void)
{
	uint8_t *ring = (uint8_t *)q->frames;
	unsigned at = word() % (q->nframes * UK_PAGE_SIZE);

	ring[at] = (uint8_t)byte();
}

static void write_buffer(void)
{
	unsigned which = byte() % (SIZE * 2), at = byte() % (HDR + BYTES);

	blocks[which][at] = (uint8_t)byte();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned kind;

	in = data;
	in_end = data + size;
	kind = byte();
	memset(cookies, 0, sizeof(cookies));
	dev = (struct uk_virtio_dev){
		.ops = &ops, .driver = &driver, .name = "none", .ready = true
	};
	q = uk_virtq_create(&dev, 0, SIZE,
			    (kind & 1 ? UK_BIT(UK_VIRTIO_F_RING_PACKED) : 0) |
				    (kind & 2 ? UK_BIT(UK_VIRTIO_F_EVENT_IDX) : 0));
	q->notify = &bell;
	q->notify_wide = true;
	if (kind & 4) {
		make_buffers();
		vnet_fill(&v.rx[0]);
	}
	while (in < in_end) {
		switch (byte() % 8) {
		case 0:
			if (!(kind & 4))
				add();
			break;
		case 1:
			uk_virtq_kick(q);
			break;
		case 2:
			kind & 4 ? receive() : get();
			break;
		case 3:
			scribble();
			break;
		case 4:
		case 5:
			use();
			break;
		case 6:
			uk_virtq_irq_on(q, 1 + byte() % 4);
			break;
		default:
			if (kind & 4)
				write_buffer();
			else
				uk_virtq_irq_off(q);
		}
		if (q->nfree > SIZE || q->inflight > SIZE)
			abort();
	}
	if (kind & 4)
		free_buffers();
	else
		while (uk_virtq_drain(q))
			;
	uk_virtio_queue_free(q);
	free(dev.queues);
	return 0;
}
