/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a system call does that no library of the image implements: -ENOSYS.
 *
 * Every uk_sys_NAME has a weak definition here, so that a libc can call any of them and depends on
 * this library alone; a handler elsewhere is the strong definition and takes its place. The
 * fallbacks are aliases of one function. Only when they shall report themselves does each get a
 * body of its own, to know its name.
 */
#include <uk/api.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/syscall.h>
#include "missing.h"

#ifdef CONFIG_LIBPOSIX_SYSCALL_MISSING

static const char *const names[UK_SYSCALL_LIMIT] = {
#define UK_SYSCALL_X(nr, name, args) [nr] = #name,
	UK_SYSCALL_LIST(UK_SYSCALL_X)
#undef UK_SYSCALL_X
};

long uk_syscall_missing(long nr)
{
	static bool said[UK_SYSCALL_LIMIT];

	if (nr < 0 || nr >= UK_SYSCALL_LIMIT) {
		uk_pr_warn("system call %ld does not exist", nr);
	} else if (!said[nr]) {
		said[nr] = true;
		uk_pr_warn("system call %s (%ld) is not in this image", names[nr] ? names[nr] : "?",
			   nr);
	}
	return -ENOSYS;
}

#define UK_SYSCALL_X(nr, name, args)                                                               \
	UK_WEAK long uk_sys_##name(UK_SYSCALL_ANON_##args)                                         \
	{                                                                                          \
		return uk_syscall_missing(nr);                                                     \
	}

#define UK_SYSCALL_ANON_0 void
#define UK_SYSCALL_ANON_1 long a
#define UK_SYSCALL_ANON_2 UK_SYSCALL_ANON_1, long b
#define UK_SYSCALL_ANON_3 UK_SYSCALL_ANON_2, long c
#define UK_SYSCALL_ANON_4 UK_SYSCALL_ANON_3, long d
#define UK_SYSCALL_ANON_5 UK_SYSCALL_ANON_4, long e
#define UK_SYSCALL_ANON_6 UK_SYSCALL_ANON_5, long f

#else

/* The parameters do not matter to a function that ignores them, on any ABI that we support. */
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#endif
#pragma GCC diagnostic ignored "-Wattribute-alias"

UK_API_BEGIN
long uk_syscall_enosys(void);
UK_API_END

long uk_syscall_enosys(void)
{
	return -ENOSYS;
}

#define UK_SYSCALL_X(nr, name, args)                                                               \
	long uk_sys_##name(UK_SYSCALL_LONGS_##args)                                                \
		__attribute__((__weak__, __alias__("uk_syscall_enosys")));

#endif

UK_SYSCALL_LIST(UK_SYSCALL_X)

/* Nothing to do on leaving a system call where there are no signals; see <uk/syscall.h>. */
UK_WEAK long uk_syscall_leave_slow(long result)
{
	return result;
}

UK_WEAK long uk_syscall_restart(long a, long b, long c, long d, long e, long f)
{
	return -EINTR;
}

UK_WEAK void uk_syscall_set_restart(void (*handler)(void), void *pc)
{
}

UK_WEAK bool uk_syscall_wait_again(void)
{
	return false;
}

#ifdef CONFIG_LIBPOSIX_SYSCALL_NONE
long uk_syscall_table(long nr, long a, long b, long c, long d, long e, long f)
{
	return uk_syscall_missing(nr);
}
#endif
