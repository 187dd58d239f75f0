/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client of xenstore against a small xenstored in a thread: honest, in pieces, silent, and hostile.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/thread.h>
#include <uk/time.h>
#include <uk/waitq.h>
#include <uk/xenstore.h>
#include <xen/io/xs_wire.h>

#include "xenstored.h"

/* ---- what drivers do ---- */

UK_TEST(xenstore, nobody_is_there)
{
	char buf[8];

	SKIP_IF_REAL();
	UK_EXPECT_EQ(uk_xenstore_read(0, "domid", NULL, buf, sizeof(buf)), -ENODEV);
}

UK_TEST(xenstore, read_and_write_in_pieces)
{
	static const unsigned steps[] = { 0, 1, 7, 16, 100 };
	char buf[64];
	uint64_t n;

	SKIP_IF_REAL();
	for (size_t i = 0; i < UK_ARRAY_SIZE(steps); i++) {
		UK_REQUIRE(start(HONEST, steps[i]));
		for (unsigned k = 0; k < 100; k++) { /* round the rings */
			UK_EXPECT_EQ(uk_xenstore_write(0, "device/vif/0", "state", "%u", k), 0);
			UK_EXPECT_EQ(uk_xenstore_read_uint(0, "device/vif/0/state", NULL, &n), 0);
			UK_EXPECT_EQ(n, k);
		}
		UK_EXPECT_EQ(uk_xenstore_read(0, "device", "vif", buf, sizeof(buf)), -ENOENT);
		UK_EXPECT_STR(buf, "");
		UK_EXPECT_EQ(uk_xenstore_write(0, "a", "b", "a name"), 0);
		UK_EXPECT_EQ(uk_xenstore_read(0, "a", "b", buf, sizeof(buf)), 6);
		UK_EXPECT_STR(buf, "a name");
		UK_EXPECT_EQ(uk_xenstore_read(0, "a", "b", buf, 4), -E2BIG);
		UK_EXPECT_STR(buf, "a n");
		UK_EXPECT_EQ(uk_xenstore_read_uint(0, "a", "b", &n), -EINVAL);
		UK_EXPECT_EQ(uk_xenstore_rm(0, "a", "b"), 0);
		UK_EXPECT_EQ(uk_xenstore_rm(0, "a", "b"), -ENOENT);
		UK_EXPECT_EQ(uk_xenstore_mkdir(0, "a", "b"), -EIO); /* an error without a number */
		UK_EXPECT_EQ(uk_xenstore_get_perms(0, "a", "b", buf, sizeof(buf)), -ENOSYS);
		stop();
	}
}

UK_TEST(xenstore, too_long)
{
	char *path;

	SKIP_IF_REAL();
	path = uk_malloc(XENSTORE_PAYLOAD_MAX + 1);
	UK_REQUIRE(path && start(HONEST, 0));
	memset(path, 'x', XENSTORE_PAYLOAD_MAX);
	path[XENSTORE_PAYLOAD_MAX] = 0;
	UK_EXPECT_EQ(uk_xenstore_rm(0, path, NULL), -ENAMETOOLONG);
	path[XENSTORE_PAYLOAD_MAX - 1] = 0; /* four times the ring */
	UK_EXPECT_EQ(uk_xenstore_rm(0, path, NULL), -ENOENT);
	stop();
	uk_free(path);
}

static void list(unsigned n)
{
	char *all, *c;
	unsigned seen = 0;
	int len;

	d->nnodes = 0;
	for (unsigned i = 0; i < n; i++) {
		char path[32];

		uk_snprintf(path, sizeof(path), "folder/name-of-%u", i);
		set(path, "", 0);
	}
	len = uk_xenstore_list(0, "folder", NULL, &all);
	UK_REQUIRE(len >= 0 && !all == !len);
	for (c = all; all && c < all + len; c += uk_strlen(c) + 1) {
		char name[32];

		uk_snprintf(name, sizeof(name), "name-of-%u", seen++);
		UK_EXPECT_STR(c, name);
	}
	UK_EXPECT_EQ(seen, n);
	uk_free(all);
}

UK_TEST(xenstore, folders_of_any_size)
{
	char *all;

	SKIP_IF_REAL();
	UK_REQUIRE(start(HONEST, 0));
	list(0);
	list(1);
	list(300);   /* longer than the ring */
	list(NODES); /* than a message */
	d->changes = 3;
	list(NODES);
	d->changes = 1000;
	UK_EXPECT_EQ(uk_xenstore_list(0, "folder", NULL, &all), -EAGAIN);
	UK_EXPECT(!all);
	d->harm = NO_NUL;
	UK_EXPECT_EQ(uk_xenstore_list(0, "folder", NULL, &all), -EIO);
	UK_EXPECT(!all);
	stop();
}

UK_TEST(xenstore, transaction)
{
	uint32_t tx = 0;
	int tries = 0, rc;

	SKIP_IF_REAL();
	UK_REQUIRE(start(HONEST, 0));
	d->changes = 2;
	do {
		UK_EXPECT_EQ(uk_xenstore_begin(&tx), 0);
		UK_EXPECT_EQ(uk_xenstore_write(tx, "a", "b", "1"), 0);
		rc = uk_xenstore_end(tx, true);
		tries++;
	} while (rc == -EAGAIN);
	UK_EXPECT_EQ(rc, 0);
	UK_EXPECT_EQ(tries, 3);
	stop();
}

static struct uk_waitq called;
static unsigned calls;
static bool from_itself;

static void changed(struct uk_xenstore_watch *w)
{
	uint64_t n;

	uk_xenstore_read_uint(0, "a", "b", &n);
	if (from_itself)
		uk_xenstore_unwatch(w);
	calls++;
	uk_waitq_wake_all(&called);
}

static void wait_calls(unsigned n)
{
	UK_EXPECT_EQ(UK_WAIT(&called, calls >= n, uk_deadline(10 * UK_NSEC_PER_SEC)), 0);
}

/* False: not, and xenstored has ended. */
static bool set_watch(struct uk_xenstore_watch *w)
{
	int rc = uk_xenstore_watch(w);

	UK_EXPECT_EQ(rc, 0);
	if (rc)
		stop();
	return !rc;
}

UK_TEST(xenstore, watch)
{
	struct uk_xenstore_watch w = { .path = "a", .fn = changed };

	SKIP_IF_REAL();
	for (int itself = 0; itself < 2; itself++) {
		UK_REQUIRE(start(itself ? ODD_WATCH : HONEST, 5));
		calls = 0;
		from_itself = false;
		if (!set_watch(&w))
			return;
		wait_calls(1);
		for (unsigned i = 1; i < 10; i++) {
			UK_EXPECT_EQ(uk_xenstore_write(0, "a", "b", "%u", i), 0);
			wait_calls(i + 1);
		}
		from_itself = itself;
		if (itself) {
			uk_xenstore_write(0, "a", "b", "1");
			wait_calls(11);
		} else {
			uk_xenstore_unwatch(&w);
		}
		calls = 0;
		UK_EXPECT_EQ(uk_xenstore_write(0, "a", "b", "1"), 0);
		UK_EXPECT_EQ(calls, 0U);
		stop();
	}
}

static void later(struct uk_xenstore_request *rq UK_UNUSED)
{
	__atomic_fetch_add(&calls, 1, __ATOMIC_RELEASE);
	uk_waitq_wake_all(&called);
}

UK_TEST(xenstore, suspend_and_resume)
{
	struct uk_xenstore_request rq = {
		.type = XS_RM, .nparts = 1, .part = { { "a", 2 } }, .done = later
	};
	struct uk_xenstore_watch w = { .path = "a", .fn = changed };

	SKIP_IF_REAL();
	UK_REQUIRE(start(HONEST, 0));
	calls = 0;
	from_itself = false;
	if (!set_watch(&w))
		return;
	wait_calls(1);
	UK_EXPECT_EQ(uk_xenstore_suspend(), 0);
	uk_xenstore_submit(&rq); /* waits */
	UK_EXPECT_EQ(calls, 1U);
	UK_EXPECT(d->ring.req_prod == d->ring.req_cons);
	d->ntokens = 0; /* another host, which knows nothing */
	memset(&d->ring, 0, sizeof(d->ring));
	uk_xenstore_attach(&d->ring, notify);
	wait_calls(3); /* the request, and the watch, which is there again */
	UK_EXPECT_EQ(rq.err, -ENOENT);
	UK_EXPECT_EQ(d->ntokens, 1U);
	uk_xenstore_unwatch(&w);
	stop();
}

UK_TEST(xenstore, other_side_breaks_the_rules)
{
	static const struct {
		enum harm harm;
		int err;
	} cases[] = { { TOO_LONG, -EIO }, { INDEX, -EIO }, { OTHER_TYPE, -EIO }, { OTHER_ID, 0 } };

	SKIP_IF_REAL();
	for (size_t i = 0; i < UK_ARRAY_SIZE(cases); i++) {
		UK_REQUIRE(start(cases[i].harm, 0));
		UK_EXPECT_EQ(uk_xenstore_write(0, "a", "b", "1"), cases[i].err);
		UK_EXPECT_EQ(uk_xenstore_write(0, "a", "b", "1"),
			     cases[i].err); /* INDEX: behind the answer */
		UK_EXPECT_EQ(uk_xenstore_write(0, "a", "b", "1"), cases[i].err);
		stop();
	}
}

/* What is not answered is given up; what was not even read to its end leaves half a request in the ring. */
UK_TEST(xenstore, no_answer)
{
	char *path;
	uk_nsec before = uk_xenstore_patience;

	SKIP_IF_REAL();
	path = uk_malloc(XENSTORE_PAYLOAD_MAX);
	UK_REQUIRE(path && start(SILENT, 0));
	uk_xenstore_patience = UK_NSEC_PER_SEC / 50;
	UK_EXPECT_EQ(uk_xenstore_write(0, "a", "b", "1"), -ETIMEDOUT);
	UK_EXPECT_EQ(uk_xenstore_suspend(), 0);
	uk_xenstore_attach(&d->ring, notify);
	d->harm = HONEST;
	uk_xenstore_patience = before;
	UK_EXPECT_EQ(uk_xenstore_write(0, "a", "b", "1"), 0);
	stop();

	d = uk_calloc(1, sizeof(*d));
	UK_REQUIRE(d);
	uk_xenstore_attach(&d->ring, notify); /* nobody reads */
	memset(path, 'x', XENSTORE_PAYLOAD_MAX - 1);
	path[XENSTORE_PAYLOAD_MAX - 1] = 0;
	uk_xenstore_patience = UK_NSEC_PER_SEC / 50;
	UK_EXPECT_EQ(uk_xenstore_rm(0, path, NULL), -ETIMEDOUT);
	UK_EXPECT_EQ(uk_xenstore_rm(0, "a", NULL), -EIO);
	UK_EXPECT_EQ(uk_xenstore_suspend(), 0);
	uk_xenstore_patience = before;
	uk_xenstore_attach(NULL, NULL);
	uk_free(d);
	d = NULL;
	uk_free(path);
}
