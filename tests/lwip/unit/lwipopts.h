/* SPDX-License-Identifier: BSD-3-Clause */
/* Our configuration, and what upstream's tests look at besides: counters, and functions that only they call. */
#ifndef UNIT_LWIPOPTS_H
#define UNIT_LWIPOPTS_H

/* They put connections into the lists before these have addresses. */
#define LWIP_TCP_WALK 1

#include "../../../lib/net/lwip/port/lwipopts.h"

#undef LWIP_STATS
#define LWIP_STATS                    1
#define MIB2_STATS                    1
#define MEM_STATS                     1
#define MEMP_STATS                    1
#define LWIP_TESTMODE                 1
#define ETHARP_SUPPORT_STATIC_ENTRIES 1
#undef LWIP_NETIF_EXT_STATUS_CALLBACK
#define LWIP_NETIF_EXT_STATUS_CALLBACK 1

/* Sizes that they count with: small segments and windows, which are filled; what may be sent is more than what may come. */
#undef TCP_MSS
#define TCP_MSS 536
#undef TCP_WND
#undef TCP_SND_BUF
#define TCP_WND     (10 * TCP_MSS)
#define TCP_SND_BUF (12 * TCP_MSS)
/* The tests of what is out of order at most do not compile (test_lwip_unit.py). */
#undef TCP_OOSEQ_MAX_BYTES
#define TCP_OOSEQ_MAX_BYTES (TCP_WND + 1)

/* They count ticks, and know the first sequence number. */
#undef TCP_TMR_INTERVAL
#define TCP_TMR_INTERVAL 250
#undef LWIP_HOOK_TCP_ISN

/* They give tcp_write() bytes; gather.c does what we do. */
extern int tests_gather;
#define TCP_WRITE_COPY(to, from, pos, n)                                                            \
	do {                                                                                        \
		if (tests_gather)                                                                   \
			lwip_tcp_gather(to, from, pos, n);                                          \
		else                                                                                \
			MEMCPY(to, (const u8_t *)(from) + (pos), n);                                \
	} while (0)

#define MEMP_SYS_TIMEOUT (MEMP_MAX + 1) /* no such pool: timers.c has none */

#endif
