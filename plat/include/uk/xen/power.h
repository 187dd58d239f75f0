/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the toolstack wants of the whole domain: that it ends, or stands still to be saved.
 */
#ifndef UK_XEN_POWER_H
#define UK_XEN_POWER_H

#include <uk/api.h>
#include <uk/essentials.h>

UK_API_BEGIN

/*
 * The domain is asked to end, as by a power button: who listens (uk_plat_power_listen()) is called with SIGTERM. False: nobody
 * listens, and it is the caller who ends the image. Any context.
 */
bool uk_xen_power_request(void);

/* The domain's end is told to the toolstack as one after which it is to be started anew, or, with false, as just its end. */
void uk_xen_power_again(bool again);

UK_API_END
#endif
