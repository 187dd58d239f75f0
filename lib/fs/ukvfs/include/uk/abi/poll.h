/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * poll(2): what can be ready, and the array that the caller passes. epoll uses the same bits.
 */
#ifndef UK_ABI_POLL_H
#define UK_ABI_POLL_H

#include <stdint.h>

#define UK_POLLIN     0x0001
#define UK_POLLPRI    0x0002
#define UK_POLLOUT    0x0004
#define UK_POLLERR    0x0008 /* reported without being asked for, as are HUP and NVAL */
#define UK_POLLHUP    0x0010
#define UK_POLLNVAL   0x0020
#define UK_POLLRDNORM 0x0040
#define UK_POLLRDBAND 0x0080
#define UK_POLLWRNORM 0x0100
#define UK_POLLWRBAND 0x0200
#define UK_POLLMSG    0x0400
#define UK_POLLRDHUP  0x2000

struct uk_abi_pollfd {
	int32_t fd; /* negative: ignored, revents becomes 0 */
	int16_t events;
	int16_t revents;
};

#endif
