/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What drivers ask of xenstore, each a request that is waited for.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/string.h>
#include <xen/io/xs_wire.h>

#include "xenstore_priv.h"

#define TRIES 10 /* to read a folder that changes meanwhile */

static void add(struct uk_xenstore_request *rq, const void *at, size_t len)
{
	rq->part[rq->nparts].at = at;
	rq->part[rq->nparts++].len = len;
}

void xenstore_place(struct uk_xenstore_request *rq, const char *folder, const char *name)
{
	if (!name) {
		add(rq, folder, uk_strlen(folder) + 1);
		return;
	}
	add(rq, folder, uk_strlen(folder));
	add(rq, "/", 1);
	add(rq, name, uk_strlen(name) + 1);
}

/* A request about a place with nothing behind it. */
static int about(uint32_t type, uint32_t tx, const char *folder, const char *name, void *reply,
		 size_t room)
{
	struct uk_xenstore_request rq = { .type = type, .tx = tx, .reply = reply, .room = room };

	xenstore_place(&rq, folder, name);
	return xenstore_do(&rq);
}

/* The answer to what changes something is "OK" and a NUL, which says no more than that it is no error. */
static int change(struct uk_xenstore_request *rq)
{
	char ok[4];
	int rc;

	rq->reply = ok;
	rq->room = sizeof(ok);
	rc = xenstore_do(rq);
	return rc > 0 ? 0 : rc;
}

int uk_xenstore_read(uint32_t tx, const char *folder, const char *name, char *buf, size_t size)
{
	struct uk_xenstore_request rq = {
		.type = XS_READ, .tx = tx, .reply = buf, .room = size - 1
	};
	int rc;

	if (!size)
		return -EINVAL;
	xenstore_place(&rq, folder, name);
	rc = xenstore_do(&rq);
	buf[rc >= 0 ? rc : rc == -E2BIG ? (int)rq.room : 0] = 0;
	return rc;
}

int uk_xenstore_read_uint(uint32_t tx, const char *folder, const char *name, uint64_t *value)
{
	char text[24];
	int rc = uk_xenstore_read(tx, folder, name, text, sizeof(text));

	if (rc == -E2BIG || (rc >= 0 && uk_strlen(text) != (size_t)rc))
		return -EINVAL;
	return rc < 0 ? rc : uk_parse_u64(text, value);
}

static int put(uint32_t type, uint32_t tx, const char *folder, const char *name, const void *value,
	       size_t len)
{
	struct uk_xenstore_request rq = { .type = type, .tx = tx };

	xenstore_place(&rq, folder, name);
	add(&rq, value, len);
	return change(&rq);
}

int uk_xenstore_write(uint32_t tx, const char *folder, const char *name, const char *fmt, ...)
{
	char text[UK_XENSTORE_TEXT], *value = text;
	va_list ap;
	size_t n;
	int rc;

	va_start(ap, fmt);
	n = (size_t)uk_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= sizeof(text)) {
		value = uk_malloc(n + 1);
		if (!value)
			return -ENOMEM;
		va_start(ap, fmt);
		uk_vsnprintf(value, n + 1, fmt, ap);
		va_end(ap);
	}
	rc = put(XS_WRITE, tx, folder, name, value, n);
	if (value != text)
		uk_free(value);
	return rc;
}

int uk_xenstore_mkdir(uint32_t tx, const char *folder, const char *name)
{
	return put(XS_MKDIR, tx, folder, name, NULL, 0);
}

int uk_xenstore_rm(uint32_t tx, const char *folder, const char *name)
{
	return put(XS_RM, tx, folder, name, NULL, 0);
}

int uk_xenstore_get_perms(uint32_t tx, const char *folder, const char *name, char *buf, size_t size)
{
	return about(XS_GET_PERMS, tx, folder, name, buf, size);
}

int uk_xenstore_set_perms(uint32_t tx, const char *folder, const char *name, const char *perms,
			  size_t len)
{
	return put(XS_SET_PERMS, tx, folder, name, perms, len);
}

/* ---- folders ---- */

/*
 * A folder whose names do not fit into one message, in parts: each answer begins with a text that changes when the folder does,
 * and the last one has an empty name at its end. The number of bytes, -EAGAIN if it has changed meanwhile.
 */
static int list_parts(uint32_t tx, const char *folder, const char *name, char *part, char **names)
{
	char generation[24] = "", offset[16];
	size_t n = 0;

	for (;;) {
		struct uk_xenstore_request rq = { .type = XS_DIRECTORY_PART,
						  .tx = tx,
						  .reply = part,
						  .room = XENSTORE_PAYLOAD_MAX };
		size_t head, more;
		bool last;
		char *grown;
		int rc;

		xenstore_place(&rq, folder, name);
		uk_snprintf(offset, sizeof(offset), "%lu", n);
		add(&rq, offset, uk_strlen(offset) + 1);
		rc = xenstore_do(&rq);
		if (rc < 0)
			return rc;
		head = uk_strnlen(part, (size_t)rc) + 1;
		if (head > sizeof(generation) || head >= (size_t)rc || part[rc - 1])
			return -EIO;
		if (!n)
			memcpy(generation, part, head);
		else if (uk_strcmp(generation, part))
			return -EAGAIN;
		more = (size_t)rc - head;
		last = more == 1 || !part[rc - 2];
		more -= last;
		grown = uk_realloc(*names, n + more + 1);
		if (!grown)
			return -ENOMEM;
		*names = grown;
		memcpy(grown + n, part + head, more);
		n += more;
		if (last)
			return (int)n;
		if (n > INT32_MAX - XENSTORE_PAYLOAD_MAX)
			return -E2BIG;
	}
}

int uk_xenstore_list(uint32_t tx, const char *folder, const char *name, char **names)
{
	char *part = uk_malloc(XENSTORE_PAYLOAD_MAX);
	int rc, tries = TRIES;

	*names = NULL;
	if (!part)
		return -ENOMEM;
	rc = about(XS_DIRECTORY, tx, folder, name, part, XENSTORE_PAYLOAD_MAX);
	if (rc != -E2BIG) {
		if (rc > 0 && part[rc - 1])
			rc = -EIO;
		if (rc > 0)
			*names = part;
		else
			uk_free(part);
		return rc;
	}
	do {
		rc = list_parts(tx, folder, name, part, names);
	} while (rc == -EAGAIN && --tries);
	uk_free(part);
	if (rc <= 0) {
		uk_free(*names);
		*names = NULL;
	}
	return rc;
}

/* ---- transactions ---- */

int uk_xenstore_begin(uint32_t *tx)
{
	char text[16];
	struct uk_xenstore_request rq = { .type = XS_TRANSACTION_START,
					  .reply = text,
					  .room = sizeof(text) - 1 };
	uint64_t n = 0;
	int rc;

	add(&rq, "", 1);
	rc = xenstore_do(&rq);
	if (rc < 0)
		return rc == -E2BIG ? -EIO : rc;
	for (int i = 0; i < rc && text[i]; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EIO;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	if (!n || n > UINT32_MAX)
		return -EIO;
	*tx = (uint32_t)n;
	xenstore_transaction(1);
	return 0;
}

int uk_xenstore_end(uint32_t tx, bool commit)
{
	struct uk_xenstore_request rq = { .type = XS_TRANSACTION_END, .tx = tx };
	int rc;

	add(&rq, commit ? "T" : "F", 2);
	rc = change(&rq);
	xenstore_transaction(-1);
	return rc;
}
