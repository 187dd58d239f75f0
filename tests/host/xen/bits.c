/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event channels of an image that takes them in queues where Xen has them (PLAT_XEN_FIFO), beside a Xen that has none: events are raised,
 * masked and polled at random, channels opened and closed, and each event is delivered once. Then the image is saved and goes on beside a
 * Xen with queues, and beside one without again.
 *
 *	bits SEED ROUNDS
 */
#include <string.h>

#include <uk/errno.h>
#include <uk/xen/event.h>

#include "events.h"
#include "fifo.h"
#include "xen.h"

#define PORTS 4096U
#define PAGE  4096U

union xen_shared_page xen_shared_page;

/* ---- Xen ---- */

static struct {
	bool queues;
	bool open[PORTS];
	unsigned pages, asked; /* of words; for queues */
} xen;

#define VCPU    (&xen_shared_page.info.vcpu_info[0])
#define PENDING ((uint64_t *)xen_shared_page.info.evtchn_pending)
#define MASK    ((uint64_t *)xen_shared_page.info.evtchn_mask)

static bool bit(const uint64_t *words, uint32_t n)
{
	return words[n / 64] >> n % 64 & 1;
}

static void deliver(uint32_t port)
{
	VCPU->evtchn_pending_sel |= 1UL << port / 64;
	VCPU->evtchn_upcall_pending = 1;
}

static void raise_event(uint32_t port)
{
	PENDING[port / 64] |= 1UL << port % 64;
	if (!bit(MASK, port))
		deliver(port);
}

static int lowest(uint32_t *port)
{
	for (*port = 1; *port < PORTS; ++*port)
		if (!xen.open[*port]) {
			xen.open[*port] = true;
			return 0;
		}
	return -ENOSPC;
}

long xen_op(unsigned nr, unsigned op, void *arg)
{
	struct evtchn_alloc_unbound *unbound = arg;
	struct evtchn_bind_virq *virq = arg;
	struct evtchn_close *closed = arg;
	struct evtchn_unmask *unmasked = arg;

	CHECK(nr == __HYPERVISOR_event_channel_op);
	switch (op) {
	case EVTCHNOP_init_control:
		xen.asked++;
		return xen.queues ? 0 : -ENOSYS;
	case EVTCHNOP_expand_array:
		CHECK(xen.queues);
		xen.pages++;
		return 0;
	case EVTCHNOP_alloc_unbound:
		return lowest(&unbound->port);
	case EVTCHNOP_bind_virq:
		return lowest(&virq->port);
	case EVTCHNOP_close:
		CHECK(xen.open[closed->port]);
		xen.open[closed->port] = false;
		return 0;
	case EVTCHNOP_unmask:
		CHECK(!xen.queues && xen.open[unmasked->port]);
		MASK[unmasked->port / 64] &= ~(1UL << unmasked->port % 64);
		if (bit(PENDING, unmasked->port))
			deliver(unmasked->port);
		return 0;
	}
	CHECK(!"an operation that is not there");
}

/* ---- us ---- */

static struct channel {
	bool masked, expected;
} channel[PORTS];
static unsigned long delivered;

static void something(uint32_t port);

static void handler(void *arg)
{
	struct channel *c = arg;

	CHECK(c->expected && !c->masked && xen.open[c - channel]);
	c->expected = false;
	delivered++;
	if (!any(3))
		something(1 + any(PORTS - 1));
}

static void open_one(void)
{
	int port = any(2) ? uk_xen_event_alloc(0) : uk_xen_event_virq(0, 0);

	if (port < 0) {
		CHECK(port == -ENOSPC);
		return;
	}
	CHECK(port > 0 && port < (int)PORTS);
	channel[port] = (struct channel){ .masked = false };
	CHECK(!uk_xen_event_handler((uint32_t)port, handler, &channel[port]));
}

static void something(uint32_t port)
{
	struct channel *c = &channel[port];

	if (!xen.open[port]) {
		open_one();
		return;
	}
	switch (any(10)) {
	case 0 ... 4:
		c->expected = true;
		raise_event(port);
		break;
	case 5:
		c->masked = true;
		uk_xen_event_mask(port);
		break;
	case 6 ... 7:
		c->masked = false;
		uk_xen_event_unmask(port);
		break;
	case 8:
		if (any(4))
			break;
		CHECK(uk_xen_event_take(port) == c->expected);
		c->expected = false;
		break;
	case 9:
		if (any(8))
			break;
		uk_xen_event_close(port);
		*c = (struct channel){ .masked = true };
		break;
	}
}

static void without_queues(unsigned rounds)
{
	CHECK(!xen_fifo_on && xen.asked && !xen.pages);
	CHECK(uk_xen_event_handler(PORTS, handler, NULL) == -EINVAL); /* in queues there are more */
	delivered = 0;
	while (rounds--) {
		for (unsigned n = any(60); n; n--)
			something(1 + any(any(2) ? 40 : PORTS - 1));
		xen_event_dispatch();
		CHECK(!VCPU->evtchn_upcall_pending && !VCPU->evtchn_pending_sel);
		for (uint32_t i = 1; i < PORTS; i++)
			CHECK(!channel[i].expected || channel[i].masked);
	}
	CHECK(delivered > 1000);
	for (uint32_t i = 1; i < PORTS; i++)
		if (xen.open[i]) {
			CHECK(uk_xen_event_priority(i, 0) == -ENOTSUP);
			return;
		}
}

/* Nothing of what was is there, but the numbers of channels that have a handler are taken. */
static void go_on(bool queues)
{
	static bool was[PORTS];

	memcpy(was, xen.open, sizeof(was));
	memset(&xen_shared_page, 0, sizeof(xen_shared_page));
	memset(&xen, 0, sizeof(xen));
	xen.queues = queues;
	xen_event_resume();
	CHECK(xen_fifo_on == queues && !xen.pages == !queues);
	for (uint32_t i = 1; i < PORTS; i++) {
		CHECK(xen.open[i] == was[i]);
		channel[i] = (struct channel){ .masked = true };
	}
}

int main(int argc, char **argv)
{
	unsigned rounds = begin(argc, argv);

	xen_event_init();
	without_queues(rounds);
	go_on(false);
	without_queues(rounds);
	go_on(true);
	go_on(false);
	without_queues(rounds);
	CHECK(!complaints);
	printf("events: all delivered\n");
	return 0;
}
