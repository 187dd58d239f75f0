/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address sanitizer: where it is started, and what tests of it need. What other libraries tell
 * it, and what the heap is under it, is in <uk/sanitize.h>.
 *
 * The shadow has a byte for every 8 bytes of the address space: 0, all may be touched; 1 to 7, only
 * so many of them; anything else says why not (enum uk_kasan_kind).
 */
#ifndef UK_KASAN_H
#define UK_KASAN_H

#include <uk/api.h>
#include <uk/essentials.h>
#include <uk/sanitize.h>

struct uk_bootinfo;

UK_API_BEGIN

/* First thing in uk_boot(): takes its memory from *bi, closes what lies behind global variables. */
void uk_kasan_start(struct uk_bootinfo *bi);

/*
 * From now on the first line of a report goes to buf, at most `size` bytes of it, and the code goes
 * on, with what it wanted to do; a free that is a mistake does nothing. A later report replaces
 * it. NULL: as before. One buffer for all threads.
 */
void uk_kasan_catch(char *buf, size_t size);

UK_API_END

#endif
