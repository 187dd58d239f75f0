/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that go back to Xen, for other domains, and come again (Xen public/memory.h). Their addresses stay ours: what is behind
 * them goes and comes.
 */
#ifndef UK_XEN_FRAMES_H
#define UK_XEN_FRAMES_H

#include <uk/api.h>
#include <uk/essentials.h>

#define UK_XEN_FRAMES_MAX 128U /* in one call */

UK_API_BEGIN

/*
 * Gives n frames away, which nobody uses and nothing but the direct map maps; they are zeroed first, since Xen may not do that
 * before somebody else has them. How many, from the first on, have gone: touching those is a fault, or reads ones. Thread context.
 */
unsigned uk_xen_frames_give(const uk_paddr_t *frames, unsigned n);

/* Gets memory for frames that were given. How many, from the first on, have some, with anything in it. Thread context. */
unsigned uk_xen_frames_get(const uk_paddr_t *frames, unsigned n);

/*
 * What the domain has, were none given: pages that memory/target counts as well; 0 if only the toolstack knows (PVH:
 * memory/static-max).
 */
uint64_t uk_xen_frames_all(void);

UK_API_END
#endif
