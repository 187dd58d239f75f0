/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What treeseed.c asks of the platform.
 */
#ifndef PLAT_TREESEED_H
#define PLAT_TREESEED_H

#include <uk/types.h>

/* Up to n bytes of a good source beside the device tree; how many. */
size_t plat_more_seed(void *buf, size_t n);

/* Takes a time which depends on the host. */
void plat_wander(void);

#endif
