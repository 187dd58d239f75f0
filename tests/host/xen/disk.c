/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * blkfront beside a backend that keeps to the rules, with a disk in memory, bad sectors and all: which requests become one, and
 * that each ends once, with the result that is its own.
 *
 *	disk SEED
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blkfront.h"
#include "blkdev_priv.h"
#include "host.h"

#define CHECK(c)                                                                                   \
	do {                                                                                       \
		if (!(c)) {                                                                        \
			printf("disk: line %d: %s\n", __LINE__, #c);                               \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#define PLACES 256U /* of a request each */
#define PIECE  (8 * SECTOR)

static struct blkfront bf;
static struct uk_xenbus_dev bus = { .remote = 7 };
static unsigned char disk[PLACES * PIECE];
static bool bad[PLACES]; /* cannot be read or written */
static unsigned served, flushes;

static struct request {
	struct uk_blkreq r;
	struct uk_blkseg segs[2];
	unsigned char *memory;
	uint8_t op, written; /* what was asked for; what its place was filled with */
	bool under_way;
} reqs[PLACES];

void blkdev_wake(struct uk_blkq *q, void *arg)
{
}

size_t uk_plat_lookup_run(uk_vaddr_t va, size_t max, uk_paddr_t *pa)
{
	*pa = va;
	return max;
}

static unsigned any(unsigned n)
{
	return (unsigned)random() % n;
}

/* ---- the backend ---- */

static struct blkif_request waiting[256];
static unsigned nwaiting;
static RING_IDX seen;

static unsigned char *granted(uint32_t ref)
{
	CHECK(ref < GRANTS && grants[ref].set);
	return grants[ref].page;
}

static int16_t move(const struct blkif_request_segment *seg, unsigned n, uint64_t sector,
		    bool write)
{
	for (unsigned i = 0; i < n; i++, seg++) {
		size_t len = (seg->last_sect - seg->first_sect + 1U) * SECTOR;
		unsigned char *p = granted(seg->gref) + seg->first_sect * SECTOR;

		CHECK(seg->first_sect <= seg->last_sect && seg->last_sect < UK_PAGE_SIZE / SECTOR);
		CHECK(sector * SECTOR + len <= sizeof(disk));
		for (size_t at = 0; at < len; at += SECTOR, sector++) {
			if (bad[sector * SECTOR / PIECE])
				return BLKIF_RSP_ERROR;
			if (write)
				memcpy(disk + sector * SECTOR, p + at, SECTOR);
			else
				memcpy(p + at, disk + sector * SECTOR, SECTOR);
		}
	}
	return BLKIF_RSP_OKAY;
}

static int16_t serve(const struct blkif_request *q)
{
	const struct blkif_request_indirect *long_q = (const void *)q;

	if (q->operation == BLKIF_OP_FLUSH_DISKCACHE) {
		flushes++;
		return BLKIF_RSP_OKAY;
	}
	served++;
	if (q->operation == BLKIF_OP_INDIRECT) {
		CHECK(long_q->nr_segments > SEGS_DIRECT && long_q->nr_segments <= SEGS_MAX);
		return move((const void *)granted(long_q->indirect_grefs[0]), long_q->nr_segments,
			    long_q->sector_number, long_q->indirect_op == BLKIF_OP_WRITE);
	}
	CHECK(q->nr_segments && q->nr_segments <= SEGS_DIRECT);
	return move(q->seg, q->nr_segments, q->sector_number, q->operation == BLKIF_OP_WRITE);
}

/* Answers up to n requests, of those that it has any. */
static void answer(unsigned n)
{
	struct share *s = bf.queue[0].share;
	struct blkif_sring *ring = s->ring.sring;

	for (; seen != ring->req_prod; seen++)
		waiting[nwaiting++] = *RING_GET_REQUEST(&s->ring, seen);
	for (; n && nwaiting; n--) {
		struct blkif_request *q = &waiting[any(nwaiting)];
		struct blkif_response *a = RING_GET_RESPONSE(&s->ring, ring->rsp_prod);
		struct blkif_response mine = { .status = serve(q) };

		mine.id = ((const struct blkif_request_indirect *)q)->id;
		if (q->operation != BLKIF_OP_INDIRECT)
			mine.id = q->id;
		*a = mine;
		ring->rsp_prod++;
		*q = waiting[--nwaiting];
	}
}

static int try_connect(unsigned kept, unsigned pages)
{
	struct agreement a = { .pages = pages, .kept = kept };
	struct queue *q = &bf.queue[0];
	int err;

	q->share = blkfront_share(&bf, 0, 0, &err);
	return q->share ? blkfront_open(q->share, &a) : err;
}

static void connect(unsigned kept, unsigned pages)
{
	struct queue *q = &bf.queue[0];

	CHECK(!try_connect(kept, pages));
	seen = nwaiting = 0;
	q->share->live = true;
	blkfront_unpark(q);
}

static void disconnect(void)
{
	struct share *s = bf.queue[0].share;

	bf.queue[0].share = NULL;
	blkfront_unshare(s);
}

/* ---- the user ---- */

static void place(unsigned i, uint8_t op, uint8_t flags)
{
	struct request *q = &reqs[i];
	size_t cut = any(2) * SECTOR * (1 + any(7));

	CHECK(!q->under_way);
	q->segs[0] = (struct uk_blkseg){ q->memory, cut ? cut : PIECE };
	q->segs[1] = (struct uk_blkseg){ q->memory + cut, PIECE - cut };
	q->r = (struct uk_blkreq){
		.op = op, .flags = flags, .nsegs = cut ? 2 : 1, .segs = q->segs
	};
	q->r.offset = i * PIECE;
	q->r.alone = any(2); /* what is the driver's has any value */
	q->r.private[0] = any(2);
	q->op = op;
	if (op == UK_BLK_WRITE) {
		q->written = (uint8_t)any(256);
		memset(q->memory, q->written, PIECE);
	} else {
		memset(q->memory, ~q->written, PIECE);
	}
}

/* Those from `first` on, that have been placed; how many were taken. */
static unsigned submit(unsigned first, unsigned n)
{
	struct uk_blkreq *list[PLACES];

	for (unsigned i = 0; i < n; i++)
		list[i] = &reqs[first + i].r;
	n = blkfront_submit(&bf.queue[0].q, list, n);
	for (unsigned i = 0; i < n; i++)
		reqs[first + i].under_way = true;
	return n;
}

static unsigned reap(unsigned n)
{
	struct uk_blkreq *done[PLACES];

	n = blkfront_reap(&bf.queue[0].q, done, n);
	for (unsigned i = 0; i < n; i++) {
		struct request *q = UK_CONTAINER_OF(done[i], struct request, r);

		CHECK(q >= reqs && q < reqs + PLACES && q->under_way && q->r.op == q->op);
		q->under_way = false;
		CHECK(q->r.result == (bad[q - reqs] ? -EIO : 0));
		for (size_t at = 0; !q->r.result && at < PIECE; at++)
			CHECK(q->memory[at] == q->written);
	}
	return n;
}

static void all(unsigned first, unsigned n, uint8_t op, uint8_t flags)
{
	for (unsigned i = 0; i < n; i++)
		place(first + i, op, flags);
	served = flushes = 0;
	CHECK(submit(first, n) == n);
}

/* ---- what becomes one ---- */

static void counted(void)
{
	all(0, 8, UK_BLK_WRITE, 0);
	answer(100);
	CHECK(served == 1 && reap(PLACES) == 8 && !flushes);
	all(0, 8, UK_BLK_READ, 0);
	answer(100);
	/* They are reaped in their order, by as many as there is room for. */
	CHECK(served == 1 && reap(3) == 3 && !reqs[2].under_way && reqs[3].under_way);
	CHECK(blkfront_irq_on(&bf.queue[0].q) && reap(1) == 1 && reap(PLACES) == 4);
	/* Durable ones, by one flush. */
	all(0, 8, UK_BLK_WRITE, UK_BLKREQ_FUA);
	answer(100);
	CHECK(served == 1 && !reap(PLACES));
	answer(100);
	CHECK(flushes == 1 && reap(PLACES) == 8);
	/* Of one that fails the others do not. */
	bad[5] = true;
	all(0, 8, UK_BLK_READ, 0);
	answer(100);
	CHECK(served == 1 && !reap(PLACES));
	answer(100);
	CHECK(served == 9 && reap(PLACES) == 8 && reqs[5].r.result == -EIO);
	bad[5] = false;
	/* Of other kinds, or elsewhere. */
	for (unsigned i = 0; i < 6; i++)
		place(i + (i > 3), i == 1 ? UK_BLK_READ : UK_BLK_WRITE, i == 2 ? UK_BLKREQ_FUA : 0);
	served = 0;
	CHECK(submit(0, 4) == 4 && submit(5, 2) == 2);
	answer(100);
	CHECK(served == 5 && reap(PLACES) == 5);
	answer(100);
	CHECK(reap(PLACES) == 1);
	CHECK(!blkfront_irq_on(&bf.queue[0].q) && !bf.queue[0].q.inflight);
}

/* What waits for a backend is looked at again when there is one: its disk may have become smaller. */
static void smaller(void)
{
	struct uk_blkreq *done[3];

	for (unsigned i = 4; i < 7; i++)
		place(i, UK_BLK_READ, 0);
	CHECK(submit(4, 3) == 3 && !reap(PLACES));
	bf.dev.size = 6 * PIECE;
	connect(0, SEGS_MAX);
	answer(100);
	CHECK(blkfront_reap(&bf.queue[0].q, done, 3) == 3);
	for (unsigned i = 4; i < 7; i++) {
		CHECK(reqs[i].r.result == (i == 6 ? -ENOSPC : 0));
		reqs[i].under_way = false;
	}
	bf.dev.size = sizeof(disk);
	disconnect();
}

/* Of memory and of grants there is one less than it takes to connect: nothing is left of it. */
static void too_little(unsigned kept, unsigned *left, int error)
{
	unsigned n = 0;
	int err;

	for (;; n++) {
		*left = n;
		err = try_connect(kept, SEGS_MAX);
		if (!err)
			break;
		CHECK(err == error && n < 1000);
		disconnect();
		check_end();
	}
	CHECK(n > 30 && !*left);
	disconnect();
	*left = ~0U;
}

/* Pages that cannot be had are not waited for: requests wait for those that there are. */
static void no_more_pages(void)
{
	connect(4 * KEPT_MIN, SEGS_MAX);
	pages_left = 5;
	all(0, 128, UK_BLK_WRITE, 0);
	CHECK(bf.queue[0].share->kept.n == KEPT_MIN + 5);
	while (bf.queue[0].q.inflight) {
		unsigned before = served;

		answer(100);
		CHECK(reap(PLACES) && served == before + 1);
	}
	pages_left = ~0U;
	all(0, 128, UK_BLK_READ, 0);
	CHECK(bf.queue[0].share->kept.n == 128);
	answer(100);
	CHECK(reap(PLACES) == 128);
	disconnect();
}

/* ---- anything, at any time ---- */

static void something(bool restarts)
{
	unsigned first = any(PLACES), most = 1 + any(40), n = 0, taken;
	uint8_t op = any(2) ? UK_BLK_READ : UK_BLK_WRITE;

	while (n < most && first + n < PLACES && !reqs[first + n].under_way) {
		if (!any(20)) /* the next may be of another kind */
			op = op == UK_BLK_READ ? UK_BLK_WRITE : UK_BLK_READ;
		place(first + n++, op, !any(30) ? UK_BLKREQ_FUA : 0);
	}
	taken = submit(first, n);
	for (unsigned i = taken; i < n; i++)
		if (reqs[first + i].op == UK_BLK_WRITE) /* not done: what is there is what was */
			reqs[first + i].written = disk[(first + i) * PIECE];
	if (any(3))
		answer(any(4));
	if (any(3))
		reap(1 + any(20));
	if (restarts && !any(50)) {
		disconnect();
		connect(any(2) ? 0 : KEPT_MIN + any(200), any(4) ? SEGS_MAX : SEGS_DIRECT);
	}
}

int main(int argc, char **argv)
{
	struct uk_blkdev_conf conf = { 0 };

	srandom(argc > 1 ? (unsigned)atoi(argv[1]) : 1);
	input(NULL, 0);
	bf.bus = &bus;
	bf.dev = (struct uk_blkdev){ .size = sizeof(disk),
				     .sector = SECTOR,
				     .align = SECTOR,
				     .max_segs = SEGS_DIRECT,
				     .max_size = (SEGS_DIRECT - 1) * UK_PAGE_SIZE,
				     .features = UK_BLKDEV_FLUSH,
				     .queues = 1 };
	bf.queue[0].parked_end = &bf.queue[0].parked;
	uk_blkq_init(&bf.queue[0].q, &bf.dev, 0, &conf);
	for (unsigned i = 0; i < PLACES; i++)
		reqs[i].memory = aligned_alloc(UK_PAGE_SIZE, PIECE);
	for (unsigned kept = 0; kept <= KEPT_MIN; kept += KEPT_MIN) {
		connect(kept, SEGS_MAX);
		counted();
		disconnect();
	}
	for (unsigned kept = 0; kept <= KEPT_MIN; kept += KEPT_MIN) {
		too_little(kept, &pages_left, -ENOMEM);
		too_little(kept, &grants_left, -ENOSPC);
	}
	no_more_pages();
	smaller();
	for (unsigned i = 0; i < 8; i++)
		bad[any(PLACES)] = true;
	connect(KEPT_MIN, SEGS_MAX);
	for (unsigned i = 0; i < 20000; i++)
		something(true);
	for (unsigned i = 0; bf.queue[0].q.inflight; i++) {
		CHECK(i < 10000);
		answer(100);
		reap(PLACES);
	}
	for (unsigned i = 0; i < PLACES; i++)
		CHECK(!reqs[i].under_way);
	disconnect();
	check_end();
	CHECK(!broken);
	printf("disk: all as it should be\n");
	return 0;
}
