/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who called: the chain of frames, for checks that remember places. Needs code with frame pointers
 * (CONFIG_FRAME_POINTER); what has none ends the list early.
 */
#ifndef UK_CALLERS_H
#define UK_CALLERS_H

#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN

/*
 * Return addresses from the frame `fp` on (__builtin_frame_address(0): the first is the caller's), as
 * offsets in the image; 0 for each of the n that there are not. Any context.
 */
void uk_callers(uint32_t *pc, unsigned n, const void *fp);

UK_API_END

#endif
