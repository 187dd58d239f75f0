/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Internet sockets: addresses, options of IP, IPv6, TCP and UDP, and what interfaces tell (Linux uapi:
 * linux/in.h, in6.h, tcp.h, udp.h, if.h, sockios.h). All numbers in addresses are big-endian.
 */
#ifndef UK_ABI_IN_H
#define UK_ABI_IN_H

#include <stdint.h>

#define UK_IPPROTO_IP     0
#define UK_IPPROTO_ICMP   1
#define UK_IPPROTO_TCP    6
#define UK_IPPROTO_UDP    17
#define UK_IPPROTO_IPV6   41
#define UK_IPPROTO_ICMPV6 58
#define UK_IPPROTO_RAW    255

struct uk_abi_sockaddr_in {
	uint16_t sin_family;
	uint16_t sin_port;
	uint32_t sin_addr;
	uint8_t sin_zero[8];
};

struct uk_abi_sockaddr_in6 {
	uint16_t sin6_family;
	uint16_t sin6_port;
	uint32_t sin6_flowinfo;
	uint8_t sin6_addr[16];
	uint32_t sin6_scope_id; /* number of the interface, for link-local addresses */
};

#define UK_SIN6_LEN_RFC2133 24 /* without scope: accepted, as on Linux */

/* IPPROTO_IP */
#define UK_IP_TOS             1
#define UK_IP_TTL             2
#define UK_IP_HDRINCL         3
#define UK_IP_OPTIONS         4
#define UK_IP_PKTINFO         8
#define UK_IP_MTU_DISCOVER    10
#define UK_IP_RECVERR         11
#define UK_IP_RECVTTL         12
#define UK_IP_RECVTOS         13
#define UK_IP_MTU             14
#define UK_IP_FREEBIND        15
#define UK_IP_BIND_NO_PORT    24
#define UK_IP_MULTICAST_IF    32
#define UK_IP_MULTICAST_TTL   33
#define UK_IP_MULTICAST_LOOP  34
#define UK_IP_ADD_MEMBERSHIP  35
#define UK_IP_DROP_MEMBERSHIP 36
#define UK_IP_MULTICAST_ALL   49

#define UK_IP_PMTUDISC_DONT 0
#define UK_IP_PMTUDISC_WANT 1
#define UK_IP_PMTUDISC_DO   2

struct uk_abi_in_pktinfo {
	int32_t ipi_ifindex;
	uint32_t ipi_spec_dst;
	uint32_t ipi_addr;
};

struct uk_abi_ip_mreq {
	uint32_t imr_multiaddr;
	uint32_t imr_interface;
};

struct uk_abi_ip_mreqn {
	uint32_t imr_multiaddr;
	uint32_t imr_address;
	int32_t imr_ifindex;
};

/* IPPROTO_IPV6 */
#define UK_IPV6_UNICAST_HOPS   16
#define UK_IPV6_MULTICAST_IF   17
#define UK_IPV6_MULTICAST_HOPS 18
#define UK_IPV6_MULTICAST_LOOP 19
#define UK_IPV6_JOIN_GROUP     20
#define UK_IPV6_LEAVE_GROUP    21
#define UK_IPV6_MTU_DISCOVER   23
#define UK_IPV6_MTU            24
#define UK_IPV6_RECVERR        25
#define UK_IPV6_V6ONLY         26
#define UK_IPV6_RECVPKTINFO    49
#define UK_IPV6_PKTINFO        50
#define UK_IPV6_RECVHOPLIMIT   51
#define UK_IPV6_HOPLIMIT       52
#define UK_IPV6_RECVTCLASS     66
#define UK_IPV6_TCLASS         67

struct uk_abi_in6_pktinfo {
	uint8_t ipi6_addr[16];
	uint32_t ipi6_ifindex;
};

struct uk_abi_ipv6_mreq {
	uint8_t ipv6mr_multiaddr[16];
	int32_t ipv6mr_interface;
};

/* IPPROTO_TCP */
#define UK_TCP_NODELAY       1
#define UK_TCP_MAXSEG        2
#define UK_TCP_CORK          3
#define UK_TCP_KEEPIDLE      4
#define UK_TCP_KEEPINTVL     5
#define UK_TCP_KEEPCNT       6
#define UK_TCP_SYNCNT        7
#define UK_TCP_LINGER2       8
#define UK_TCP_DEFER_ACCEPT  9
#define UK_TCP_WINDOW_CLAMP  10
#define UK_TCP_INFO          11
#define UK_TCP_QUICKACK      12
#define UK_TCP_CONGESTION    13
#define UK_TCP_USER_TIMEOUT  18
#define UK_TCP_FASTOPEN      23
#define UK_TCP_NOTSENT_LOWAT 25

#define UK_TCP_CONGESTION_NAME 16 /* longest name, with its 0 */

/* Linux's numbers of TCP's states (RFC 9293 §3.3.2). */
#define UK_TCP_ESTABLISHED 1
#define UK_TCP_SYN_SENT    2
#define UK_TCP_SYN_RECV    3
#define UK_TCP_FIN_WAIT1   4
#define UK_TCP_FIN_WAIT2   5
#define UK_TCP_TIME_WAIT   6
#define UK_TCP_CLOSE       7
#define UK_TCP_CLOSE_WAIT  8
#define UK_TCP_LAST_ACK    9
#define UK_TCP_LISTEN      10
#define UK_TCP_CLOSING     11

#define UK_TCPI_OPT_TIMESTAMPS 1
#define UK_TCPI_OPT_SACK       2
#define UK_TCPI_OPT_WSCALE     4

/* TCP_INFO, as far as it has been the same since Linux 2.6: readers take what they get. */
struct uk_abi_tcp_info {
	uint8_t tcpi_state, tcpi_ca_state, tcpi_retransmits, tcpi_probes, tcpi_backoff,
		tcpi_options;
	uint8_t tcpi_wscale; /* low 4 bits: the peer's; high: ours */
	uint8_t tcpi_flags;
	uint32_t tcpi_rto, tcpi_ato; /* us */
	uint32_t tcpi_snd_mss, tcpi_rcv_mss;
	uint32_t tcpi_unacked, tcpi_sacked, tcpi_lost, tcpi_retrans, tcpi_fackets;
	uint32_t tcpi_last_data_sent, tcpi_last_ack_sent, tcpi_last_data_recv,
		tcpi_last_ack_recv; /* ms */
	uint32_t tcpi_pmtu, tcpi_rcv_ssthresh;
	uint32_t tcpi_rtt, tcpi_rttvar; /* us */
	uint32_t tcpi_snd_ssthresh, tcpi_snd_cwnd, tcpi_advmss, tcpi_reordering;
	uint32_t tcpi_rcv_rtt, tcpi_rcv_space, tcpi_total_retrans;
};

/* IPPROTO_ICMPV6, raw sockets */
#define UK_ICMPV6_FILTER 1
#define UK_ICMP_FILTER   1 /* level SOL_RAW */
#define UK_IPV6_CHECKSUM 7

/* ioctl(2) about interfaces */
#define UK_SIOCGIFNAME    0x8910
#define UK_SIOCGIFCONF    0x8912
#define UK_SIOCGIFFLAGS   0x8913
#define UK_SIOCGIFADDR    0x8915
#define UK_SIOCGIFBRDADDR 0x8919
#define UK_SIOCGIFNETMASK 0x891b
#define UK_SIOCGIFMTU     0x8921
#define UK_SIOCGIFHWADDR  0x8927
#define UK_SIOCGIFINDEX   0x8933

#define UK_IFNAMSIZ 16

#define UK_IFF_UP        0x1
#define UK_IFF_BROADCAST 0x2
#define UK_IFF_LOOPBACK  0x8
#define UK_IFF_RUNNING   0x40
#define UK_IFF_MULTICAST 0x1000

#define UK_ARPHRD_ETHER    1
#define UK_ARPHRD_LOOPBACK 772

struct uk_abi_ifreq {
	char name[UK_IFNAMSIZ];
	union {
		struct uk_abi_sockaddr_in addr;
		struct {
			uint16_t family;
			uint8_t data[14];
		} hwaddr;
		int16_t flags;
		int32_t value; /* mtu, index */
		uint8_t room[24];
	};
};

struct uk_abi_ifconf {
	int32_t len; /* bytes */
	struct uk_abi_ifreq *req;
};

#endif
