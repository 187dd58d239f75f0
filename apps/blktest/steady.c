/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes and reads for a while, one at a time: what was written before something happened to the machine or to its disk has to be
 * there afterwards. A disk that is unplugged is waited for.
 */
#include <unistd.h>
#include "blktest.h"

#define PIECE      (16U << 10)
#define PIECES     64U /* of the disk's start */
#define PAUSE_USEC 2000U
#define SAY        100U

/* The round in which each was written last; 0: not yet. */
static uint64_t written[PIECES];

static void fill(uint64_t *words, unsigned piece)
{
	uint64_t state = written[piece] << 8 | piece;

	for (size_t i = 0; i < PIECE / sizeof(*words); i++)
		words[i] = random_next(&state);
}

/* Writes one piece, and compares another; 0, 1 if that is not as it was written, or a negative errno. */
static int turn(unsigned n, unsigned to, unsigned from, uint64_t *out, uint64_t *in)
{
	int rc;

	written[to] = n;
	fill(out, to);
	rc = uk_blkdev_write(dev, (uint64_t)to * PIECE, out, PIECE);
	if (rc || !written[from])
		return rc;
	rc = uk_blkdev_read(dev, (uint64_t)from * PIECE, in, PIECE);
	if (rc)
		return rc;
	fill(out, from);
	if (!memcmp(in, out, PIECE))
		return 0;
	printf("%s: piece %u is not as it was written in round %llu\n", dev->name, from,
	       (unsigned long long)written[from]);
	return 1;
}

/* True: it was unplugged, and is there again. */
static int is_back(void)
{
	const struct uk_blkdev_conf conf = { .queues = 1 };
	int rc;

	if (!dev->failed)
		return 0;
	uk_blkdev_stop(dev);
	rc = uk_blkdev_start(dev, &conf);
	if (rc == -ENODEV) {
		printf("%s: unplugged\n", dev->name);
		fflush(stdout);
		while ((rc = uk_blkdev_start(dev, &conf)) == -ENODEV)
			usleep(PAUSE_USEC);
	}
	return !rc;
}

int steady(unsigned rounds)
{
	uint64_t *out = memory(PIECE), *in = memory(PIECE), state = 1;
	int rc = 0;

	if (dev->size < PIECE * PIECES) {
		fprintf(stderr, "%s: too small for this test\n", dev->name);
		return 2;
	}
	start(1, 0);
	for (unsigned n = 1; !rc && n <= rounds; n++) {
		unsigned to = random_next(&state) % PIECES, from = random_next(&state) % PIECES;

		do
			rc = turn(n, to, from, out, in);
		while (rc < 0 && is_back());
		if (!(n % SAY)) {
			printf("%s: round %u\n", dev->name, n);
			fflush(stdout);
		}
		usleep(PAUSE_USEC);
	}
	if (dev->started)
		uk_blkdev_stop(dev);
	if (rc < 0)
		printf("%s: %s\n", dev->name, strerror(-rc));
	else if (!rc)
		printf("%s: all as it was written\n", dev->name);
	return rc != 0;
}
