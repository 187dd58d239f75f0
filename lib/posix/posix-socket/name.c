/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses: in and out of the caller's memory, and those of sockets.
 */
#include <uk/abi/in.h>
#include <uk/string.h>
#include "internal.h"

int address_from_user(address *a, const void *user, int len)
{
	if (UK_UNLIKELY(len < 0 || len > (int)sizeof(*a)))
		return -EINVAL;
	*a = (address){ 0 };
	if (UK_LIKELY(len == sizeof(struct uk_abi_sockaddr_in))) /* moves, no call */
		return uk_copy_from_user(a, user, sizeof(struct uk_abi_sockaddr_in));
	return len ? uk_copy_from_user(a, user, (size_t)len) : 0;
}

int address_to_user(const address *a, uint32_t len, void *user, int *user_len)
{
	int room;

	if (uk_get_user(&room, user_len))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if ((uint32_t)room > len)
		room = (int)len;
	if (room && uk_copy_to_user(user, a, (size_t)room))
		return -EFAULT;
	return uk_put_user((int)len, user_len);
}

static long tell(struct uk_socket *s,
		 int (*get)(struct uk_socket *s, struct uk_abi_sockaddr_storage *addr), void *user,
		 int *user_len)
{
	address addr;
	int len = get ? get(s, &addr) : -EOPNOTSUPP;

	return len < 0 ? len : address_to_user(&addr, (uint32_t)len, user, user_len);
}

UK_SYSCALL(int, getsockname, int fd, void *user, int *user_len)
{
	return (int)WITH_SOCKET(fd, tell(s, ops->getsockname, user, user_len));
}

UK_SYSCALL(int, getpeername, int fd, void *user, int *user_len)
{
	return (int)WITH_SOCKET(fd, tell(s, ops->getpeername, user, user_len));
}
