/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resource limits and usage (Linux asm-generic/resource.h, linux/resource.h).
 */
#ifndef UK_ABI_RESOURCE_H
#define UK_ABI_RESOURCE_H

#include <stdint.h>

#define UK_RLIMIT_CPU        0
#define UK_RLIMIT_FSIZE      1
#define UK_RLIMIT_DATA       2
#define UK_RLIMIT_STACK      3
#define UK_RLIMIT_CORE       4
#define UK_RLIMIT_RSS        5
#define UK_RLIMIT_NPROC      6
#define UK_RLIMIT_NOFILE     7
#define UK_RLIMIT_MEMLOCK    8
#define UK_RLIMIT_AS         9
#define UK_RLIMIT_LOCKS      10
#define UK_RLIMIT_SIGPENDING 11
#define UK_RLIMIT_MSGQUEUE   12
#define UK_RLIMIT_NICE       13
#define UK_RLIMIT_RTPRIO     14
#define UK_RLIMIT_RTTIME     15
#define UK_RLIMITS           16
#define UK_RLIM_INFINITY     UINT64_MAX

struct uk_abi_rlimit {
	uint64_t cur;
	uint64_t max;
};

#define UK_RUSAGE_SELF     0
#define UK_RUSAGE_CHILDREN (-1)
#define UK_RUSAGE_THREAD   1

struct uk_abi_rusage {
	int64_t utime_sec, utime_usec;
	int64_t stime_sec, stime_usec;
	int64_t maxrss; /* KiB */
	int64_t ixrss, idrss, isrss;
	int64_t minflt, majflt;
	int64_t nswap;
	int64_t inblock, oublock;
	int64_t msgsnd, msgrcv;
	int64_t nsignals;
	int64_t nvcsw, nivcsw;
};

_Static_assert(sizeof(struct uk_abi_rusage) == 144, "struct rusage");

#endif
