/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How fast: requests of one size, in order or anywhere, one at a time or many under way. Under emulation the figures
 * are the emulator's; count() has what does not depend on the machine.
 */
#include <time.h>
#include <uk/mark.h>

#include "blktest.h"

#define BEGIN 16
#define END   17

#define PLACES       64 /* of count()'s requests of 4 KiB */
#define PLACES_LARGE 4  /* and of those of 1 MiB */
#define LARGE        (1U << 20)

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

struct run {
	const char *name;
	enum uk_blk_op op;
	unsigned size, depth;
	int random;
};

static struct uk_blkreq reqs[SLOTS];
static struct uk_blkseg segs[SLOTS];
static uint64_t state = 88172645463325252, next;

static void place(const struct run *run, struct uk_blkreq *r)
{
	uint64_t places = dev->size / run->size;

	r->offset = (run->random ? random_next(&state) : next++) % places * run->size;
}

/* Submits as many as the run has, at once. */
static void prepare(const struct run *run, char *buf)
{
	struct uk_blkreq *list[SLOTS];

	for (unsigned i = 0; i < run->depth; i++) {
		segs[i] = (struct uk_blkseg){ buf + (size_t)i * run->size, run->size };
		reqs[i] =
			(struct uk_blkreq){ .op = (uint8_t)run->op, .nsegs = 1, .segs = &segs[i] };
		place(run, &reqs[i]);
		list[i] = &reqs[i];
	}
	submit(dev->queue[0], list, run->depth);
}

static int one(const struct run *run, unsigned seconds)
{
	struct uk_blkreq *done[SLOTS];
	char *buf = memory((size_t)run->size * run->depth);
	uint64_t begin = now(), end = begin + seconds * 1000000000ULL, n = 0, took, bytes;
	unsigned left = run->depth;

	memset(buf, 0x5a, (size_t)run->size * run->depth);
	prepare(run, buf);
	while (left) {
		unsigned got = reap_some(dev->queue[0], done, SLOTS);
		int more = now() < end;

		for (unsigned i = 0; i < got; i++) {
			if (done[i]->result) {
				fprintf(stderr, "%s: %s\n", run->name, strerror(-done[i]->result));
				return 1;
			}
			n++;
			if (more)
				place(run, done[i]);
		}
		if (more)
			submit(dev->queue[0], done, got);
		else
			left -= got;
	}
	took = (now() - begin) / 1000 + 1;
	bytes = n * run->size;
	printf("%-28s %8llu requests/s %7llu.%01llu MB/s\n", run->name,
	       (unsigned long long)(n * 1000000 / took), (unsigned long long)(bytes / took),
	       (unsigned long long)(bytes * 10 / took % 10));
	free(buf);
	return 0;
}

int measure(unsigned seconds, int writes)
{
	static const struct run runs[] = {
		{ "read 64 KiB, in order", UK_BLK_READ, 65536, 8, 0 },
		{ "read 4 KiB, anywhere", UK_BLK_READ, 4096, 1, 1 },
		{ "read 4 KiB, anywhere, 16", UK_BLK_READ, 4096, 16, 1 },
		{ "write 64 KiB, in order", UK_BLK_WRITE, 65536, 8, 0 },
		{ "write 4 KiB, anywhere", UK_BLK_WRITE, 4096, 1, 1 },
		{ "write 4 KiB, anywhere, 16", UK_BLK_WRITE, 4096, 16, 1 },
	};
	int rc = 0;

	if (dev->size < 1 << 20 || dev->max_size < 65536) {
		fprintf(stderr, "%s: a disk of 1 MiB, and requests of 64 KiB, are the least\n",
			dev->name);
		return 2;
	}
	start(1, 1);
	for (unsigned i = 0; i < sizeof(runs) / sizeof(runs[0]) && !rc; i++)
		if (runs[i].op == UK_BLK_READ || writes)
			rc = one(&runs[i], seconds);
	uk_blkdev_stop(dev);
	return rc;
}

/* A phase of count(): its markers are around, and this says what was between them. */
static void ended(const char *op, const char *what, unsigned n, uint64_t begin)
{
	uint64_t took = now() - begin;

	printf("phase %s-%s %u\ntook %s-%s %llu\n", op, what, n, op, what,
	       (unsigned long long)took);
}

/* Until all that are under way have ended; nonzero: one has failed. */
static int drain(void)
{
	struct uk_blkreq *done[SLOTS];
	unsigned left = SLOTS;
	int rc = 0;

	while (left) {
		unsigned got = reap_some(dev->queue[0], done, SLOTS);

		for (unsigned i = 0; i < got; i++)
			rc |= done[i]->result;
		left -= got;
	}
	return rc;
}

/* `requests` of them, SLOTS under way, waiting by interrupt when there are none to reap. A round before that is not counted: the device is
   perhaps not connected yet. */
static int many(const struct run *run, unsigned requests, char *buf)
{
	struct uk_blkreq *done[SLOTS], *all[SLOTS];
	unsigned n = 0;
	uint64_t begin;
	int rc;

	for (unsigned i = 0; i < SLOTS; i++)
		all[i] = &reqs[i];
	prepare(run, buf);
	rc = drain();
	begin = now();
	UK_MARK(BEGIN);
	submit(dev->queue[0], all, SLOTS);
	while (n < requests && !rc) {
		unsigned got = reap_some(dev->queue[0], done, SLOTS);

		for (unsigned i = 0; i < got; i++)
			rc |= done[i]->result;
		n += got;
		submit(dev->queue[0], done, got);
	}
	UK_MARK(END);
	ended(run->name, "4k", n, begin);
	return drain() | rc;
}

static int wait_for(const struct run *run, uint64_t at, char *buf, unsigned size)
{
	return run->op == UK_BLK_READ ? uk_blkdev_read(dev, at, buf, size)
				      : uk_blkdev_write(dev, at, buf, size);
}

/* Each by itself, with a call that waits; one is not counted. */
static int one_by_one(const struct run *run, const char *what, unsigned size, unsigned places,
		      unsigned requests, char *buf)
{
	int rc = wait_for(run, 0, buf, size);
	uint64_t begin = now();

	UK_MARK(BEGIN);
	for (unsigned i = 0; i < requests && !rc; i++)
		rc = wait_for(run, (uint64_t)(i % places) * size, buf, size);
	UK_MARK(END);
	ended(run->name, what, requests, begin);
	return rc;
}

/* What requests cost us: of 4 KiB with many under way, and one by one; of 1 MiB. tests/bench/linux-disk.c does the same. */
int count(unsigned requests, int writes)
{
	static const struct run runs[] = { { "read", UK_BLK_READ, 4096, SLOTS, 0 },
					   { "write", UK_BLK_WRITE, 4096, SLOTS, 0 } };
	char *buf = memory(LARGE);
	int rc = 0;

	if (dev->size < PLACES_LARGE * LARGE) {
		fprintf(stderr, "%s: a disk of %u MiB is the least\n", dev->name,
			PLACES_LARGE * LARGE >> 20);
		return 2;
	}
	memset(buf, 0x5a, LARGE);
	for (int i = 0; i <= writes && !rc; i++) {
		start(1, 1);
		rc = many(&runs[i], requests, buf);
		uk_blkdev_stop(dev);
		if (rc)
			break;
		start(1, 0);
		rc = one_by_one(&runs[i], "4k-wait", 4096, PLACES, requests, buf) ||
		     one_by_one(&runs[i], "1m", LARGE, PLACES_LARGE, requests / 16 + 1, buf);
		uk_blkdev_stop(dev);
	}
	if (rc)
		fprintf(stderr, "%s: a request failed\n", dev->name);
	free(buf);
	return !!rc;
}
