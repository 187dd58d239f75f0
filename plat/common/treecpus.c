/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The CPUs that a device tree tells of (Devicetree Specification 0.4 §3.8).
 */
#include <libfdt.h>
#include <uk/string.h>

#include "devtree.h"

int devtree_cpu(int node, uint64_t *id)
{
	static const devtree_name names[] = { "reg", "device_type", "status" };
	struct devtree_prop p[3];

	if (devtree_cpus() < 0)
		return -1;
	node = node < 0 ? fdt_first_subnode(devtree(), devtree_cpus())
			: fdt_next_subnode(devtree(), node);
	for (; node >= 0; node = fdt_next_subnode(devtree(), node)) {
		devtree_props(node, names, p, 3);
		if (!p[1].value || (p[0].len != 4 && p[0].len != 8) ||
		    (p[2].value && memcmp(p[2].value, "ok", UK_MIN(p[2].len, 2U)))) /* or okay */
			continue;
		*id = p[0].len == 4 ? fdt32_ld((const void *)p[0].value)
				    : fdt64_ld((const void *)p[0].value);
		return node;
	}
	return -1;
}
