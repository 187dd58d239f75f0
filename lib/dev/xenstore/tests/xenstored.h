/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small xenstored in a thread, for tests: honest, in pieces, silent, or hostile. It does not know who watches what: every change
 * tells all watches.
 */
#ifndef XENSTORED_H
#define XENSTORED_H

#include <uk/alloc.h>
#include <uk/print.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/thread.h>
#include <uk/waitq.h>
#include <uk/xenstore.h>
#include <xen/io/xs_wire.h>

#define NODES 700

/* ---- xenstored ---- */

enum harm { HONEST, SILENT, TOO_LONG, INDEX, OTHER_TYPE, OTHER_ID, NO_NUL, ODD_WATCH };

static struct {
	struct xenstore_domain_interface ring;
	struct uk_thread *thread;
	struct uk_waitq wq;
	bool told, end;
	enum harm harm;
	unsigned step;    /* bytes that it moves at a time */
	unsigned changes; /* a folder read in parts changes so often */
	uint32_t tx;
	unsigned ntokens;
	char tokens[4][2][32]; /* path and token of each watch */
	struct {
		char path[40], value[40];
	} node[NODES];
	unsigned nnodes;
	char in[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX + 1]; /* and a NUL */
	size_t in_len;
} * d;

static void notify(void)
{
	UK_WRITE_ONCE(d->told, true);
	uk_waitq_wake_all(&d->wq);
}

static void wait_told(void)
{
	UK_WAIT(&d->wq, UK_READ_ONCE(d->told) || UK_READ_ONCE(d->end), UK_NSEC_MAX);
	UK_WRITE_ONCE(d->told, false);
	/* Before the ring is looked at: of what comes after that it is told once more. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void put(const void *from, size_t n)
{
	struct xenstore_domain_interface *r = &d->ring;

	for (size_t i = 0; i < n && !UK_READ_ONCE(d->end); i++) {
		while (r->rsp_prod - UK_READ_ONCE(r->rsp_cons) == XENSTORE_RING_SIZE &&
		       !UK_READ_ONCE(d->end)) {
			uk_xenstore_interrupt();
			wait_told();
		}
		r->rsp[MASK_XENSTORE_IDX(r->rsp_prod)] = ((const char *)from)[i];
		__atomic_store_n(&r->rsp_prod, r->rsp_prod + 1, __ATOMIC_RELEASE);
		if (d->step && i % d->step == d->step - 1)
			uk_xenstore_interrupt();
	}
}

static void answer(uint32_t type, const struct xsd_sockmsg *to, const void *data, size_t len)
{
	struct xsd_sockmsg m = { type, to->req_id, to->tx_id, (uint32_t)len };

	if (d->harm == OTHER_TYPE)
		m.type = XS_DEBUG;
	if (d->harm == TOO_LONG)
		m.len = XENSTORE_PAYLOAD_MAX + 1;
	if (d->harm == OTHER_ID) { /* first one that nobody asked for */
		m.req_id += 1000;
		put(&m, sizeof(m));
		put(data, len);
		m.req_id -= 1000;
	}
	put(&m, sizeof(m));
	put(data, len);
	if (d->harm == INDEX)
		d->ring.rsp_prod += XENSTORE_RING_SIZE + 1;
	uk_xenstore_interrupt();
}

static void error(const struct xsd_sockmsg *to, const char *name)
{
	answer(XS_ERROR, to, name, uk_strlen(name) + 1);
}

static void tell_watches(void)
{
	for (unsigned i = 0; i < d->ntokens; i++) {
		struct xsd_sockmsg to = { 0 };
		char text[64];
		int n = uk_snprintf(text, sizeof(text), "%s%c%s", d->tokens[i][0], 0,
				    d->tokens[i][1]);

		if (d->harm == ODD_WATCH)
			answer(XS_WATCH_EVENT, &to, "device/123456789abcdef", 20);
		answer(XS_WATCH_EVENT, &to, text, (size_t)n + 1);
	}
}

static int find(const char *path)
{
	for (unsigned i = 0; i < d->nnodes; i++)
		if (!uk_strcmp(d->node[i].path, path))
			return (int)i;
	return -1;
}

static void set(const char *path, const char *value, size_t len)
{
	int i = find(path);

	if (i < 0)
		i = (int)d->nnodes++;
	uk_strscpy(d->node[i].path, path, sizeof(d->node[i].path));
	memset(d->node[i].value, 0, sizeof(d->node[i].value));
	memcpy(d->node[i].value, value, UK_MIN(len, sizeof(d->node[i].value) - 1));
}

/* Names below `path`, from byte `offset` on, into `to`; as many as there are, or whole ones that fit. */
static size_t names(const char *path, size_t offset, char *to, size_t room, bool *all)
{
	size_t len = uk_strlen(path), n = 0, at = 0;

	*all = true;
	for (unsigned i = 0; i < d->nnodes; i++) {
		const char *name = d->node[i].path + len + 1;
		size_t size = uk_strlen(d->node[i].path) > len ? uk_strlen(name) + 1 : 0;

		if (!size || uk_strncmp(d->node[i].path, path, len) || name[-1] != '/' ||
		    uk_strchr(name, '/'))
			continue;
		if (at >= offset && n + size > room) {
			*all = false;
			return n;
		}
		if (at >= offset) {
			memcpy(to + n, name, size);
			n += size;
		}
		at += size;
	}
	return n;
}

static void directory(const struct xsd_sockmsg *m, const char *path, bool part)
{
	static char text[XENSTORE_PAYLOAD_MAX];
	size_t n = 0;
	uint64_t offset = 0;
	bool all;

	if (part) {
		uk_parse_u64(path + uk_strlen(path) + 1, &offset);
		if (offset && d->changes) {
			d->changes--;
			d->tx++;
		}
		n = (size_t)uk_snprintf(text, sizeof(text), "%u", d->tx) + 1;
	}
	n += names(path, offset, text + n, sizeof(text) - n - 1, &all);
	if (!part && !all) {
		error(m, "E2BIG");
		return;
	}
	if (part && all)
		text[n++] = 0;
	if (d->harm == NO_NUL && n)
		text[n - 1] = 'x';
	answer(m->type, m, text, n);
}

static void serve(const struct xsd_sockmsg *m, char *body)
{
	char *second = body + uk_strlen(body) + 1;
	int i = find(body);

	switch (m->type) {
	case XS_READ:
		if (i < 0)
			error(m, "ENOENT");
		else
			answer(m->type, m, d->node[i].value, uk_strlen(d->node[i].value));
		return;
	case XS_WRITE:
		set(body, second, (size_t)(body + m->len - second));
		answer(m->type, m, "OK", 3);
		tell_watches();
		return;
	case XS_RM:
		if (i < 0) {
			error(m, "ENOENT");
			return;
		}
		d->node[i] = d->node[--d->nnodes];
		break;
	case XS_DIRECTORY:
	case XS_DIRECTORY_PART:
		directory(m, body, m->type == XS_DIRECTORY_PART);
		return;
	case XS_WATCH:
		uk_strscpy(d->tokens[d->ntokens][0], body, 32);
		uk_strscpy(d->tokens[d->ntokens++][1], second, 32);
		answer(m->type, m, "OK", 3);
		tell_watches();
		return;
	case XS_UNWATCH:
		d->ntokens--;
		break;
	case XS_TRANSACTION_START:
		uk_snprintf(body, 16, "%u", ++d->tx);
		answer(m->type, m, body, uk_strlen(body) + 1);
		return;
	case XS_TRANSACTION_END:
		if (d->changes) {
			d->changes--;
			error(m, "EAGAIN");
			return;
		}
		break;
	case XS_MKDIR:
		error(m, "ESOMETHING");
		return;
	default:
		error(m, "ENOSYS");
		return;
	}
	answer(m->type, m, "OK", 3);
}

static void xenstored(void *arg UK_UNUSED)
{
	struct xenstore_domain_interface *r = &d->ring;
	struct xsd_sockmsg m;

	while (!UK_READ_ONCE(d->end)) {
		unsigned left = d->step;

		wait_told();
		while (r->req_cons != __atomic_load_n(&r->req_prod, __ATOMIC_ACQUIRE)) {
			d->in[d->in_len++] = r->req[MASK_XENSTORE_IDX(r->req_cons)];
			__atomic_store_n(&r->req_cons, r->req_cons + 1, __ATOMIC_RELEASE);
			memcpy(&m, d->in, sizeof(m));
			if (d->in_len >= sizeof(m) && d->in_len == sizeof(m) + m.len) {
				d->in[d->in_len] = 0;
				d->in_len = 0;
				if (d->harm != SILENT)
					serve(&m, d->in + sizeof(m));
			}
			if (d->step && !--left) {
				left = d->step;
				uk_xenstore_interrupt();
			}
		}
		uk_xenstore_interrupt();
	}
}

static void stop(void)
{
	if (!d)
		return;
	UK_WRITE_ONCE(d->end, true);
	uk_waitq_wake_all(&d->wq);
	UK_EXPECT_EQ(uk_thread_join(d->thread, UK_NSEC_MAX), 0);
	uk_xenstore_attach(NULL, NULL);
	uk_free(d);
	d = NULL;
}

/*
 * For the begin of a case. A domain of a toolstack has a real one, in whose place this would be: other libraries have watches
 * there, and could not go back to it.
 */
static bool real_one(void)
{
	char buf[8];

	return uk_xenstore_read(0, "domid", NULL, buf, sizeof(buf)) != -ENODEV;
}

#define SKIP_IF_REAL()                                                                             \
	do {                                                                                       \
		if (real_one())                                                                    \
			UK_TEST_SKIP("this domain has a xenstore of its own");                     \
	} while (0)

static bool start(enum harm harm, unsigned step)
{
	d = uk_calloc(1, sizeof(*d));
	if (!d)
		return false;
	d->harm = harm;
	d->step = step;
	d->thread = uk_thread_create(NULL, "xenstored", xenstored, NULL, NULL);
	if (!d->thread) {
		uk_free(d);
		d = NULL;
		return false;
	}
	uk_xenstore_attach(&d->ring, notify);
	return true;
}

#endif
