/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What programs see of the CPU in structures that are otherwise the same everywhere (Linux 6.1, arch/<cpu>/include/uapi/asm).
 */
#ifndef UK_ABI_MACHINE_H
#define UK_ABI_MACHINE_H

#define UK_ABI_MACHINE "riscv64" /* uname(2) */

/* Of struct uk_abi_epoll_event. */
#define UK_ABI_EPOLL_PACKED

/* In struct uk_abi_sigaction: not used, handlers return to code of our own. */
#define UK_ABI_SIGACTION_RESTORER

#endif
