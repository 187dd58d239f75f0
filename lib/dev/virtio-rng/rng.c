/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's random numbers (virtio 1.2 §5.4): one queue; the device fills what lies in it. One buffer is asked for
 * at boot. It comes when it comes, and an interrupt handler hands it to ukrandom; only where the CPU has no source the
 * boot waits for it, a second at most. The smallest virtio driver.
 */
#include <uk/alloc.h>
#include <uk/arch/relax.h>
#include <uk/errno.h>
#include <uk/plat/dma.h>
#include <uk/print.h>
#include <uk/random.h>
#include <uk/string.h>
#include <uk/time.h>
#include <uk/virtq.h>

#define BYTES 64

struct rng {
	struct uk_virtq *q;
	volatile bool done;
	uint8_t bytes[BYTES];
};

static void take(struct uk_virtq *q)
{
	struct rng *rng = q->arg;
	uint32_t len;

	if (!uk_virtq_get(q, &len))
		return;
	uk_virtq_irq_off(q);
	uk_random_seed(rng->bytes, len); /* no more than BYTES */
	memset(rng->bytes, 0, sizeof(rng->bytes));
	rng->done = true;
}

static int probe(struct uk_virtio_dev *d)
{
	struct rng *rng = uk_calloc(1, sizeof(*rng));
	struct uk_virtq_seg seg = { .len = BYTES };
	uk_nsec end;
	int rc;

	if (!rng)
		return -ENOMEM;
	rc = uk_virtio_begin(d, 0);
	if (!rc)
		rng->q = uk_virtio_queue(d, 0, 1, take, rng, 0, &rc);
	if (rc) {
		uk_free(rng);
		return rc;
	}
	uk_virtio_ready(d);
	seg.addr = uk_plat_dma(rng->bytes);
	uk_virtq_add(rng->q, &seg, 0, 1, rng);
	uk_virtq_irq_on(rng->q, 1); /* before it can have an answer */
	uk_virtq_kick(rng->q);
	if (uk_random_is_seeded())
		return 0;
	for (end = uk_deadline(UK_NSEC_PER_SEC); !rng->done && uk_clock_monotonic() < end;)
		uk_arch_relax();
	if (!rng->done)
		uk_pr_warn("virtio-rng (%s): no random bytes after a second", d->name);
	return 0;
}

UK_VIRTIO_DRIVER(rng, "virtio-rng", UK_VIRTIO_RNG, probe, NULL);
