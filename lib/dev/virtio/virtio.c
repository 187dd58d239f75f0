/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all devices have in common (virtio 1.2 §2, §3.1): finding the driver, the steps of the
 * initialisation, configuration, and the end of a device that breaks the rules.
 */
#include <uk/alloc.h>
#include <uk/bits.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/string.h>

#include "virtio_priv.h"

/* Status bits (§2.1). */
#define ACKNOWLEDGE 1U
#define DRIVER      2U
#define DRIVER_OK   4U
#define FEATURES_OK 8U
#define FAILED      128U

#define QUEUE_DEFAULT 256U
#define QUEUE_MAX     32768U
#define CONFIG_TRIES  16 /* a device that changes its configuration all the time */

#define RING_FEATURES                                                                              \
	(UK_BIT(UK_VIRTIO_F_VERSION_1) | UK_BIT(UK_VIRTIO_F_INDIRECT) |                            \
	 UK_BIT(UK_VIRTIO_F_EVENT_IDX) | UK_BIT(UK_VIRTIO_F_ACCESS_PLATFORM) |                     \
	 UK_BIT(UK_VIRTIO_F_ORDER_PLATFORM))

UK_TABLE_DECLARE(const struct uk_virtio_driver, virtio_driver);

static void give_up(struct uk_virtio_dev *d)
{
	d->ops->set_status(d, (uint8_t)(d->ops->status(d) | FAILED));
}

int uk_virtio_add(struct uk_virtio_dev *d)
{
	const struct uk_virtio_driver *driver;
	int rc = -ENODEV;

	uk_table_for_each(driver, virtio_driver) {
		if (driver->id != d->id)
			continue;
		d->driver = driver;
		rc = driver->probe(d);
		break;
	}
	if (rc)
		d->driver = NULL;
	uk_pr_info("%s: virtio device %u: %s", d->name, d->id,
		   d->driver ? d->driver->name : "no driver");
	return rc;
}

int uk_virtio_begin(struct uk_virtio_dev *d, uint64_t wanted)
{
	uint64_t offered;

	uk_virtio_reset(d);
	d->broken = false;
	d->ops->set_status(d, ACKNOWLEDGE);
	d->ops->set_status(d, ACKNOWLEDGE | DRIVER);
	offered = d->ops->features(d, 0) | (uint64_t)d->ops->features(d, 1) << 32;
	if (!(offered >> UK_VIRTIO_F_VERSION_1 & 1)) {
		uk_pr_err("%s (%s): it is of before virtio 1.0, which this driver does not know; "
			  "with "
			  "QEMU: disable-modern=off",
			  d->driver->name, d->name);
		give_up(d);
		return -ENOTSUP;
	}
	wanted |= RING_FEATURES;
#ifdef CONFIG_LIBVIRTIO_PACKED
	wanted |= UK_BIT(UK_VIRTIO_F_RING_PACKED);
#endif
	d->features = offered & wanted;
	d->ops->set_features(d, 0, (uint32_t)d->features);
	d->ops->set_features(d, 1, (uint32_t)(d->features >> 32));
	d->ops->set_status(d, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	if (d->ops->status(d) & FEATURES_OK)
		return 0;
	uk_pr_err("%s (%s): it does not accept the features that it offers (%#lx)", d->driver->name,
		  d->name, (unsigned long)d->features);
	give_up(d);
	return -EIO;
}

void uk_virtio_ready(struct uk_virtio_dev *d)
{
	d->ready = true;
	d->ops->set_status(d, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

void uk_virtio_reset(struct uk_virtio_dev *d)
{
	d->ready = false;
	d->ops->set_status(d, 0);
}

void uk_virtio_config(struct uk_virtio_dev *d, unsigned at, void *to, unsigned n, unsigned width)
{
	uint32_t before;

	for (unsigned tries = 0; tries < CONFIG_TRIES; tries++) {
		before = d->ops->generation(d);
		for (unsigned i = 0; i < n; i += width) {
			uint32_t v = d->ops->config(d, at + i, width);

			memcpy((char *)to + i, &v, width);
		}
		if (d->ops->generation(d) == before)
			return;
	}
	uk_pr_warn("%s (%s): its configuration changes all the time", d->driver->name, d->name);
}

void uk_virtio_config_set(struct uk_virtio_dev *d, unsigned at, unsigned width, uint32_t v)
{
	d->ops->set_config(d, at, width, v);
}

/* Room in d->queues for one more; the table only grows. */
static int note_queue(struct uk_virtio_dev *d, struct uk_virtq *q)
{
	if (q->index >= d->nqueues) {
		struct uk_virtq **old = d->queues;
		struct uk_virtq **queues = uk_calloc(q->index + 1U, sizeof(*queues));

		if (!queues)
			return -ENOMEM;
		memcpy(queues, old, d->nqueues * sizeof(*queues));
		d->queues = queues;
		d->nqueues = (uint16_t)(q->index + 1);
		uk_free(old);
	}
	d->queues[q->index] = q;
	return 0;
}

struct uk_virtq *uk_virtio_queue(struct uk_virtio_dev *d, unsigned index, unsigned want,
				 void (*fn)(struct uk_virtq *q), void *arg, uint32_t cpu, int *err)
{
	unsigned max = d->ops->queue_max(d, index), size;
	struct uk_virtq *q;

	*err = -ENOENT;
	if (!max)
		return NULL;
	size = UK_MIN(UK_MIN(want ? want : QUEUE_DEFAULT, max), QUEUE_MAX);
	size = 1U << uk_fls(size);
	*err = -ENOMEM;
	q = uk_virtq_create(d, index, size, d->features);
	if (!q)
		return NULL;
	q->fn = fn;
	q->arg = arg;
	*err = note_queue(d, q);
	if (!*err)
		*err = d->ops->queue_open(d, q, cpu);
	if (!*err)
		return q;
	uk_virtio_queue_free(q);
	return NULL;
}

int uk_virtio_queue_again(struct uk_virtq *q, uint32_t cpu)
{
	struct uk_virtio_dev *d = q->dev;

	if (d->ops->queue_max(d, q->index) < q->size ||
	    q->packed != uk_virtio_has(d, UK_VIRTIO_F_RING_PACKED) ||
	    q->event_idx != uk_virtio_has(d, UK_VIRTIO_F_EVENT_IDX))
		return -ENOTSUP;
	uk_virtq_renew(q);
	return d->ops->queue_open(d, q, cpu);
}

void uk_virtio_queues_event(struct uk_virtio_dev *d)
{
	for (unsigned i = 0; d->ready && i < d->nqueues; i++) {
		struct uk_virtq *q = d->queues[i];

		if (q && q->fn)
			q->fn(q);
	}
}

void uk_virtio_broken(struct uk_virtio_dev *d, const char *fmt, ...)
{
	char text[96];
	va_list ap;

	if (d->broken)
		return;
	d->broken = true;
	d->ops->set_status(d, 0);
	va_start(ap, fmt);
	uk_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	uk_pr_err("%s (%s) is broken, and was reset: %s", d->driver->name, d->name, text);
}
