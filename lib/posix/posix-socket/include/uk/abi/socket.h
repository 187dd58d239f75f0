/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets, as programs see them: what is common to all families, the same on all 64-bit
 * architectures of ours (Linux uapi: linux/socket.h, asm-generic/socket.h, linux/un.h). tests/host/net checks it against
 * a C library's headers.
 */
#ifndef UK_ABI_SOCKET_H
#define UK_ABI_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#define UK_AF_UNSPEC  0
#define UK_AF_UNIX    1
#define UK_AF_INET    2
#define UK_AF_INET6   10
#define UK_AF_NETLINK 16
#define UK_AF_MAX     46

#define UK_SOCK_STREAM    1
#define UK_SOCK_DGRAM     2
#define UK_SOCK_RAW       3
#define UK_SOCK_RDM       4
#define UK_SOCK_SEQPACKET 5
#define UK_SOCK_MASK      0xf      /* what is not a flag */
#define UK_SOCK_NONBLOCK  00004000 /* = UK_O_NONBLOCK */
#define UK_SOCK_CLOEXEC   02000000 /* = UK_O_CLOEXEC */

#define UK_SOMAXCONN 4096

#define UK_SHUT_RD   0
#define UK_SHUT_WR   1
#define UK_SHUT_RDWR 2

#define UK_MSG_OOB          0x0001
#define UK_MSG_PEEK         0x0002
#define UK_MSG_DONTROUTE    0x0004
#define UK_MSG_CTRUNC       0x0008
#define UK_MSG_TRUNC        0x0020
#define UK_MSG_DONTWAIT     0x0040
#define UK_MSG_EOR          0x0080
#define UK_MSG_WAITALL      0x0100
#define UK_MSG_CONFIRM      0x0800
#define UK_MSG_ERRQUEUE     0x2000
#define UK_MSG_NOSIGNAL     0x4000
#define UK_MSG_MORE         0x8000
#define UK_MSG_WAITFORONE   0x10000
#define UK_MSG_FASTOPEN     0x20000000
#define UK_MSG_CMSG_CLOEXEC 0x40000000

/* Levels of options and control data. */
#define UK_SOL_SOCKET 1
#define UK_SOL_IP     0
#define UK_SOL_TCP    6
#define UK_SOL_UDP    17
#define UK_SOL_IPV6   41
#define UK_SOL_ICMPV6 58
#define UK_SOL_RAW    255

#define UK_SO_DEBUG        1
#define UK_SO_REUSEADDR    2
#define UK_SO_TYPE         3
#define UK_SO_ERROR        4
#define UK_SO_DONTROUTE    5
#define UK_SO_BROADCAST    6
#define UK_SO_SNDBUF       7
#define UK_SO_RCVBUF       8
#define UK_SO_KEEPALIVE    9
#define UK_SO_OOBINLINE    10
#define UK_SO_NO_CHECK     11
#define UK_SO_PRIORITY     12
#define UK_SO_LINGER       13
#define UK_SO_REUSEPORT    15
#define UK_SO_PASSCRED     16
#define UK_SO_PEERCRED     17
#define UK_SO_RCVLOWAT     18
#define UK_SO_SNDLOWAT     19
#define UK_SO_RCVTIMEO     20
#define UK_SO_SNDTIMEO     21
#define UK_SO_BINDTODEVICE 25
#define UK_SO_TIMESTAMP    29
#define UK_SO_ACCEPTCONN   30
#define UK_SO_SNDBUFFORCE  32
#define UK_SO_RCVBUFFORCE  33
#define UK_SO_MARK         36
#define UK_SO_PROTOCOL     38
#define UK_SO_DOMAIN       39
#define UK_SO_BUSY_POLL    46
#define UK_SO_INCOMING_CPU 49
#define UK_SO_COOKIE       57

#define UK_SCM_RIGHTS      1
#define UK_SCM_CREDENTIALS 2

/* ioctl(2) */
#define UK_SIOC       0x8900 /* the commands about networks: the last two digits are which */
#define UK_SIOCATMARK 0x8905

struct uk_abi_sockaddr {
	uint16_t sa_family;
	char sa_data[14];
};

/* As large as any address; aligned for all of them. */
struct uk_abi_sockaddr_storage {
	uint16_t ss_family;
	char ss_data[118];
	uint64_t ss_align;
};

struct uk_abi_sockaddr_un {
	uint16_t sun_family;
	char sun_path[108];
};

/* Linux's, with lengths of 64 bits: libcs whose lengths are shorter clear what is between. */
struct uk_abi_msghdr {
	void *msg_name;
	uint32_t msg_namelen;
	struct uk_iovec *msg_iov;
	size_t msg_iovlen;
	void *msg_control;
	size_t msg_controllen;
	uint32_t msg_flags;
};

struct uk_abi_mmsghdr {
	struct uk_abi_msghdr msg_hdr;
	uint32_t msg_len;
};

/* The header of one piece of control data; its data follow, the next starts at a multiple of 8. */
struct uk_abi_cmsghdr {
	size_t cmsg_len; /* with this header */
	int32_t cmsg_level;
	int32_t cmsg_type;
};
#define UK_CMSG_ALIGN(n) (((n) + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1))

struct uk_abi_linger {
	int32_t l_onoff;
	int32_t l_linger; /* seconds */
};

struct uk_abi_ucred {
	int32_t pid;
	uint32_t uid;
	uint32_t gid;
};

#endif
