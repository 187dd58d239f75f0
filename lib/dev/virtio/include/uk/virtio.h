/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtio devices (virtio 1.2), whatever the transport: finding a driver, status, features,
 * configuration, queues. References are to that specification.
 *
 * A driver registers itself and is called for each device of its kind:
 *
 *	static int probe(struct uk_virtio_dev *d)
 *	{
 *		int rc = uk_virtio_begin(d, UK_BIT(VIRTIO_NET_F_MAC));	reset, features
 *		... uk_virtio_config(d, ...); uk_virtio_queue(d, 0, ...);
 *		uk_virtio_ready(d);
 *	}
 *	UK_VIRTIO_DRIVER(my_driver, 1, probe, NULL);
 *
 * Unless a function says otherwise: thread context, one at a time per device; nothing blocks.
 *
 * A device is not trusted. What breaks the protocol makes it `broken`: a message says what it did, it is
 * reset, so that it touches memory no more, and its queues are empty from then on.
 */
#ifndef UK_VIRTIO_H
#define UK_VIRTIO_H

#include <uk/api.h>
#include <uk/atomic.h>
#include <uk/config.h>
#include <uk/essentials.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif
#include <uk/table.h>

/* Device ids (§5). */
#define UK_VIRTIO_NET     1
#define UK_VIRTIO_BLOCK   2
#define UK_VIRTIO_CONSOLE 3
#define UK_VIRTIO_RNG     4

/* Features that concern every device (§6); the library's affair, as drivers see in dev->features. */
#define UK_VIRTIO_F_INDIRECT        28
#define UK_VIRTIO_F_EVENT_IDX       29
#define UK_VIRTIO_F_VERSION_1       32
#define UK_VIRTIO_F_ACCESS_PLATFORM 33
#define UK_VIRTIO_F_RING_PACKED     34
#define UK_VIRTIO_F_ORDER_PLATFORM  36

struct uk_virtio_dev;
struct uk_virtq;

/* What a transport does. Registers only; the queue's memory is the library's. */
struct uk_virtio_ops {
	uint8_t (*status)(struct uk_virtio_dev *d);
	/* 0 resets; returns when that is done, or the device does not answer. Any context. */
	void (*set_status)(struct uk_virtio_dev *d, uint8_t status);
	uint32_t (*features)(struct uk_virtio_dev *d, unsigned half);
	void (*set_features)(struct uk_virtio_dev *d, unsigned half, uint32_t v);
	uint32_t (*generation)(struct uk_virtio_dev *d);
	/* n is 1, 2 or 4 and divides `at`. */
	uint32_t (*config)(struct uk_virtio_dev *d, unsigned at, unsigned n);
	void (*set_config)(struct uk_virtio_dev *d, unsigned at, unsigned n, uint32_t v);
	/* Entries that the device allows, 0: there is no such queue. */
	unsigned (*queue_max)(struct uk_virtio_dev *d, unsigned index);
	/* Tells the device of the queue, routes its interrupt to CPU `cpu`, fills in q->notify. 0, errno. */
	int (*queue_open)(struct uk_virtio_dev *d, struct uk_virtq *q, uint32_t cpu);
};

struct uk_virtio_driver {
	const char *name; /* "virtio-net" */
	uint32_t id;
	/* 0, or an error, which the driver has said why. */
	int (*probe)(struct uk_virtio_dev *d);
	/* Or NULL. The configuration may have changed. Interrupt context. */
	void (*changed)(struct uk_virtio_dev *d);
};

struct uk_virtio_dev {
	const struct uk_virtio_ops *ops;
	const struct uk_virtio_driver *driver;
	void *data;        /* the driver's */
	uint64_t features; /* negotiated */
	uint32_t id;
	char name[24]; /* the transport's: "pci 00:03.0" */
	bool ready;
	bool broken;
	uint16_t nqueues;         /* in queues[]; some may be NULL */
	struct uk_virtq **queues; /* by index */
};

#define UK_VIRTIO_DRIVER(name_, text_, id_, probe_, changed_)                                      \
	static const UK_TABLE_ROOT(struct uk_virtio_driver, virtio_driver, "5",                    \
				   uk_virtio_driver_##name_) = {                                   \
		.name = (text_), .id = (id_), .probe = (probe_), .changed = (changed_)             \
	}

UK_API_BEGIN

/* ---- for drivers ---- */

/*
 * Resets the device and negotiates (§3.1.1): `wanted` are the driver's feature bits, dev->features what
 * both have. Features of rings are added here. 0; -ENOTSUP: the device is of before virtio 1.0;
 * -EIO: it does not accept; both said. Queues of an earlier time must be freed.
 */
int uk_virtio_begin(struct uk_virtio_dev *d, uint64_t wanted);

/* Everything is set up: the device starts (DRIVER_OK). */
void uk_virtio_ready(struct uk_virtio_dev *d);

/* Stops the device: when it returns it touches no memory any more. Queues stay, to be emptied and freed. */
void uk_virtio_reset(struct uk_virtio_dev *d);

/*
 * Reads `n` bytes of the configuration at `at`, all of one moment (§2.5.1): fields of 8, 2 or 4 bytes;
 * n a multiple of `width` (1, 2 or 4).
 */
void uk_virtio_config(struct uk_virtio_dev *d, unsigned at, void *to, unsigned n, unsigned width);
void uk_virtio_config_set(struct uk_virtio_dev *d, unsigned at, unsigned width, uint32_t v);

/* The CPU for the `n`-th queue, or pair of them, of those that the device has: they are dealt to all. */
static inline uint32_t uk_virtio_cpu(unsigned n UK_UNUSED)
{
#ifdef CONFIG_SMP
	return n % uk_smp_cpus();
#else
	return 0;
#endif
}

/*
 * Makes queue `index`, between begin and ready. `want` entries, 0: 256; cut to what the device has and to a
 * power of two. fn(q) is called in interrupt context on CPU `cpu` when the device has used buffers and
 * uk_virtq_irq_on() was called; sometimes without reason. NULL and -errno in *err: -ENOENT (no such queue), -ENOMEM, ...
 */
struct uk_virtq *uk_virtio_queue(struct uk_virtio_dev *d, unsigned index, unsigned want,
				 void (*fn)(struct uk_virtq *q), void *arg, uint32_t cpu, int *err);

/*
 * The same queue with the same memory once more, empty, after a reset, uk_virtq_drain() and uk_virtio_begin(); for
 * a device that is started again while others may be in uk_virtq_tell(). 0; -ENOTSUP: the device would want another
 * one now.
 */
int uk_virtio_queue_again(struct uk_virtq *q, uint32_t cpu);

/* After a reset. What was in it (uk_virtq_drain()) is the caller's. NULL is ignored. */
void uk_virtio_queue_free(struct uk_virtq *q);

/*
 * It broke the protocol: said, and reset. Any context.
 */
void uk_virtio_broken(struct uk_virtio_dev *d, const char *fmt, ...) UK_PRINTF(2, 3);

/* ---- for transports ---- */

/* A device was found: ops, id and name are set, the rest is zero; it lives for ever. 0: a driver has it. */
int uk_virtio_add(struct uk_virtio_dev *d);

/* An interrupt that says that queues may have something. Interrupt context. */
void uk_virtio_queues_event(struct uk_virtio_dev *d);

UK_API_END

static inline bool uk_virtio_has(const struct uk_virtio_dev *d, unsigned bit)
{
	return d->features >> bit & 1;
}

/* An interrupt that says that the configuration may have changed. Interrupt context. */
static inline void uk_virtio_config_event(struct uk_virtio_dev *d)
{
	if (d->ready && d->driver && d->driver->changed)
		d->driver->changed(d);
}

#endif
