/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How lwIP is configured. One lock around all of it (stack.c), no thread and no sockets of its
 * own; memory from the heap as it is needed; checksums and segmentation by the device where it can.
 * The limits are counts of objects, not memory that is set aside.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

/* UK_LWIP_*: the menu's choices, by the Makefile.uk. */

/* ---- the system around it ---- */
#define NO_SYS                   1
#define SYS_LIGHTWEIGHT_PROT     0 /* the lock is always held */
#define LWIP_NETCONN             0
#define LWIP_SOCKET              0
#define LWIP_TIMERS              1
#define LWIP_TIMERS_CUSTOM       1 /* timers.c */
#define LWIP_STATS               0
#define LWIP_PERF                0
#define LWIP_SUPPORT_CUSTOM_PBUF 1 /* received bytes stay in the driver's buffers */
#define LWIP_HOOK_FILENAME       "hooks.h"

/* ---- memory ---- */
#define MEM_ALIGNMENT                16
#define MEM_LIBC_MALLOC              1
#define mem_clib_malloc              lwip_malloc
#define mem_clib_calloc              lwip_calloc
#define mem_clib_free                lwip_free
#define MEMP_MEM_MALLOC              1 /* memp.c: lists of free objects, over the heap */
#define MEMP_NUM_PBUF                65535
#define PBUF_POOL_SIZE               65535
#define LWIP_PBUF_REF_T              u16_t
/* What a device may want in front of a packet, as uk_netdev.headroom; see device.c. */
#define PBUF_LINK_ENCAPSULATION_HLEN 32

/* ---- link ---- */
#define LWIP_ETHERNET                  1
#define LWIP_ARP                       1
#define ARP_TABLE_SIZE                 127 /* the most that its index can count */
#define ARP_QUEUEING                   1
#define ARP_QUEUE_LEN                  16
#define ETHARP_TABLE_MATCH_NETIF       1
#define LWIP_NETIF_HOSTNAME            1
#define LWIP_NETIF_LOOPBACK            1
#define LWIP_HAVE_LOOPIF               1
#define LWIP_LOOPIF_MULTICAST          1
#define LWIP_NETIF_STATUS_CALLBACK     1
#define LWIP_NETIF_EXT_STATUS_CALLBACK 0
#define LWIP_NETIF_TX_SINGLE_PBUF      0
#define LWIP_CHECKSUM_CTRL_PER_NETIF   1

/* ---- IP ---- */
#define LWIP_IPV4                       1
#define LWIP_IPV6                       UK_LWIP_IPV6
#define LWIP_IPV6_NUM_ADDRESSES         4
#define LWIP_IPV6_REASS                 LWIP_IPV6
#define LWIP_IPV6_FRAG                  LWIP_IPV6
#define IPV6_FRAG_COPYHEADER            1 /* notes about a fragment, with a pointer, do not fit its header */
#define LWIP_IPV6_MLD                   LWIP_IPV6
#define LWIP_ND6_QUEUEING               LWIP_IPV6
#define LWIP_ND6_NUM_NEIGHBORS          64
#define LWIP_ND6_NUM_DESTINATIONS       64
#define LWIP_ND6_TCP_REACHABILITY_HINTS 0 /* costs a walk for each segment */
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS  2
#define LWIP_ND6_ALLOW_RA_UPDATES       1
#define MEMP_NUM_ND6_QUEUE              64
#define MEMP_NUM_MLD6_GROUP             64
#define LWIP_ICMP                       1
#define LWIP_ICMP6                      LWIP_IPV6
#define LWIP_RAW                        1
#define LWIP_IGMP                       1
#define LWIP_MULTICAST_TX_OPTIONS       1
#define IP_REASSEMBLY                   1
#define IP_FRAG                         1
#define IP_REASS_MAX_PBUFS              256
#define MEMP_NUM_REASSDATA              16
#define MEMP_NUM_FRAG_PBUF              256
#define IP_FORWARD                      0
#define IP_DEFAULT_TTL                  64
#define IP_SOF_BROADCAST                1
#define IP_SOF_BROADCAST_RECV           0 /* as on Linux, SO_BROADCAST is about sending */
#define LWIP_DHCP                       UK_LWIP_DHCP
#define LWIP_DHCP_DOES_ACD_CHECK        0
#define DHCP_DOES_ARP_CHECK             0
#define LWIP_DHCP_MAX_DNS_SERVERS       2
#define LWIP_DHCP_PROVIDE_DNS_SERVERS   LWIP_DHCP_MAX_DNS_SERVERS
#define DNS_MAX_SERVERS                 2
#define LWIP_DNS                        0 /* musl's resolver asks; files.c tells it whom */

/* ---- UDP, TCP ---- */
#define SO_REUSE                           1
#define SO_REUSE_RXTOALL                   1
#define LWIP_RANDOMIZE_INITIAL_LOCAL_PORTS 1
#define MEMP_NUM_TCP_PCB                   65535
#define MEMP_NUM_TCP_PCB_LISTEN            4096
#define MEMP_NUM_TCP_SEG                   65535
#define MEMP_NUM_UDP_PCB                   65535
#define MEMP_NUM_RAW_PCB                   1024
#define TCP_MSS                            1460
#define TCP_WND                            UK_LWIP_WINDOW
#define TCP_SND_BUF                        UK_LWIP_WINDOW
#define LWIP_WND_SCALE                     1
#define TCP_RCV_SCALE                      5
#define TCP_SND_QUEUELEN                   4096
#define TCP_SNDLOWAT                       (TCP_SND_BUF / 3)
#define TCP_SNDQUEUELOWAT                  (TCP_SND_QUEUELEN / 2)
#define TCP_OVERSIZE                       TCP_MSS
#define TCP_QUEUE_OOSEQ                    1
#define LWIP_TCP_SACK_OUT                  1
#define LWIP_TCP_MAX_SACK_NUM              4
#define TCP_OOSEQ_MAX_BYTES                TCP_WND
#define TCP_OOSEQ_MAX_PBUFS                1024
#define LWIP_TCP_TIMESTAMPS                0
#define LWIP_TCP_KEEPALIVE                 1
#define TCP_LISTEN_BACKLOG                 1
#define TCP_DEFAULT_LISTEN_BACKLOG         255
/* Delayed acknowledgements after at most this long, as on Linux; timeouts in twice as long steps. */
#define TCP_TMR_INTERVAL                   50
#define TCP_MSL                            (UK_LWIP_TIME_WAIT * 500UL)
/* The connection is given up when this many have been sent, so the last one is not waited for. */
#define TCP_SYNMAXRTX                      7
#define TCP_MAXRTX                         12
#define TCP_LAST_ACK_TIMEOUT               60000 /* ms, for what a closed socket has not sent yet */
#define LWIP_TCP_RTO_TIME                  1000
/* Of what this connection has, which is 64 KiB where the other side does not scale windows (RFC 7323 §2). */
#define TCP_WND_UPDATE_THRESHOLD           (TCP_WND_MAX(pcb) / 4)
#define LWIP_TCP_CALC_INITIAL_CWND(mss)    (10U * (mss)) /* RFC 6928 */
#define LWIP_DISABLE_TCP_SANITY_CHECKS     1             /* they are about pools of fixed size */
#ifndef LWIP_TCP_WALK
#define LWIP_TCP_WALK 0 /* through lists, for connections that are not in the table of lookup.c */
#endif
#define LWIP_HOOK_TCP_ISN                  lwip_tcp_isn
#define LWIP_CHKSUM                        lwip_checksum

#endif
