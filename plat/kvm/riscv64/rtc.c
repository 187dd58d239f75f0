/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine's clock: Goldfish RTC (QEMU hw/rtc/goldfish_rtc.c has its registers).
 */
#include "kvm.h"

#define TIME_LOW  0x00 /* nanoseconds since 1970; reading it keeps the upper half ... */
#define TIME_HIGH 0x04 /* ... for this */

uk_nsec plat_rtc_now(void)
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
