/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mount(2) and umount2(2): new mounts; remounting, binding and moving are not offered.
 */
#include "internal.h"

#define MS_KNOWN (UK_MS_RDONLY | UK_MS_NOATIME)
#define MS_MAGIC 0xc0ed0000UL /* what old programs put into the upper half */

UK_SYSCALL(long, mount, const char *dev, const char *path, const char *type, unsigned long flags,
	   const char *options)
{
	if (uk_process_current()->creds.euid)
		return -EPERM;
	if ((flags & 0xffff0000UL) == MS_MAGIC)
		flags &= 0xffff;
	if (flags & ~(unsigned long)MS_KNOWN)
		return -EINVAL;
	if (path_check(path) || path_check(type) || (dev && path_check(dev)) ||
	    (options && path_check(options)))
		return -EFAULT;
	return uk_vfs_mount(fs(), dev ? dev : "", path, type, (unsigned)flags,
			    options ? options : "");
}

UK_SYSCALL(long, umount2, const char *path, int flags)
{
	long rc = path_check(path);

	if (rc)
		return rc;
	if (uk_process_current()->creds.euid)
		return -EPERM;
	return flags ? -EINVAL : uk_vfs_umount(fs(), path);
}
