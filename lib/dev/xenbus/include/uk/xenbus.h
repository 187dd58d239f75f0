/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Xen's paravirtual devices: folders in xenstore, one of ours (the frontend's) and one of the domain that serves the device (the
 * backend's), in each of which a number says what its side is about to do (public/io/xenbus.h).
 *
 *	backend InitWait	connect(): read what it can do, grant memory, write where; we are Initialised or Connected
 *	backend Connected	connected(): the device works; we are Connected
 *	backend Closing	we are Closed
 *	backend Closed, or gone	disconnect(); we are Closed
 *	backend InitWait once more	connect() again: it was restarted, and the device goes on
 *	our folder is gone	remove(): unplugged
 *	our folder is there again	connect(), as at the start: the same device, perhaps with another backend
 *
 * Everything happens in the thread of xenstore's watches, one after the other, so drivers need no lock against themselves; and they
 * may wait for xenstore.
 */
#ifndef UK_XENBUS_H
#define UK_XENBUS_H

#include <uk/table.h>
#include <uk/xenstore.h>
#include <xen/io/xenbus.h>

struct uk_xenbus_dev;

struct uk_xenbus_driver {
	const char *name; /* "netfront" */
	const char *type; /* "vif" */
	/* A device is there; its backend perhaps not yet. 0, or an error, and nobody asks again until the next resume. */
	int (*probe)(struct uk_xenbus_dev *d);
	/*
	 * The state to be in, XenbusStateInitialised or Connected; 0: not now, uk_xenbus_connect() comes; or a negative errno:
	 * nothing is shared, we are Closed.
	 */
	int (*connect)(struct uk_xenbus_dev *d);
	/* 0, or a negative errno: disconnect() comes next. */
	int (*connected)(struct uk_xenbus_dev *d);
	/*
	 * Something below the backend's folder has changed while both are Connected. NULL: that is all the same.
	 */
	void (*changed)(struct uk_xenbus_dev *d);
	/*
	 * After a connect() that succeeded. Nothing that was shared is used when it returns; what the other side does not let go
	 * of stays out of use.
	 */
	void (*disconnect)(struct uk_xenbus_dev *d);
	/* It was unplugged, and is disconnected; connect() comes when it is plugged in again. NULL: nothing to do. */
	void (*remove)(struct uk_xenbus_dev *d);
};

struct uk_xenbus_dev {
	const struct uk_xenbus_driver *driver;
	void *data;        /* the driver's */
	uint32_t remote;   /* the domain that serves it */
	char path[48];     /* our folder: "device/vif/0" */
	char backend[128]; /* the other one */
	const char *name;  /* for messages: "vif/0" */
	/* xenbus's. */
	bool off;      /* the backend broke the rules twice within a minute: connect() refuses */
	uk_nsec again; /* until then, that is */
	unsigned state, their; /* what both folders say */
	bool shared, up;       /* after connect(), after connected() */
	bool waits;            /* connect() has said: not now */
	bool taken;            /* the driver wants it: probe() has succeeded */
	bool failed;           /* it cannot be used, and nothing is watched */
	bool broken;           /* to be connected anew */
	bool there, gone; /* in the folder of devices; unplugged */
	struct uk_xenstore_watch watch;
	struct uk_list node;
};

#define UK_XENBUS_DRIVER(name_, driver_)                                                           \
	static const UK_TABLE_ROOT(struct uk_xenbus_driver, xenbus_driver, "5",                    \
				   uk_xenbus_driver_##name_) = driver_

UK_API_BEGIN

/*
 * Looks for devices from now on, and waits until those that are there are connected, or refused; for `patience`
 * at most, with a message for those that are not. 0, or what xenstore says. Thread context.
 */
int uk_xenbus_start(uk_nsec patience);

/*
 * The domain is about to be saved: waits until no driver is in the middle of connecting or closing, and keeps them from it. Threads,
 * before uk_xenstore_suspend().
 */
void uk_xenbus_suspend(void);

/*
 * In the same thread: it goes on. `elsewhere`: in another place, where nothing that was shared is. All devices are connected again,
 * in the thread of watches, after uk_xenstore_attach(), which comes next.
 */
void uk_xenbus_resume(bool elsewhere);

/* Now connect() can be called, when the backend is ready. Threads, but not that of watches. */
void uk_xenbus_connect(struct uk_xenbus_dev *d);

/*
 * Closed, and disconnect() when the backend is, too, until uk_xenbus_connect(); it has five seconds. Threads, but not that of
 * watches. Blocks.
 */
void uk_xenbus_close(struct uk_xenbus_dev *d);

/* Forgets all devices; nothing is used when it returns. Thread context, but not that of watches. */
void uk_xenbus_stop(void);

/*
 * The driver cannot go on: a message, in xenstore too (error/device/vif/0/error); disconnect(), we are Closed, and
 * connect() comes if the backend starts again. In the thread of watches.
 */
void uk_xenbus_failed(struct uk_xenbus_dev *d, int err, const char *fmt, ...) UK_PRINTF(3, 4);

/*
 * The backend broke the rules: a message, with the device's `name`, what it did and a number that goes with it. The driver believes
 * nothing of it any more, and sees to it that it begins anew (uk_xenbus_reconnect()). When it comes to that twice within a minute,
 * d->off is set, until a resume. Any context.
 */
void uk_xenbus_broken(struct uk_xenbus_dev *d, const char *name, const char *what,
		      unsigned long number);

/* disconnect() soon, and connect() when the backend is ready for that. Any context. */
void uk_xenbus_reconnect(struct uk_xenbus_dev *d);

/* A number that the backend offers; `otherwise` if it is not there or no number. */
uint64_t uk_xenbus_offer(const struct uk_xenbus_dev *d, const char *name, uint64_t otherwise);

UK_API_END

#endif
