/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of devices: by a GICv2's frame, or a GICv3's ITS, whichever the machine has.
 */
#include <uk/errno.h>
#include <uk/plat/bus.h>

#include "kvm.h"

static enum { NOT_LOOKED, NEITHER, V2M, ITS } kind;

bool kvm_messages(void)
{
	if (kind == NOT_LOOKED)
		kind = kvm_v2m_find() ? V2M : kvm_its_find() ? ITS : NEITHER;
	return kind > NEITHER;
}

int uk_plat_msi_request(void (*fn)(void *arg), void *arg, uint32_t cpu, struct uk_plat_msi *msi)
{
	if (!kvm_messages())
		return -ENODEV;
	return kind == V2M ? kvm_v2m_request(fn, arg, cpu, msi)
			   : kvm_its_request(fn, arg, cpu, msi);
}

void uk_plat_msi_release(const struct uk_plat_msi *msi)
{
	if (kind == V2M)
		kvm_v2m_release(msi);
	else
		kvm_its_release(msi);
}
