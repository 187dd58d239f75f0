/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding a device and agreeing with its backend; opening and closing. Names of keys are those of blkif.h. What the device is like is known
 * when the backend is Connected, which needs a ring: so a device has one before anybody starts it.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/param.h>
#include <uk/print.h>
#include <uk/string.h>

#include "blkfront.h"

#define SECTOR_MAX  65536U
#define SECTORS_MAX (1ULL << 54)

UK_BLKDEV_OPS(blkfront);

UK_PARAM_UINT(
	blkfront, persistent, KEPT_MOST,
	"pages of a queue that stay granted, at most, and through which data is copied; 0: it is "
	"granted where it lies; if not given, no more than a hundredth of memory");

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
	for (unsigned i = 0; i < UK_BLKDEV_QUEUES; i++) {
		bf->queue[i].parked_end = &bf->queue[i].parked;
		bf->queue[i].q.dev = &bf->dev;
	}
	d->data = bf;
	name_it(bf);
	return 0;
}

/* ---- connecting ---- */

/* What was perhaps said to the backend that there was. */
static int unsay(const struct blkfront *bf, const char *folder, const char *name)
{
	int rc = bf->registered ? uk_xenstore_rm(0, folder, name) : 0;

	return rc == -ENOENT ? 0 : rc;
}

/* Where the ring of a queue is; its folder's other keys are of another number of pages. */
static int say_ring(const char *folder, const struct share *s)
{
	int rc = uk_xenstore_write(0, folder, "event-channel", "%u", s->port);
	char name[16];

	if (!rc)
		rc = s->order ? unsay(s->bf, folder, "ring-ref")
			      : uk_xenstore_write(0, folder, "ring-ref", "%u", s->ring_ref[0]);
	for (unsigned i = 0; !rc && i < RING_PAGES; i++) {
		uk_snprintf(name, sizeof(name), "ring-ref%u", i);
		rc = s->order && i < 1U << s->order
			     ? uk_xenstore_write(0, folder, name, "%u", s->ring_ref[i])
			     : unsay(s->bf, folder, name);
	}
	return rc;
}

/* One queue has its place in the device's own folder, several have one each. */
static int say_rings(struct blkfront *bf, struct share *const *shares, unsigned n)
{
	const char *path = bf->bus->path;
	char folder[sizeof(bf->bus->path) + sizeof("/queue-00")];
	int rc = n == 1 ? say_ring(path, shares[0]) : 0;

	if (UK_BLKDEV_QUEUES == 1)
		return rc;
	if (!rc)
		rc = n > 1 ? uk_xenstore_write(0, path, "multi-queue-num-queues", "%u", n)
			   : unsay(bf, path, "multi-queue-num-queues");
	for (unsigned i = 0; !rc && i < UK_BLKDEV_QUEUES; i++) {
		uk_snprintf(folder, sizeof(folder), "%s/queue-%u", path, i);
		if (n > 1 && i < n) {
			bf->folders = true;
			rc = say_ring(folder, shares[i]);
		} else if (bf->folders) {
			rc = unsay(bf, folder, NULL);
		}
	}
	return rc;
}

static int say(struct blkfront *bf, struct share *const *shares, unsigned n, unsigned order)
{
	const char *path = bf->bus->path;
	int rc = say_rings(bf, shares, n);

	if (!rc)
		rc = order ? uk_xenstore_write(0, path, "ring-page-order", "%u", order)
			   : unsay(bf, path, "ring-page-order");
	if (!rc) /* whether the backend does is known when it is connected */
		rc = uk_param_blkfront_persistent.u
			     ? uk_xenstore_write(0, path, "feature-persistent", "1")
			     : unsay(bf, path, "feature-persistent");
	return rc ? rc : uk_xenstore_write(0, path, "protocol", "x86_64-abi");
}

/* The one that a queue had, out of its hands; requests that it had wait for the next. */
static void exchange(struct queue *q, struct share *s)
{
	bool irq = uk_spin_lock_irq(&q->lock);
	struct share *old = q->share;

	q->share = s;
	uk_spin_unlock_irq(&q->lock, irq);
	blkfront_unshare(old);
}

static void retire(struct blkfront *bf)
{
	for (unsigned i = 0; i < UK_BLKDEV_QUEUES; i++)
		exchange(&bf->queue[i], NULL);
	bf->shared = 0;
}

/* It was unplugged, or cannot be trusted: what waits for it ends. */
static void give_up(struct blkfront *bf)
{
	uk_blkdev_failed(&bf->dev);
	for (unsigned i = 0; i < UK_BLKDEV_QUEUES; i++) {
		struct queue *q = &bf->queue[i];
		bool irq = uk_spin_lock_irq(&q->lock);
		struct uk_blkreq *r;

		while ((r = q->parked)) {
			q->parked = r->next;
			if (r->private[FLUSHING])
				r->op = UK_BLK_WRITE;
			uk_blkreq_end(&q->q, r, -EIO);
		}
		q->parked_end = &q->parked;
		uk_spin_unlock_irq(&q->lock, irq);
		if (bf->dev.started && i < bf->dev.queues)
			uk_blkq_event(&q->q);
	}
}

/* Queues that it serves, and that we can have. */
static uint16_t max_queues(const struct uk_xenbus_dev *d)
{
	uint64_t n = uk_xenbus_offer(d, "multi-queue-max-queues", 1);

	return (uint16_t)UK_MIN(UK_MAX(n, 1UL),
				(uint64_t)UK_MIN((unsigned)UK_BLKDEV_QUEUES, QUEUES_MAX));
}

/* Several queues share the requests that one could have, as each holds grants and pages. */
static unsigned choose_order(const struct uk_xenbus_dev *d, unsigned queues)
{
	unsigned order =
		(unsigned)UK_MIN(uk_xenbus_offer(d, "max-ring-page-order", 0), (uint64_t)ORDER_MAX);

	while (order && queues << order > RING_PAGES)
		order--;
	return order;
}

static unsigned choose_kept(unsigned queues)
{
	const struct uk_param *p = &uk_param_blkfront_persistent;
	struct uk_page_stats st;
	uint64_t n = p->u;

	if (!p->given) {
		uk_page_stats(&st);
		n = UK_MIN(n, st.total / UK_PAGE_SIZE / KEPT_PART) / queues;
	}
	return (unsigned)UK_MIN(UK_MAX(n, (uint64_t)KEPT_MIN), (uint64_t)KEPT_MAX);
}

static struct agreement agree(const struct uk_xenbus_dev *d, unsigned queues)
{
	const struct uk_param *p = &uk_param_blkfront_persistent;
	uint64_t pages = uk_xenbus_offer(d, "feature-max-indirect-segments", 0);
	struct agreement a = {
		.pages = (unsigned)UK_MIN(UK_MAX(pages, (uint64_t)SEGS_DIRECT), (uint64_t)SEGS_MAX),
	};

	if (p->u && uk_xenbus_offer(d, "feature-persistent", 0) == 1)
		a.kept = choose_kept(queues);
	else if (p->u && p->given)
		uk_pr_warn(
			"%s: its backend keeps no pages mapped: blkfront.persistent does nothing",
			d->name);
	return a;
}

static int connect(struct uk_xenbus_dev *d)
{
	struct blkfront *bf = d->data;
	unsigned n = bf->dev.started ? bf->dev.queues : 1, have = 0;
	unsigned order = choose_order(d, n);
	struct share *shares[UK_BLKDEV_QUEUES];
	int rc = 0;

	retire(bf);
	if (d->off || n > max_queues(d)) {
		if (!d->off) /* who uses them counts on each */
			uk_pr_err("%s: its backend serves %u queues now, and %u are in use",
				  bf->dev.name, max_queues(d), n);
		give_up(bf);
		return d->off ? -EPROTO : -ENOTSUP;
	}
	for (; have < n; have++) {
		shares[have] = blkfront_share(bf, have, order, &rc);
		if (!shares[have])
			break;
	}
	if (!rc)
		rc = say(bf, shares, n, order);
	if (rc) {
		while (have--)
			blkfront_unshare(shares[have]);
		give_up(bf);
		return rc;
	}
	bf->broken = false;
	for (unsigned i = 0; i < n; i++)
		exchange(&bf->queue[i], shares[i]);
	bf->shared = n;
	return XenbusStateInitialised;
}

/* ---- what the device is like ---- */

static void read_limits(struct blkfront *bf, uint32_t sector)
{
	const struct uk_xenbus_dev *d = bf->bus;
	struct uk_blkdev *dev = &bf->dev;
	unsigned pages = bf->queue[0].share->max_pages;

	dev->sector = sector;
	dev->physical = (uint32_t)UK_MIN(uk_xenbus_offer(d, "physical-sector-size", sector),
					 (uint64_t)SECTOR_MAX);
	dev->readonly = uk_xenbus_offer(d, "info", 0) & VDISK_READONLY;
	dev->align = SECTOR;
	dev->max_segs = (uint16_t)pages;
	dev->max_size =
		(uint32_t)((pages - 1) * UK_PAGE_SIZE) & ~(sector - 1); /* wherever it begins */
	dev->max_queues = max_queues(d);
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

/* Nobody uses the shares yet, since they are not live. */
static int open_all(struct blkfront *bf)
{
	struct agreement a = agree(bf->bus, bf->shared);
	int rc = 0;

	for (unsigned i = 0; !rc && i < bf->shared; i++)
		rc = blkfront_open(bf->queue[i].share, &a);
	return rc;
}

static int connected(struct uk_xenbus_dev *d)
{
	struct blkfront *bf = d->data;
	uint64_t sector = uk_xenbus_offer(d, "sector-size", SECTOR);
	int rc;

	if (sector < SECTOR || sector > SECTOR_MAX || sector & (sector - 1) ||
	    (bf->registered && !bf->gone && sector != bf->dev.sector)) {
		uk_pr_err("%s: sectors of %lu bytes: not usable", d->name, (unsigned long)sector);
		return -EINVAL;
	}
	rc = open_all(bf);
	if (rc) {
		give_up(bf);
		return rc;
	}
	if (!bf->registered || bf->gone) /* else somebody counts on them */
		read_limits(bf, (uint32_t)sector);
	uk_blkdev_resized(&bf->dev, read_size(bf));
	UK_WRITE_ONCE(bf->gone, false);
	if (!bf->registered) {
		bf->dev.ops = UK_OPS(&blkfront_ops);
		bf->dev.driver = "blkfront";
		uk_blkdev_register(&bf->dev);
		bf->registered = true;
	}
	for (unsigned i = 0; i < bf->shared; i++) {
		struct queue *q = &bf->queue[i];
		bool irq = uk_spin_lock_irq(&q->lock);

		q->share->live = true;
		if (q->parked)
			blkfront_unpark(q);
		uk_spin_unlock_irq(&q->lock, irq);
	}
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
	struct blkfront *bf = d->data;

	UK_WRITE_ONCE(bf->gone, true);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	give_up(bf);
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

/* The backend learns of a number of queues when it connects. Requests wait until it has. */
int blkfront_start(struct uk_blkdev *dev, const struct uk_blkdev_conf *conf)
{
	struct blkfront *bf = blkfront_of(dev);
	int rc = uk_blkdev_opening(dev, conf);

	if (rc)
		return rc;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (UK_READ_ONCE(bf->gone)) /* if not, removed() comes, and ends what waits */
		return -ENODEV;
	for (unsigned i = 0; i < dev->queues; i++)
		uk_blkq_init(&bf->queue[i].q, dev, i, conf);
	dev->started = true;
	if (UK_BLKDEV_QUEUES > 1 && dev->queues > 1) {
		uk_xenbus_close(bf->bus);
		uk_xenbus_connect(bf->bus);
	}
	return 0;
}

/* What the backend has may still be under way: it ends, or its memory stays granted for ever, before this returns. */
void blkfront_stop(struct uk_blkdev *dev)
{
	struct blkfront *bf = blkfront_of(dev);

	uk_xenbus_close(bf->bus); /* retires what is shared */
	for (unsigned i = 0; i < UK_BLKDEV_QUEUES; i++) {
		struct queue *q = &bf->queue[i];
		bool irq = uk_spin_lock_irq(&q->lock);

		q->parked = NULL;
		q->parked_end = &q->parked;
		uk_spin_unlock_irq(&q->lock, irq);
	}
	dev->started = false;
	uk_xenbus_connect(bf->bus);
}
