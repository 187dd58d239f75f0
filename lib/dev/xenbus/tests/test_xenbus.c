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

static bool backend(unsigned state)
{
	return UK_EXPECT_EQ(uk_xenstore_write(0, THEIR, "state", "%u", state), 0);
}

static unsigned ours(void)
{
	uint64_t n = 99;

	uk_xenstore_read_uint(0, OURS, "state", &n);
	return (unsigned)n;
}

/* A wait that fails ends the case, as those behind it would fail, too. */
#define SOON (uk_test_patience() * UK_NSEC_PER_MS)

#define EXPECT_SOON(cond)                                                                          \
	do {                                                                                       \
		if (!UK_EXPECT_EQ(UK_WAIT(&moved, cond, uk_deadline(SOON)), 0))                    \
			return;                                                                    \
	} while (0)

/* Our state is written after the driver was called: looked at again and again. */
static bool reaches(unsigned state)
{
	uk_nsec end = uk_deadline(SOON);

	while (ours() != state && uk_clock_monotonic() < end)
		uk_sleep(UK_NSEC_PER_MS);
	return UK_EXPECT_EQ(ours(), state);
}

/* Several changes may be one call of a watch: what is to be seen by itself is waited for. */
static bool sees(unsigned state)
{
	uk_nsec end = uk_deadline(SOON);

	while (UK_READ_ONCE(dev->their) != state && uk_clock_monotonic() < end)
		uk_sleep(UK_NSEC_PER_MS);
	return UK_EXPECT_EQ(dev->their, state);
}

static void plug_in(unsigned state)
{
	uk_xenstore_write(0, THEIR, "state", "%u", state);
	uk_xenstore_write(0, OURS, "backend", THEIR);
	uk_xenstore_write(0, OURS, "backend-id", "0");
	uk_xenstore_write(0, OURS, "state", "1");
	uk_xenstore_write(0, OURS, NULL, "%s", "");
	uk_xenstore_write(0, "device/test", NULL, "%s", "");
}

static bool plug(unsigned state)
{
	memset(&did, 0, sizeof(did));
	if (!start(HONEST, 0))
		return false;
	plug_in(state);
	uk_xenstore_write(0, "device/other", NULL, "%s", "");
	return true;
}

static void unplug(int times)
{
	uk_xenstore_rm(0, "device/test", NULL);
	uk_xenstore_write(0, "device/other", NULL, "%s", "");
	EXPECT_SOON(did.removes == times);
}

/* A case: `steps` with a device whose backend is in that state. */
static void with_device(unsigned state, void (*steps)(void))
{
	SKIP_IF_REAL();
	UK_REQUIRE(plug(state));
	if (UK_EXPECT_EQ(uk_xenbus_start(0), 0)) {
		UK_WAIT(&moved, did.probes, uk_deadline(SOON));
		if (UK_EXPECT_EQ(did.probes, 1))
			steps();
		uk_xenbus_stop();
	}
	stop();
}

static void in_order(void)
{
	EXPECT_SOON(did.connects == 1);
	UK_REQUIRE(reaches(XenbusStateInitialised));
	UK_REQUIRE(backend(XenbusStateConnected));
	EXPECT_SOON(did.ups == 1);
	UK_REQUIRE(reaches(XenbusStateConnected));
	UK_REQUIRE(!uk_xenstore_write(0, THEIR, "sectors", "8"));
	EXPECT_SOON(did.changes > 0);
	UK_EXPECT_EQ(did.downs, 0);
	UK_REQUIRE(backend(XenbusStateClosing));
	UK_REQUIRE(reaches(XenbusStateClosed));
	UK_EXPECT_EQ(did.downs, 0); /* it still has what is shared */
	UK_REQUIRE(backend(XenbusStateClosed));
	EXPECT_SOON(did.downs == 1);
	unplug(1);
	UK_EXPECT_EQ(did.probes, 1);
	UK_EXPECT_EQ(did.downs, 1);
}

UK_TEST(xenbus, in_order)
{
	with_device(XenbusStateInitWait, in_order);
}

/* The driver keeps what it has made of it: no second probe, and nothing is written to a folder that is gone. */
static void plugged_again(void)
{
	for (int i = 1; i < 4; i++) {
		EXPECT_SOON(did.connects == i);
		UK_REQUIRE(reaches(XenbusStateInitialised));
		UK_REQUIRE(backend(XenbusStateConnected));
		EXPECT_SOON(did.ups == i);
		UK_REQUIRE(reaches(XenbusStateConnected));
		dev->off = i == 2; /* a new backend has a new start */
		unplug(i);
		UK_EXPECT_EQ(did.downs, i);
		UK_EXPECT(dev->gone);
		uk_xenstore_write(0, OURS, "state", "77");
		uk_xenbus_close(dev);
		uk_xenbus_connect(dev);
		UK_EXPECT_EQ(ours(), 77);
		UK_EXPECT_EQ(did.connects, i);
		plug_in(XenbusStateInitWait);
		uk_xenstore_write(0, "device/other", NULL, "%s", "");
	}
	EXPECT_SOON(did.connects == 4);
	UK_EXPECT(!dev->gone && !dev->off);
	UK_EXPECT_EQ(did.probes, 1);
	unplug(4);
}

UK_TEST(xenbus, plugged_in_again)
{
	with_device(XenbusStateInitWait, plugged_again);
}

static void restarts(void)
{
	UK_REQUIRE(reaches(XenbusStateInitialised));
	for (int i = 1; i < 5; i++) {
		UK_REQUIRE(backend(XenbusStateConnected));
		UK_REQUIRE(reaches(XenbusStateConnected));
		UK_EXPECT_EQ(did.ups, i);
		if (i == 1) { /* its domain has died: there is not even a state */
			uk_xenstore_rm(0, THEIR, "state");
			uk_xenstore_write(0, THEIR, "other", "1");
			UK_REQUIRE(reaches(XenbusStateClosed));
		} else if (i == 2) { /* without a word */
			UK_REQUIRE(backend(XenbusStateInitWait));
		} else {
			UK_REQUIRE(backend(XenbusStateClosing));
			UK_REQUIRE(reaches(XenbusStateClosed));
			UK_REQUIRE(backend(XenbusStateClosed));
			EXPECT_SOON(did.downs == i);
			UK_REQUIRE(backend(XenbusStateInitialising));
			UK_REQUIRE(reaches(XenbusStateInitialising));
		}
		EXPECT_SOON(did.downs == i);
		UK_REQUIRE(backend(XenbusStateInitWait));
		EXPECT_SOON(did.connects >= i + 1);
		UK_REQUIRE(reaches(XenbusStateInitialised));
	}
	UK_EXPECT_EQ(did.probes, 1);
	unplug(1);
	UK_EXPECT_EQ(did.downs, 5);
}

UK_TEST(xenbus, backend_restarts)
{
	with_device(XenbusStateInitWait, restarts);
}

static void jumps(void)
{
	char why[64] = "";

	UK_REQUIRE(reaches(XenbusStateInitialising));
	for (unsigned state = 0; state < 20; state++)
		if (state != XenbusStateInitWait)
			UK_REQUIRE(backend(state) && sees(state));
	UK_EXPECT_EQ(uk_xenstore_write(0, THEIR, "state", "no number"), 0);
	UK_EXPECT_EQ(did.connects + did.ups + did.downs, 0);
	did.refuse = -EPROTO;
	UK_REQUIRE(backend(XenbusStateInitWait));
	EXPECT_SOON(did.connects == 1);
	UK_REQUIRE(reaches(XenbusStateClosed));
	UK_EXPECT(uk_xenstore_read(0, "error/" OURS, "error", why, sizeof(why)) > 0);
	UK_EXPECT(!uk_strcmp(why, "71 it cannot be connected"));
	UK_REQUIRE(backend(XenbusStateConnected) && sees(XenbusStateConnected));
	UK_EXPECT_EQ(did.ups, 0);
	did.refuse = 0;
	UK_REQUIRE(backend(XenbusStateInitWait));
	UK_REQUIRE(reaches(XenbusStateInitialised));
	UK_EXPECT_EQ(did.downs, 0);
	unplug(1);
	UK_EXPECT_EQ(did.downs, 1);
}

UK_TEST(xenbus, jumps)
{
	with_device(XenbusStateConnected, jumps); /* to nothing of ours */
}

static void breaks_the_rules(void)
{
	for (int i = 1; i < 3; i++) {
		UK_REQUIRE(reaches(XenbusStateInitialised));
		UK_REQUIRE(backend(XenbusStateConnected));
		UK_REQUIRE(reaches(XenbusStateConnected));
		uk_xenbus_broken(dev, "test", "it does what this test wants: number", i);
		UK_EXPECT_EQ(dev->off, i == 2); /* within a minute */
		uk_xenbus_reconnect(dev);
		UK_REQUIRE(reaches(XenbusStateClosed));
		UK_EXPECT_EQ(did.downs, i - 1); /* it has what is shared until it is closed */
		UK_REQUIRE(backend(XenbusStateClosed));
		EXPECT_SOON(did.downs == i);
		UK_REQUIRE(reaches(XenbusStateInitialising));
		UK_REQUIRE(backend(XenbusStateInitWait));
		EXPECT_SOON(did.connects == i + 1);
	}
	UK_REQUIRE(reaches(XenbusStateInitialised));
	unplug(1);
}

UK_TEST(xenbus, backend_breaks_the_rules)
{
	with_device(XenbusStateInitWait, breaks_the_rules);
}

static void resume(void)
{
	UK_REQUIRE(reaches(XenbusStateInitialised));
	UK_REQUIRE(backend(XenbusStateConnected));
	EXPECT_SOON(did.ups == 1);
	UK_REQUIRE(backend(XenbusStateInitWait)); /* as the tools of the next host leave it */
	EXPECT_SOON(did.connects == 2);
	UK_EXPECT_EQ(did.downs, 1);
	UK_REQUIRE(reaches(XenbusStateInitialised));
	uk_xenbus_suspend();
	UK_REQUIRE(!uk_xenstore_suspend());
	uk_xenbus_resume(false); /* it was not saved: nothing happens */
	uk_xenstore_continue();
	uk_xenbus_suspend();
	UK_REQUIRE(!uk_xenstore_suspend());
	UK_EXPECT_EQ(did.connects, 2);
	d->ntokens = 0;
	memset(&d->ring, 0, sizeof(d->ring));
	dev->off = true; /* of the backend that there was */
	uk_xenbus_resume(true);
	uk_xenstore_attach(&d->ring, notify);
	EXPECT_SOON(did.connects == 3);
	UK_EXPECT(!dev->off);
	UK_REQUIRE(backend(XenbusStateConnected));
	UK_REQUIRE(reaches(XenbusStateConnected));
	UK_EXPECT_EQ(did.probes, 1);
	unplug(1);
}

UK_TEST(xenbus, resume)
{
	with_device(XenbusStateInitWait, resume);
}
