/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Process groups and sessions. With one process there is one of each; it leads both, and can
 * neither join another group nor found a session, since a group leader may not (setsid(2)).
 */
#include <uk/errno.h>
#include <uk/process.h>
#include <uk/syscall.h>

/* The process that a call means by its argument; 0 is the caller. */
static bool is_me(int pid)
{
	return pid == 0 || pid == uk_process_current()->pid;
}

UK_SYSCALL_LEAF(long, getpgid, int pid)
{
	return is_me(pid) ? uk_process_current()->pgid : -ESRCH;
}

UK_SYSCALL_LEAF(long, getsid, int pid)
{
	return is_me(pid) ? uk_process_current()->sid : -ESRCH;
}

UK_SYSCALL_LEAF(long, setsid)
{
	return -EPERM;
}

UK_SYSCALL_LEAF(long, setpgid, int pid, int pgid)
{
	if (pgid < 0)
		return -EINVAL;
	if (!is_me(pid))
		return -ESRCH;
	return -EPERM; /* a session leader stays where it is */
}

#ifdef UK_SYSCALL_LEGACY
UK_SYSCALL_LEAF(long, getpgrp)
{
	return uk_process_current()->pgid;
}
#endif
