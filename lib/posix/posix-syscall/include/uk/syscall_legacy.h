/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The calls that x86_64 has beside newer ones, on machines that have the newer ones only: for tests of both, which
 * are written once. Nothing where the machine has them.
 */
#ifndef UK_SYSCALL_LEGACY_H
#define UK_SYSCALL_LEGACY_H

#include <uk/syscall_list.h>

#ifndef UK_SYSCALL_LEGACY
#define UK_LEGACY_CWD       (-100) /* AT_FDCWD */
#define UK_LEGACY_REMOVEDIR 0x200
#define UK_LEGACY_EINVAL    22

struct uk_legacy_time {
	long sec, part;
};

static inline long uk_sys_open(long path, long flags, long mode)
{
	return uk_sys_openat(UK_LEGACY_CWD, path, flags, mode);
}

static inline long uk_sys_stat(long path, long st)
{
	return uk_sys_newfstatat(UK_LEGACY_CWD, path, st, 0);
}

static inline long uk_sys_access(long path, long mode)
{
	return uk_sys_faccessat(UK_LEGACY_CWD, path, mode);
}

static inline long uk_sys_unlink(long path)
{
	return uk_sys_unlinkat(UK_LEGACY_CWD, path, 0);
}

static inline long uk_sys_mkdir(long path, long mode)
{
	return uk_sys_mkdirat(UK_LEGACY_CWD, path, mode);
}

static inline long uk_sys_rmdir(long path)
{
	return uk_sys_unlinkat(UK_LEGACY_CWD, path, UK_LEGACY_REMOVEDIR);
}

static inline long uk_sys_readlink(long path, long buf, long size)
{
	return uk_sys_readlinkat(UK_LEGACY_CWD, path, buf, size);
}

#ifndef UK_SYSCALL_RENAMEAT
static inline long uk_sys_renameat(long fromdir, long from, long todir, long to)
{
	return uk_sys_renameat2(fromdir, from, todir, to, 0);
}
#endif

static inline long uk_sys_chown(long path, long uid, long gid)
{
	return uk_sys_fchownat(UK_LEGACY_CWD, path, uid, gid, 0);
}

/* Here alone the two may be the same. */
static inline long uk_sys_dup2(long from, long to)
{
	const long getfd = 1;
	long rc;

	if (from != to)
		return uk_sys_dup3(from, to, 0);
	rc = uk_sys_fcntl(from, getfd, 0);
	return rc < 0 ? rc : to;
}

static inline long uk_sys_pause(void)
{
	return uk_sys_ppoll(0, 0, 0, 0, 0);
}

static inline long uk_sys_poll(long fds, long n, long msec)
{
	struct uk_legacy_time ts = { msec / 1000, msec % 1000 * 1000000 };

	return uk_sys_ppoll(fds, n, msec < 0 ? 0 : (long)&ts, 0, 0);
}

static inline long uk_sys_select(long n, long rd, long wr, long ex, long timeval)
{
	const struct uk_legacy_time *tv = (const struct uk_legacy_time *)timeval;
	struct uk_legacy_time ts = { 0, 0 };

	if (tv) {
		if (tv->sec < 0 || tv->part < 0)
			return -UK_LEGACY_EINVAL;
		ts.sec = tv->sec + tv->part / 1000000;
		ts.part = tv->part % 1000000 * 1000;
	}
	return uk_sys_pselect6(n, rd, wr, ex, tv ? (long)&ts : 0, 0);
}

static inline long uk_sys_alarm(long sec)
{
	struct uk_legacy_time it[2] = { { 0, 0 }, { sec, 0 } }, old[2] = { { 0, 0 } };
	long rc = uk_sys_setitimer(0, (long)it, (long)old);

	return rc < 0 ? rc : old[1].sec + (old[1].part > 0);
}
#endif

#endif
