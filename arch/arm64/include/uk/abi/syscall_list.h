/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system calls of Linux on arm64: X(number, name, number of arguments), in order of number. Include <uk/syscall_list.h>, which
 * declares them.
 */
#ifndef UK_ABI_SYSCALL_LIST_H
#define UK_ABI_SYSCALL_LIST_H

#include <uk/abi/syscall_list_generic.h>

#define UK_SYSCALL_RENAMEAT /* beside renameat2 */

/* clang-format off */
#define UK_SYSCALL_LIST(X) \
	UK_SYSCALLS_TO_37(X) \
	X(38, renameat, 4) \
	UK_SYSCALLS_TO_243(X) \
	UK_SYSCALLS_FROM_260(X)
/* clang-format on */

#endif
