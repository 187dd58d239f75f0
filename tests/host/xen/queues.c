/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queues of events (plat/xen/fifo.c) beside a Xen that is this program: events are raised, masked, polled and given
 * other priorities at random, also by handlers, and each is delivered once, no later than those behind it. Then the other
 * side writes what it likes to the memory that both see: nothing but that is touched (AddressSanitizer looks), and it ends.
 *
 *	queues SEED ROUNDS
 */
#include <string.h>

#include <uk/errno.h>

#include "events.h"
#include "fifo.h"
#include "xen.h"

#define PORTS   2500U /* on three pages */
#define PENDING (1U << EVTCHN_FIFO_PENDING)
#define MASKED  (1U << EVTCHN_FIFO_MASKED)
#define LINKED  (1U << EVTCHN_FIFO_LINKED)
#define BUSY    (1U << EVTCHN_FIFO_BUSY)
#define LINK    EVTCHN_FIFO_LINK_MASK
#define PAGE    4096U
#define QUEUES  (EVTCHN_FIFO_PRIORITY_MIN + 1U)

static bool hostile;
static unsigned long delivered;

/* ---- Xen ---- */

static struct {
	struct evtchn_fifo_control_block *control;
	uint32_t *page[4];
	unsigned npages;
	uint32_t tail[QUEUES];
	unsigned priority[PORTS];
	unsigned queue[PORTS]; /* the last that it was in */
	unsigned long order[PORTS], orders;
} xen;

static uint32_t *word_of(uint32_t port)
{
	return &xen.page[port / (PAGE / 4)][port % (PAGE / 4)];
}

static void link_up(uint32_t port)
{
	uint32_t *w = word_of(port), *tail;
	unsigned q = xen.priority[port];

	if (*w & (MASKED | LINKED))
		return;
	*w |= LINKED;
	if (xen.tail[xen.queue[port]] == port)
		xen.tail[xen.queue[port]] = 0;
	xen.queue[port] = q;
	xen.order[port] = ++xen.orders;
	tail = xen.tail[q] ? word_of(xen.tail[q]) : NULL;
	if (tail && *tail & LINKED) {
		*tail = (*tail & ~(BUSY | LINK)) | port;
	} else {
		xen.control->head[q] = port;
		xen.control->ready |= 1U << q;
	}
	xen.tail[q] = port;
}

static bool expected[PORTS];

static void raise_event(uint32_t port)
{
	expected[port] = true;
	*word_of(port) |= PENDING;
	link_up(port);
}

long xen_op(unsigned nr, unsigned op, void *arg)
{
	struct evtchn_init_control *c = arg;
	struct evtchn_set_priority *p = arg;

	CHECK(nr == __HYPERVISOR_event_channel_op);
	switch (op) {
	case EVTCHNOP_init_control:
		CHECK(!(c->offset % 8) && c->offset <= PAGE - sizeof(*xen.control) && !c->vcpu);
		xen.control = (void *)(uintptr_t)(c->control_gfn * PAGE + c->offset);
		return 0;
	case EVTCHNOP_expand_array:
		if (xen.npages == UK_ARRAY_SIZE(xen.page))
			return -ENOSPC;
		xen.page[xen.npages++] = (void *)(uintptr_t)(*(uint64_t *)arg * PAGE);
		return 0;
	case EVTCHNOP_set_priority:
		if (p->priority >= QUEUES)
			return -EINVAL;
		xen.priority[p->port] = p->priority;
		return 0;
	}
	return -ENOSYS;
}

/* ---- us ---- */

static void unmask(uint32_t port)
{
	if (xen_fifo_unmask(port))
		return;
	/* What Xen does when it is asked to. */
	*word_of(port) &= ~MASKED;
	if (*word_of(port) & PENDING)
		link_up(port);
}

static void something(uint32_t port)
{
	switch (any(8)) {
	case 0 ... 3:
		raise_event(port);
		break;
	case 4:
		xen_fifo_mask(port);
		CHECK(xen_fifo_masked(port));
		break;
	case 5:
		unmask(port);
		CHECK(!xen_fifo_masked(port));
		break;
	case 6:
		if (any(4))
			break;
		CHECK(xen_fifo_take(port) == expected[port]);
		expected[port] = false;
		break;
	case 7:
		xen_fifo_priority(port, any(QUEUES));
		break;
	}
}

/* Has an event that waits a right to come before this one? */
static bool before(uint32_t other, uint32_t port)
{
	return (*word_of(other) & (PENDING | MASKED | LINKED)) == (PENDING | LINKED) &&
	       (xen.queue[other] < xen.queue[port] ||
		(xen.queue[other] == xen.queue[port] && xen.order[other] < xen.order[port]));
}

void xen_event_call(uint32_t port)
{
	delivered++;
	CHECK(port < xen.npages * (PAGE / 4));
	if (hostile)
		return;
	for (uint32_t i = 1; i < PORTS; i++)
		CHECK(i == port || !before(i, port));
	CHECK(expected[port] && !(*word_of(port) & (PENDING | MASKED)));
	expected[port] = false;
	if (!any(3))
		something(1 + any(PORTS - 1));
}

static void friendly(unsigned rounds)
{
	while (rounds--) {
		for (unsigned n = any(60); n; n--)
			something(1 + any(any(2) ? 40 : PORTS - 1));
		xen_fifo_dispatch();
		for (uint32_t i = 1; i < PORTS; i++)
			CHECK((*word_of(i) & (PENDING | MASKED)) != PENDING);
		CHECK(!xen.control->ready);
	}
	CHECK(delivered > 1000 && !complaints);
}

static uint32_t wild(void)
{
	return any(3) ? (uint32_t)random() << any(8) : any(PORTS);
}

static void unfriendly(unsigned rounds)
{
	hostile = true;
	while (rounds--) {
		for (unsigned n = any(30); n; n--)
			*word_of(any(PORTS)) = wild() | (any(2) ? LINKED | PENDING : 0);
		for (unsigned i = 0; i < QUEUES; i++)
			xen.control->head[i] = wild();
		xen.control->ready = (uint32_t)random() << any(2);
		xen_fifo_dispatch();
		for (unsigned n = any(30); n; n--) {
			uint32_t port = wild();

			xen_fifo_mask(port);
			xen_fifo_unmask(port);
			xen_fifo_masked(port);
			xen_fifo_take(port);
		}
	}
	CHECK(complaints);
}

int main(int argc, char **argv)
{
	unsigned rounds = begin(argc, argv);

	for (unsigned i = 0; i < PORTS; i++)
		xen.priority[i] = xen.queue[i] = EVTCHN_FIFO_PRIORITY_DEFAULT;
	xen_fifo_init();
	CHECK(xen_fifo_on && xen.npages == 1);
	CHECK(!xen_fifo_word(PORTS) && xen_fifo_masked(PORTS) && !xen_fifo_take(PORTS));
	CHECK(!xen_fifo_grow(PORTS - 1) && xen.npages == 3);
	CHECK(xen_fifo_grow(4 * PAGE / 4) == -ENOSPC && xen_fifo_grow(~0U) == -ENOSPC);
	CHECK(xen_fifo_masked(1) && xen_fifo_masked(PORTS - 1));
	CHECK(xen_fifo_priority(1, QUEUES) == -EINVAL);
	friendly(rounds);
	unfriendly(rounds);
	/* Where a saved domain goes on: all pages are there again, and masked. */
	unsigned had = xen.npages;

	memset(xen.tail, 0, sizeof(xen.tail));
	memset(expected, 0, sizeof(expected));
	xen.npages = complaints = delivered = 0;
	hostile = false;
	xen_fifo_init();
	CHECK(xen.npages == had && xen_fifo_masked(PORTS - 1) && *word_of(5) == MASKED);
	friendly(rounds);
	printf("events: all delivered\n");
	return 0;
}
