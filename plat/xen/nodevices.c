/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * No device on a bus has registers here: for listings.
 */
#include "image.h"

uintptr_t boot_devices(uintptr_t *end)
{
	return *end = 0;
}
