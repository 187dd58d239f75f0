/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * musl's pthread_join.c, which gives the stack back to where pthread_create.c got it.
 */
#define _GNU_SOURCE
#include "pthread_impl.h"
#include <sys/mman.h>
#include "stack.h"

#define __munmap(map, size) __uk_stack_unmap(map, size, t->guard_size)

#include "src/thread/pthread_join.c"
