/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where xenstore is found, and with it devices: at the start they are waited for, so that an application finds its network.
 */
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/print.h>
#include <uk/xen/event.h>
#include <uk/xen/hypercall.h>
#include <uk/xenstore.h>

#include "xen.h"

#ifdef CONFIG_LIBXENBUS
#include <uk/xenbus.h>
#endif

#define PATIENCE (10 * UK_NSEC_PER_SEC)

static uint32_t port;

static void interrupt(void *arg UK_UNUSED)
{
	uk_xenstore_interrupt();
}

static void notify(void)
{
	uk_xen_event_notify(port);
}

static int attach(void)
{
	void *ring = uk_xen_store_ring(&port);
	int rc;

	if (!ring)
		return -ENODEV;
	rc = uk_xen_event_handler(port, interrupt, NULL);
	if (!rc)
		uk_xenstore_attach(ring, notify);
	return rc;
}

static int store_start(void)
{
	int rc = attach();

	if (rc == -ENODEV) {
		uk_pr_info("no xenstore, so no devices");
		return 0;
	}
	if (rc)
		return rc;
#ifdef CONFIG_LIBXENBUS
	rc = uk_xenbus_start(PATIENCE);
	if (rc)
		uk_pr_err("no devices: xenstore says error %d", -rc);
#endif
	return 0;
}

UK_INIT(UK_INIT_DEV, "3", store_start, NULL);

/* ---- suspended ---- */

int xen_store_suspend(void)
{
	int rc;

#ifdef CONFIG_LIBXENBUS
	uk_xenbus_suspend();
#endif
	rc = uk_xenstore_suspend();
#ifdef CONFIG_LIBXENBUS
	if (rc)
		uk_xenbus_resume(false);
#endif
	return rc;
}

void xen_store_resume(bool elsewhere)
{
	int rc = 0;

#ifdef CONFIG_LIBXENBUS
	uk_xenbus_resume(elsewhere);
#endif
	if (elsewhere)
		rc = attach();
	else
		uk_xenstore_continue();
	if (rc)
		uk_pr_err("there is no xenstore any more, and so no devices: error %d", -rc);
}
