/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * uname(2) and the host's name. Programs ask the system's name to learn which system calls they may
 * use, and the answer to that is Linux; what it really is stands in `version`.
 */
#include <uk/abi/machine.h>
#include <uk/errno.h>
#include <uk/param.h>
#include <uk/process.h>
#include <uk/string.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>

#define FIELD    65 /* with the terminating 0 */
#define NAME_MAX (FIELD - 1)

UK_PARAM_STR(uname, node, "whittle", "host name");

struct utsname {
	char sysname[FIELD];
	char nodename[FIELD];
	char release[FIELD];
	char version[FIELD];
	char machine[FIELD];
	char domainname[FIELD];
};

static char node[FIELD], domain[FIELD];
static bool node_set;

UK_SYSCALL(long, uname, struct utsname *user)
{
	static const struct utsname fixed = {
		.sysname = "Linux",
		.release = "6.1.0",
		.version = "Whittle",
		.machine = UK_ABI_MACHINE,
		.domainname = "(none)",
	};
	struct utsname u = fixed;

	uk_strscpy(u.nodename, node_set ? node : uk_param_uname_node.s, FIELD);
	if (domain[0])
		memcpy(u.domainname, domain, FIELD);
	return uk_put_user(u, user);
}

static long set_name(char *field, const char *user, int n)
{
	char name[FIELD] = { 0 };

	if (uk_process_current()->creds.euid)
		return -EPERM;
	if (n < 0 || n > NAME_MAX)
		return -EINVAL;
	if (n && uk_copy_from_user(name, user, (size_t)n))
		return -EFAULT;
	memcpy(field, name, FIELD);
	return 0;
}

UK_SYSCALL(long, sethostname, const char *name, int n)
{
	long rc = set_name(node, name, n);

	node_set |= !rc;
	return rc;
}

UK_SYSCALL(long, setdomainname, const char *name, int n)
{
	return set_name(domain, name, n);
}
