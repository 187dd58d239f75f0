/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * musl's pthread_getattr_np.c. How far the main thread's stack reaches it finds out by trying to grow
 * the mapping of each page below its top, which fails where the stack of a Linux process is. Here the
 * kernel knows.
 */
#define _GNU_SOURCE
#include "pthread_impl.h"
#include "libc.h"
#include "stack.h"
#include <sys/mman.h>

static void *try_to_grow(char *page)
{
	if (!__uk_stack_of_main(page))
		return 0;
	errno = ENOMEM;
	return MAP_FAILED;
}

#define mremap(page, old_size, new_size, flags) try_to_grow(page)

#include "src/thread/pthread_getattr_np.c"
