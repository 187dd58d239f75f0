/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding devices, and what both sides' states make of them. Watches say only that something has changed: each time everything is
 * looked at, so that it does not matter what came in which order, or twice.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/mutex.h>
#include <uk/print.h>
#include <uk/string.h>
#include <uk/waitq.h>
#include <uk/xenbus.h>

UK_TABLE_DECLARE(const struct uk_xenbus_driver, xenbus_driver);

#define PATIENCE (5 * UK_NSEC_PER_SEC)  /* for a backend to close */
#define SOON     (2 * UK_NSEC_PER_SEC)  /* for one that has perhaps closed already */
#define AGAIN    (60 * UK_NSEC_PER_SEC) /* a backend that breaks the rules earlier stays off */

static struct uk_mutex busy; /* with the devices: the thread of watches, nearly always */
static struct uk_list devices = UK_LIST_INIT(devices);
static struct uk_waitq settled;
static bool resumed;
static bool looked; /* at the folder of devices, once at least */
static unsigned unsettled;

static const char *const states[] = { "unknown",   "initialising", "waiting", "initialised",
				      "connected", "closing",      "closed" };

static const char *name_of(unsigned state)
{
	return state < UK_ARRAY_SIZE(states) ? states[state] : "unknown";
}

static void go(struct uk_xenbus_dev *d, unsigned state)
{
	int rc;

	if (d->state == state || d->gone)
		return;
	rc = uk_xenstore_write(0, d->path, "state", "%u", state);
	if (rc)
		uk_pr_err("%s: its state cannot be written: error %d", d->name, -rc);
	else
		d->state = state;
}

static void part(struct uk_xenbus_dev *d)
{
	if (d->shared)
		d->driver->disconnect(d);
	d->shared = d->up = false;
}

uint64_t uk_xenbus_offer(const struct uk_xenbus_dev *d, const char *name, uint64_t otherwise)
{
	uint64_t n;

	return uk_xenstore_read_uint(0, d->backend, name, &n) ? otherwise : n;
}

/* ---- states ---- */

static unsigned their_state(const struct uk_xenbus_dev *d)
{
	uint64_t state;
	int rc = uk_xenstore_read_uint(0, d->backend, "state", &state);

	if (rc == -ENOENT) /* its domain has died */
		return XenbusStateClosed;
	return rc ? XenbusStateUnknown : (unsigned)state;
}

/*
 * From our side: what is shared ends when the backend has closed, too, and lets go of it; or when it does not within some
 * seconds.
 */
static void finish(struct uk_xenbus_dev *d, uk_nsec patience)
{
	uk_nsec end = uk_deadline(patience);

	go(d, XenbusStateClosed);
	while (d->shared && their_state(d) != XenbusStateClosed && uk_clock_monotonic() < end)
		uk_sleep(UK_NSEC_PER_SEC / 100);
	part(d);
}

void uk_xenbus_failed(struct uk_xenbus_dev *d, int err, const char *fmt, ...)
{
	char folder[sizeof("error/") + sizeof(d->path)], text[128];
	va_list ap;

	va_start(ap, fmt);
	uk_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	uk_pr_err("%s: %s (error %d, backend %s in domain %u)", d->name, text, -err,
		  name_of(d->their), d->remote);
	uk_snprintf(folder, sizeof(folder), "error/%s", d->path);
	uk_xenstore_write(0, folder, "error", "%d %s", -err, text);
	finish(d, PATIENCE);
}

static void connect(struct uk_xenbus_dev *d)
{
	int rc;

	if (d->shared) {
		/*
		 * It was restarted without a word. Linux's backends use what they find then, as we are connected still: so they
		 * hear of our end first.
		 */
		finish(d, SOON);
		go(d, XenbusStateInitialising);
		d->their = their_state(d);
		if (d->their != XenbusStateInitWait) /* it will be, and we hear of it */
			return;
	}
	go(d, XenbusStateInitialising);
	rc = d->driver->connect(d);
	if (rc < 0) {
		uk_xenbus_failed(d, rc, "it cannot be connected");
		return;
	}
	d->waits = !rc;
	if (!rc)
		return;
	d->shared = true;
	go(d, (unsigned)rc);
}

static void connected(struct uk_xenbus_dev *d)
{
	int rc;

	if (!d->shared) /* it has nothing of ours: a jump, which makes no sense */
		return;
	rc = d->driver->connected(d);
	if (rc < 0) {
		uk_xenbus_failed(d, rc, "it cannot be used");
		return;
	}
	d->up = true;
	go(d, XenbusStateConnected);
}

static void look_at_state(struct uk_xenbus_dev *d)
{
	unsigned their;
	bool new;

	if (UK_UNLIKELY(UK_READ_ONCE(d->broken))) {
		UK_WRITE_ONCE(d->broken, false);
		finish(d, PATIENCE);
		go(d, XenbusStateInitialising);
		d->their = XenbusStateUnknown;
	}
	their = their_state(d);
	new = their != d->their;
	d->their = their;
	switch (their) {
	case XenbusStateInitialising:
		if (new) {
			part(d);
			go(d, XenbusStateInitialising);
		}
		break;
	case XenbusStateInitWait:
		if (new || d->state == XenbusStateInitialising)
			connect(d);
		break;
	case XenbusStateConnected:
		if (!d->up)
			connected(d);
		else if (d->driver->changed)
			d->driver->changed(d);
		break;
	case XenbusStateClosing: /* it waits for us, and lets go of what is shared then */
		go(d, XenbusStateClosed);
		break;
	case XenbusStateClosed:
		part(d);
		if (d->state != XenbusStateInitialising)
			go(d, XenbusStateClosed);
		break;
	default:
		break;
	}
}

void uk_xenbus_broken(struct uk_xenbus_dev *d, const char *name, const char *what,
		      unsigned long number)
{
	uk_nsec now = uk_clock_monotonic();

	UK_WRITE_ONCE(d->off, now < d->again);
	d->again = now + AGAIN;
	uk_pr_err("%s: the backend in domain %u broke the protocol: %s %lu", name, d->remote, what,
		  number);
}

void uk_xenbus_reconnect(struct uk_xenbus_dev *d)
{
	UK_WRITE_ONCE(d->broken, true);
	uk_xenstore_look(&d->watch);
}

/* Done with it for the start: it works, or it is clear that it will not. */
static bool is_settled(const struct uk_xenbus_dev *d)
{
	return d->up || d->waits || d->failed || d->state == XenbusStateClosed;
}

static void count(void)
{
	struct uk_xenbus_dev *d;
	unsigned n = 0;

	uk_list_for_each(d, &devices, node)
		n += !is_settled(d);
	UK_WRITE_ONCE(unsettled, n);
	uk_waitq_wake_all(&settled);
}

static void changed(struct uk_xenstore_watch *w)
{
	struct uk_xenbus_dev *d = UK_CONTAINER_OF(w, struct uk_xenbus_dev, watch);

	uk_mutex_lock(&busy);
	look_at_state(d);
	count();
	uk_mutex_unlock(&busy);
}

void uk_xenbus_connect(struct uk_xenbus_dev *d)
{
	uk_mutex_lock(&busy);
	d->waits = false;
	if (d->their == XenbusStateInitWait && !d->shared)
		connect(d);
	else
		go(d, XenbusStateInitialising); /* closed: the other side begins, too */
	uk_mutex_unlock(&busy);
}

void uk_xenbus_close(struct uk_xenbus_dev *d)
{
	uk_mutex_lock(&busy);
	finish(d, PATIENCE);
	uk_mutex_unlock(&busy);
}

/* ---- devices ---- */

/* Reads who serves it, and starts to watch that. */
static int find_backend(struct uk_xenbus_dev *d)
{
	uint64_t remote;
	int rc = uk_xenstore_read(0, d->path, "backend", d->backend, sizeof(d->backend));

	if (rc < 0)
		return rc;
	rc = uk_xenstore_read_uint(0, d->path, "backend-id", &remote);
	if (rc)
		return rc;
	if (remote >= 0x7ff0) /* DOMID_FIRST_RESERVED */
		return -EINVAL;
	d->remote = (uint32_t)remote;
	d->watch.path = d->backend;
	d->watch.fn = changed;
	return 0;
}

/* At the start, plugged in again, or in another place: whoever serves it is not known yet, and nothing is shared. */
static void begin(struct uk_xenbus_dev *d)
{
	uint64_t state;
	int rc = find_backend(d);

	if (!rc && !d->taken) {
		rc = d->driver->probe(d);
		d->taken = !rc;
	}
	d->failed = rc;
	if (rc) {
		uk_pr_err("%s: not used: error %d", d->name, -rc);
		return;
	}
	d->off = d->waits = false;
	d->again = 0;
	d->their = XenbusStateUnknown;
	d->state = uk_xenstore_read_uint(0, d->path, "state", &state) ? XenbusStateUnknown
								      : (unsigned)state;
	go(d, XenbusStateInitialising);
	rc = uk_xenstore_watch(&d->watch);
	d->failed = rc;
	if (rc)
		uk_pr_err("%s: its backend cannot be watched: error %d", d->name, -rc);
}

static void add(const struct uk_xenbus_driver *driver, const char *type, const char *number)
{
	struct uk_xenbus_dev *d = uk_calloc(1, sizeof(*d));

	if (!d) {
		uk_pr_err("no memory for %s/%s", type, number);
		return;
	}
	d->driver = driver;
	d->there = true;
	d->name = d->path + sizeof("device/") - 1;
	uk_snprintf(d->path, sizeof(d->path), "device/%s/%s", type, number);
	uk_list_add_tail(&devices, &d->node);
	begin(d);
}

static void leave(struct uk_xenbus_dev *d)
{
	if (!d->failed)
		uk_xenstore_unwatch(&d->watch);
	part(d);
}

static void drop(struct uk_xenbus_dev *d)
{
	uk_list_del(&d->node);
	uk_free(d);
}

static void end(struct uk_xenbus_dev *d)
{
	leave(d);
	UK_WRITE_ONCE(d->gone, true);
	d->failed = true;
	if (d->driver->remove)
		d->driver->remove(d);
}

/* What its driver has made of it is in use, perhaps: it stays, without a backend, until it is plugged in again. */
static void unplug(struct uk_xenbus_dev *d)
{
	if (!d->taken) {
		drop(d);
		return;
	}
	uk_pr_warn("%s: it was unplugged", d->name);
	end(d);
}

static const struct uk_xenbus_driver *driver_for(const char *type)
{
	const struct uk_xenbus_driver *driver;

	uk_table_for_each(driver, xenbus_driver)
		if (!uk_strcmp(driver->type, type))
			return driver;
	return NULL;
}

static struct uk_xenbus_dev *find(const char *type, const char *number)
{
	struct uk_xenbus_dev *d;
	size_t n = uk_strlen(type);

	uk_list_for_each(d, &devices, node)
		if (!uk_strncmp(d->name, type, n) && d->name[n] == '/' &&
		    !uk_strcmp(d->name + n + 1, number))
			return d;
	return NULL;
}

/* It is there, still or once more. */
static void back(struct uk_xenbus_dev *d)
{
	d->there = true;
	if (!d->gone)
		return;
	UK_WRITE_ONCE(d->gone, false);
	begin(d);
}

static void look_at_type(const char *type)
{
	const struct uk_xenbus_driver *driver = driver_for(type);
	char *numbers = NULL, *c;
	int len = driver ? uk_xenstore_list(0, "device", type, &numbers) : 0;

	for (c = numbers; len > 0 && c < numbers + len; c += uk_strlen(c) + 1) {
		struct uk_xenbus_dev *d = find(type, c);

		if (d)
			back(d);
		else if (uk_strlen(type) + uk_strlen(c) < sizeof(d->path) - sizeof("device//"))
			add(driver, type, c);
	}
	if (len > 0)
		uk_free(numbers);
}

/* Nothing that was shared is, and the backend may be another. */
static void start_again(struct uk_xenbus_dev *d)
{
	if (d->gone)
		return;
	leave(d);
	begin(d);
}

static void look(struct uk_xenstore_watch *w UK_UNUSED)
{
	struct uk_xenbus_dev *d, *next;
	char *types, *c;
	int len;

	uk_mutex_lock(&busy);
	if (resumed) {
		resumed = false;
		uk_list_for_each(d, &devices, node)
			start_again(d);
	}
	len = uk_xenstore_list(0, "device", NULL, &types);
	if (len < 0 && len != -ENOENT) {
		uk_pr_err("the folder of devices cannot be read: error %d", -len);
	} else {
		uk_list_for_each(d, &devices, node)
			d->there = false;
		for (c = types; len > 0 && c < types + len; c += uk_strlen(c) + 1)
			look_at_type(c);
		uk_list_for_each_safe(d, next, &devices, node)
			if (!d->there && !d->gone)
				unplug(d);
	}
	if (len > 0)
		uk_free(types);
	looked = true;
	count();
	uk_mutex_unlock(&busy);
}

static struct uk_xenstore_watch watch = { .path = "device", .fn = look };

int uk_xenbus_start(uk_nsec patience)
{
	int rc = uk_xenstore_watch(&watch);
	struct uk_xenbus_dev *d;

	if (rc)
		return rc;
	if (!UK_WAIT(&settled, UK_READ_ONCE(looked) && !UK_READ_ONCE(unsettled),
		     uk_deadline(patience)))
		return 0;
	uk_mutex_lock(&busy);
	uk_list_for_each(d, &devices, node)
		if (!is_settled(d))
			uk_pr_warn(
				"%s: the backend in domain %u is %s after %llu s: the application "
				"starts without it",
				d->name, d->remote, name_of(d->their), patience / UK_NSEC_PER_SEC);
	uk_mutex_unlock(&busy);
	return 0;
}

void uk_xenbus_suspend(void)
{
	uk_mutex_lock(&busy);
}

void uk_xenbus_resume(bool elsewhere)
{
	resumed |= elsewhere;
	uk_mutex_unlock(&busy);
}

void uk_xenbus_stop(void)
{
	struct uk_xenbus_dev *d, *next;

	uk_xenstore_unwatch(&watch);
	uk_list_for_each_safe(d, next, &devices, node) {
		if (d->taken && !d->gone)
			end(d);
		drop(d);
	}
	looked = false;
}
