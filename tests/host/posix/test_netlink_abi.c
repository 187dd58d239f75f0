/* SPDX-License-Identifier: BSD-3-Clause */
/* The messages of netlink against Linux's own headers, which a C library may lack. All in the compiler. */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <sys/socket.h>

#include <uk/abi/netlink.h>
#include "same.h"

SIZE(struct uk_abi_sockaddr_nl, struct sockaddr_nl);
FIELD(uk_abi_sockaddr_nl, sockaddr_nl, nl_pid);
FIELD(uk_abi_sockaddr_nl, sockaddr_nl, nl_groups);
SIZE(struct uk_abi_nlmsghdr, struct nlmsghdr);
FIELD(uk_abi_nlmsghdr, nlmsghdr, nlmsg_type);
FIELD(uk_abi_nlmsghdr, nlmsghdr, nlmsg_flags);
FIELD(uk_abi_nlmsghdr, nlmsghdr, nlmsg_seq);
FIELD(uk_abi_nlmsghdr, nlmsghdr, nlmsg_pid);
SIZE(struct uk_abi_nlmsgerr, struct nlmsgerr);
SIZE(struct uk_abi_nlattr, struct nlattr);
SIZE(struct uk_abi_ifinfomsg, struct ifinfomsg);
FIELD(uk_abi_ifinfomsg, ifinfomsg, ifi_type);
FIELD(uk_abi_ifinfomsg, ifinfomsg, ifi_index);
FIELD(uk_abi_ifinfomsg, ifinfomsg, ifi_flags);
SIZE(struct uk_abi_ifaddrmsg, struct ifaddrmsg);
FIELD(uk_abi_ifaddrmsg, ifaddrmsg, ifa_prefixlen);
FIELD(uk_abi_ifaddrmsg, ifaddrmsg, ifa_scope);
FIELD(uk_abi_ifaddrmsg, ifaddrmsg, ifa_index);
SAME(NETLINK_ROUTE);
SAME(NLMSG_ERROR);
SAME(NLMSG_DONE);
SAME(NLMSG_MIN_TYPE);
SAME(NLM_F_REQUEST);
SAME(NLM_F_MULTI);
SAME(NLM_F_ACK);
SAME(NLM_F_DUMP);
SAME(NLM_F_CAPPED);
SAME(RTM_BASE);
SAME(RTM_NEWLINK);
SAME(RTM_GETLINK);
SAME(RTM_NEWADDR);
SAME(RTM_GETADDR);
SAME(IFLA_ADDRESS);
SAME(IFLA_BROADCAST);
SAME(IFLA_IFNAME);
SAME(IFLA_MTU);
SAME(IFA_ADDRESS);
SAME(IFA_LOCAL);
SAME(IFA_LABEL);
SAME(IFA_BROADCAST);
SAME(IFA_FLAGS);
SAME(IFA_F_DADFAILED);
SAME(IFA_F_DEPRECATED);
SAME(IFA_F_TENTATIVE);
SAME(IFA_F_PERMANENT);
SAME(RT_SCOPE_UNIVERSE);
SAME(RT_SCOPE_LINK);
SAME(RT_SCOPE_HOST);
