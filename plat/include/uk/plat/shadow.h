/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sanitizer shadow (lib/debug/ukkasan): a byte for 8 of the address space, at UK_VA_SHADOW + va / 8.
 * All of it can be read from early boot on, and reads as 0 where nothing has been written.
 *
 * What is written to gets memory of its own: on request, or when compiled code writes to it, as
 * that does with the shadow of its stack frames.
 */
#ifndef UK_PLAT_SHADOW_H
#define UK_PLAT_SHADOW_H

#include <uk/api.h>
#include <uk/essentials.h>
#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>

#define UK_VA_SHADOW_END (UK_VA_SHADOW + (1UL << 44))

UK_API_BEGIN

/*
 * Takes from the free memory of `bi` what the shadow may come to need (kvm: an eighth, and some
 * more), before anybody else does. Called once, by ukkasan.
 */
void uk_plat_shadow_memory(struct uk_bootinfo *bi);

/*
 * Shadow addresses [start, end) can be written from now on without a fault. Any context. If there
 * is no memory, the image ends with a message.
 */
void uk_plat_shadow_need(uintptr_t start, uintptr_t end);

/* Whole pages of shadow: all of it reads as 0 again, however long the range. Any context. */
void uk_plat_shadow_clear(uintptr_t start, uintptr_t end);

/*
 * With several CPUs: this one sees at [start, end) what others have written there. Without, it may go on
 * reading zeroes where another one was the first to write (its TLB): good enough for a check, which misses
 * something then, and not for code that leaves out writes because of what it reads. Any context.
 */
void uk_plat_shadow_refresh(uintptr_t start, uintptr_t end);

UK_API_END

#endif
