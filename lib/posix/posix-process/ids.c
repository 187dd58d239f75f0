/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who the process is: process, group and session numbers; user and group ids with POSIX's rules for
 * changing them. The effective ids also decide about files: the file tree has a copy.
 *
 * Linux keeps ids per thread and libcs go to some length to change them in all threads at
 * once; here they are the process's, as POSIX says, and the repetition does no harm.
 */
#include <uk/errno.h>
#include <uk/process.h>
#include <uk/string.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>
#ifdef CONFIG_LIBPOSIX_FILE
#include <uk/vfs.h>
#endif

#define KEEP UINT32_MAX /* -1: leave this id as it is */

UK_SYSCALL_LEAF(long, getpid)
{
	return uk_process_current()->pid;
}

UK_SYSCALL_LEAF(long, getppid)
{
	return uk_process_current()->ppid;
}

UK_SYSCALL_LEAF(long, getuid)
{
	return uk_process_current()->creds.uid;
}

UK_SYSCALL_LEAF(long, geteuid)
{
	return uk_process_current()->creds.euid;
}

UK_SYSCALL_LEAF(long, getgid)
{
	return uk_process_current()->creds.gid;
}

UK_SYSCALL_LEAF(long, getegid)
{
	return uk_process_current()->creds.egid;
}

static void commit(struct uk_process *p)
{
#ifdef CONFIG_LIBPOSIX_FILE
	if (p->fs) {
		p->fs->uid = p->creds.euid;
		p->fs->gid = p->creds.egid;
	}
#endif
}

/* One of three ids as a set. */
struct ids {
	uint32_t *real, *effective, *saved;
};

static struct ids user_ids(struct uk_creds *c)
{
	return (struct ids){ &c->uid, &c->euid, &c->suid };
}

static struct ids group_ids(struct uk_creds *c)
{
	return (struct ids){ &c->gid, &c->egid, &c->sgid };
}

static bool is_one_of(const struct ids *i, uint32_t id)
{
	return id == KEEP || id == *i->real || id == *i->effective || id == *i->saved;
}

static long set_ids(struct ids i, uint32_t real, uint32_t effective, uint32_t saved)
{
	struct uk_process *p = uk_process_current();

	if (p->creds.euid != 0 &&
	    (!is_one_of(&i, real) || !is_one_of(&i, effective) || !is_one_of(&i, saved)))
		return -EPERM;
	if (real != KEEP)
		*i.real = real;
	if (effective != KEEP)
		*i.effective = effective;
	if (saved != KEEP)
		*i.saved = saved;
	commit(p);
	return 0;
}

static long set_id(struct ids i, uint32_t id)
{
	if (id == KEEP)
		return -EINVAL;
	/* A privileged process changes all three and cannot come back. */
	if (uk_process_current()->creds.euid == 0)
		return set_ids(i, id, id, id);
	return set_ids(i, KEEP, id, KEEP);
}

/* setreuid: the saved id follows the effective one whenever the real one is set or they differ. */
static long set_re(struct ids i, uint32_t real, uint32_t effective)
{
	uint32_t old_real = *i.real;

	if (uk_process_current()->creds.euid != 0 && real != KEEP && real != *i.real &&
	    real != *i.effective)
		return -EPERM;
	if (!is_one_of(&i, effective) && uk_process_current()->creds.euid != 0)
		return -EPERM;
	if (real != KEEP)
		*i.real = real;
	if (effective != KEEP)
		*i.effective = effective;
	if (real != KEEP || (effective != KEEP && effective != old_real))
		*i.saved = *i.effective;
	commit(uk_process_current());
	return 0;
}

static long get_ids(struct ids i, uint32_t *real, uint32_t *effective, uint32_t *saved)
{
	if (uk_put_user(*i.real, real) || uk_put_user(*i.effective, effective) ||
	    uk_put_user(*i.saved, saved))
		return -EFAULT;
	return 0;
}

UK_SYSCALL(long, setuid, uint32_t id)
{
	return set_id(user_ids(&uk_process_current()->creds), id);
}

UK_SYSCALL(long, setgid, uint32_t id)
{
	return set_id(group_ids(&uk_process_current()->creds), id);
}

UK_SYSCALL(long, setreuid, uint32_t real, uint32_t effective)
{
	return set_re(user_ids(&uk_process_current()->creds), real, effective);
}

UK_SYSCALL(long, setregid, uint32_t real, uint32_t effective)
{
	return set_re(group_ids(&uk_process_current()->creds), real, effective);
}

UK_SYSCALL(long, setresuid, uint32_t real, uint32_t effective, uint32_t saved)
{
	return set_ids(user_ids(&uk_process_current()->creds), real, effective, saved);
}

UK_SYSCALL(long, setresgid, uint32_t real, uint32_t effective, uint32_t saved)
{
	return set_ids(group_ids(&uk_process_current()->creds), real, effective, saved);
}

UK_SYSCALL(long, getresuid, uint32_t *real, uint32_t *effective, uint32_t *saved)
{
	return get_ids(user_ids(&uk_process_current()->creds), real, effective, saved);
}

UK_SYSCALL(long, getresgid, uint32_t *real, uint32_t *effective, uint32_t *saved)
{
	return get_ids(group_ids(&uk_process_current()->creds), real, effective, saved);
}

UK_SYSCALL(long, getgroups, int n, uint32_t *list)
{
	struct uk_creds *c = &uk_process_current()->creds;

	if (n < 0 || (n && (uint32_t)n < c->ngroups))
		return -EINVAL;
	if (n && uk_copy_to_user(list, c->groups, c->ngroups * sizeof(*list)))
		return -EFAULT;
	return c->ngroups;
}

UK_SYSCALL(long, setgroups, size_t n, const uint32_t *list)
{
	struct uk_creds *c = &uk_process_current()->creds;
	uint32_t groups[UK_GROUPS_MAX];

	if (c->euid != 0)
		return -EPERM;
	if (n > UK_GROUPS_MAX)
		return -EINVAL;
	if (n && uk_copy_from_user(groups, list, n * sizeof(*list)))
		return -EFAULT;
	memcpy(c->groups, groups, n * sizeof(*groups));
	c->ngroups = (uint32_t)n;
	return 0;
}
