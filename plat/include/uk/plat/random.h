/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where randomness comes from: raw material for a generator, not a generator.
 */
#ifndef UK_PLAT_RANDOM_H
#define UK_PLAT_RANDOM_H

#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN

/*
 * Fills buf with n bytes of seed, best sources first (rdseed, rdrand, the loader's or the host's
 * seed), and with timing for the rest. Returns how many bytes came from a source made for the
 * purpose: fewer than n means that the rest can be guessed with effort, 0 that all of it can. Any
 * context.
 */
size_t uk_plat_entropy(void *buf, size_t n);

/*
 * Where the machine tells that it has become another: the UK_PLAT_GENERATION bytes there change
 * before the first instruction runs on a restored snapshot or a copy ("Virtual Machine Generation ID",
 * Microsoft 2012). They stay readable for good. NULL if the platform has no such thing. Called once,
 * by a thread, when frames can be had.
 */
#define UK_PLAT_GENERATION 16
const void *uk_plat_generation(void);

UK_API_END

#endif
