/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to virtio-console. Several ports and what is said about them (virtio 1.2 §5.3.6.2); console.c moves the
 * bytes of one.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <uk/virtq.h>

#define F_MULTIPORT 1

/* Frames that it takes from its caller, zeroed. */
#define CONTROL_FRAMES 1U

/* Between uk_virtio_begin() and _ready(), if F_MULTIPORT was negotiated: the two queues for messages. 0, -errno. */
int console_control_open(struct uk_virtio_dev *d, void *frames);

/*
 * After uk_virtio_ready(): waits until the device has said which ports there are, a second at most, and opens the
 * first. Its number, below `n`; -EIO: there is none, which was said. Thread context.
 */
int console_control_start(unsigned n);

/* The other side of that port was open, and is not any more. Any context. */
bool console_control_ended(void);

/* console.c's: now it has ended. Interrupt context. */
void console_ended(void);

/* After a reset, or a failed open. */
void console_control_free(void);

#endif
