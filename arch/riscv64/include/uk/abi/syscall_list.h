/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system calls of Linux on riscv64: X(number, name, number of arguments), in order of number. Include <uk/syscall_list.h>, which
 * declares them.
 */
#ifndef UK_ABI_SYSCALL_LIST_H
#define UK_ABI_SYSCALL_LIST_H

#include <uk/abi/syscall_list_generic.h>

/* clang-format off */
#define UK_SYSCALL_LIST(X) \
	UK_SYSCALLS_TO_37(X) \
	UK_SYSCALLS_TO_243(X) \
	X(259, riscv_flush_icache, 3) \
	UK_SYSCALLS_FROM_260(X)
/* clang-format on */

#endif
