/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine's clock: PL031 (Arm DDI 0224), which counts seconds since 1970.
 */
#include <uk/arch/io.h>
#include <uk/plat/clock.h>
#include <uk/plat/mem.h>

#include "image.h"
#include "machine.h"

#define DATA 0x000

uk_nsec arm_rtc_now(void)
{
	int node = devtree_next(-1, "arm,pl031");
	volatile uint8_t *page;
	uk_paddr_t pa;
	size_t len;

	if (node < 0 || !devtree_reg(node, &pa, &len) || (pa & UK_PAGE_MASK))
		return 0;
	page = boot_map_device(BOOT_FIXED_RTC, pa);
	return page ? uk_mmio_read32(page + DATA) * UK_NSEC_PER_SEC : 0;
}
