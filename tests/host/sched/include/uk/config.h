/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration of a host build; the Makefile adds the scheduler with -D.
 */
#define CONFIG_LIBUKBASE_ASSERT         1
#define CONFIG_LIBUKBASE_LOG_LEVEL      2
#define CONFIG_LIBUKSCHED_STACK_SIZE    16384
#define CONFIG_LIBUKSCHED_CPUTIME       1
#define CONFIG_LIBUKSCHEDPRIO_SLICE_MS  10
#define CONFIG_LIBUKFUTEX_BUCKETS_SHIFT 2
