/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The structures and constants of sockets against a C library's headers. Everything here happens in the
 * compiler.
 */
#define _GNU_SOURCE
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

struct uk_iovec;
#include <uk/abi/in.h>
#include <uk/abi/socket.h>
#include "same.h"

SIZE(struct uk_abi_sockaddr, struct sockaddr);
SIZE(struct uk_abi_sockaddr_storage, struct sockaddr_storage);
SIZE(struct uk_abi_sockaddr_un, struct sockaddr_un);
SIZE(struct uk_abi_sockaddr_in, struct sockaddr_in);
FIELD(uk_abi_sockaddr_in, sockaddr_in, sin_port);
FIELD(uk_abi_sockaddr_in, sockaddr_in, sin_addr);
SIZE(struct uk_abi_sockaddr_in6, struct sockaddr_in6);
FIELD(uk_abi_sockaddr_in6, sockaddr_in6, sin6_addr);
FIELD(uk_abi_sockaddr_in6, sockaddr_in6, sin6_scope_id);
SIZE(struct uk_abi_msghdr, struct msghdr);
FIELD(uk_abi_msghdr, msghdr, msg_namelen);
FIELD(uk_abi_msghdr, msghdr, msg_iov);
FIELD(uk_abi_msghdr, msghdr, msg_iovlen);
FIELD(uk_abi_msghdr, msghdr, msg_control);
FIELD(uk_abi_msghdr, msghdr, msg_controllen);
FIELD(uk_abi_msghdr, msghdr, msg_flags);
SIZE(struct uk_abi_mmsghdr, struct mmsghdr);
FIELD(uk_abi_mmsghdr, mmsghdr, msg_len);
SIZE(struct uk_abi_cmsghdr, struct cmsghdr);
FIELD(uk_abi_cmsghdr, cmsghdr, cmsg_level);
FIELD(uk_abi_cmsghdr, cmsghdr, cmsg_type);
SIZE(struct uk_abi_linger, struct linger);
SIZE(struct uk_abi_ucred, struct ucred);
SIZE(struct uk_abi_in_pktinfo, struct in_pktinfo);
AT(struct uk_abi_in_pktinfo, ipi_addr, struct in_pktinfo, ipi_addr);
SIZE(struct uk_abi_in6_pktinfo, struct in6_pktinfo);
SIZE(struct uk_abi_ip_mreq, struct ip_mreq);
SIZE(struct uk_abi_ip_mreqn, struct ip_mreqn);
SIZE(struct uk_abi_ipv6_mreq, struct ipv6_mreq);
FIELD(uk_abi_tcp_info, tcp_info, tcpi_rto);
FIELD(uk_abi_tcp_info, tcp_info, tcpi_retrans);
FIELD(uk_abi_tcp_info, tcp_info, tcpi_pmtu);
FIELD(uk_abi_tcp_info, tcp_info, tcpi_rtt);
FIELD(uk_abi_tcp_info, tcp_info, tcpi_snd_cwnd);
FIELD(uk_abi_tcp_info, tcp_info, tcpi_total_retrans);
SIZE(struct uk_abi_ifreq, struct ifreq);
AT(struct uk_abi_ifreq, addr, struct ifreq, ifr_addr);
SIZE(struct uk_abi_ifconf, struct ifconf);

SAME(AF_UNIX);
SAME(AF_INET);
SAME(AF_INET6);
SAME(AF_NETLINK);
SAME(SOCK_STREAM);
SAME(SOCK_DGRAM);
SAME(SOCK_RAW);
SAME(SOCK_SEQPACKET);
SAME(SOCK_NONBLOCK);
SAME(SOCK_CLOEXEC);
SAME(MSG_OOB);
SAME(MSG_PEEK);
SAME(MSG_DONTROUTE);
SAME(MSG_CTRUNC);
SAME(MSG_TRUNC);
SAME(MSG_DONTWAIT);
SAME(MSG_EOR);
SAME(MSG_WAITALL);
SAME(MSG_ERRQUEUE);
SAME(MSG_NOSIGNAL);
SAME(MSG_MORE);
SAME(MSG_WAITFORONE);
SAME(MSG_FASTOPEN);
SAME(MSG_CMSG_CLOEXEC);
SAME(SOL_SOCKET);
SAME(SOL_RAW);
SAME(SOL_ICMPV6);
SAME(SO_REUSEADDR);
SAME(SO_TYPE);
SAME(SO_ERROR);
SAME(SO_BROADCAST);
SAME(SO_SNDBUF);
SAME(SO_RCVBUF);
SAME(SO_KEEPALIVE);
SAME(SO_OOBINLINE);
SAME(SO_LINGER);
SAME(SO_REUSEPORT);
SAME(SO_PASSCRED);
SAME(SO_PEERCRED);
SAME(SO_RCVLOWAT);
SAME(SO_SNDLOWAT);
SAME(SO_RCVTIMEO);
SAME(SO_SNDTIMEO);
SAME(SO_BINDTODEVICE);
SAME(SO_TIMESTAMP);
SAME(SO_ACCEPTCONN);
SAME(SO_PROTOCOL);
SAME(SO_DOMAIN);
SAME(SO_BUSY_POLL);
SAME(SO_INCOMING_CPU);
SAME(SCM_RIGHTS);
SAME(SCM_CREDENTIALS);
SAME(IPPROTO_ICMPV6);
SAME(IP_TOS);
SAME(IP_TTL);
SAME(IP_PKTINFO);
SAME(IP_MTU_DISCOVER);
SAME(IP_RECVERR);
SAME(IP_RECVTTL);
SAME(IP_MULTICAST_IF);
SAME(IP_MULTICAST_TTL);
SAME(IP_MULTICAST_LOOP);
SAME(IP_ADD_MEMBERSHIP);
SAME(IP_DROP_MEMBERSHIP);
SAME(IPV6_UNICAST_HOPS);
SAME(IPV6_MULTICAST_IF);
SAME(IPV6_MULTICAST_HOPS);
SAME(IPV6_MULTICAST_LOOP);
SAME(IPV6_JOIN_GROUP);
SAME(IPV6_LEAVE_GROUP);
SAME(IPV6_V6ONLY);
SAME(IPV6_RECVPKTINFO);
SAME(IPV6_PKTINFO);
SAME(IPV6_TCLASS);
SAME(TCP_NODELAY);
SAME(TCP_MAXSEG);
SAME(TCP_CORK);
SAME(TCP_KEEPIDLE);
SAME(TCP_KEEPINTVL);
SAME(TCP_KEEPCNT);
SAME(TCP_SYNCNT);
SAME(TCP_LINGER2);
SAME(TCP_DEFER_ACCEPT);
SAME(TCP_WINDOW_CLAMP);
SAME(TCP_INFO);
SAME(TCP_QUICKACK);
SAME(TCP_CONGESTION);
SAME(TCP_USER_TIMEOUT);
SAME(TCP_FASTOPEN);
SAME(TCP_ESTABLISHED);
SAME(TCP_CLOSE);
SAME(TCP_LISTEN);
SAME(TCP_CLOSING);
SAME(SIOCGIFCONF);
SAME(SIOCGIFFLAGS);
SAME(SIOCGIFADDR);
SAME(SIOCGIFNETMASK);
SAME(SIOCGIFMTU);
SAME(SIOCGIFHWADDR);
SAME(SIOCGIFINDEX);
SAME(SIOCGIFNAME);
SAME(SIOCGIFBRDADDR);
SAME(IFF_UP);
SAME(IFF_LOOPBACK);
SAME(IFF_RUNNING);
SAME(IFF_MULTICAST);
SAME(ARPHRD_ETHER);
SAME(ARPHRD_LOOPBACK);
