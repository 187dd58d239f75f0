/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Client of xenstore, the tree of short texts by which domains of a Xen host and its tools find each other and agree
 * (Xen docs/misc/xenstore.txt and xenstore-paths; public/io/xs_wire.h).
 *
 * A place is a folder and a name in it; with name NULL the folder is the place itself. Paths without a slash in
 * front begin at this domain's own folder, /local/domain/N. The calls below wait for xenstored's answer, for
 * uk_xenstore_patience at most. They return 0 or more, or what xenstored says as a negative errno (-ENOENT, -EACCES, -EAGAIN of a transaction ...), or
 *	-ETIMEDOUT	there was no answer: it may have happened, or happen yet
 *	-ENODEV	there is no xenstore (the control domain at its start)
 *	-EIO	it broke the protocol: said once in the log
 *	-ENAMETOOLONG	paths and value do not fit into a request (4,096 bytes)
 * Thread context, unless they say otherwise. `tx` is a transaction, or 0: each request on its own.
 */
#ifndef UK_XENSTORE_H
#define UK_XENSTORE_H

#include <uk/api.h>
#include <uk/essentials.h>
#include <uk/list.h>
#include <uk/time.h>

/* One value, of a name: for numbers and names of devices there is room enough. */
#define UK_XENSTORE_TEXT 64

UK_API_BEGIN

extern uk_nsec uk_xenstore_patience; /* how long an answer may take: 30 seconds */

/* ---- reading and writing ---- */

/*
 * The value, into `buf`, with a NUL behind it. Its length; -E2BIG if there is no room for all of it: `buf` has the
 * beginning. A value is bytes, and may contain NULs.
 */
int uk_xenstore_read(uint32_t tx, const char *folder, const char *name, char *buf, size_t size);

/* A value that is one number, as uk_parse_u64() has them: 0. -EINVAL, -ERANGE: it is something else. */
int uk_xenstore_read_uint(uint32_t tx, const char *folder, const char *name, uint64_t *value);

/* Creates the place, and all above it, if it is not there. */
int uk_xenstore_write(uint32_t tx, const char *folder, const char *name, const char *fmt, ...)
	UK_PRINTF(4, 5);
int uk_xenstore_mkdir(uint32_t tx, const char *folder, const char *name);
/* With all below it; a place that is not there is no error if its folder is. */
int uk_xenstore_rm(uint32_t tx, const char *folder, const char *name);

/*
 * The names in a folder, one after the other, each with its NUL, however many: *names is the caller's (uk_free()), NULL if
 * there is none. The number of bytes.
 */
int uk_xenstore_list(uint32_t tx, const char *folder, const char *name, char **names);

/* Who may see it: "n0" the owner 0, nobody else; "b3" domain 3 reads and writes; each with its NUL, as xenstored has them. */
int uk_xenstore_get_perms(uint32_t tx, const char *folder, const char *name, char *buf,
			  size_t size);
int uk_xenstore_set_perms(uint32_t tx, const char *folder, const char *name, const char *perms,
			  size_t len);

/* ---- transactions ---- */

/* What is read and written under *tx happens at once, at its end, or not at all. */
int uk_xenstore_begin(uint32_t *tx);

/* `commit` false: forget it. -EAGAIN: somebody else has changed what it had read; begin again. It has ended in any case. */
int uk_xenstore_end(uint32_t tx, bool commit);

/* ---- watches ---- */

/*
 * fn(w) is called, in a thread for all watches, after something at `path` or below it may have changed, and once at
 * the start. Several changes can be one call, and what has changed is not told: it looks. It may use all
 * calls of this header. The caller's, until uk_xenstore_unwatch() has returned.
 */
struct uk_xenstore_watch {
	const char *path;
	void (*fn)(struct uk_xenstore_watch *w);
	/* Ours. */
	struct uk_list node;
	uint32_t token;
	bool fired;
};

int uk_xenstore_watch(struct uk_xenstore_watch *w);

/* Calls fn as if something had changed. Any context. */
void uk_xenstore_look(struct uk_xenstore_watch *w);

/* fn is not called any more, and does not run when this returns, unless it is what calls. */
void uk_xenstore_unwatch(struct uk_xenstore_watch *w);

/* ---- without waiting ---- */

/*
 * One request of the wire protocol. The caller's, with all that it points to, but not between uk_xenstore_submit() and
 * done().
 */
struct uk_xenstore_request {
	uint32_t type; /* XS_READ ... of xen/io/xs_wire.h */
	uint32_t tx;
	unsigned nparts; /* what the request consists of */
	struct {
		const void *at;
		size_t len;
	} part[5];
	void *reply; /* the answer, as far as there is room */
	size_t room;
	/* Any context; does not block. By then err is 0 or negative, and len that of the whole answer. */
	void (*done)(struct uk_xenstore_request *rq);
	int err;
	size_t len;
	/* Ours. */
	struct uk_list node;
	uint32_t id;
	bool ended;
};

/* done() is called for each, also where there is no xenstore, perhaps before this returns. Any context. */
void uk_xenstore_submit(struct uk_xenstore_request *rq);

/* ---- the platform's side ---- */

struct xenstore_domain_interface;

/*
 * The page shared with xenstored, and how to tell it that something was written there. Watches are set again,
 * if there were any. Thread context.
 */
void uk_xenstore_attach(struct xenstore_domain_interface *ring, void (*notify)(void));

/* xenstored has told us of something. Interrupt context. */
void uk_xenstore_interrupt(void);

/*
 * The domain is about to be saved: waits until nothing is under way, and holds back what comes, until
 * uk_xenstore_attach(). Returns -ETIMEDOUT if something has not ended in time, and holds nothing. Thread context.
 */
int uk_xenstore_suspend(void);

/* It was not saved, and goes on as it was. Thread context. */
void uk_xenstore_continue(void);

UK_API_END

#endif
