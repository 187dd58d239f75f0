/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocking the application's signals around the creation and the end of a thread, as musl does, but
 * only if there is a handler that could run: most programs with threads have none, and four of
 * their system calls per thread go with it.
 *
 * One that is installed while another thread is inside such a section does not wait for its end.
 * That thread may then run the handler with musl's list of threads locked, which matters only
 * to a handler that forks or changes the identity of the process at that moment.
 *
 * A saved mask says so itself if it is none: a real one never has SIGKILL in it.
 */
#ifndef UK_MUSL_MASKS_H
#define UK_MUSL_MASKS_H

#include <signal.h>

extern hidden volatile int __uk_handlers;

#define UK_MUSL_NO_MASK (1UL << (SIGKILL - 1))

static inline void uk_musl_block(sigset_t *set)
{
	if (__uk_handlers)
		__block_app_sigs(set);
	else
		set->__bits[0] = UK_MUSL_NO_MASK;
}

static inline void uk_musl_restore(sigset_t *set)
{
	if (!(set->__bits[0] & UK_MUSL_NO_MASK))
		__restore_sigs(set);
}

#endif
