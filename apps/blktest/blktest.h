/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the parts of blktest share.
 */
#ifndef BLKTEST_H
#define BLKTEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uk/blkdev.h>
#include <uk/waitq.h>

#define SLOTS 16U /* requests under way, at most */

extern struct uk_blkdev *dev;
extern struct uk_waitq wq;

/* Starts the device with `queues` queues; with `async` requests are waited for by reap_some(). Ends the program if it cannot. */
void start(unsigned queues, int async);

/* Submits n requests. Ends the program if there is no room. */
void submit(struct uk_blkq *q, struct uk_blkreq *const *reqs, unsigned n);

/* Waits until there is something; how many. */
unsigned reap_some(struct uk_blkq *q, struct uk_blkreq **done, unsigned n);

/* A number of a sequence that `state` begins (xorshift64, G. Marsaglia, 2003). */
uint64_t random_next(uint64_t *state);

/* Memory at a multiple of 4096. */
void *memory(size_t size);

int verify(uint64_t seed);
int neighbours(unsigned sector);
int measure(unsigned seconds, int writes);
int steady(unsigned rounds);
int count(unsigned requests, int writes);

#endif
