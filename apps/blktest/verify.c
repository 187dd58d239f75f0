/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does the device keep what it was given? Each 512 bytes that are written say where they belong and which version they
 * are, so that what is misplaced, old or torn is told apart.
 */
#include <pthread.h>

#include "blktest.h"

#define STAMP   512U
#define REGION  (8ULL << 20) /* of the disk, at its begin and at its end */
#define BIG     (1U << 16)
#define ROUNDS  600U
#define THREADS 4U

static unsigned failures;

static int check(int ok, const char *what, uint64_t offset)
{
	if (ok)
		return 1;
	failures++;
	printf("FAILED: %s at %llu\n", what, (unsigned long long)offset);
	return 0;
}

/* A condition of a request that is wrong: its result. */
static void expect(struct uk_blkreq r, int result, const char *what)
{
	int rc = uk_blkdev_do(dev, &r);

	if (rc == result)
		return;
	failures++;
	printf("FAILED: %s: %d, not %d\n", what, rc, result);
}

static void stamp(void *buf, size_t size, uint64_t offset, uint64_t version)
{
	for (size_t at = 0; at < size; at += 16) {
		uint64_t v[2] = { offset + at, version * 0x9e3779b97f4a7c15 };

		memcpy((char *)buf + at, v, 16);
	}
}

static int is_stamped(const void *buf, size_t size, uint64_t offset, uint64_t version)
{
	for (size_t at = 0; at < size; at += 16) {
		uint64_t v[2] = { offset + at, version * 0x9e3779b97f4a7c15 };

		if (memcmp((const char *)buf + at, v, 16))
			return 0;
	}
	return 1;
}

static int is_zero(const char *buf, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (buf[i])
			return 0;
	return 1;
}

/* Writes [from, to) in pieces of one size and reads it in others. */
static void pattern(uint64_t from, uint64_t to, uint64_t version)
{
	char *buf = memory(3 * BIG);
	uint64_t at;
	size_t n;

	for (at = from; at < to; at += n) {
		n = (size_t)UK_MIN(to - at, (uint64_t)BIG);
		stamp(buf, n, at, version);
		check(!uk_blkdev_write(dev, at, buf, n), "write", at);
	}
	check(!uk_blkdev_flush(dev), "flush", 0);
	for (at = from; at < to; at += n) { /* not at multiples of what was written */
		n = (size_t)UK_MIN(to - at, (uint64_t)(3 * BIG - dev->sector));
		memset(buf, 0xee, n);
		if (check(!uk_blkdev_read(dev, at, buf, n), "read", at))
			check(is_stamped(buf, n, at, version), "pattern", at);
	}
	free(buf);
}

/* Memory of several kinds and in several pieces: the heap, the stack, the image, not at the begin of a page. */
static void pieces(void)
{
	static char image[8192] __attribute__((aligned(4096)));
	char stack[4096 + 512] __attribute__((aligned(512)));
	char *heap = memory(8192), *all = memory(16384);
	size_t s = dev->sector;
	struct uk_blkseg seg[] = { { image + (s < 4096 ? s : 0), s },
				   { heap, 2 * s > 8192 ? s : 2 * s },
				   { stack, s > 4096 ? 0 : s } };
	struct uk_blkreq r = { .op = UK_BLK_WRITE,
			       .segs = seg,
			       .nsegs = s > 4096 ? 2 : 3,
			       .offset = 3 * (uint64_t)s };
	size_t at = 0;

	if (dev->max_segs < 3)
		return;
	for (unsigned i = 0; i < r.nsegs; at += seg[i++].len)
		stamp(seg[i].base, seg[i].len, r.offset + at, 77);
	check(!uk_blkdev_do(dev, &r), "write in pieces", r.offset);
	check(!uk_blkdev_read(dev, r.offset, all, at) && is_stamped(all, at, r.offset, 77),
	      "written in pieces", r.offset);
	for (unsigned i = 0; i < r.nsegs; i++)
		memset(seg[i].base, 0, seg[i].len);
	r.op = UK_BLK_READ;
	check(!uk_blkdev_do(dev, &r), "read in pieces", r.offset);
	at = 0;
	for (unsigned i = 0; i < r.nsegs; at += seg[i++].len)
		check(is_stamped(seg[i].base, seg[i].len, r.offset + at, 77), "piece",
		      r.offset + at);
	free(heap);
	free(all);
}

/* SLOTS requests of a sector each, side by side and submitted at once; how many fail, each of which is said. */
static unsigned batch(enum uk_blk_op op, unsigned flags, uint64_t offset, char *buf)
{
	static const char *const names[] = { "read", "write" };
	struct uk_blkreq reqs[SLOTS], *list[SLOTS], *done[SLOTS];
	struct uk_blkseg segs[SLOTS];
	unsigned failed = 0;

	for (unsigned i = 0; i < SLOTS; i++) {
		segs[i] = (struct uk_blkseg){ buf + i * dev->sector, dev->sector };
		reqs[i] = (struct uk_blkreq){ .op = (uint8_t)op,
					      .flags = (uint8_t)flags,
					      .nsegs = 1,
					      .segs = &segs[i],
					      .offset = offset + i * dev->sector };
		list[i] = &reqs[i];
	}
	submit(dev->queue[0], list, SLOTS);
	for (unsigned left = SLOTS; left;)
		left -= reap_some(dev->queue[0], done, left);
	for (unsigned i = 0; i < SLOTS; i++) {
		if (!reqs[i].result)
			continue;
		printf("failed: %s of sector %u: %s\n", names[op],
		       (unsigned)(reqs[i].offset / dev->sector), strerror(-reqs[i].result));
		failed++;
	}
	return failed;
}

/* What may go to the device as one request is several all the same. */
static void batches(void)
{
	size_t n = SLOTS * dev->sector;
	char *buf = memory(n);
	uint64_t at = 5 * dev->sector;

	for (unsigned durable = 0; durable < 2; durable++) {
		stamp(buf, n, at, 21 + durable);
		check(!batch(UK_BLK_WRITE, durable ? UK_BLKREQ_FUA : 0, at, buf),
		      "a batch of writes", at);
		memset(buf, 0, n);
		check(!batch(UK_BLK_READ, 0, at, buf), "a batch of reads", at);
		check(is_stamped(buf, n, at, 21 + durable), "a batch, content", at);
	}
	free(buf);
}

/* Batches from a sector on, one of writes and one of reads, without a look at what is read. */
int neighbours(unsigned sector)
{
	char *buf = memory(SLOTS * dev->sector);
	unsigned failed;

	memset(buf, 0, SLOTS * dev->sector);
	start(1, 1);
	failed = batch(UK_BLK_WRITE, 0, (uint64_t)sector * dev->sector, buf);
	failed += batch(UK_BLK_READ, 0, (uint64_t)sector * dev->sector, buf);
	uk_blkdev_stop(dev);
	printf("%s: %u of %u requests failed\n", dev->name, failed, 2 * SLOTS);
	return failed != 0;
}

/* Writes that survive a loss of power, by a request's own flag. */
static void durable(void)
{
	char *buf = memory(dev->sector);
	struct uk_blkseg seg = { buf, dev->sector };
	struct uk_blkreq r = {
		.op = UK_BLK_WRITE, .flags = UK_BLKREQ_FUA, .segs = &seg, .nsegs = 1
	};

	stamp(buf, dev->sector, 0, 5);
	check(!uk_blkdev_do(dev, &r) && r.op == UK_BLK_WRITE, "durable write", 0);
	memset(buf, 0, dev->sector);
	check(!uk_blkdev_read(dev, 0, buf, dev->sector) && is_stamped(buf, dev->sector, 0, 5),
	      "durable", 0);
	free(buf);
}

static void clearing(void)
{
	const size_t n = 4 * BIG, hole = 2 * BIG;
	uint64_t at = REGION / 2 / BIG * BIG;
	char *buf = memory(n);

	if (dev->size < at + n)
		at = 0;
	for (unsigned unmap = 0; unmap < 2; unmap++) {
		stamp(buf, n, at, 9);
		check(!uk_blkdev_write(dev, at, buf, n), "write", at);
		check(!uk_blkdev_clear(dev, UK_BLK_ZERO, unmap ? UK_BLKREQ_UNMAP : 0, at + BIG,
				       hole),
		      "zero", at + BIG);
		check(!uk_blkdev_read(dev, at, buf, n), "read", at);
		check(is_zero(buf + BIG, hole), "zeroes", at + BIG);
		check(is_stamped(buf, BIG, at, 9) &&
			      is_stamped(buf + BIG + hole, BIG, at + BIG + hole, 9),
		      "what is beside zeroes", at);
	}
	if (dev->features & UK_BLKDEV_DISCARD) {
		check(!uk_blkdev_clear(dev, UK_BLK_DISCARD, 0, at + BIG, hole), "discard",
		      at + BIG);
		check(!uk_blkdev_read(dev, at, buf, n), "read", at);
		check(is_stamped(buf, BIG, at, 9) &&
			      is_stamped(buf + BIG + hole, BIG, at + BIG + hole, 9),
		      "what is beside a discard", at);
	} else {
		check(uk_blkdev_clear(dev, UK_BLK_DISCARD, 0, 0, BIG) == -EOPNOTSUPP,
		      "discard is refused", 0);
	}
	free(buf);
}

static void bounds(void)
{
	char *buf = memory(dev->sector);
	struct uk_blkseg seg = { buf, dev->sector }, odd = { buf, 100 };
	struct uk_blkreq ok = { .op = UK_BLK_READ, .segs = &seg, .nsegs = 1 }, r;

	expect(ok, 0, "a read");
	r = ok, r.offset = dev->size - dev->sector;
	expect(r, 0, "the last sector");
	r = ok, r.offset = dev->size;
	expect(r, -ENOSPC, "behind the end");
	r = ok, r.offset = -(uint64_t)dev->sector;
	expect(r, -ENOSPC, "an offset that wraps");
	r = ok, r.op = UK_BLK_WRITE, r.offset = dev->size + (1ULL << 50);
	expect(r, -ENOSPC, "far behind the end");
	r = ok, r.offset = 1;
	expect(r, -EINVAL, "an offset between sectors");
	r = ok, r.segs = &odd;
	expect(r, -EINVAL, "a part of a sector");
	r = ok, r.nsegs = 0;
	expect(r, -EINVAL, "no memory");
	r = ok, r.nsegs = UINT16_MAX;
	expect(r, -EINVAL, "too many segments");
	r = ok, r.op = UK_BLK_OPS;
	expect(r, -EOPNOTSUPP, "an unknown request");
	r = (struct uk_blkreq){ .op = UK_BLK_ZERO, .offset = 0, .size = 1 };
	expect(r, dev->features & UK_BLKDEV_ZERO ? -EINVAL : -EOPNOTSUPP,
	       "zeroes of a part of a sector");
	free(buf);
}

/* Many requests under way, each in a place of its own; what is read is what was written there last. */
struct many {
	struct uk_blkreq reqs[SLOTS];
	struct uk_blkseg segs[SLOTS];
	uint64_t version[SLOTS];
	uint64_t state, place;
};

/* The next request of a slot. False: there is no room for it. */
static int submit_one(struct many *m, unsigned i)
{
	struct uk_blkreq *r = &m->reqs[i];
	struct uk_blkseg *seg = &m->segs[i];
	uint64_t most = UK_MIN(BIG, dev->max_size) / dev->sector;
	int writes = !m->version[i] || random_next(&m->state) & 1;

	*r = (struct uk_blkreq){ .op = writes ? UK_BLK_WRITE : UK_BLK_READ,
				 .segs = seg,
				 .nsegs = 1,
				 .offset = i * m->place,
				 .cookie = &m->version[i] };
	seg->len = (writes ? random_next(&m->state) % most + 1 : 1) * dev->sector;
	if (writes)
		stamp(seg->base, seg->len, r->offset, m->version[i] + 1);
	else
		memset(seg->base, 0, seg->len);
	if (!uk_blkdev_submit(dev->queue[0], &r, 1)) {
		r->cookie = NULL;
		return 0;
	}
	m->version[i] += (unsigned)writes;
	return 1;
}

static unsigned finish_some(void)
{
	struct uk_blkreq *done[SLOTS];
	unsigned n = reap_some(dev->queue[0], done, SLOTS);

	for (unsigned k = 0; k < n; k++) {
		struct uk_blkreq *r = done[k];

		check(!r->result, "one of many", r->offset);
		check(is_stamped(r->segs->base, dev->sector, r->offset, *(uint64_t *)r->cookie),
		      "one of many, content", r->offset);
		r->cookie = NULL;
	}
	return n;
}

static void many(uint64_t seed)
{
	static struct many m;
	unsigned left = 0, round = 0;

	m.state = seed * 2 + 1;
	m.place = UK_MIN(dev->size / SLOTS, REGION) & ~(uint64_t)(BIG - 1);
	if (!m.place)
		return;
	for (unsigned i = 0; i < SLOTS; i++)
		m.segs[i].base = memory(BIG);
	while (round < ROUNDS || left) {
		for (unsigned i = 0; i < SLOTS && round < ROUNDS; i++) {
			if (m.reqs[i].cookie)
				continue;
			if (!submit_one(&m, i))
				break;
			left++;
			round++;
		}
		left -= finish_some();
	}
	for (unsigned i = 0; i < SLOTS; i++)
		free(m.segs[i].base);
}

static void *worker(void *arg)
{
	uint64_t number = (uint64_t)(uintptr_t)arg, state = number * 77 + 1;
	uint64_t base = number * (REGION / THREADS / 2) & ~(uint64_t)(BIG - 1);
	char *buf = memory(BIG);

	if (base + BIG > dev->size)
		return NULL;
	for (unsigned i = 1; i < 40; i++) {
		size_t n = (random_next(&state) % (BIG / dev->sector) + 1) * dev->sector;

		stamp(buf, n, base, number << 32 | i);
		if (uk_blkdev_write(dev, base, buf, n) || uk_blkdev_read(dev, base, buf, n) ||
		    !is_stamped(buf, n, base, number << 32 | i))
			return "failed";
	}
	free(buf);
	return NULL;
}

static void threads(void)
{
	pthread_t t[THREADS];
	void *result;

	for (uintptr_t i = 0; i < THREADS; i++)
		check(!pthread_create(&t[i], NULL, worker, (void *)i), "pthread_create", 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(t[i], &result);
		check(!result, "a thread's own data", i);
	}
}

int verify(uint64_t seed)
{
	if (dev->size < 4 * BIG) {
		fprintf(stderr, "%s: too small for this test\n", dev->name);
		return 2;
	}
	start(UK_BLKDEV_QUEUES, 0);
	pattern(0, UK_MIN(dev->size, REGION), 1);
	if (dev->size > REGION)
		pattern(dev->size - UK_MIN(dev->size - REGION, REGION), dev->size, 2);
	pieces();
	durable();
	clearing();
	bounds();
	threads();
	uk_blkdev_stop(dev);
	start(1, 1);
	batches();
	many(seed);
	uk_blkdev_stop(dev);
	printf("%s: %s\n", dev->name, failures ? "FAILED" : "verified");
	return failures != 0;
}
