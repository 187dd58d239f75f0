/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages that are checked against the size of the buffer; see <uk/fortify.h>. */
#include_next <sys/socket.h>
#include <uk/fortify.h>

#if defined(UK_FORTIFY) && !defined(UK_FORTIFY_SYS_SOCKET_H)
#define UK_FORTIFY_SYS_SOCKET_H

UK_FORTIFY_REAL(recv);
UK_FORTIFIED ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	UK_FORTIFY_CHECK("recv", n, UK_ROOM(buf));
	return uk_real_recv(fd, buf, n, flags);
}

UK_FORTIFY_REAL(recvfrom);
UK_FORTIFIED ssize_t recvfrom(int fd, void *__restrict buf, size_t n, int flags,
			      struct sockaddr *__restrict from, socklen_t *__restrict len)
{
	UK_FORTIFY_CHECK("recvfrom", n, UK_ROOM(buf));
	return uk_real_recvfrom(fd, buf, n, flags, from, len);
}

UK_FORTIFY_REAL(send);
UK_FORTIFIED ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	UK_FORTIFY_CHECK("send", n, UK_ROOM(buf));
	return uk_real_send(fd, buf, n, flags);
}

UK_FORTIFY_REAL(sendto);
UK_FORTIFIED ssize_t sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *to,
			    socklen_t len)
{
	UK_FORTIFY_CHECK("sendto", n, UK_ROOM(buf));
	return uk_real_sendto(fd, buf, n, flags, to, len);
}

#endif
