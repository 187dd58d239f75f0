/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding a device and agreeing with its backend; opening and closing. Names of keys are those of blkif.h. What the device is like is known
 * when the backend is Connected, which needs a ring: so a device has one before anybody starts it.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/string.h>

#include "blkfront.h"

#define SECTOR_MAX  65536U
#define SECTORS_MAX (1ULL << 54)

UK_BLKDEV_OPS(blkfront);

/* 51712 is the first disk of this kind, xvda; each has 16 numbers, for itself and its partitions (Xen misc/vbd-interface). */
static void name_it(struct blkfront *bf)
{
	unsigned n = bf->handle - 51712U;

	if (bf->handle >= 51712 && n / 16 < 26)
		uk_snprintf(bf->dev.name, sizeof(bf->dev.name), n % 16 ? "xvd%c%u" : "xvd%c",
			    'a' + n / 16, n % 16);
}

static int probe(struct uk_xenbus_dev *d)
{
	struct blkfront *bf = uk_memalign(__alignof__(struct blkfront), sizeof(*bf));
	uint64_t handle;

	if (!bf)
		return -ENOMEM;
	memset(bf, 0, sizeof(*bf));
	if (uk_parse_u64(uk_strrchr(d->path, '/') + 1, &handle)) {
		uk_free(bf);
		return -EINVAL;
	}
	bf->handle = (uint16_t)handle; /* of larger ones the backend wants these bits */
	bf->bus = d;
	bf->parked_end = &bf->parked;
	bf->queue.dev = &bf->dev;
	d->data = bf;
	name_it(bf);
	return 0;
}

/* ---- connecting ---- */

static int say(struct uk_xenbus_dev *d, const struct share *s)
{
	int rc = uk_xenstore_write(0, d->path, "event-channel", "%u", s->port);
	char name[16];

	if (!rc && s->order)
		rc = uk_xenstore_write(0, d->path, "ring-page-order", "%u", s->order);
	if (!rc && !s->order)
		rc = uk_xenstore_write(0, d->path, "ring-ref", "%u", s->ring_ref[0]);
	for (unsigned i = 0; !rc && s->order && i < 1U << s->order; i++) {
		uk_snprintf(name, sizeof(name), "ring-ref%u", i);
		rc = uk_xenstore_write(0, d->path, name, "%u", s->ring_ref[i]);
	}
	if (!rc)
		rc = uk_xenstore_write(0, d->path, "protocol", "x86_64-abi");
	return rc;
}

/* The one there was, out of the queue's hands; requests that it had wait for the next. */
static void retire(struct blkfront *bf)
{
	bool irq = uk_spin_lock_irq(&bf->lock);
	struct share *s = bf->share;

	bf->share = NULL;
	uk_spin_unlock_irq(&bf->lock, irq);
	blkfront_unshare(s);
}

/* It was unplugged, or cannot be trusted: what waits for it ends. */
static void give_up(struct blkfront *bf)
{
	struct uk_blkreq *r;
	bool irq;

	uk_blkdev_failed(&bf->dev);
	irq = uk_spin_lock_irq(&bf->lock);
	while ((r = bf->parked)) {
		bf->parked = r->next;
		uk_blkreq_end(&bf->queue, r, -EIO);
	}
	bf->parked_end = &bf->parked;
	uk_spin_unlock_irq(&bf->lock, irq);
	if (bf->dev.started)
		uk_blkq_event(&bf->queue);
}

static int connect(struct uk_xenbus_dev *d)
{
	struct blkfront *bf = d->data;
	uint64_t order = uk_xenbus_offer(d, "max-ring-page-order", 0);
	bool indirect = uk_xenbus_offer(d, "feature-max-indirect-segments", 0) >= SEGS_MAX;
	struct share *s;
	bool irq;
	int rc;

	retire(bf);
	if (d->off) {
		give_up(bf);
		return -EPROTO;
	}
	s = blkfront_share(bf, (unsigned)UK_MIN(order, (uint64_t)ORDER_MAX), indirect, &rc);
	if (!s)
		return rc;
	rc = say(d, s);
	if (rc) {
		blkfront_unshare(s);
		return rc;
	}
	irq = uk_spin_lock_irq(&bf->lock);
	bf->share = s;
	uk_spin_unlock_irq(&bf->lock, irq);
	return XenbusStateInitialised;
}

/* ---- what the device is like ---- */

static void read_limits(struct blkfront *bf, uint32_t sector)
{
	const struct uk_xenbus_dev *d = bf->bus;
	struct uk_blkdev *dev = &bf->dev;
	unsigned pages = bf->share->slot[0].nrefs;

	dev->sector = sector;
	dev->physical = (uint32_t)UK_MIN(uk_xenbus_offer(d, "physical-sector-size", sector),
					 (uint64_t)SECTOR_MAX);
	dev->readonly = uk_xenbus_offer(d, "info", 0) & VDISK_READONLY;
	dev->align = SECTOR;
	dev->max_segs = (uint16_t)pages;
	dev->max_size =
		(uint32_t)((pages - 1) * UK_PAGE_SIZE) & ~(sector - 1); /* wherever it begins */
	dev->max_queues = 1;
	dev->features = uk_xenbus_offer(d, "feature-flush-cache", 0) == 1 ? UK_BLKDEV_FLUSH : 0;
	dev->discard_align = sector;
	if (uk_xenbus_offer(d, "feature-discard", 0) == 1) {
		dev->features |= UK_BLKDEV_DISCARD;
		dev->max_discard = 1ULL << 40;
		dev->discard_align =
			(uint32_t)UK_MIN(uk_xenbus_offer(d, "discard-granularity", sector),
					 1ULL << 31);
	}
}

static uint64_t read_size(const struct blkfront *bf)
{
	return UK_MIN(uk_xenbus_offer(bf->bus, "sectors", 0), SECTORS_MAX) * SECTOR &
	       ~(uint64_t)(bf->dev.sector - 1);
}

static int connected(struct uk_xenbus_dev *d)
{
	struct blkfront *bf = d->data;
	uint64_t sector = uk_xenbus_offer(d, "sector-size", SECTOR);
	bool irq;

	if (sector < SECTOR || sector > SECTOR_MAX || sector & (sector - 1) ||
	    (bf->registered && sector != bf->dev.sector)) {
		uk_pr_err("%s: sectors of %lu bytes: not usable", d->name, (unsigned long)sector);
		return -EINVAL;
	}
	if (!bf->registered) {
		bf->dev.ops = UK_OPS(&blkfront_ops);
		bf->dev.driver = "blkfront";
		read_limits(bf, (uint32_t)sector);
		bf->dev.size = read_size(bf);
		uk_blkdev_register(&bf->dev);
		bf->registered = true;
	} else {
		uk_blkdev_resized(&bf->dev, read_size(bf));
	}
	irq = uk_spin_lock_irq(&bf->lock);
	bf->share->live = true;
	if (bf->parked)
		blkfront_unpark(bf);
	uk_spin_unlock_irq(&bf->lock, irq);
	return 0;
}

static void changed(struct uk_xenbus_dev *d)
{
	struct blkfront *bf = d->data;

	uk_blkdev_resized(&bf->dev, read_size(bf));
}

static void disconnect(struct uk_xenbus_dev *d)
{
	retire(d->data);
}

static void removed(struct uk_xenbus_dev *d)
{
	give_up(d->data);
}

UK_XENBUS_DRIVER(blkfront, ((struct uk_xenbus_driver){
				   .name = "blkfront",
				   .type = "vbd",
				   .probe = probe,
				   .connect = connect,
				   .connected = connected,
				   .changed = changed,
				   .disconnect = disconnect,
				   .remove = removed,
			   }));

/* ---- the user's side ---- */

int blkfront_start(struct uk_blkdev *dev, const struct uk_blkdev_conf *conf)
{
	struct blkfront *bf = blkfront_of(dev);
	int rc = uk_blkdev_opening(dev, conf);

	if (rc)
		return rc;
	uk_blkq_init(&bf->queue, dev, 0, conf);
	dev->started = true;
	return 0;
}

/* What the backend has may still be under way: it ends, or its memory stays granted for ever, before this returns. */
void blkfront_stop(struct uk_blkdev *dev)
{
	struct blkfront *bf = blkfront_of(dev);
	bool irq;

	uk_xenbus_close(bf->bus); /* retires what is shared */
	irq = uk_spin_lock_irq(&bf->lock);
	bf->parked = NULL;
	bf->parked_end = &bf->parked;
	uk_spin_unlock_irq(&bf->lock, irq);
	dev->started = false;
	uk_xenbus_connect(bf->bus);
}
