/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prctl(2): the name of a thread, and the few switches of a process that mean something here.
 */
#include <uk/errno.h>
#include <uk/process.h>
#include <uk/string.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>

#define PR_GET_DUMPABLE     3
#define PR_SET_DUMPABLE     4
#define PR_SET_NAME         15
#define PR_GET_NAME         16
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39

static long set_name(struct uk_task *self, const char *from)
{
	char name[UK_TASK_NAME];
	ssize_t n = uk_strncpy_from_user(name, from, sizeof(name));

	if (n == -EFAULT)
		return n;
	name[sizeof(name) - 1] = 0; /* longer ones are cut */
	memcpy(self->name, name, sizeof(name));
	uk_thread_set_name(self->thread, self->name);
	return 0;
}

static long get_name(struct uk_task *self, char *to)
{
	char name[UK_TASK_NAME] = { 0 };

	uk_strscpy(name, self->thread->name, sizeof(name));
	return uk_copy_to_user(to, name, sizeof(name));
}

UK_SYSCALL(long, prctl, int option, unsigned long a, unsigned long b, unsigned long c,
	   unsigned long d)
{
	struct uk_process *p = uk_process_current();

	switch (option) {
	case PR_SET_NAME:
		return set_name(uk_task_current(), (const char *)a);
	case PR_GET_NAME:
		return get_name(uk_task_current(), (char *)a);
	case PR_GET_DUMPABLE:
		return !p->undumpable;
	case PR_SET_DUMPABLE:
		if (a > 1)
			return -EINVAL;
		p->undumpable = !a;
		return 0;
	case PR_SET_NO_NEW_PRIVS: /* there is no execve that could give any */
		if (a != 1 || b || c || d)
			return -EINVAL;
		p->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return a || b || c || d ? -EINVAL : p->no_new_privs;
	}
	return -EINVAL;
}
