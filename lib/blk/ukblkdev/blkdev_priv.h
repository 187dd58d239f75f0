/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to ukblkdev.
 */
#ifndef BLKDEV_PRIV_H
#define BLKDEV_PRIV_H

#include <uk/blkdev.h>

/* The event of a device that was started without one: wakes who waits in uk_blkdev_do(). */
void blkdev_wake(struct uk_blkq *q, void *arg);

#endif
