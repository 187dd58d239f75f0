/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * musl's pthread_getattr_np.c. How far the main thread's stack reaches it finds out by trying to grow
 * the mapping of each page, which works for a stack that a Linux process has. Here the answer is what
 * is certain: the pages from the top to the one in use by the caller.
 */
#define _GNU_SOURCE
#include "pthread_impl.h"
#include "libc.h"
#include <sys/mman.h>

static void *in_use(pthread_t t, char *page)
{
	if (t != __pthread_self() || page + PAGE_SIZE <= (char *)__builtin_frame_address(0))
		return 0;
	errno = ENOMEM;
	return MAP_FAILED;
}

#define mremap(page, old_size, new_size, flags) in_use(t, page)

#include "src/thread/pthread_getattr_np.c"
