/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The chain of frames (System V ABI, AMD64 supplement §3.2.2): each begins with the address of the one
 * before and the address to return to.
 */
#include <uk/callers.h>
#include <uk/essentials.h>
#include <uk/linked.h>

#define FRAME_MAX (64UL << 10)

UK_NO_SANITIZE void uk_callers(uint32_t *pc, unsigned n, const void *fp)
{
	const uintptr_t *frame = fp;

	for (unsigned i = 0; i < n; i++) {
		uintptr_t next, ret;

		pc[i] = 0;
		if (!frame)
			continue;
		next = frame[0];
		ret = frame[1];
		if (ret <= (uintptr_t)uk_text_start || ret >= (uintptr_t)uk_text_end)
			next = 0;
		else
			pc[i] = (uint32_t)(ret - (uintptr_t)uk_image_start);
		if (next <= (uintptr_t)frame || next - (uintptr_t)frame > FRAME_MAX || next % 8)
			next = 0;
		frame = (const uintptr_t *)next;
	}
}
