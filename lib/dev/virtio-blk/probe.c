/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding a device and what it can do.
 */
#include <uk/alloc.h>
#include <uk/print.h>
#include <uk/string.h>

#include "vblk.h"

#define WANTED                                                                                     \
	(UK_BIT(F_SIZE_MAX) | UK_BIT(F_SEG_MAX) | UK_BIT(F_RO) | UK_BIT(F_BLK_SIZE) |              \
	 UK_BIT(F_FLUSH) | UK_BIT(F_TOPOLOGY) | UK_BIT(F_MQ) | UK_BIT(F_DISCARD) |                 \
	 UK_BIT(F_WRITE_ZEROES))

#define SECTOR_MAX    65536U
#define SECTORS_MAX   (1ULL << 54)
#define PHYSICAL_MAX  12U /* as a power of two, in sectors */
#define UNKNOWN_RANGE (1U << 22)

UK_BLKDEV_OPS(virtio_blk);

/* A field of 32 bits that is there if the feature is. */
static uint32_t field(struct uk_virtio_dev *d, unsigned feature, unsigned at, uint32_t otherwise)
{
	uint32_t v = otherwise;

	if (uk_virtio_has(d, feature))
		uk_virtio_config(d, at, &v, 4, 4);
	return v;
}

static uint64_t read_size(struct uk_virtio_dev *d)
{
	uint32_t v[2] = { 0 };

	uk_virtio_config(d, CONFIG_CAPACITY, v, 8, 4);
	return UK_MIN(v[0] | (uint64_t)v[1] << 32, SECTORS_MAX) * SECTOR;
}

/* In whole sectors of the device: what is left over cannot be reached. */
static uint64_t usable(const struct uk_blkdev *dev, uint64_t size)
{
	return size & ~(uint64_t)(dev->sector - 1);
}

static void changed(struct uk_virtio_dev *d)
{
	struct vblk *v = d->data;

	if (d->broken)
		uk_blkdev_failed(&v->dev);
	else
		uk_blkdev_resized(&v->dev, usable(&v->dev, read_size(d)));
}

/* The limits of requests that say a range only; a device that says 0 does not have them. */
static void read_ranges(struct vblk *v)
{
	struct uk_virtio_dev *d = v->virtio;
	uint32_t discard = field(d, F_DISCARD, CONFIG_DISCARD, 0);
	uint32_t zero = field(d, F_WRITE_ZEROES, CONFIG_ZEROES, 0);
	uint32_t align = field(d, F_DISCARD, CONFIG_DISCARD + 8, 1);
	uint8_t unmap = 0;

	v->dev.max_discard = usable(&v->dev, (uint64_t)discard * SECTOR);
	v->dev.max_zero = usable(&v->dev, (uint64_t)zero * SECTOR);
	v->dev.discard_align = UK_MIN(align ? align : 1, UNKNOWN_RANGE) * SECTOR;
	if (v->dev.max_discard)
		v->dev.features |= UK_BLKDEV_DISCARD;
	if (v->dev.max_zero) {
		v->dev.features |= UK_BLKDEV_ZERO;
		uk_virtio_config(d, CONFIG_ZERO_UNMAP, &unmap, 1, 1);
		if (unmap)
			v->dev.features |= UK_BLKDEV_UNMAP;
	}
}

/* Sizes and limits. -EINVAL: there is no sense in them. */
static int read_config(struct vblk *v)
{
	struct uk_virtio_dev *d = v->virtio;
	uint32_t segs = field(d, F_SEG_MAX, CONFIG_SEG_MAX, 1);
	uint8_t exp = 0; /* the physical block, as a power of two in sectors */
	uint16_t queues = 1;

	v->dev.sector = field(d, F_BLK_SIZE, CONFIG_BLK_SIZE, SECTOR);
	v->size_max = field(d, F_SIZE_MAX, CONFIG_SIZE_MAX, UINT32_MAX);
	if (v->dev.sector < SECTOR || v->dev.sector > SECTOR_MAX ||
	    (v->dev.sector & (v->dev.sector - 1)) || v->size_max < SECTOR) {
		uk_pr_err("virtio-blk (%s): sectors of %u bytes, segments of %u: not usable",
			  d->name, v->dev.sector, v->size_max);
		return -EINVAL;
	}
	if (uk_virtio_has(d, F_TOPOLOGY))
		uk_virtio_config(d, CONFIG_PHYSICAL, &exp, 1, 1);
	if (uk_virtio_has(d, F_MQ))
		uk_virtio_config(d, CONFIG_QUEUES, &queues, 2, 2);
	v->dev.physical = v->dev.sector << UK_MIN((unsigned)exp, PHYSICAL_MAX);
	v->dev.size = usable(&v->dev, read_size(d));
	v->dev.max_segs = (uint16_t)UK_MIN(UK_MAX(segs, 1U), SEGS - 2);
	/* Any buffer of that size can be sent, wherever it begins and wherever its pages are. */
	v->dev.max_size = (v->dev.max_segs - 1U) * UK_MIN(v->size_max, (uint32_t)UK_PAGE_SIZE);
	v->dev.max_size = UK_MAX(v->dev.max_size, v->dev.sector);
	v->dev.max_size &= ~(v->dev.sector - 1);
	v->dev.max_queues =
		(uint16_t)UK_MIN(UK_MAX((unsigned)queues, 1U), (unsigned)UK_BLKDEV_QUEUES);
	read_ranges(v);
	return 0;
}

static int probe(struct uk_virtio_dev *d)
{
	static unsigned number;
	int rc = uk_virtio_begin(d, WANTED);
	struct vblk *v;

	if (rc)
		return rc;
	v = uk_memalign(UK_MAX(__alignof__(struct vblk), 16UL), sizeof(*v));
	if (!v)
		return -ENOMEM;
	memset(v, 0, sizeof(*v));
	v->virtio = d;
	v->offered = d->features;
	v->dev.ops = UK_OPS(&virtio_blk_ops);
	v->dev.driver = "virtio-blk";
	v->dev.align = 1;
	v->dev.readonly = uk_virtio_has(d, F_RO);
	v->dev.features = uk_virtio_has(d, F_FLUSH) ? UK_BLKDEV_FLUSH : 0;
	rc = read_config(v);
	if (rc) {
		uk_virtio_reset(d);
		uk_free(v);
		return rc;
	}
	d->data = v;
	uk_snprintf(v->dev.name, sizeof(v->dev.name), number < 26 ? "vd%c" : "vd%u",
		    number < 26 ? 'a' + number : number);
	number++;
	uk_virtio_reset(d); /* until somebody starts it */
	uk_blkdev_register(&v->dev);
	return 0;
}

UK_VIRTIO_DRIVER(blk, "virtio-blk", UK_VIRTIO_BLOCK, probe, changed);
