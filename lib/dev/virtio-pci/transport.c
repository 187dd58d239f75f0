/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtio on PCI (virtio 1.2 §4.1), the modern interface: capabilities of the vendor say in which BARs the
 * registers are. Interrupts are messages, the first for the configuration, one for each queue; where the
 * device has fewer, all queues share one, and where it has none, its line.
 */
#include <uk/alloc.h>
#include <uk/arch/io.h>
#include <uk/arch/relax.h>
#include <uk/errno.h>
#include <uk/pci.h>
#include <uk/print.h>
#include <uk/string.h>
#include <uk/virtq.h>

#define VENDOR       0x1af4
#define FIRST        0x1000 /* transitional: the kind is the subsystem's number */
#define FIRST_MODERN 0x1040
#define LAST         0x107f

/* A capability (§4.1.4). */
#define CAP_TYPE       3
#define CAP_BAR        4
#define CAP_OFFSET     8
#define CAP_LENGTH     12
#define CAP_MULTIPLIER 16

enum { COMMON = 1, NOTIFY, ISR, DEVICE, KINDS };

/* The common configuration (§4.1.4.3). */
#define DEVICE_FEATURE_SELECT 0
#define DEVICE_FEATURE        4
#define DRIVER_FEATURE_SELECT 8
#define DRIVER_FEATURE        12
#define CONFIG_VECTOR         16
#define STATUS                20
#define GENERATION            21
#define QUEUE_SELECT          22
#define QUEUE_SIZE            24
#define QUEUE_VECTOR          26
#define QUEUE_ENABLE          28
#define QUEUE_NOTIFY_OFF      30
#define QUEUE_DESC            32 /* two words each */
#define QUEUE_DRIVER          40
#define QUEUE_DEVICE          48
#define COMMON_SIZE           56

#define NO_VECTOR   0xffff
#define ISR_QUEUE   1U
#define ISR_CONFIG  2U
#define RESET_TRIES 1000000U /* reads, each an exit: seconds */

struct vector {
	struct virtio_pci *v;
	uint16_t queue;
};

struct virtio_pci {
	struct uk_virtio_dev dev;
	struct uk_pci_dev *pci;
	volatile char *common, *notify, *isr, *config;
	uint64_t length[KINDS];
	uint32_t multiplier;
	unsigned nvectors; /* messages that it has; 0: the line */
	bool shared;       /* one message for all queues */
	struct vector *vector;
	uint16_t requested; /* of vector[], in queues */
};

static struct virtio_pci *of(struct uk_virtio_dev *d)
{
	return UK_CONTAINER_OF(d, struct virtio_pci, dev);
}

static uint8_t status(struct uk_virtio_dev *d)
{
	return uk_mmio_read8(of(d)->common + STATUS);
}

static void set_status(struct uk_virtio_dev *d, uint8_t v)
{
	uk_mmio_write8(of(d)->common + STATUS, v);
	if (v)
		return;
	for (unsigned i = 0; status(d) && i < RESET_TRIES; i++) /* §4.1.4.3.1 */
		uk_arch_relax();
	if (of(d)->nvectors) /* it has forgotten */
		uk_mmio_write16(of(d)->common + CONFIG_VECTOR, 0);
}

static uint32_t features(struct uk_virtio_dev *d, unsigned half)
{
	uk_mmio_write32(of(d)->common + DEVICE_FEATURE_SELECT, half);
	return uk_mmio_read32(of(d)->common + DEVICE_FEATURE);
}

static void set_features(struct uk_virtio_dev *d, unsigned half, uint32_t v)
{
	uk_mmio_write32(of(d)->common + DRIVER_FEATURE_SELECT, half);
	uk_mmio_write32(of(d)->common + DRIVER_FEATURE, v);
}

static uint32_t generation(struct uk_virtio_dev *d)
{
	return uk_mmio_read8(of(d)->common + GENERATION);
}

/* What a device does not have of its configuration reads as zero. */
static uint32_t config(struct uk_virtio_dev *d, unsigned at, unsigned n)
{
	volatile char *reg = of(d)->config + at;

	if (!of(d)->config || at + n > of(d)->length[DEVICE])
		return 0;
	return uk_mmio_read(reg, n);
}

static void set_config(struct uk_virtio_dev *d, unsigned at, unsigned n, uint32_t v)
{
	volatile char *reg = of(d)->config + at;

	if (of(d)->config && at + n <= of(d)->length[DEVICE])
		uk_mmio_write(reg, n, v);
}

static unsigned queue_max(struct uk_virtio_dev *d, unsigned index)
{
	volatile char *common = of(d)->common;

	uk_mmio_write16(common + QUEUE_SELECT, (uint16_t)index);
	return uk_mmio_read16(common + QUEUE_SIZE);
}

static void queue_interrupt(void *arg)
{
	const struct vector *vector = arg;
	struct uk_virtio_dev *d = &vector->v->dev;
	struct uk_virtq *q = vector->queue < d->nqueues ? d->queues[vector->queue] : NULL;

	if (q && q->fn && d->ready)
		q->fn(q);
}

static void shared_interrupt(void *arg)
{
	uk_virtio_queues_event(arg);
}

static void config_interrupt(void *arg)
{
	uk_virtio_config_event(arg);
}

/* Reading the register lowers the line. */
static void line_interrupt(void *arg)
{
	struct virtio_pci *v = arg;
	uint8_t isr = uk_mmio_read8(v->isr);

	if (isr & ISR_QUEUE)
		uk_virtio_queues_event(&v->dev);
	if (isr & ISR_CONFIG)
		uk_virtio_config_event(&v->dev);
}

/* The message of a queue; it stays its own over resets. */
static int queue_vector(struct virtio_pci *v, unsigned index, uint32_t cpu)
{
	int rc;

	if (!v->nvectors)
		return NO_VECTOR;
	if (v->shared || index + 1 >= v->nvectors)
		return 1;
	for (; v->requested <= index; v->requested++) {
		struct vector *vector = &v->vector[v->requested];

		vector->v = v;
		vector->queue = v->requested;
		rc = uk_pci_msix_request(v->pci, v->requested + 1U, queue_interrupt, vector, cpu);
		if (rc)
			return rc;
	}
	return (int)index + 1;
}

static int queue_open(struct uk_virtio_dev *d, struct uk_virtq *q, uint32_t cpu)
{
	struct virtio_pci *v = of(d);
	volatile char *common = v->common;
	int vector = queue_vector(v, q->index, cpu);
	uint64_t notify;
	uk_dma_t part[3];

	if (vector < 0)
		return vector;
	uk_mmio_write16(common + QUEUE_SELECT, q->index);
	uk_mmio_write16(common + QUEUE_SIZE, q->size);
	uk_virtq_addresses(q, part);
	for (unsigned i = 0; i < 3; i++) {
		uk_mmio_write32(common + QUEUE_DESC + 8 * i, (uint32_t)part[i]);
		uk_mmio_write32(common + QUEUE_DESC + 8 * i + 4, (uint32_t)(part[i] >> 32));
	}
	if (v->nvectors) {
		uk_mmio_write16(common + QUEUE_VECTOR, (uint16_t)vector);
		if (uk_mmio_read16(common + QUEUE_VECTOR) != vector)
			return -ENOSPC;
	}
	notify = (uint64_t)uk_mmio_read16(common + QUEUE_NOTIFY_OFF) * v->multiplier;
	if (notify + 2 > v->length[NOTIFY])
		return -EIO;
	q->notify = v->notify + notify;
	uk_mmio_write16(common + QUEUE_ENABLE, 1);
	return 0;
}

static const struct uk_virtio_ops ops = { status, set_status, features,  set_features, generation,
					  config, set_config, queue_max, queue_open };

/* Maps one kind of registers; the first capability that we can use counts (§4.1.4.2). */
static volatile char *map(struct virtio_pci *v, unsigned kind, unsigned min)
{
	for (unsigned cap = 0; (cap = uk_pci_cap(v->pci, UK_PCI_CAP_VENDOR, cap));) {
		volatile char *at;
		uint32_t len;

		if (uk_pci_read8(v->pci, cap + CAP_TYPE) != kind)
			continue;
		len = uk_pci_read32(v->pci, cap + CAP_LENGTH);
		if (len < min)
			continue;
		at = uk_pci_map(v->pci, uk_pci_read8(v->pci, cap + CAP_BAR),
				uk_pci_read32(v->pci, cap + CAP_OFFSET), len);
		if (!at)
			continue;
		v->length[kind] = len;
		if (kind == NOTIFY)
			v->multiplier = uk_pci_read32(v->pci, cap + CAP_MULTIPLIER);
		return at;
	}
	return NULL;
}

static int interrupts(struct virtio_pci *v)
{
	unsigned n = uk_pci_msix_start(v->pci);
	int rc;

	if (n < 2) {
		rc = uk_pci_irq_request(v->pci, line_interrupt, v);
		if (rc)
			uk_pr_err("%s: it sends no messages (MSI-X), and the firmware does not say "
				  "which line it has (error %d)",
				  v->pci->name, -rc);
		return rc;
	}
	v->nvectors = n;
	v->vector = uk_calloc(n, sizeof(*v->vector));
	if (!v->vector)
		return -ENOMEM;
	rc = uk_pci_msix_request(v->pci, 0, config_interrupt, &v->dev, 0);
	if (rc)
		return rc;
	v->shared = n == 2;
	return v->shared ? uk_pci_msix_request(v->pci, 1, shared_interrupt, &v->dev, 0) : 0;
}

static int probe(struct uk_pci_dev *pci)
{
	struct virtio_pci *v;
	int rc;

	if (pci->device < FIRST || pci->device > LAST)
		return -ENODEV;
	v = uk_calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->pci = pci;
	v->dev.ops = &ops;
	v->dev.id = pci->device >= FIRST_MODERN ? pci->device - FIRST_MODERN : pci->subdevice;
	uk_strscpy(v->dev.name, pci->name, sizeof(v->dev.name));
	uk_pci_enable(pci);
	v->common = map(v, COMMON, COMMON_SIZE);
	v->notify = map(v, NOTIFY, 2);
	v->isr = map(v, ISR, 1);
	v->config = map(v, DEVICE, 1);
	rc = v->common && v->notify && v->isr ? interrupts(v) : -ENOTSUP;
	if (rc == -ENOTSUP)
		uk_pr_err("%s: a virtio device %u without the interface of virtio 1.0, or without "
			  "addresses for it; with QEMU: disable-modern=off",
			  pci->name, v->dev.id);
	if (!rc)
		rc = uk_virtio_add(&v->dev);
	if (rc)
		uk_pci_disable(pci);
	return rc == -ENODEV ? -EIO : rc;
}

static const struct uk_pci_id ids[] = { { VENDOR, UK_PCI_ANY }, { 0, 0 } };

UK_PCI_DRIVER(virtio_pci, ids, probe);
