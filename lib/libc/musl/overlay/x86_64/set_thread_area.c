/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread pointer of the calling thread; and the application's canary, in the thread block that
 * it points to, where compilers look for it and from where pthread_create() copies it. What is called
 * when a canary was overwritten, __stack_chk_fail(), is the kernel's (uk/canary.h).
 */
#include "pthread_impl.h"
#include "syscall.h"

#define ARCH_SET_FS 0x1002

int __set_thread_area(void *p)
{
	return __syscall(SYS_arch_prctl, ARCH_SET_FS, p);
}

/* `entropy`: AT_RANDOM, which start.c always has, as an array of words. */
void __init_ssp(void *entropy)
{
	const uintptr_t *canary = entropy;

	/* The byte that is first in memory ends a string: strcpy() and its like stop there. */
	__pthread_self()->canary = *canary & ~(uintptr_t)0xff;
}
