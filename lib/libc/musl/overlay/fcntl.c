/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fcntl() without musl's detours: it emulates what kernels lacked once (duplicates that are closed on
 * exec, owners that are groups), and ours need no help with. All our architectures pass a third
 * argument in the same place whether or not the list is variable, so it is a named one here: taking it
 * from a list means storing all registers first. (<fcntl.h> would declare it otherwise.)
 */
#include "syscall.h"

#define F_SETLKW 7

int fcntl(int fd, int cmd, long arg)
{
	if (__builtin_expect(cmd == F_SETLKW, 0))
		return syscall_cp(SYS_fcntl, fd, cmd, arg);
	return syscall(SYS_fcntl, fd, cmd, arg);
}
