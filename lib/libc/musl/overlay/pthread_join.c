/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * musl's pthread_join.c, which gives the stack back to where pthread_create.c got it, and switches
 * cancellation off and on in place.
 */
#define _GNU_SOURCE
#include "pthread_impl.h"
#include <sys/mman.h>
#include "stack.h"

static inline void set_cancel_state(int new, int *old)
{
	struct pthread *self = __pthread_self();

	if (old)
		*old = self->canceldisable;
	self->canceldisable = new;
}

#define __pthread_setcancelstate(new, old) set_cancel_state(new, old)
#define __munmap(map, size)                __uk_stack_unmap(map, size, t->guard_size)

#include "src/thread/pthread_join.c"
