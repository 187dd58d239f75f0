/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The generator: a 256-bit key, replaced by its own output at every request.
 *
 * A request runs ChaCha20 in counter mode under the key. The first half block becomes the next
 * key before anything else is handed out (D. J. Bernstein, "Fast-key-erasure random-number
 * generators", 2017). Seeding adds entropy to the key by running the block function over it.
 */
#include <uk/init.h>
#include <uk/param.h>
#include <uk/plat/random.h>
#include <uk/print.h>
#include <uk/random.h>
#include <uk/spinlock.h>
#include <uk/string.h>
#include <uk/time.h>
#include "chacha20.h"

#define KEY_WORDS    8
#define BLOCK        (CHACHA20_WORDS * sizeof(uint32_t))
#define RESEED_BYTES (1UL << 20)
#define RESEED_NSEC  (300 * UK_NSEC_PER_SEC)

UK_PARAM_BOOL(random, require, false, "do not run without a source of randomness");

static struct {
	struct uk_spinlock lock;
	uint32_t key[KEY_WORDS];
	bool started;
	bool seeded; /* from sources made for the purpose */
	bool asked;  /* all devices have been: there is no other source */
	size_t since_seed;
	uk_nsec seed_time;
	const void *generation;           /* NULL: none, or not yet asked for */
	uint8_t last[UK_PLAT_GENERATION]; /* as it was when we last looked */
} rng;

static void block_init(uint32_t block[CHACHA20_WORDS], const uint32_t key[KEY_WORDS])
{
	/* "expand 32-byte k" */
	static const uint32_t constants[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(block, constants, sizeof(constants));
	memcpy(block + 4, key, KEY_WORDS * sizeof(*key));
	memset(block + 12, 0, 4 * sizeof(*block));
}

/* Keeps the compiler from leaving key material on the stack because nobody reads it any more. */
static void wipe(void *p, size_t n)
{
	memset(p, 0, n);
	__asm__ volatile("" ::"r"(p) : "memory");
}

/* key = first half of the block that the key and up to 32 bytes of data make. */
static void mix(const uint8_t *data, size_t n)
{
	uint32_t block[CHACHA20_WORDS], out[CHACHA20_WORDS], word[KEY_WORDS] = { 0 };
	unsigned i;

	memcpy(word, data, n);
	for (i = 0; i < KEY_WORDS; i++)
		rng.key[i] ^= word[i];
	block_init(block, rng.key);
	chacha20_block(block, out);
	memcpy(rng.key, out, sizeof(rng.key));
	wipe(block, sizeof(block));
	wipe(out, sizeof(out));
	wipe(word, sizeof(word));
}

/* There is no source. A device that is one may be found later in the boot. */
static UK_COLD void unseeded(void)
{
	if (!rng.asked)
		return;
	if (uk_param_random_require.b)
		uk_fatal("no source of randomness, and random.require does not let us go on");
	uk_pr_warn("no source of randomness: keys made here can be guessed");
}

static void seed(void)
{
	uint8_t material[KEY_WORDS * sizeof(uint32_t)];
	uk_nsec now = uk_clock_monotonic();
	bool good = uk_plat_entropy(material, sizeof(material)) == sizeof(material);

	rng.key[0] ^= (uint32_t)now;
	rng.key[1] ^= (uint32_t)(now >> 32);
	mix(material, sizeof(material));
	wipe(material, sizeof(material));
	rng.seeded |= good;
	if (!rng.started && !rng.seeded)
		unseeded();
	rng.started = true;
	rng.since_seed = 0;
	rng.seed_time = now;
}

/*
 * A snapshot that is restored twice has twice the same key. The two get different generations: whoever
 * finds a new one takes a new seed before anything is handed out, and stirs it in, which parts them even where
 * there is no source of randomness.
 */
static inline void look_at_generation(void)
{
	if (!rng.generation || !memcmp(rng.last, rng.generation, sizeof(rng.last)))
		return;
	memcpy(rng.last, rng.generation, sizeof(rng.last));
	mix(rng.last, sizeof(rng.last));
	seed();
}

/* Up to RESEED_BYTES at a time, so that nobody is kept out for long. */
static void fill(uint8_t *p, size_t n)
{
	uint32_t block[CHACHA20_WORDS], out[CHACHA20_WORDS];
	size_t part = n < BLOCK / 2 ? n : BLOCK / 2;

	if (!rng.started || rng.since_seed >= RESEED_BYTES ||
	    uk_clock_monotonic() - rng.seed_time >= RESEED_NSEC)
		seed();
	look_at_generation();
	rng.since_seed += n;
	block_init(block, rng.key);
	chacha20_block(block, out);
	memcpy(rng.key, out, sizeof(rng.key));
	memcpy(p, out + KEY_WORDS, part);
	for (p += part, n -= part; n; p += part, n -= part) {
		block[12]++;
		chacha20_block(block, out);
		part = n < BLOCK ? n : BLOCK;
		memcpy(p, out, part);
	}
	wipe(block, sizeof(block));
	wipe(out, sizeof(out));
}

void uk_random_fill(void *buf, size_t n)
{
	uint8_t *p = buf;

	while (n) {
		size_t part = n < 4096 ? n : 4096;
		bool irq = uk_spin_lock_irq(&rng.lock);

		fill(p, part);
		uk_spin_unlock_irq(&rng.lock, irq);
		p += part;
		n -= part;
	}
}

bool uk_random_is_seeded(void)
{
	bool irq = uk_spin_lock_irq(&rng.lock);
	bool seeded;

	if (!rng.started)
		seed();
	seeded = rng.seeded;
	uk_spin_unlock_irq(&rng.lock, irq);
	return seeded;
}

static void stir(const uint8_t *p, size_t n, bool good)
{
	bool irq = uk_spin_lock_irq(&rng.lock);

	rng.seeded |= good;
	if (!rng.started)
		seed();
	while (n) {
		size_t part = n < sizeof(rng.key) ? n : sizeof(rng.key);

		mix(p, part);
		p += part;
		n -= part;
	}
	rng.since_seed = RESEED_BYTES;
	uk_spin_unlock_irq(&rng.lock, irq);
}

void uk_random_stir(const void *data, size_t n)
{
	stir(data, n, false);
}

void uk_random_seed(const void *data, size_t n)
{
	stir(data, n, n >= sizeof(rng.key));
}

static int random_init(void)
{
	rng.asked = true;
	if (rng.started && !rng.seeded)
		unseeded();
	rng.generation = uk_plat_generation(); /* the first request takes it for new */
	if (uk_param_random_require.b)
		uk_random_is_seeded(); /* who wants to be sure is told at boot */
	return 0;
}

/* Behind the buses (3), where there may be a device. */
UK_INIT(UK_INIT_DEV, "4", random_init, NULL);
