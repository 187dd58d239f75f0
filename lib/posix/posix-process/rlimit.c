/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resource limits. A limit is accepted if somebody keeps it: the number of descriptors (the
 * descriptor table), of threads (clone), of queued signals (sigqueue), of addresses (mmap), and the size of core
 * files, since there are none. For the others the only value is the one they have: unlimited, or
 * the size that stacks have.
 */
#include <uk/boot.h>
#include <uk/errno.h>
#include <uk/process.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>
#include "internal.h"
#ifdef CONFIG_LIBPOSIX_FILE
#include <uk/fdtab.h>
#endif

#define NOFILE_DEFAULT 1024
#define NOFILE_MAX     (1U << 20)

void process_init_limits(struct uk_process *p)
{
	unsigned i;

	for (i = 0; i < UK_RLIMITS; i++)
		p->limits[i].cur = p->limits[i].max = UK_RLIM_INFINITY;
	p->limits[UK_RLIMIT_NOFILE].cur = NOFILE_DEFAULT;
	p->limits[UK_RLIMIT_NOFILE].max = NOFILE_MAX;
	p->limits[UK_RLIMIT_CORE].cur = p->limits[UK_RLIMIT_CORE].max = 0;
	p->limits[UK_RLIMIT_NICE].cur = p->limits[UK_RLIMIT_NICE].max = 0;
	p->limits[UK_RLIMIT_SIGPENDING].cur = p->limits[UK_RLIMIT_SIGPENDING].max = 4096;
}

static bool is_kept(unsigned resource)
{
	switch (resource) {
	case UK_RLIMIT_AS:
	case UK_RLIMIT_CORE:
	case UK_RLIMIT_NPROC:
	case UK_RLIMIT_NOFILE:
	case UK_RLIMIT_SIGPENDING:
		return true;
	}
	return false;
}

static long set_limit(struct uk_process *p, unsigned resource, const struct uk_abi_rlimit *new)
{
	struct uk_abi_rlimit *l = &p->limits[resource];

	if (new->cur > new->max)
		return -EINVAL;
	if (new->max > l->max && p->creds.euid != 0)
		return -EPERM;
	if (!is_kept(resource) && new->cur != l->cur)
		return -EINVAL;
	if (resource == UK_RLIMIT_NOFILE) {
		if (new->max > NOFILE_MAX)
			return -EPERM;
#ifdef CONFIG_LIBPOSIX_FILE
		if (p->files)
			uk_fdtab_set_limit(p->files, (unsigned)new->cur);
#endif
	}
	*l = *new;
	return 0;
}

static UK_NOINLINE long limits(int pid, unsigned resource, const struct uk_abi_rlimit *new,
			       struct uk_abi_rlimit *old)
{
	struct uk_process *p = uk_process_current();
	struct uk_abi_rlimit want, had;
	uk_vaddr_t low, high;
	long rc = 0;

	if (pid != 0 && pid != p->pid)
		return -ESRCH;
	if (resource >= UK_RLIMITS)
		return -EINVAL;
	if (resource == UK_RLIMIT_STACK) {
		uk_boot_stack(&low, &high);
		p->limits[resource].cur = high - low;
	}
	had = p->limits[resource];
	if (new) {
		if (uk_get_user(&want, new))
			return -EFAULT;
		rc = set_limit(p, resource, &want);
	}
	if (rc == 0 && old && uk_put_user(had, old))
		return -EFAULT;
	return rc;
}

UK_SYSCALL(long, prlimit64, int pid, unsigned resource, const struct uk_abi_rlimit *new,
	   struct uk_abi_rlimit *old)
{
	return limits(pid, resource, new, old);
}

UK_SYSCALL(long, getrlimit, unsigned resource, struct uk_abi_rlimit *old)
{
	if (!old)
		return -EFAULT;
	return limits(0, resource, NULL, old);
}

UK_SYSCALL(long, setrlimit, unsigned resource, const struct uk_abi_rlimit *new)
{
	if (!new)
		return -EFAULT;
	return limits(0, resource, new, NULL);
}
