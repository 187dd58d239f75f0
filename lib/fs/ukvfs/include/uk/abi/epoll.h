/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * epoll(7): operations, flags and the structure of an event (Linux linux/eventpoll.h). The other bits
 * of `events` are poll's (uk/abi/poll.h).
 */
#ifndef UK_ABI_EPOLL_H
#define UK_ABI_EPOLL_H

#include <stdint.h>
#include <uk/abi/machine.h>

#define UK_EPOLL_CTL_ADD 1
#define UK_EPOLL_CTL_DEL 2
#define UK_EPOLL_CTL_MOD 3

#define UK_EPOLLEXCLUSIVE (1U << 28)
#define UK_EPOLLWAKEUP    (1U << 29)
#define UK_EPOLLONESHOT   (1U << 30)
#define UK_EPOLLET        (1U << 31)

struct uk_abi_epoll_event {
	uint32_t events;
	uint64_t data;
} UK_ABI_EPOLL_PACKED;

#endif
