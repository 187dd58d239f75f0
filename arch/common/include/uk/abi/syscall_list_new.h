/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system calls of Linux that have the same number on all machines, as all have since 5.1: X(number, name, number of
 * arguments), in order of number, the last of each machine's list (6.1, asm-generic/unistd.h).
 */
#ifndef UK_ABI_SYSCALL_LIST_NEW_H
#define UK_ABI_SYSCALL_LIST_NEW_H

#define UK_SYSCALL_LIMIT 512 /* every number is below */

/* clang-format off */
#define UK_SYSCALLS_FROM_424(X) \
	X(424, pidfd_send_signal, 4) \
	X(425, io_uring_setup, 2) \
	X(426, io_uring_enter, 6) \
	X(427, io_uring_register, 4) \
	X(428, open_tree, 3) \
	X(429, move_mount, 5) \
	X(430, fsopen, 2) \
	X(431, fsconfig, 5) \
	X(432, fsmount, 3) \
	X(433, fspick, 3) \
	X(434, pidfd_open, 2) \
	X(435, clone3, 2) \
	X(436, close_range, 3) \
	X(437, openat2, 4) \
	X(438, pidfd_getfd, 3) \
	X(439, faccessat2, 4) \
	X(440, process_madvise, 5) \
	X(441, epoll_pwait2, 6) \
	X(442, mount_setattr, 5) \
	X(443, quotactl_fd, 4) \
	X(444, landlock_create_ruleset, 3) \
	X(445, landlock_add_rule, 4) \
	X(446, landlock_restrict_self, 2) \
	X(447, memfd_secret, 1) \
	X(448, process_mrelease, 2) \
	X(449, futex_waitv, 5) \
	X(450, set_mempolicy_home_node, 4)
/* clang-format on */

#endif
