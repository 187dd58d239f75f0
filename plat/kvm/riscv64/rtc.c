/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wall clock: the machine's (Goldfish RTC: QEMU hw/rtc/goldfish_rtc.c has its registers), read once; from then on it
 * advances with the monotonic clock.
 */
#include <uk/plat/clock.h>

#include "kvm.h"

#define TIME_LOW  0x00 /* nanoseconds since 1970; reading it keeps the upper half ... */
#define TIME_HIGH 0x04 /* ... for this */

static uk_nsec now_by_rtc(void)
{
	int node = devtree_next(-1, "google,goldfish-rtc");
	volatile uint8_t *page;
	uk_paddr_t pa;
	uint32_t low;
	size_t len;

	if (node < 0 || !devtree_reg(node, &pa, &len) || (pa & UK_PAGE_MASK))
		return 0;
	page = boot_map_device(BOOT_FIXED_RTC, pa);
	if (!page)
		return 0;
	low = uk_mmio_read32(page + TIME_LOW);
	return (uk_nsec)uk_mmio_read32(page + TIME_HIGH) << 32 | low;
}

uk_nsec uk_plat_clock_wall(void)
{
	static uk_nsec boot_wall; /* the wall clock at monotonic time 0 */
	static bool asked;
	uk_nsec now = uk_plat_clock_monotonic();

	if (UK_UNLIKELY(!asked)) {
		boot_wall = now_by_rtc();
		boot_wall -= boot_wall ? now : 0;
		asked = true;
	}
	return boot_wall ? boot_wall + now : 0;
}
