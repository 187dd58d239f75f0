/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests to end: the power button, which is also how QEMU's system_powerdown arrives. It is a key (Linux Documentation/
 * devicetree/bindings/input/gpio-keys.yaml) on a line of a GPIO controller, a PL061 (Arm DDI 0190).
 *
 * In the image only if something listens.
 */
#include <libfdt.h>
#include <uk/errno.h>
#include <uk/plat/irq.h>
#include <uk/plat/power.h>

#include "kvm.h"

#define SIGTERM   15
#define KEY_POWER 116 /* Linux include/uapi/linux/input-event-codes.h */

/* The PL061's registers, with a bit for each of its lines (§3.3). */
enum {
	GPIODIR = 0x400, /* 1: an output */
	GPIOIS = 0x404,  /* 1: interrupts by level, not edge */
	GPIOIBE = 0x408, /* 1: by both edges */
	GPIOIEV = 0x40c, /* 1: by the rising edge, 0: by the falling one */
	GPIOIE = 0x410,  /* 1: at all */
	GPIOMIS = 0x418, /* 1: there is one */
	GPIOIC = 0x41c,  /* 1: it is dealt with */
};
#define LINES      8U
#define ACTIVE_LOW 1U

static void (*listener)(int sig);
static volatile uint8_t *gpio;
static uint32_t line; /* its bit */

static void interrupt(void *arg UK_UNUSED)
{
	if (!(uk_mmio_read32(gpio + GPIOMIS) & line))
		return;
	uk_mmio_write32(gpio + GPIOIC, line);
	listener(SIGTERM);
}

static int listen(int controller, uint32_t n, bool low)
{
	static const unsigned off[] = { GPIOIE, GPIODIR, GPIOIS, GPIOIBE };
	uint32_t irq = kvm_tree_irq(controller);
	volatile uint8_t *page;
	uk_paddr_t pa;
	size_t len;

	if (n >= LINES || !irq || !devtree_reg(controller, &pa, &len) ||
	    (pa & UK_PAGE_MASK) + GPIOIC + 4 > UK_PAGE_SIZE)
		return -ENOTSUP;
	page = boot_map_device(BOOT_FIXED_BUTTON, pa & ~UK_PAGE_MASK);
	if (!page)
		return -ENOMEM;
	gpio = page + (pa & UK_PAGE_MASK);
	line = 1U << n;
	for (unsigned i = 0; i < UK_ARRAY_SIZE(off); i++)
		uk_mmio_write32(gpio + off[i], 0);
	uk_mmio_write32(gpio + GPIOIEV, low ? 0 : line);
	uk_mmio_write32(gpio + GPIOIC, line);
	uk_mmio_write32(gpio + GPIOIE, line);
	return uk_plat_irq_request(irq, interrupt, NULL);
}

/* The key of that code: what it hangs on, as three cells; or NULL. */
static const fdt32_t *find_key(const void *tree, uint32_t code)
{
	static const devtree_name names[] = { "gpios", "linux,code" };
	struct devtree_prop p[2];
	int keys = -1, key;

	while ((keys = devtree_next(keys, "gpio-keys")) >= 0)
		fdt_for_each_subnode(key, tree, keys)
		{
			devtree_props(key, names, p, 2);
			if (p[0].len == 12 && devtree_number(&p[1], 0) == code)
				return (const void *)p[0].value;
		}
	return NULL;
}

int uk_plat_power_listen(void (*fn)(int sig))
{
	const void *tree = devtree();
	const fdt32_t *at = tree ? find_key(tree, KEY_POWER) : NULL;
	int controller = at ? fdt_node_offset_by_phandle(tree, fdt32_ld(at)) : -1, rc;

	if (controller < 0 || fdt_node_check_compatible(tree, controller, "arm,pl061"))
		return -ENOTSUP;
	listener = fn;
	rc = listen(controller, fdt32_ld(at + 1), fdt32_ld(at + 2) & ACTIVE_LOW);
	if (!rc && kvm_runner())
		kvm_record('B', NULL, 0);
	return rc;
}
