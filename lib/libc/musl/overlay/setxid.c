/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changing user and group: identity belongs to the process here, where Linux keeps it per thread.
 * So one call does it, in place of a signal to every thread; and its number is a constant.
 */
#include <unistd.h>
#include "syscall.h"
#include "libc.h"

int __setxid(int nr, int id, int eid, int sid)
{
	switch (nr) {
	case SYS_setuid:
		return syscall(SYS_setuid, id);
	case SYS_setgid:
		return syscall(SYS_setgid, id);
	case SYS_setreuid:
		return syscall(SYS_setreuid, id, eid);
	case SYS_setregid:
		return syscall(SYS_setregid, id, eid);
	case SYS_setresuid:
		return syscall(SYS_setresuid, id, eid, sid);
	case SYS_setresgid:
		return syscall(SYS_setresgid, id, eid, sid);
	}
	return __syscall_ret(-ENOSYS);
}
