/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event channels in Xen's newer form (Xen public/event_channel.h, "FIFO ABI").
 *
 * Each port has a word: pending, masked, and a link to the next port of the queue that it is in. A CPU has sixteen queues by
 * priority, and in its control block their heads and a bit for each that has become non-empty. Xen appends at the tail by writing
 * the link of the last word; we take from the head, and a word without a link ends the queue. What we have of a queue that we have
 * begun is in `next`, as Xen writes to a head only if the queue was empty.
 *
 * Words come in pages, the first of which is part of the image, as memory for others is there only later. A word that is
 * new is masked.
 */
#include <uk/arch/paging.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/spin.h>
#include <uk/string.h>

#include "fifo.h"
#include "xen.h"

#define PER_PAGE (UK_PAGE_SIZE / sizeof(event_word_t))
#define PAGES    (EVTCHN_FIFO_NR_CHANNELS / PER_PAGE)
#define PENDING  (1U << EVTCHN_FIFO_PENDING)
#define MASKED   (1U << EVTCHN_FIFO_MASKED)
#define LINKED   (1U << EVTCHN_FIFO_LINKED)
#define BUSY     (1U << EVTCHN_FIFO_BUSY)

bool xen_fifo_on;

/* Xen wants no block to go beyond its page. */
#define BLOCKS (UK_PAGE_SIZE / sizeof(struct xen_fifo_block))
static union {
	struct xen_fifo_block block[BLOCKS];
	char page[UK_PAGE_SIZE];
} control[UK_DIV_ROUND_UP(XEN_CPUS, BLOCKS)] UK_ALIGNED(UK_PAGE_SIZE);
UK_STATIC_ASSERT(sizeof(struct xen_fifo_block) % 8 == 0, "what Xen wants of their places");

static event_word_t first_page[PER_PAGE] UK_ALIGNED(UK_PAGE_SIZE);
static event_word_t *pages[PAGES];
static uint32_t npages;
static event_word_t *unused; /* a page that was not needed after all */
static struct uk_spinlock lock;
static bool known[XEN_CPUS]; /* Xen has the block of this CPU */
static uint32_t next[XEN_CPUS][EVTCHN_FIFO_MAX_QUEUES];

struct xen_fifo_block *xen_fifo_block(uint32_t cpu)
{
	return &control[cpu / BLOCKS].block[cpu % BLOCKS];
}

event_word_t *xen_fifo_word(uint32_t port)
{
	return port / PER_PAGE < UK_READ_ONCE(npages) ? &pages[port / PER_PAGE][port % PER_PAGE]
						      : NULL;
}

/* ---- making it ---- */

static long evtchn(unsigned op, const void *arg)
{
	return xen_call2(__HYPERVISOR_event_channel_op, op, arg);
}

int xen_fifo_cpu(uint32_t cpu)
{
	struct evtchn_init_control op = {
		.control_gfn = xen_number(image_paddr(&control[cpu / BLOCKS])),
		.offset = (uint32_t)(cpu % BLOCKS * sizeof(struct xen_fifo_block)),
		.vcpu = cpu,
	};
	int err = 0;

	if (!known[cpu]) {
		memset(xen_fifo_block(cpu), 0, sizeof(struct xen_fifo_block));
		memset(next[cpu], 0, sizeof(next[cpu]));
		err = (int)evtchn(EVTCHNOP_init_control, &op);
	}
	known[cpu] = !err;
	return err;
}

/* One more page of words; it is Xen's as well from then on. */
static int add(event_word_t *words, uk_paddr_t frame)
{
	struct evtchn_expand_array op = { .array_gfn = xen_number(frame) };
	int err;

	for (size_t i = 0; i < PER_PAGE; i++)
		words[i] = MASKED;
	pages[npages] = words;
	err = (int)evtchn(EVTCHNOP_expand_array, &op);
	if (!err)
		__atomic_store_n(&npages, npages + 1, __ATOMIC_RELEASE);
	return err;
}

static int add_one(void)
{
	event_word_t *words = __atomic_exchange_n(&unused, NULL, __ATOMIC_SEQ_CST);
	uint32_t had = UK_READ_ONCE(npages);
	uk_paddr_t frame;
	int err = 0;
	bool irq;

	if (!words) {
		frame = xen_frame_alloc();
		if (!frame)
			return -ENOMEM;
		words = uk_plat_phys_to_virt(frame);
	}
	irq = uk_spin_lock_save(&lock);
	if (npages == had) {
		err = add(words, uk_plat_virt_to_phys(words));
		words = NULL;
	}
	uk_spin_unlock_restore(&lock, irq);
	if (words)
		__atomic_store_n(&unused, words, __ATOMIC_SEQ_CST);
	return err;
}

int xen_fifo_grow(uint32_t port)
{
	int err = 0;

	while (!err && !xen_fifo_word(port))
		err = port < EVTCHN_FIFO_NR_CHANNELS ? add_one() : -ENOSPC;
	return err;
}

void xen_fifo_init(void)
{
	uint32_t had = npages ? npages : 1;

	memset(known, 0, sizeof(known));
	pages[0] = first_page;
	npages = 0;
	xen_fifo_on = !xen_fifo_cpu(0);
	/* There is no way back from here that would leave the toolstack's channels as they are. */
	while (xen_fifo_on && npages < had) {
		event_word_t *words = pages[npages];
		int err = add(words, npages ? uk_plat_virt_to_phys(words) : image_paddr(words));

		if (err)
			uk_fatal("Xen has queues of events and refuses a page for them: error %d",
				 -err);
	}
}

int xen_fifo_priority(uint32_t port, uint32_t priority)
{
	struct evtchn_set_priority op = { .port = port, .priority = priority };

	return (int)evtchn(EVTCHNOP_set_priority, &op);
}

/* ---- words ---- */

void xen_fifo_mask(uint32_t port)
{
	event_word_t *w = xen_fifo_word(port);

	if (w)
		__atomic_fetch_or(w, MASKED, __ATOMIC_SEQ_CST);
}

bool xen_fifo_unmask(uint32_t port)
{
	event_word_t *w = xen_fifo_word(port);
	event_word_t old = w ? UK_READ_ONCE(*w) : 0;

	while (old & MASKED) {
		/* Pending: Xen puts it into its queue. Busy: Xen is writing the link, and counts on us not to disturb it. */
		if (old & (PENDING | BUSY))
			return false;
		if (__atomic_compare_exchange_n(w, &old, old & ~MASKED, true, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			break;
	}
	return true;
}

bool xen_fifo_masked(uint32_t port)
{
	event_word_t *w = xen_fifo_word(port);

	return !w || UK_READ_ONCE(*w) & MASKED;
}

bool xen_fifo_take(uint32_t port)
{
	event_word_t *w = xen_fifo_word(port);

	return w && UK_READ_ONCE(*w) & PENDING &&
	       __atomic_fetch_and(w, ~PENDING, __ATOMIC_SEQ_CST) & PENDING;
}

/* ---- queues ---- */

/* Takes a word out of its queue; what was behind it, 0: nothing. */
static uint32_t unlink(event_word_t *w)
{
	event_word_t old = UK_READ_ONCE(*w);

	while (old & LINKED &&
	       !__atomic_compare_exchange_n(w, &old, old & ~(LINKED | BUSY | EVTCHN_FIFO_LINK_MASK),
					    true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	return old & LINKED ? old & EVTCHN_FIFO_LINK_MASK : 0;
}

/* The first of a queue. False: it was the last. */
static bool consume(const struct xen_fifo_block *b, uint32_t *head, unsigned queue)
{
	uint32_t port = *head ? *head : UK_READ_ONCE(b->head[queue]);
	event_word_t *w = xen_fifo_word(port);

	if (!w) {
		uk_pr_err(
			"Xen's queue of events %u goes on at port %u, which there is not: what was "
			"behind it is lost",
			queue, port);
		*head = 0;
		return false;
	}
	*head = unlink(w);
	if ((UK_READ_ONCE(*w) & (PENDING | MASKED)) == PENDING) {
		__atomic_fetch_and(w, ~PENDING, __ATOMIC_SEQ_CST);
		xen_event_call(port);
	}
	return *head;
}

/* After each event those of higher priority come first that came meanwhile. */
void xen_fifo_dispatch(void)
{
	struct xen_fifo_block *b = xen_fifo_block(uk_cpu());
	uint32_t ready = __atomic_exchange_n(&b->ready, 0, __ATOMIC_SEQ_CST);

	while (ready) {
		/* All 32 bits are Xen's to write; there are 16 queues. */
		unsigned queue = (unsigned)__builtin_ctz(ready);

		if (queue >= EVTCHN_FIFO_MAX_QUEUES)
			break;
		if (!consume(b, &next[uk_cpu()][queue], queue))
			ready &= ~(1U << queue);
		if (UK_READ_ONCE(b->ready))
			ready |= __atomic_exchange_n(&b->ready, 0, __ATOMIC_SEQ_CST);
	}
}
