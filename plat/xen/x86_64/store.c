/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where xenstore is found, and with it devices: at the start they are waited for, so that an application finds its network.
 */
#include <uk/init.h>
#include <uk/print.h>
#include <uk/xen/event.h>
#include <uk/xen/hypercall.h>
#include <uk/xenstore.h>

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

static int store_start(void)
{
	void *ring = uk_xen_store_ring(&port);
	int rc;

	if (!ring) {
		uk_pr_info("no xenstore, so no devices");
		return 0;
	}
	rc = uk_xen_event_handler(port, interrupt, NULL);
	if (rc)
		return rc;
	uk_xenstore_attach(ring, notify);
#ifdef CONFIG_LIBXENBUS
	rc = uk_xenbus_start(PATIENCE);
	if (rc)
		uk_pr_err("no devices: xenstore says error %d", -rc);
#endif
	return 0;
}

UK_INIT(UK_INIT_DEV, "3", store_start, NULL);
