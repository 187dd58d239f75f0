/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Initialisers: functions that run during boot, in order of level and then priority, and their
 * counterparts that run in reverse at exit. A library registers its own; there is no central list.
 */
#ifndef UK_INIT_H
#define UK_INIT_H

#include <uk/table.h>

struct uk_init {
	int (*start)(void);  /* 0, or a negative errno: boot ends with a message naming it */
	void (*stop)(void);  /* or NULL; called at exit if start had succeeded */
	const char *name;
};

/* Levels. The heap exists from EARLY on, threads and blocking from DEV on. */
#define UK_INIT_EARLY "1"
#define UK_INIT_SCHED "2" /* the scheduler itself: no thread may block yet */
#define UK_INIT_DEV   "3" /* buses and devices */
#define UK_INIT_FS    "4" /* file systems and mounts */
#define UK_INIT_POSIX "5" /* process, descriptors, signals */
#define UK_INIT_APP   "6" /* last before main() */

/* prio: one digit as a string, "0" runs first, "9" last; "5" where it does not matter. */
#define UK_INIT(level, prio, start_fn, stop_fn)                                         \
	static const UK_TABLE_ROOT(struct uk_init, init, level prio, uk_init_##start_fn) = {    \
		.start = (start_fn), .stop = (stop_fn), .name = UK_LIB_NAME ":" #start_fn \
	}

#ifndef UK_LIB_NAME
#define UK_LIB_NAME "?"
#endif

#endif
