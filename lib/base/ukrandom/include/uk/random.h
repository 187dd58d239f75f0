/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random numbers that cannot be guessed: a ChaCha20 generator (RFC 8439) with fast key erasure.
 *
 * Every request runs on a key that is overwritten before the request's bytes are handed out, so
 * that who reads the memory later learns nothing about what was given before. It is seeded at the
 * first request from uk_plat_entropy(), and again after 1 MiB of output or five minutes,
 * and when the machine says that it is another now: of a snapshot that is restored twice.
 */
#ifndef UK_RANDOM_H
#define UK_RANDOM_H

#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN

/* Fill buf with n random bytes. Any context but non-maskable; never blocks, never fails. */
void uk_random_fill(void *buf, size_t n);

/*
 * Was the seed made by sources meant for it? If not, the platform has none and the bytes can be
 * guessed with effort; a warning has said so. Any context.
 */
bool uk_random_is_seeded(void);

/*
 * Stir in `n` bytes, whatever they are worth: it cannot make the state weaker. Whoever knows that
 * the machine was copied (a snapshot was restored) calls it so that the copies part ways:
 * the next request takes a new seed. Any context but non-maskable.
 */
void uk_random_stir(const void *data, size_t n);

/*
 * As uk_random_stir(), of bytes that are random throughout: from a device made for it. 32 or more count as a seed,
 * also where the platform has none. Any context but non-maskable.
 */
void uk_random_seed(const void *data, size_t n);

UK_API_END

/* A random word. Any context but non-maskable. */
static inline uint64_t uk_random_u64(void)
{
	uint64_t v;

	uk_random_fill(&v, sizeof(v));
	return v;
}

#endif
