/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What Xen has for the seed (plat/common): how long its calls take.
 */
#include <uk/plat/random.h>

#include "xen.h"

#include <xen/version.h>

void xen_jitter(void)
{
	xen_call2(__HYPERVISOR_xen_version, XENVER_version, NULL);
}

/* The domain itself is told when it has been restored. */
const void *uk_plat_generation(void)
{
	return NULL;
}
