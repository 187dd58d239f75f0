/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A machine on which messages of devices do not arrive.
 */
#include <uk/errno.h>
#include <uk/plat/bus.h>

#include "kvm.h"

bool kvm_messages(void)
{
	return false;
}

int uk_plat_msi_request(void (*fn)(void *arg) UK_UNUSED, void *arg UK_UNUSED,
			uint32_t cpu UK_UNUSED, struct uk_plat_msi *msi UK_UNUSED)
{
	return -ENODEV;
}

void uk_plat_msi_release(const struct uk_plat_msi *msi UK_UNUSED)
{
}
