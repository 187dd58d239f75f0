/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtio as registers in memory and an interrupt line (virtio 1.2 §4.2), version 2. Where: the firmware says, or
 * the command line, `virtio_mmio.device=SIZE@ADDRESS:LINE` as Linux has it, once for each, which the
 * machine itself may have put there, even behind the application's arguments.
 */
#include <uk/alloc.h>
#include <uk/arch/io.h>
#include <uk/arch/relax.h>
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/param.h>
#include <uk/plat/bus.h>
#include <uk/plat/irq.h>
#include <uk/print.h>
#include <uk/string.h>
#include <uk/virtq.h>

/* Registers (§4.2.2). */
#define MAGIC            0x000
#define VERSION          0x004
#define DEVICE_ID        0x008
#define FEATURES         0x010
#define FEATURES_SEL     0x014
#define DRV_FEATURES     0x020
#define DRV_FEATURES_SEL 0x024
#define QUEUE_SEL        0x030
#define QUEUE_NUM_MAX    0x034
#define QUEUE_NUM        0x038
#define QUEUE_READY      0x044
#define QUEUE_NOTIFY     0x050
#define ISR              0x060
#define ISR_ACK          0x064
#define STATUS           0x070
#define QUEUE_DESC       0x080 /* two words, then 0x10 further on */
#define GENERATION       0x0fc
#define CONFIG           0x100

#define MAGIC_VALUE 0x74726976U
#define ISR_QUEUE   1U
#define ISR_CONFIG  2U
#define DEVICES_MAX 32U
#define RESET_TRIES 1000000U

struct virtio_mmio {
	struct uk_virtio_dev dev;
	volatile char *regs;
	size_t size;
};

static struct uk_plat_mmio told[DEVICES_MAX];
static unsigned ntold;

/* SIZE@ADDRESS:LINE, and maybe :NUMBER, which is of no meaning here. */
static int parse(const char *value)
{
	char word[64], *at, *line, *rest;
	struct uk_plat_mmio *d = &told[ntold];
	uint64_t base, size, irq;

	if (!value || ntold == DEVICES_MAX || uk_strlen(value) >= sizeof(word))
		return -EINVAL;
	uk_strscpy(word, value, sizeof(word));
	at = uk_strchr(word, '@');
	line = at ? uk_strchr(at, ':') : NULL;
	if (!line)
		return -EINVAL;
	*at++ = 0;
	*line++ = 0;
	rest = uk_strchr(line, ':');
	if (rest)
		*rest = 0;
	if (uk_parse_u64(word, &size) || uk_parse_u64(at, &base) || uk_parse_u64(line, &irq) ||
	    size <= CONFIG || size > (1UL << 20) || base >> 52 || irq > 0xffff)
		return -EINVAL;
	*d = (struct uk_plat_mmio){ .base = base, .size = size, .irq = (unsigned)irq };
	ntold++;
	return 0;
}

UK_PARAM_FN(virtio_mmio, device, parse, "a virtio device: SIZE@ADDRESS:LINE");

static struct virtio_mmio *of(struct uk_virtio_dev *d)
{
	return UK_CONTAINER_OF(d, struct virtio_mmio, dev);
}

static uint32_t get(struct uk_virtio_dev *d, unsigned reg)
{
	return uk_mmio_read32(of(d)->regs + reg);
}

static void put(struct uk_virtio_dev *d, unsigned reg, uint32_t v)
{
	uk_mmio_write32(of(d)->regs + reg, v);
}

static uint8_t status(struct uk_virtio_dev *d)
{
	return (uint8_t)get(d, STATUS);
}

static void set_status(struct uk_virtio_dev *d, uint8_t v)
{
	put(d, STATUS, v);
	for (unsigned i = 0; !v && status(d) && i < RESET_TRIES; i++)
		uk_arch_relax();
}

static uint32_t features(struct uk_virtio_dev *d, unsigned half)
{
	put(d, FEATURES_SEL, half);
	return get(d, FEATURES);
}

static void set_features(struct uk_virtio_dev *d, unsigned half, uint32_t v)
{
	put(d, DRV_FEATURES_SEL, half);
	put(d, DRV_FEATURES, v);
}

static uint32_t generation(struct uk_virtio_dev *d)
{
	return get(d, GENERATION);
}

static uint32_t config(struct uk_virtio_dev *d, unsigned at, unsigned n)
{
	volatile char *reg = of(d)->regs + CONFIG + at;

	if (CONFIG + at + n > of(d)->size)
		return 0;
	return uk_mmio_read(reg, n);
}

static void set_config(struct uk_virtio_dev *d, unsigned at, unsigned n, uint32_t v)
{
	volatile char *reg = of(d)->regs + CONFIG + at;

	if (CONFIG + at + n <= of(d)->size)
		uk_mmio_write(reg, n, v);
}

static unsigned queue_max(struct uk_virtio_dev *d, unsigned index)
{
	put(d, QUEUE_SEL, index);
	return get(d, QUEUE_READY) ? 0 : get(d, QUEUE_NUM_MAX);
}

/* There is one interrupt, and it goes to the first CPU. */
static int queue_open(struct uk_virtio_dev *d, struct uk_virtq *q, uint32_t cpu UK_UNUSED)
{
	uk_dma_t part[3];

	put(d, QUEUE_SEL, q->index);
	put(d, QUEUE_NUM, q->size);
	uk_virtq_addresses(q, part);
	for (unsigned i = 0; i < 3; i++) {
		put(d, QUEUE_DESC + 16 * i, (uint32_t)part[i]);
		put(d, QUEUE_DESC + 16 * i + 4, (uint32_t)(part[i] >> 32));
	}
	q->notify = of(d)->regs + QUEUE_NOTIFY;
	q->notify_wide = true;
	put(d, QUEUE_READY, 1);
	return 0;
}

static const struct uk_virtio_ops ops = { status, set_status, features,  set_features, generation,
					  config, set_config, queue_max, queue_open };

static void interrupt(void *arg)
{
	struct virtio_mmio *v = arg;
	uint32_t isr = get(&v->dev, ISR);

	if (isr)
		put(&v->dev, ISR_ACK, isr);
	if (isr & ISR_QUEUE)
		uk_virtio_queues_event(&v->dev);
	if (isr & ISR_CONFIG)
		uk_virtio_config_event(&v->dev);
}

static void look(const struct uk_plat_mmio *where)
{
	volatile char *regs = uk_plat_map_device(where->base, where->size);
	uint32_t id, version;
	struct virtio_mmio *v;
	int rc;

	if (!regs || where->size <= CONFIG || uk_mmio_read32(regs + MAGIC) != MAGIC_VALUE)
		return;
	version = uk_mmio_read32(regs + VERSION);
	id = uk_mmio_read32(regs + DEVICE_ID);
	if (!id) /* a place where a device could be */
		return;
	if (version != 2) {
		uk_pr_err("mmio %#lx: virtio device %u has version %u of the interface, and we "
			  "know 2 "
			  "(virtio 1.0); with QEMU: -global virtio-mmio.force-legacy=off",
			  (unsigned long)where->base, id, version);
		return;
	}
	v = uk_calloc(1, sizeof(*v));
	if (!v) {
		uk_pr_err("mmio %#lx: no memory for this device", (unsigned long)where->base);
		return;
	}
	v->regs = regs;
	v->size = where->size;
	v->dev.ops = &ops;
	v->dev.id = id;
	uk_snprintf(v->dev.name, sizeof(v->dev.name), "mmio %#lx", (unsigned long)where->base);
	set_status(&v->dev, 0);
	rc = uk_plat_irq_request(where->irq, interrupt, v);
	if (rc) {
		uk_pr_err("%s: its interrupt line %u is not to be had (error %d)", v->dev.name,
			  where->irq, -rc);
		return;
	}
	uk_virtio_add(&v->dev);
}

static int mmio_start(void)
{
	UK_TABLE_KEEP(uk_param_virtio_mmio_device);
	if (ntold < DEVICES_MAX)
		ntold += uk_plat_virtio_mmio(told + ntold, DEVICES_MAX - ntold);
	for (unsigned i = 0; i < ntold; i++)
		look(&told[i]);
	return 0;
}

UK_INIT(UK_INIT_DEV, "3", mmio_start, NULL);
