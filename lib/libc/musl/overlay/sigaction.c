/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * musl's sigaction.c, which also notes that the process has a signal handler: before the first one
 * there is none to keep out of critical sections (masks.h).
 */
#include <signal.h>
#include <errno.h>
#include <string.h>
#include "syscall.h"
#include "pthread_impl.h"
#include "masks.h"

volatile int __uk_handlers;

/* Called with the number of the signal, before its handler is installed. */
#undef a_or_l
#define a_or_l(p, v) (a_store(&__uk_handlers, 1), (a_or_l)(p, v))

#include "src/signal/sigaction.c"
