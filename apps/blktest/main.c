/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A block device, used directly.
 *
 *	blktest [DEVICE] info			what it can do
 *	blktest [DEVICE] verify [SEED]		write, read, compare; OVERWRITES THE DISK
 *	blktest [DEVICE] neighbours [SECTOR]	requests side by side, at once: which fail; OVERWRITES THE DISK
 *	blktest [DEVICE] read-only		that nothing can be written
 *	blktest [DEVICE] measure [SECONDS]	requests and MB per second; reads only
 *	blktest [DEVICE] measure-write [SECONDS]	OVERWRITES THE DISK
 *	blktest [DEVICE] steady [ROUNDS]	writes and reads for a while, and compares, also when it was unplugged; OVERWRITES THE DISK
 *	blktest [DEVICE] count REQUESTS		so many reads of each kind between markers (tests/bench)
 *	blktest [DEVICE] count-write REQUESTS	and writes; OVERWRITES THE DISK
 *	blktest [DEVICE] wait			until its size changes
 *
 * DEVICE is vda if not given. Status 0: all is well.
 */
#include "blktest.h"

struct uk_blkdev *dev;
struct uk_waitq wq;
static volatile int changes;

static void event(struct uk_blkq *q UK_UNUSED, void *arg UK_UNUSED)
{
	uk_waitq_wake_all(&wq);
}

static void changed(struct uk_blkdev *d UK_UNUSED, void *arg UK_UNUSED)
{
	changes++;
	uk_waitq_wake_all(&wq);
}

void start(unsigned queues, int async)
{
	struct uk_blkdev_conf conf = { .queues = queues,
				       .event = async ? event : NULL,
				       .changed = changed };
	int rc = uk_blkdev_start(dev, &conf);

	if (!rc)
		return;
	fprintf(stderr, "%s does not start: %s\n", dev->name, strerror(-rc));
	exit(1);
}

void submit(struct uk_blkq *q, struct uk_blkreq *const *reqs, unsigned n)
{
	if (uk_blkdev_submit(q, reqs, n) != n) {
		fprintf(stderr, "%s: no room for %u requests\n", dev->name, n);
		exit(1);
	}
}

unsigned reap_some(struct uk_blkq *q, struct uk_blkreq **done, unsigned n)
{
	unsigned got;

	while (!(got = uk_blkdev_reap(q, done, n)))
		UK_WAIT(&wq, uk_blkdev_irq_on(q), UK_NSEC_MAX);
	return got;
}

uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void *memory(size_t size)
{
	void *p = aligned_alloc(4096, size);

	if (p)
		return p;
	fprintf(stderr, "no memory for %zu bytes\n", size);
	exit(1);
}

static int info(void)
{
	unsigned f = dev->features;

	printf("%s: %s, %llu bytes, sector %u (physical %u), memory at multiples of %u\n",
	       dev->name, dev->driver, (unsigned long long)dev->size, dev->sector, dev->physical,
	       dev->align);
	printf("requests: %u bytes, %u segments; queues %u;%s%s%s%s%s\n", dev->max_size,
	       dev->max_segs, dev->max_queues, dev->readonly ? " read-only" : "",
	       f & UK_BLKDEV_FLUSH ? " flush" : "", f & UK_BLKDEV_DISCARD ? " discard" : "",
	       f & UK_BLKDEV_ZERO ? " zero" : "", f & UK_BLKDEV_UNMAP ? " unmap" : "");
	return 0;
}

static int read_only(void)
{
	char *buf = memory(dev->sector);
	int rc;

	start(1, 0);
	rc = uk_blkdev_read(dev, 0, buf, dev->sector);
	printf("read: %d\n", rc);
	rc = uk_blkdev_write(dev, 0, buf, dev->sector);
	printf("write: %s\n", rc ? strerror(-rc) : "done");
	uk_blkdev_stop(dev);
	return rc != -EROFS;
}

static int wait_for_change(void)
{
	start(1, 0);
	printf("waiting: %llu\n", (unsigned long long)dev->size);
	fflush(stdout);
	UK_WAIT(&wq, changes, UK_NSEC_MAX);
	printf("now: %llu%s\n", (unsigned long long)dev->size, dev->failed ? " failed" : "");
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = "vda", *what, *more;
	int i = 1;

	dev = argc > i ? uk_blkdev_find(argv[i]) : NULL;
	if (dev)
		i++;
	else
		dev = uk_blkdev_find(name);
	if (!dev)
		dev = uk_blkdev_get(0);
	if (!dev) {
		fprintf(stderr, "there is no block device; support/run --disk FILE makes one\n");
		return 2;
	}
	what = argc > i ? argv[i] : "info";
	more = argc > i + 1 ? argv[i + 1] : NULL;
	if (!strcmp(what, "info"))
		return info();
	if (!strcmp(what, "verify"))
		return verify(more ? strtoull(more, NULL, 0) : 1);
	if (!strcmp(what, "neighbours"))
		return neighbours(more ? (unsigned)atoi(more) : 0);
	if (!strcmp(what, "read-only"))
		return read_only();
	if (!strcmp(what, "measure") || !strcmp(what, "measure-write"))
		return measure(more ? (unsigned)atoi(more) : 2, what[7] != 0);
	if (!strcmp(what, "steady"))
		return steady(more ? (unsigned)atoi(more) : 1000);
	if ((!strcmp(what, "count") || !strcmp(what, "count-write")) && more)
		return count((unsigned)atoi(more), what[5] != 0);
	if (!strcmp(what, "wait"))
		return wait_for_change();
	fprintf(stderr,
		"blktest: %s: no such device or test; the tests: info, verify, neighbours, "
		"read-only, measure, measure-write, count, count-write, steady, wait\n",
		what);
	return 2;
}
