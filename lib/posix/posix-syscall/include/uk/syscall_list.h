/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every system call of this machine: its number (UK_NR_name), and the function that handles it.
 *
 * `long uk_sys_NAME(long, …)` takes exactly the arguments that Linux documents and returns the
 * result or a negated error number. All of them can be called at any time: what no library
 * of the image implements is bound to a fallback that answers -ENOSYS.
 *
 * Needs no other header, so that a libc can include it.
 */
#ifndef UK_SYSCALL_LIST_H
#define UK_SYSCALL_LIST_H

#include <uk/abi/syscall_list.h>

/* Repeats: UK_SYSCALL_LONGS(3) is `long, long, long`. */
#define UK_SYSCALL_LONGS_0 void
#define UK_SYSCALL_LONGS_1 long
#define UK_SYSCALL_LONGS_2 long, long
#define UK_SYSCALL_LONGS_3 long, long, long
#define UK_SYSCALL_LONGS_4 long, long, long, long
#define UK_SYSCALL_LONGS_5 long, long, long, long, long
#define UK_SYSCALL_LONGS_6 long, long, long, long, long, long

enum {
#define UK_SYSCALL_X(nr, name, args) UK_NR_##name = nr,
	UK_SYSCALL_LIST(UK_SYSCALL_X)
#undef UK_SYSCALL_X
};

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

#define UK_SYSCALL_X(nr, name, args) long uk_sys_##name(UK_SYSCALL_LONGS_##args);
UK_SYSCALL_LIST(UK_SYSCALL_X)
#undef UK_SYSCALL_X

/*
 * The system call of a number that is known at run time only: for syscall(2) and trap entries.
 * -ENOSYS for what the image does not have; the menu says whether calling by number brings
 * all handlers into it. Arguments that a call does not have are ignored.
 */
long uk_syscall_table(long nr, long a, long b, long c, long d, long e, long f);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
