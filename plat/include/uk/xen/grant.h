/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Grants (Xen public/grant_table.h): leave given to another domain to map, read or write a page of ours, by a
 * reference, the number of an entry in a table that Xen reads.
 *
 * References come from a free list. A grant ends only when the other domain has let go; while it has the page mapped,
 * the page is not ours to use again.
 */
#ifndef UK_XEN_GRANT_H
#define UK_XEN_GRANT_H

#include <uk/api.h>
#include <uk/essentials.h>

UK_API_BEGIN

/*
 * Takes n references off the free list, all or none: 0, -ENOSPC if the table is full (and Xen gives no more frames), -ENOMEM. For
 * drivers that need them for good; they grant with uk_xen_grant_set(). Any context but non-maskable.
 */
int uk_xen_grant_alloc(uint32_t *refs, unsigned n);
void uk_xen_grant_free(const uint32_t *refs, unsigned n);

/* How many can be had now without a call of Xen, and at all. Any context. */
void uk_xen_grant_room(unsigned *now, unsigned *most);

/*
 * Grants domain `domid` the page at va (whole, mapped) under `ref`, which grants nothing yet: 0, or -ERANGE, after a message, if its
 * frame is behind 16 TiB and the table is of version 1. Then `ref` grants nothing still, so who does not look gets the other side's
 * error. Any context.
 */
int uk_xen_grant_set(uint32_t ref, unsigned domid, const void *va, bool readonly);

/*
 * Ends that. False: the other side still has the page mapped: ask again later, and give the page and the reference to nobody. Any
 * context.
 */
bool uk_xen_grant_clear(uint32_t ref);

/* Both in one: the reference, or -ENOSPC, -ENOMEM, -ERANGE. */
int uk_xen_grant(unsigned domid, const void *va, bool readonly);

/* Ends it and frees the reference, or returns false as uk_xen_grant_clear(). */
bool uk_xen_grant_end(uint32_t ref);

/*
 * n frames that adjoin, zeroed, each granted to the domain for as long as it is there: for rings, and lists that it
 * reads. Their references are in refs[]. NULL, and -ENOMEM, -ENOSPC, -ERANGE in *err. Thread context. (With ukpage.)
 */
void *uk_xen_grant_pages(unsigned domid, uint32_t *refs, unsigned n, bool readonly, int *err);

/*
 * Ends that and frees the frames; NULL: nothing to do. False: the other side keeps some of them mapped. Then they stay nobody's,
 * and so do the references of those. Thread context.
 */
bool uk_xen_ungrant_pages(void *va, const uint32_t *refs, unsigned n);

UK_API_END
#endif
