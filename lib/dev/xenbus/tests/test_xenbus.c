/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A driver and its backend by their states: in order, restarted, gone, never there, and jumping about.
 */
#include <uk/errno.h>
#include <uk/xenbus.h>

#include "../../xenstore/tests/xenstored.h"

static struct {
	int probes, connects, ups, changes, downs, removes;
	int refuse; /* what connect() returns instead */
} did;

static struct uk_waitq moved;

static int count_up(int *what)
{
	++*what;
	uk_waitq_wake_all(&moved);
	return 0;
}

static struct uk_xenbus_dev *dev;

static int probe(struct uk_xenbus_dev *d)
{
	dev = d;
	return count_up(&did.probes);
}

static int connect(struct uk_xenbus_dev *d UK_UNUSED)
{
	count_up(&did.connects);
	return did.refuse ? did.refuse : XenbusStateInitialised;
}

static int connected(struct uk_xenbus_dev *d UK_UNUSED)
{
	return count_up(&did.ups);
}

static void changes(struct uk_xenbus_dev *d UK_UNUSED)
{
	count_up(&did.changes);
}

static void disconnect(struct uk_xenbus_dev *d UK_UNUSED)
{
	count_up(&did.downs);
}

static void removed(struct uk_xenbus_dev *d UK_UNUSED)
{
	count_up(&did.removes);
}

UK_XENBUS_DRIVER(test, ((struct uk_xenbus_driver){
			       .name = "test",
			       .type = "test",
			       .probe = probe,
			       .connect = connect,
			       .connected = connected,
			       .changed = changes,
			       .disconnect = disconnect,
			       .remove = removed,
		       }));

#define OURS  "device/test/0"
#define THEIR "/back/test/0"

static void backend(unsigned state)
{
	UK_EXPECT_EQ(uk_xenstore_write(0, THEIR, "state", "%u", state), 0);
}

static unsigned ours(void)
{
	uint64_t n = 99;

	uk_xenstore_read_uint(0, OURS, "state", &n);
	return (unsigned)n;
}

#define SOON(cond) UK_EXPECT_EQ(UK_WAIT(&moved, cond, uk_deadline(10 * UK_NSEC_PER_SEC)), 0)

/* Our state is written after the driver was called: looked at again and again. */
static void expect_state(unsigned state)
{
	for (int i = 0; i < 1000 && ours() != state; i++)
		uk_sleep(UK_NSEC_PER_SEC / 100);
	UK_EXPECT_EQ(ours(), state);
}

/* Several changes may be one call of a watch: what is to be seen by itself is waited for. */
static void expect_seen(unsigned state)
{
	for (int i = 0; i < 1000 && UK_READ_ONCE(dev->their) != state; i++)
		uk_sleep(UK_NSEC_PER_SEC / 100);
	UK_EXPECT_EQ(dev->their, state);
}

static bool plug(unsigned state)
{
	memset(&did, 0, sizeof(did));
	if (!start(HONEST, 0))
		return false;
	uk_xenstore_write(0, THEIR, "state", "%u", state);
	uk_xenstore_write(0, OURS, "backend", THEIR);
	uk_xenstore_write(0, OURS, "backend-id", "0");
	uk_xenstore_write(0, OURS, "state", "1");
	uk_xenstore_write(0, OURS, NULL, "%s", "");
	uk_xenstore_write(0, "device/test", NULL, "%s", "");
	uk_xenstore_write(0, "device/other", NULL, "%s", "");
	return true;
}

static void unplug(int times)
{
	uk_xenstore_rm(0, "device/test", NULL);
	uk_xenstore_write(0, "device/other", NULL, "%s", "");
	SOON(did.removes == times);
	uk_xenbus_stop();
	stop();
}

UK_TEST(xenbus, in_order)
{
	UK_REQUIRE(plug(XenbusStateInitWait));
	UK_EXPECT_EQ(uk_xenbus_start(0), 0);
	SOON(did.connects == 1);
	expect_state(XenbusStateInitialised);
	backend(XenbusStateConnected);
	SOON(did.ups == 1);
	expect_state(XenbusStateConnected);
	UK_EXPECT_EQ(uk_xenstore_write(0, THEIR, "sectors", "8"), 0);
	SOON(did.changes > 0);
	UK_EXPECT_EQ(did.downs, 0);
	backend(XenbusStateClosing);
	expect_state(XenbusStateClosed);
	UK_EXPECT_EQ(did.downs, 0); /* it still has what is shared */
	backend(XenbusStateClosed);
	SOON(did.downs == 1);
	unplug(1);
	UK_EXPECT_EQ(did.probes, 1);
	UK_EXPECT_EQ(did.downs, 1);
}

UK_TEST(xenbus, backend_restarts)
{
	UK_REQUIRE(plug(XenbusStateInitWait));
	UK_EXPECT_EQ(uk_xenbus_start(0), 0);
	expect_state(XenbusStateInitialised);
	for (int i = 1; i < 5; i++) {
		backend(XenbusStateConnected);
		expect_state(XenbusStateConnected);
		UK_EXPECT_EQ(did.ups, i);
		if (i == 1) { /* its domain has died: there is not even a state */
			uk_xenstore_rm(0, THEIR, "state");
			uk_xenstore_write(0, THEIR, "other", "1");
			expect_state(XenbusStateClosed);
		} else if (i == 2) { /* without a word */
			backend(XenbusStateInitWait);
		} else {
			backend(XenbusStateClosing);
			expect_state(XenbusStateClosed);
			backend(XenbusStateClosed);
			SOON(did.downs == i);
			backend(XenbusStateInitialising);
			expect_state(XenbusStateInitialising);
		}
		SOON(did.downs == i);
		backend(XenbusStateInitWait);
		SOON(did.connects >= i + 1);
		expect_state(XenbusStateInitialised);
	}
	UK_EXPECT_EQ(did.probes, 1);
	unplug(1);
	UK_EXPECT_EQ(did.downs, 5);
}

UK_TEST(xenbus, jumps)
{
	UK_REQUIRE(plug(XenbusStateConnected)); /* to nothing of ours */
	UK_EXPECT_EQ(uk_xenbus_start(0), 0);
	expect_state(XenbusStateInitialising);
	for (unsigned state = 0; state < 20; state++)
		if (state != XenbusStateInitWait) {
			backend(state);
			expect_seen(state);
		}
	UK_EXPECT_EQ(uk_xenstore_write(0, THEIR, "state", "no number"), 0);
	UK_EXPECT_EQ(did.connects + did.ups + did.downs, 0);
	did.refuse = -EPROTO;
	backend(XenbusStateInitWait);
	SOON(did.connects == 1);
	expect_state(XenbusStateClosed);
	backend(XenbusStateConnected);
	expect_seen(XenbusStateConnected);
	UK_EXPECT_EQ(did.ups, 0);
	did.refuse = 0;
	backend(XenbusStateInitWait);
	expect_state(XenbusStateInitialised);
	UK_EXPECT_EQ(did.downs, 0);
	unplug(1);
	UK_EXPECT_EQ(did.downs, 1);
}

UK_TEST(xenbus, resume)
{
	UK_REQUIRE(plug(XenbusStateInitWait));
	UK_EXPECT_EQ(uk_xenbus_start(0), 0);
	expect_state(XenbusStateInitialised);
	backend(XenbusStateConnected);
	SOON(did.ups == 1);
	backend(XenbusStateInitWait); /* as the tools of the next host leave it */
	SOON(did.connects == 2);
	UK_EXPECT_EQ(did.downs, 1);
	expect_state(XenbusStateInitialised);
	UK_EXPECT_EQ(uk_xenstore_suspend(), 0);
	d->ntokens = 0;
	memset(&d->ring, 0, sizeof(d->ring));
	uk_xenbus_resume();
	uk_xenstore_attach(&d->ring, notify);
	SOON(did.connects == 3);
	backend(XenbusStateConnected);
	expect_state(XenbusStateConnected);
	UK_EXPECT_EQ(did.probes, 1);
	unplug(1);
}
