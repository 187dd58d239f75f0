/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages about interfaces and addresses (Linux uapi: linux/netlink.h, rtnetlink.h, if_link.h, if_addr.h).
 */
#ifndef UK_ABI_NETLINK_H
#define UK_ABI_NETLINK_H

#include <stdint.h>

struct uk_abi_sockaddr_nl {
	uint16_t nl_family;
	uint16_t nl_pad;
	uint32_t nl_pid;
	uint32_t nl_groups;
};

#define UK_NETLINK_ROUTE 0
#define UK_NETLINK_MAX   32 /* Linux knows no protocol from here on */

struct uk_abi_nlmsghdr {
	uint32_t nlmsg_len; /* with this header */
	uint16_t nlmsg_type;
	uint16_t nlmsg_flags;
	uint32_t nlmsg_seq;
	uint32_t nlmsg_pid;
};

/* Messages and attributes start at multiples of 4. */
#define UK_NLMSG_ALIGN(n) (((n) + 3) / 4 * 4)

#define UK_NLMSG_ERROR    2
#define UK_NLMSG_DONE     3
#define UK_NLMSG_MIN_TYPE 16 /* below: of netlink itself */

#define UK_NLM_F_REQUEST 0x1
#define UK_NLM_F_MULTI   0x2
#define UK_NLM_F_ACK     0x4
#define UK_NLM_F_DUMP    0x300
#define UK_NLM_F_CAPPED  0x100 /* of an answer: the request is not repeated whole */

struct uk_abi_nlmsgerr {
	int32_t error; /* negative, or 0 */
	struct uk_abi_nlmsghdr msg;
};

struct uk_abi_nlattr {
	uint16_t nla_len; /* with this header */
	uint16_t nla_type;
};

/* Of each four types one makes, deletes, tells and sets. */
#define UK_RTM_BASE    16
#define UK_RTM_NEWLINK 16
#define UK_RTM_GETLINK 18
#define UK_RTM_NEWADDR 20
#define UK_RTM_GETADDR 22
#define UK_RTM_KIND    3
#define UK_RTM_GET     2
#define UK_RTM_MAX     123

struct uk_abi_ifinfomsg {
	uint8_t ifi_family, ifi_pad;
	uint16_t ifi_type;
	int32_t ifi_index;
	uint32_t ifi_flags;
	uint32_t ifi_change;
};

#define UK_IFLA_ADDRESS   1
#define UK_IFLA_BROADCAST 2
#define UK_IFLA_IFNAME    3
#define UK_IFLA_MTU       4

struct uk_abi_ifaddrmsg {
	uint8_t ifa_family, ifa_prefixlen, ifa_flags, ifa_scope;
	uint32_t ifa_index;
};

#define UK_IFA_ADDRESS   1
#define UK_IFA_LOCAL     2
#define UK_IFA_LABEL     3
#define UK_IFA_BROADCAST 4
#define UK_IFA_FLAGS     8

#define UK_IFA_F_DADFAILED  0x08
#define UK_IFA_F_DEPRECATED 0x20
#define UK_IFA_F_TENTATIVE  0x40
#define UK_IFA_F_PERMANENT  0x80

#define UK_RT_SCOPE_UNIVERSE 0
#define UK_RT_SCOPE_LINK     253
#define UK_RT_SCOPE_HOST     254

#define UK_IFF_LOWER_UP 0x10000

#endif
