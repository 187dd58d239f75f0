/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lwIP's periodic work, in place of its own timeouts.c: a table of what runs how often and while there is what, and one timer of
 * the kernel for the earliest. What nobody needs rests, so an idle image is not woken.
 *
 * Tables of neighbours and the like only grow older when no packet moves: that is made up for at once when one does (or
 * after five minutes), and before it is looked at.
 */
#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/igmp.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/memp.h>
#include <lwip/mld6.h>
#include <lwip/nd6.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <uk/timer.h>
#include "internal.h"

bool lwip_timer_due;

/*
 * Closed connections that are remembered only so that late segments meet nobody else: each new connection is compared with
 * all of them, so beyond some the oldest are forgotten. New ones are at the front.
 */
#define TIME_WAIT_MAX 200

static void forget_closed(void)
{
	struct tcp_pcb **p = &tcp_tw_pcbs, *pcb, *next;
	unsigned n;

	for (n = 0; *p && n < TIME_WAIT_MAX; n++)
		p = &(*p)->next;
	pcb = *p;
	*p = NULL;
	for (; pcb; pcb = next) {
		next = pcb->next;
		tcp_free(pcb);
	}
}

static void tcp_tick(void)
{
	tcp_tmr();
	segment_tick();
	forget_closed();
}

static bool losses, moved;

static void losses_tick(void)
{
	losses = recovery_tick();
}

/* ---- who needs what ---- */

static bool tcp_needed(void)
{
	return tcp_active_pcbs || tcp_tw_pcbs;
}

static bool losses_needed(void)
{
	return losses;
}

static bool moved_lately(void)
{
	return moved;
}

static bool parts4(void)
{
	return lwip_memp_used(MEMP_REASSDATA);
}

static bool groups4(void)
{
	struct netif *n;
	struct igmp_group *g;

	NETIF_FOREACH(n)
	for (g = netif_igmp_data(n); g; g = g->next)
		if (g->timer)
			return true;
	return false;
}

#if LWIP_DHCP
static bool dhcp_any(void)
{
	struct netif *n;

	NETIF_FOREACH(n)
	if (netif_dhcp_data(n))
		return true;
	return false;
}

static bool dhcp_asks(void)
{
	struct netif *n;

	NETIF_FOREACH(n)
	if (netif_dhcp_data(n) && netif_dhcp_data(n)->request_timeout)
		return true;
	return false;
}
#endif

#if LWIP_IPV6
static bool parts6(void)
{
	return lwip_memp_used(MEMP_IP6_REASSDATA);
}

static bool groups6(void)
{
	struct netif *n;
	struct mld_group *g;

	NETIF_FOREACH(n)
	for (g = netif_mld6_data(n); g; g = g->next)
		if (g->timer)
			return true;
	return false;
}
#endif

static struct cyclic {
	unsigned ms;
	bool ages; /* runs as often as time has passed, if late */
	void (*run)(void);
	bool (*needed)(void);
	uk_nsec next, last;
} cyclic[] = {
	/* the first: tcp_timer_needed() */
	{ TCP_TMR_INTERVAL, false, tcp_tick, tcp_needed, UK_NSEC_MAX, 0 },
	{ RECOVERY_TICK_MS, false, losses_tick, losses_needed, UK_NSEC_MAX, 0 },
	{ ARP_TMR_INTERVAL, true, etharp_tmr, moved_lately, UK_NSEC_MAX, 0 },
	{ IP_TMR_INTERVAL, false, ip_reass_tmr, parts4, UK_NSEC_MAX, 0 },
	{ IGMP_TMR_INTERVAL, false, igmp_tmr, groups4, UK_NSEC_MAX, 0 },
#if LWIP_DHCP
	{ DHCP_COARSE_TIMER_MSECS, false, dhcp_coarse_tmr, dhcp_any, UK_NSEC_MAX, 0 },
	{ DHCP_FINE_TIMER_MSECS, false, dhcp_fine_tmr, dhcp_asks, UK_NSEC_MAX, 0 },
#endif
#if LWIP_IPV6
	{ ND6_TMR_INTERVAL, true, nd6_tmr, moved_lately, UK_NSEC_MAX, 0 },
	{ IP6_REASS_TMR_INTERVAL, false, ip6_reass_tmr, parts6, UK_NSEC_MAX, 0 },
	{ MLD6_TMR_INTERVAL, false, mld6_tmr, groups6, UK_NSEC_MAX, 0 },
#endif
};

/* ---- has anything moved? ---- */

#define QUIET_NSEC                                                                                 \
	(6 * UK_NSEC_PER_SEC) /* longer than a neighbour or a router is asked again after */
#define REST_NSEC (300 * UK_NSEC_PER_SEC) /* nothing rests for longer */

bool lwip_timers_rest;

/* Updates `moved`. */
static void look_for_packets(uk_nsec now)
{
	static uint64_t seen;
	static uk_nsec latest;
	uint64_t packets = 0;

	for (unsigned i = 0; i < lwip_n_devices; i++)
		packets += uk_shared_get(lwip_devices[i]->dev->rx[0]->stats.packets) +
			   uk_shared_get(lwip_devices[i]->dev->tx[0]->stats.packets);
	if (packets != seen || !latest || lwip_timers_rest)
		latest = now;
	seen = packets;
	moved = now - latest < QUIET_NSEC;
	lwip_timers_rest = !moved;
}

static void expired(struct uk_timer *t)
{
	uk_shared_set(lwip_timer_due, true);
	lwip_wake();
}

static struct uk_timer timer = UK_TIMER_INIT(expired);

u32_t sys_now(void)
{
	return (u32_t)(uk_clock_monotonic() / UK_NSEC_PER_MS);
}

static void start_earliest(void)
{
	uk_nsec first = UK_NSEC_MAX;
	struct cyclic *c;

	for (c = cyclic; c < cyclic + UK_ARRAY_SIZE(cyclic); c++)
		first = UK_MIN(first, c->next);
	uk_timer_start(&timer, first);
}

static void run(struct cyclic *c, uk_nsec now)
{
	uk_nsec times = (now - c->last) / (c->ms * UK_NSEC_PER_MS);

	c->last = now;
	if (!c->ages || !times)
		times = 1;
	while (times--)
		c->run();
}

/* Each runs on, rests, or starts again. */
static void plan(uk_nsec now)
{
	struct cyclic *c;

	for (c = cyclic; c < cyclic + UK_ARRAY_SIZE(cyclic); c++) {
		bool needed = c->needed();

		if (c->next == UK_NSEC_MAX || c->next > c->last + c->ms * UK_NSEC_PER_MS) {
			if (!needed)
				continue;
			if (!c->ages)
				c->last = now;
			c->next = now + c->ms * UK_NSEC_PER_MS;
		} else if (!needed) {
			c->next = c->ages ? c->last + REST_NSEC : UK_NSEC_MAX;
		}
	}
	start_earliest();
}

void lwip_timers_run(void)
{
	uk_nsec now = uk_clock_monotonic();
	struct cyclic *c;

	uk_shared_set(lwip_timer_due, false);
	paths_changed(); /* neighbours age, leases end */
	for (c = cyclic; c < cyclic + UK_ARRAY_SIZE(cyclic); c++) {
		if (now < c->next)
			continue;
		run(c, now);
		c->next = now + c->ms * UK_NSEC_PER_MS;
	}
	look_for_packets(now);
	plan(now);
}

/* A packet, after a rest. */
void lwip_timers_wake(void)
{
	uk_nsec now = uk_clock_monotonic();
	struct cyclic *c;

	paths_changed();
	for (c = cyclic; c < cyclic + UK_ARRAY_SIZE(cyclic); c++)
		if (c->ages && now - c->last >= c->ms * UK_NSEC_PER_MS)
			run(c, now);
	look_for_packets(now);
	plan(now);
}

void lwip_timers_plan(void)
{
	plan(uk_clock_monotonic());
}

/* A connection has lost something. */
void recovery_timer_needed(void)
{
	if (losses)
		return;
	losses = true;
	lwip_timers_plan();
}

/* lwIP has a connection, and had none before. */
void tcp_timer_needed(void)
{
	if (cyclic[0].next == UK_NSEC_MAX && tcp_needed())
		lwip_timers_plan();
}

void sys_timeouts_init(void)
{
	uk_nsec now = uk_clock_monotonic();
	struct cyclic *c;

	for (c = cyclic; c < cyclic + UK_ARRAY_SIZE(cyclic); c++) {
		c->next = UK_NSEC_MAX;
		c->last = now;
	}
	look_for_packets(now);
	plan(now);
}
