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

/*
 * The domain can be saved from now on, and the tools can ask for it. 0, or -ENOMEM: they had better not. Thread context.
 */
int uk_xen_suspend_init(void);

/*
 * The domain stands still and is saved. 0: this is a new domain, in which devices are going to be connected again, all watches are
 * set, our folder in xenstore is new; time went on where it stood, but for the wall clock. Otherwise nothing has changed:
 * 1 the tools did not want it any more, or have only made a copy; -ETIMEDOUT something is under way with xenstore; or what Xen
 * says. In the thread of xenstore's watches, which so has nothing under way itself.
 */
int uk_xen_suspend(void);

UK_API_END
#endif
