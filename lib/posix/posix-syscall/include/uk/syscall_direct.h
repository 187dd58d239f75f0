/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A system call as a plain function call: for the lowest layer of a libc.
 *
 * With a number that is constant where the compiler sees it, all that is left of the switch
 * is one direct call of one handler; so the image gets the handlers that the program can reach, and
 * no trap, table or indirect branch. Needs optimisation: at -O0 the switch would stay, and with it
 * every handler there is.
 */
#ifndef UK_SYSCALL_DIRECT_H
#define UK_SYSCALL_DIRECT_H

#include <uk/syscall_list.h>

#define UK_SYSCALL_CALL_0(f_) f_()
#define UK_SYSCALL_CALL_1(f_) f_(a)
#define UK_SYSCALL_CALL_2(f_) f_(a, b)
#define UK_SYSCALL_CALL_3(f_) f_(a, b, c)
#define UK_SYSCALL_CALL_4(f_) f_(a, b, c, d)
#define UK_SYSCALL_CALL_5(f_) f_(a, b, c, d, e)
#define UK_SYSCALL_CALL_6(f_) f_(a, b, c, d, e, f)

/* The system call `nr`, which must be a constant after inlining. Result or negated error. */
static inline __attribute__((__always_inline__)) long uk_syscall_direct(long nr, long a, long b,
									long c, long d, long e,
									long f)
{
	switch (nr) {
#define UK_SYSCALL_X(nr_, name, args)                                                              \
	case nr_:                                                                                  \
		return UK_SYSCALL_CALL_##args(uk_sys_##name);
		UK_SYSCALL_LIST(UK_SYSCALL_X)
#undef UK_SYSCALL_X
	}
	return -38; /* -ENOSYS; a libc's <errno.h> need not be there */
}

/* Direct if the compiler knows the number, through the table if not. */
static inline __attribute__((__always_inline__)) long uk_syscall(long nr, long a, long b, long c,
								 long d, long e, long f)
{
	if (__builtin_constant_p(nr))
		return uk_syscall_direct(nr, a, b, c, d, e, f);
	return uk_syscall_table(nr, a, b, c, d, e, f);
}

#endif
