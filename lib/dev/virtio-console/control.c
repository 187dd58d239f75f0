/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of a console device with several ports (virtio 1.2 §5.3.6.2): which ones it has, and whether somebody is at
 * their other end. Messages come by interrupt, and are answered at boot only.
 */
#include <uk/arch/relax.h>
#include <uk/bits.h>
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/print.h>
#include <uk/spinlock.h>
#include <uk/string.h>
#include <uk/time.h>

#include "control.h"

#define QUEUE_IN  2
#define QUEUE_OUT 3
#define BUFFERS   32U /* a device drops what it has no buffer for, and QEMU's has 31 ports */
#define PORTS     32U

enum { DEVICE_READY, PORT_ADD, PORT_REMOVE, PORT_READY, PORT_OPEN = 6 };

/* Behind it may come a name, which nobody asks for here. */
struct message {
	uint32_t id;
	uint16_t event, value;
};

static struct {
	struct uk_virtq *rx, *tx;
	struct message *out; /* the frame's first; behind it those of the device */
	struct uk_spinlock lock;
	uint32_t added; /* bits of ports */
	int port;       /* the one that is used, -1: not known yet */
	bool opened, ended;
} control = { .port = -1 };

static void give(struct message *m)
{
	struct uk_virtq_seg seg = { uk_page_from_virt(m), sizeof(*m) };

	uk_virtq_add(control.rx, &seg, 0, 1, m);
}

/* The memory is the device's again soon, and it may write there at any time: `m` is our copy. */
static void handle(struct message m)
{
	if (m.id >= PORTS)
		return;
	if (m.event == PORT_ADD)
		control.added |= 1U << m.id;
	if ((int)m.id != control.port)
		return;
	if (m.event == PORT_OPEN && m.value)
		control.opened = true;
	else if (m.event == PORT_REMOVE || (m.event == PORT_OPEN && control.opened))
		UK_WRITE_ONCE(control.ended, true);
}

/* Takes all messages that there are. True: the port has ended among them. */
static bool take(void)
{
	bool irq = uk_spin_lock_irq(&control.lock), before = control.ended, now;
	struct message *m;
	uint32_t len;

	do {
		while ((m = uk_virtq_get(control.rx, &len))) {
			struct message copy = { 0 };

			if (len >= sizeof(*m))
				memcpy(&copy, m, sizeof(copy));
			else
				copy.id = PORTS;
			handle(copy);
			give(m);
		}
		uk_virtq_kick(control.rx);
	} while (uk_virtq_irq_on(control.rx, 1) && !control.rx->dev->broken);
	now = control.ended;
	uk_spin_unlock_irq(&control.lock, irq);
	return now && !before;
}

static void interrupt(struct uk_virtq *q UK_UNUSED)
{
	if (take())
		console_ended();
}

static bool say(uint32_t id, uint16_t event, uk_nsec end)
{
	struct uk_virtq_seg seg = { uk_page_from_virt(control.out), sizeof(*control.out) };
	uint32_t len;

	*control.out = (struct message){ .id = id, .event = event, .value = 1 };
	if (uk_virtq_add(control.tx, &seg, 1, 0, control.out))
		return false;
	uk_virtq_kick(control.tx);
	while (!uk_virtq_get(control.tx, &len)) {
		if (control.tx->dev->broken || uk_clock_monotonic() > end)
			return false;
		uk_arch_relax();
	}
	return true;
}

int console_control_open(struct uk_virtio_dev *d, void *frames)
{
	int rc;

	control.out = frames;
	control.rx = uk_virtio_queue(d, QUEUE_IN, BUFFERS, interrupt, NULL, 0, &rc);
	if (!rc)
		control.tx = uk_virtio_queue(d, QUEUE_OUT, 2, NULL, NULL, 0, &rc);
	for (unsigned i = 1; !rc && i <= BUFFERS && uk_virtq_room(control.rx); i++)
		give(control.out + i);
	return rc;
}

/* Bits below `n` of the ports that were added. */
static uint32_t added(unsigned n)
{
	take();
	return UK_READ_ONCE(control.added) & ((1U << n) - 1);
}

int console_control_start(unsigned n)
{
	uk_nsec end = uk_deadline(UK_NSEC_PER_SEC);
	uint32_t ports = 0;

	take(); /* shows it the buffers for its answers, which it would drop without */
	if (say(0, DEVICE_READY, end))
		while (!(ports = added(n)) && !control.rx->dev->broken &&
		       uk_clock_monotonic() < end)
			uk_arch_relax();
	if (!ports) {
		uk_pr_warn("virtio-console (%s): none of its first %u ports is there; with QEMU: "
			   "-device "
			   "virtconsole or virtserialport",
			   control.rx->dev->name, n);
		return -EIO;
	}
	control.port = uk_ctz(ports);
	if (say((uint32_t)control.port, PORT_READY, end) &&
	    say((uint32_t)control.port, PORT_OPEN, end))
		return control.port;
	uk_pr_warn("virtio-console (%s): port %d is not opened", control.rx->dev->name,
		   control.port);
	return -EIO;
}

bool console_control_ended(void)
{
	return UK_READ_ONCE(control.ended);
}

void console_control_free(void)
{
	uk_virtio_queue_free(control.rx);
	uk_virtio_queue_free(control.tx);
	control.rx = control.tx = NULL;
	control.port = -1;
	control.added = 0;
}
