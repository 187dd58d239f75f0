/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the client of xenstore share. */
#ifndef XENSTORE_PRIV_H
#define XENSTORE_PRIV_H

#include <uk/xenstore.h>

/* A request from beginning to end, in the caller's thread: err, or the length of the answer. */
int xenstore_do(struct uk_xenstore_request *rq);

/* Adds the path of a place to what is sent, with its NUL. */
void xenstore_place(struct uk_xenstore_request *rq, const char *folder, const char *name);

/* One more has begun, or (-1) ended. */
void xenstore_transaction(int begun);

/* watch.c: something at the path of this one has changed; interrupt context. All of them, after an attach. */
void xenstore_fired(uint32_t token);
void xenstore_watch_again(void);

#endif
