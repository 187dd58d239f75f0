/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first port of a console device (virtio 1.2 §5.3), for the application's streams. Output is copied into one
 * frame, and the writer waits until the device has it, as at a serial port; input comes into the buffers of
 * another one. Input ends where the device says (control.c) that the other side is closed.
 */
#include <uk/arch/relax.h>
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/plat/console.h>
#include <uk/spinlock.h>
#include <uk/string.h>

#include "control.h"

#define F_SIZE       0
#define CONFIG_COLS  0
#define CONFIG_PORTS 4
#define PORTS        2U /* looked at: QEMU's virtconsole is the first, its virtserialport the second */
#define BUFFERS      16U
#define BUFFER       (UK_PAGE_SIZE / BUFFERS)

/* There is one console: further devices are left alone. */
static struct {
	struct uk_virtio_dev *dev;
	struct uk_virtq *rx, *tx; /* of the port */
	struct uk_virtq *all[PORTS][2];
	char *out;
	struct uk_spinlock tx_lock, rx_lock;
	char *in; /* the buffer that is being read, NULL: none */
	uint32_t at, len;
	void (*callback)(void);
} con;

static struct uk_plat_console_port port;

/* One piece, in the frame; false: the device has failed. */
static bool send(const char *s, size_t n)
{
	struct uk_virtq_seg seg = { uk_page_from_virt(con.out), (uint32_t)n };
	uint32_t len;

	memcpy(con.out, s, n);
	if (uk_virtq_add(con.tx, &seg, 1, 0, con.out))
		return false;
	uk_virtq_kick(con.tx);
	while (!uk_virtq_get(con.tx, &len)) {
		if (con.dev->broken)
			return false;
		uk_arch_relax();
	}
	return true;
}

static size_t port_write(const char *s, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t part = UK_MIN(n - done, UK_PAGE_SIZE);
		bool irq = uk_spin_lock_irq(&con.tx_lock);
		bool ok = !con.dev->broken && send(s + done, part);

		uk_spin_unlock_irq(&con.tx_lock, irq);
		if (!ok)
			break;
		done += part;
	}
	return done;
}

static void give(char *buffer)
{
	struct uk_virtq_seg seg = { uk_page_from_virt(buffer), BUFFER };

	uk_virtq_add(con.rx, &seg, 0, 1, buffer);
}

/* Takes what there is; asks for an interrupt if that is nothing. */
static size_t take(char *buf, size_t n)
{
	size_t got = 0;

	while (got < n) {
		size_t part;

		if (!con.in) {
			con.in = uk_virtq_get(con.rx, &con.len);
			con.at = 0;
			if (!con.in)
				break;
		}
		part = UK_MIN(n - got, (size_t)(con.len - con.at));
		memcpy(buf + got, con.in + con.at, part);
		got += part;
		con.at += (uint32_t)part;
		if (con.at == con.len) {
			give(con.in);
			con.in = NULL;
		}
	}
	uk_virtq_kick(con.rx);
	return got;
}

/* Whether it has ended is asked first: what comes before the end is there when the end is told of. */
static ssize_t port_read(char *buf, size_t n)
{
	bool irq = uk_spin_lock_irq(&con.rx_lock);
	bool ended = console_control_ended();
	size_t got = take(buf, n);

	while (!got && !ended && con.callback && uk_virtq_irq_on(con.rx, 1) && !con.dev->broken)
		got = take(buf, n);
	uk_spin_unlock_irq(&con.rx_lock, irq);
	return got ? (ssize_t)got : ended ? 0 : -EAGAIN;
}

static void interrupt(struct uk_virtq *q)
{
	void (*callback)(void) = con.callback;

	if (!q->armed)
		return;
	uk_virtq_irq_off(q);
	if (callback)
		callback();
}

void console_ended(void)
{
	void (*callback)(void) = UK_READ_ONCE(con.callback);

	if (callback)
		callback();
}

/* Input that waits counts as new: the callback comes at once, as an interrupt would. */
static void port_set_rx(void (*cb)(void))
{
	bool irq = uk_spin_lock_irq(&con.rx_lock);
	bool now;

	con.callback = cb;
	now = cb && (con.in || console_control_ended() || uk_virtq_irq_on(con.rx, 1));
	uk_spin_unlock_irq(&con.rx_lock, irq);
	if (now) {
		irq = uk_irq_save();
		cb();
		uk_irq_restore(irq);
	}
}

/* Those of port 0 come first, then the two for control messages, then the other ports' (§5.3.2). */
static int open_queues(struct uk_virtio_dev *d, unsigned ports)
{
	int rc = 0;

	for (unsigned i = 0; !rc && i < ports; i++) {
		unsigned first = i ? 2 + 2 * i : 0;

		con.all[i][0] = uk_virtio_queue(d, first, BUFFERS, interrupt, NULL, 0, &rc);
		if (!rc)
			con.all[i][1] = uk_virtio_queue(d, first + 1, 2, NULL, NULL, 0, &rc);
	}
	if (!rc && uk_virtio_has(d, F_MULTIPORT))
		rc = console_control_open(d, con.out + 2 * UK_PAGE_SIZE);
	return rc;
}

/* Which port it is going to be; its queue for input is filled. 0, -errno. */
static int start(struct uk_virtio_dev *d)
{
	char *in = con.out + UK_PAGE_SIZE;
	uint32_t ports = 1;
	int port = 0, rc;

	if (uk_virtio_has(d, F_MULTIPORT))
		uk_virtio_config(d, CONFIG_PORTS, &ports, 4, 4);
	ports = UK_MAX(UK_MIN(ports, PORTS), 1U);
	rc = open_queues(d, ports);
	if (rc)
		return rc;
	uk_virtio_ready(d);
	if (uk_virtio_has(d, F_MULTIPORT))
		port = console_control_start(ports);
	if (port < 0)
		return port;
	con.rx = con.all[port][0];
	con.tx = con.all[port][1];
	for (unsigned i = 0; i < BUFFERS && uk_virtq_room(con.rx); i++)
		give(in + i * BUFFER);
	uk_virtq_kick(con.rx);
	return 0;
}

static void stop(struct uk_virtio_dev *d)
{
	uk_virtio_reset(d);
	console_control_free();
	for (unsigned i = 0; i < PORTS; i++)
		for (unsigned k = 0; k < 2; k++) {
			uk_virtio_queue_free(con.all[i][k]);
			con.all[i][k] = NULL;
		}
	con.dev = NULL;
}

static int probe(struct uk_virtio_dev *d)
{
	uk_paddr_t frames;
	uint16_t size[2] = { 0, 0 };
	int rc;

	if (con.dev)
		return -ENODEV;
	frames = uk_page_alloc(2 + CONTROL_FRAMES, UK_PAGE_ZERO);
	if (frames == UK_PAGE_NONE)
		return -ENOMEM;
	con.dev = d;
	con.out = uk_page_to_virt(frames);
	rc = uk_virtio_begin(d, 1U << F_SIZE | 1U << F_MULTIPORT);
	if (!rc)
		rc = start(d);
	if (rc) {
		stop(d);
		uk_page_free(frames, 2 + CONTROL_FRAMES);
		return rc;
	}
	if (uk_virtio_has(d, F_SIZE))
		uk_virtio_config(d, CONFIG_COLS, size, 4, 2);
	port = (struct uk_plat_console_port){ .write = port_write,
					      .read = port_read,
					      .set_rx = port_set_rx,
					      .cols = size[0],
					      .rows = size[1] };
	uk_plat_console_use(&port);
	return 0;
}

UK_VIRTIO_DRIVER(console, "virtio-console", UK_VIRTIO_CONSOLE, probe, NULL);
