/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ukblkdev, seen by its user, by the disk in memory: requests, limits, full queues, calls that wait.
 */
#include <uk/blkdev.h>
#include <uk/string.h>
#include <uk/test.h>

#define N 8U

static char buf[2][4096];

static struct uk_blkdev *begin(void)
{
	struct uk_blkdev *dev = uk_blkdev_find("ram0");

	if (!UK_EXPECT(dev != NULL))
		return NULL;
	if (!UK_EXPECT_EQ(uk_blkdev_start(dev, &(struct uk_blkdev_conf){ 0 }), 0))
		return NULL;
	UK_EXPECT_EQ(uk_blkdev_start(dev, &(struct uk_blkdev_conf){ 0 }), -EBUSY);
	UK_EXPECT_EQ(dev->queues, 1);
	return dev;
}

UK_TEST(blkdev, read_and_write)
{
	struct uk_blkdev *dev = begin();

	if (!dev)
		return;
	for (unsigned i = 0; i < sizeof(buf[0]); i++)
		buf[0][i] = (char)(i * 7);
	UK_EXPECT_EQ(uk_blkdev_write(dev, 8192, buf[0], 4096), 0);
	UK_EXPECT_EQ(uk_blkdev_read(dev, 8192, buf[1], 4096), 0);
	UK_EXPECT_EQ(memcmp(buf[0], buf[1], 4096), 0);
	UK_EXPECT_EQ(uk_blkdev_flush(dev), 0);
	UK_EXPECT_EQ(uk_blkdev_clear(dev, UK_BLK_ZERO, 0, 8192 + 512, 1024), 0);
	UK_EXPECT_EQ(uk_blkdev_read(dev, 8192, buf[1], 4096), 0);
	memset(buf[0] + 512, 0, 1024);
	UK_EXPECT_EQ(memcmp(buf[0], buf[1], 4096), 0);
	UK_EXPECT_EQ(uk_blkdev_clear(dev, UK_BLK_DISCARD, 0, 0, dev->size), 0);
	UK_EXPECT_EQ(uk_blkdev_read(dev, dev->size - 512, buf[1], 1024), -ENOSPC);
	uk_blkdev_stop(dev);
}

UK_TEST(blkdev, requests_that_are_wrong)
{
	static const struct uk_blkseg seg = { buf[0], 512 }, odd = { buf[0], 511 },
				      none = { buf[0], 0 };
	struct uk_blkreq ok = { .op = UK_BLK_WRITE, .segs = &seg, .nsegs = 1 };
	struct {
		struct uk_blkreq r;
		int result;
	} wrong[] = { { ok, 0 },           { ok, -ENOSPC }, { ok, -EINVAL },
		      { ok, -EINVAL },     { ok, -EINVAL }, { ok, -EINVAL },
		      { ok, -EOPNOTSUPP }, { ok, -ENOSPC }, { ok, -EINVAL } };
	struct uk_blkdev *dev = begin();

	if (!dev)
		return;
	wrong[1].r.offset = dev->size;
	wrong[2].r.offset = 256;
	wrong[3].r.segs = &odd;
	wrong[4].r.segs = &none;
	wrong[5].r.nsegs = 0;
	wrong[6].r.op = UK_BLK_OPS;
	wrong[7].r.offset = UINT64_MAX & ~511ULL;
	wrong[8].r = (struct uk_blkreq){ .op = UK_BLK_DISCARD, .size = 0 };
	for (unsigned i = 0; i < UK_ARRAY_SIZE(wrong); i++)
		UK_EXPECT_EQ(uk_blkdev_do(dev, &wrong[i].r), wrong[i].result);
	uk_blkdev_stop(dev);
}

/* A queue takes what it has room for, and gives back each of them once, the wrong ones too. */
UK_TEST(blkdev, full_queue)
{
	static const struct uk_blkseg seg = { buf[0], 512 };
	static struct uk_blkreq reqs[200];
	struct uk_blkreq *list[200], *done[N];
	struct uk_blkdev *dev = begin();
	unsigned taken, seen = 0, n;

	if (!dev)
		return;
	for (unsigned i = 0; i < 200; i++) {
		reqs[i] = (struct uk_blkreq){ .op = UK_BLK_READ, .segs = &seg, .nsegs = 1 };
		reqs[i].offset = i % 3 ? 512 * i : 1;
		reqs[i].result = 1;
		list[i] = &reqs[i];
	}
	taken = uk_blkdev_submit(dev->queue[0], list, 200);
	UK_EXPECT(taken > 0 && taken < 200);
	UK_EXPECT_EQ(uk_blkdev_submit(dev->queue[0], list + taken, 1), 0);
	UK_EXPECT(uk_blkdev_irq_on(dev->queue[0]));
	while ((n = uk_blkdev_reap(dev->queue[0], done, N))) {
		seen += n;
		for (unsigned i = 0; i < n; i++) {
			UK_EXPECT_EQ(done[i]->result, done[i]->offset == 1 ? -EINVAL : 0);
			done[i]->offset = 1;
		}
	}
	UK_EXPECT_EQ(seen, taken);
	UK_EXPECT_EQ(dev->queue[0]->inflight, 0);
	uk_blkdev_stop(dev);
}
