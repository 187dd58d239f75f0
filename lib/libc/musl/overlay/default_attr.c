/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Default sizes of a thread: the stack is the configuration's, and the guard is the one page that
 * every stack has.
 */
#include "pthread_impl.h"

unsigned __default_stacksize = UK_MUSL_THREAD_STACK;
unsigned __default_guardsize = 4096;
