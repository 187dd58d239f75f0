/* SPDX-License-Identifier: BSD-3-Clause */
/* What lwIP and our files above it need of the kernel, by the build machine's means. Time is what a test says. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include <uk/alloc.h>
#include <uk/percpu.h>
#include <uk/print.h>
#include <uk/random.h>
#include <uk/time.h>

struct uk_percpu uk_percpu_boot;
struct uk_alloc *uk_heap;
uint64_t host_ms = 1000;

void *uk_alloc_malloc(struct uk_alloc *a, size_t size)
{
	return malloc(size);
}

void uk_alloc_free(struct uk_alloc *a, void *p)
{
	free(p);
}

/* The same in each run. */
void uk_random_fill(void *buf, size_t n)
{
	static uint32_t state = 1;
	unsigned char *p = buf;

	while (n--) {
		state = state * 1664525 + 1013904223;
		*p++ = (unsigned char)(state >> 24);
	}
}

void uk_panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void uk_log(enum uk_log_level level, const char *lib, const char *fmt, ...)
{
}

uk_nsec uk_clock_monotonic(void)
{
	return host_ms * UK_NSEC_PER_MS;
}

u32_t sys_now(void)
{
	return (u32_t)host_ms;
}

/* ---- hooks.h, timers.c, setup.c ---- */

struct device *lwip_devices[1];
bool lwip_rx_short;
unsigned lwip_n_devices;
static ip_addr_t servers[2];

void device_reap(void)
{
}

bool lwip_tcp_refuses(const struct tcp_pcb *pcb, const struct pbuf *p, u32_t seqno)
{
	return false;
}

void sys_timeouts_init(void)
{
}

void tcp_timer_needed(void)
{
}

void recovery_timer_needed(void)
{
}

u32_t lwip_secret(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
		  u16_t remote_port, uint64_t more)
{
	return (u32_t)(more * 0x9e3779b97f4a7c15 >> 32);
}

u32_t lwip_tcp_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
		   u16_t remote_port)
{
	return 6510;
}

void dns_setserver(u8_t i, const ip_addr_t *server)
{
	if (i < 2 && server)
		servers[i] = *server;
}

const ip_addr_t *dns_getserver(u8_t i)
{
	return &servers[i & 1];
}
