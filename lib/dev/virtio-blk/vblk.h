/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to virtio-blk. probe.c finds devices, start.c opens and closes them, queue.c moves requests. References are to
 * virtio 1.2 §5.2.
 */
#ifndef VBLK_H
#define VBLK_H

#include <uk/bits.h>
#include <uk/blkdev_driver.h>
#include <uk/page.h>
#include <uk/virtq.h>

/* Feature bits (§5.2.3). */
#define F_SIZE_MAX     1
#define F_SEG_MAX      2
#define F_RO           5
#define F_BLK_SIZE     6
#define F_FLUSH        9
#define F_TOPOLOGY     10
#define F_MQ           12
#define F_DISCARD      13
#define F_WRITE_ZEROES 14

/* Configuration (§5.2.4). */
#define CONFIG_CAPACITY   0
#define CONFIG_SIZE_MAX   8
#define CONFIG_SEG_MAX    12
#define CONFIG_BLK_SIZE   20
#define CONFIG_PHYSICAL   24
#define CONFIG_QUEUES     34
#define CONFIG_DISCARD    36 /* sectors at most; ranges at most, alignment */
#define CONFIG_ZEROES     48 /* sectors at most; ranges at most */
#define CONFIG_ZERO_UNMAP 56

/* Types of requests, and how they end (§5.2.6). */
#define T_IN           0U
#define T_OUT          1U
#define T_FLUSH        4U
#define T_DISCARD      11U
#define T_WRITE_ZEROES 13U
#define RANGE_UNMAP    1U
#define S_OK           0U
#define S_UNSUPP       2U
#define S_NONE         0xffU /* the device has not said */

#define SECTOR 512U /* the unit of the protocol, whatever blk_size is */

/*
 * Segments of a request at most, what is before and behind the data among them: 256 KiB of data, wherever its pages are and it begins;
 * and how many such requests take one entry of the ring each.
 */
#define SEGS   67U
#define TABLES 32U

/* What goes before the data, what a discard has instead of them, and where the device says how it went. */
struct vblk_head {
	uint32_t type, reserved;
	uint64_t sector;
	struct {
		uint64_t sector;
		uint32_t sectors, flags;
	} range;
	uint8_t status;
	uint8_t pad[31];
};

struct vblk_queue {
	struct uk_blkq q;
	struct uk_virtq *vq;
	struct vblk_head *head;  /* by the note that a request is sent with */
	struct uk_blkreq *again; /* parts of what failed: they wait for room */
};

struct vblk {
	struct uk_blkdev dev;
	struct uk_virtio_dev *virtio;
	uint64_t offered;  /* features that it has and we know */
	uint32_t size_max; /* bytes in a segment */
	struct vblk_queue queue[UK_BLKDEV_QUEUES];
};

UK_BLKDEV_PROVIDER(virtio_blk);

static inline struct vblk_queue *vblk_queue_of(struct uk_blkq *q)
{
	return UK_CONTAINER_OF(q, struct vblk_queue, q);
}

static inline struct vblk *vblk_of(struct uk_blkdev *dev)
{
	return UK_CONTAINER_OF(dev, struct vblk, dev);
}

#endif
