/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer as the backend of a disk. Whatever it does, a request ends once, and not before its memory is out of the backend's
 * reach; what one backend has not done the next one gets; and a fault is said once.
 */
#include <stdlib.h>
#include <string.h>

#include "blkfront.h"
#include "blkdev_priv.h"
#include "host.h"

#define REQS  64U
#define PAGES 20U /* of each request */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct blkfront bf;
static struct uk_xenbus_dev bus = { .remote = 7 };
static struct request {
	struct uk_blkreq r;
	struct uk_blkseg segs[4];
	unsigned char *memory;
	uint8_t op;
	bool under_way;
} reqs[REQS];

void blkdev_wake(struct uk_blkq *q, void *arg)
{
}

size_t uk_plat_lookup_run(uk_vaddr_t va, size_t max, uk_paddr_t *pa)
{
	*pa = va;
	return max;
}

/* What another one ends with it may go on with. */
static void place(struct request *q, const struct request *before)
{
	size_t at = 0;

	memset(&q->r, 0, sizeof(q->r));
	q->r.op = (uint8_t)(byte() % 5);
	q->r.flags = byte() & 1 ? UK_BLKREQ_FUA : 0;
	q->r.offset = word() * 512UL;
	q->r.size = (byte() % 64) * 512UL;
	q->r.segs = q->segs;
	q->r.nsegs = (uint16_t)(1 + byte() % 4);
	for (unsigned i = 0; i < q->r.nsegs; i++) {
		size_t len = (1 + byte() % 32) * 512UL;

		at += (byte() % 8) * 512UL;
		q->segs[i] = (struct uk_blkseg){ q->memory + at, len };
		at += len;
		if (at + 20 * 1024 > PAGES * UK_PAGE_SIZE) {
			q->r.nsegs = (uint16_t)(i + 1);
			break;
		}
	}
	if (!before || byte() & 1)
		return;
	q->r.op = before->r.op;
	q->r.flags = before->r.flags;
	q->r.offset = before->r.offset;
	for (unsigned i = 0; i < before->r.nsegs; i++)
		q->r.offset += before->segs[i].len;
}

static bool in_reach(const struct request *q)
{
	for (unsigned i = 0; i < ngrants; i++)
		if (grants[i].set && grants[i].page >= q->memory &&
		    grants[i].page < q->memory + PAGES * UK_PAGE_SIZE)
			return true;
	return false;
}

/* Up to four at once. */
static void submit(void)
{
	struct uk_blkreq *list[4];
	unsigned n = 1 + byte() % 4, first = byte(), taken;
	struct request *before = NULL;

	for (unsigned i = 0; i < n; i++) {
		struct request *q = &reqs[(first + i) % REQS];

		if (q->under_way || in_reach(q)) {
			n = i;
			break;
		}
		place(q, before);
		q->op = q->r.op;
		list[i] = &q->r;
		before = q;
	}
	taken = blkfront_submit(&bf.queue[0].q, list, n);
	while (taken--)
		UK_CONTAINER_OF(list[taken], struct request, r)->under_way = true;
}

static void reap(void)
{
	struct uk_blkreq *done[8];
	unsigned n = blkfront_reap(&bf.queue[0].q, done, 1 + byte() % 8);

	while (n--) {
		struct request *q = UK_CONTAINER_OF(done[n], struct request, r);

		if (q < reqs || q >= reqs + REQS || !q->under_way || in_reach(q))
			abort();
		if (q->r.op != q->op || q->r.result > 0)
			abort();
		q->under_way = false;
	}
}

static void answer(struct share *s)
{
	struct blkif_sring *r = s->ring.sring;
	unsigned what = byte(), id = what & 1 ? what >> 1 : word();
	struct blkif_response *a = &r->ring[r->rsp_prod & (s->nslots - 1)].rsp;

	a->id = id;
	a->status = (int16_t)(byte() & 1 ? BLKIF_RSP_OKAY : -(int)(byte() % 3));
	r->rsp_prod++;
}

static void connect(void)
{
	struct queue *q = &bf.queue[0];
	struct agreement a;
	unsigned how = byte();
	int err;

	a.pages = how & 4 ? SEGS_MAX : SEGS_DIRECT;
	a.kept = how & 8 ? KEPT_MIN + how / 16 : 0;
	q->share = blkfront_share(&bf, 0, how % 16 ? 0 : 1, &err);
	if (blkfront_open(q->share, &a))
		abort();
	bf.broken = false;
	q->share->live = true;
	blkfront_unpark(q);
}

static void disconnect(void)
{
	struct share *s = bf.queue[0].share;

	bf.queue[0].share = NULL;
	blkfront_unshare(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uk_blkdev_conf conf = { 0 };
	unsigned peers = 0;

	input(data, size);
	memset(&bf, 0, sizeof(bf));
	bf.bus = &bus;
	bf.dev.size = 1 << 26;
	bf.dev.sector = 512;
	bf.dev.align = 512;
	bf.dev.max_segs = SEGS_DIRECT;
	bf.dev.max_size = (SEGS_DIRECT - 1) * UK_PAGE_SIZE;
	bf.dev.features = UK_BLKDEV_FLUSH | UK_BLKDEV_DISCARD;
	bf.dev.max_discard = 1 << 30;
	bf.dev.discard_align = 512;
	bf.dev.queues = 1;
	bf.queue[0].parked_end = &bf.queue[0].parked;
	uk_blkq_init(&bf.queue[0].q, &bf.dev, 0, &conf);
	for (unsigned i = 0; i < REQS; i++) {
		if (!reqs[i].memory)
			reqs[i].memory = aligned_alloc(UK_PAGE_SIZE, PAGES * UK_PAGE_SIZE);
		reqs[i].under_way = false;
	}
	while (more()) {
		if (!bf.queue[0].share) {
			connect();
			peers++;
		}
		switch (byte() % 8) {
		case 0:
		case 1:
			submit();
			break;
		case 2:
			reap();
			break;
		case 3:
			blkfront_irq_on(&bf.queue[0].q);
			break;
		case 4:
		case 5:
			answer(bf.queue[0].share);
			break;
		case 6:
			backend_acts();
			break;
		default:
			if (byte() < 16)
				disconnect();
		}
		if (broken > peers)
			abort();
	}
	disconnect();
	check_end();
	return 0;
}
