/* SPDX-License-Identifier: BSD-3-Clause */
/* The block function of ChaCha20. */
#ifndef UKRANDOM_CHACHA20_H
#define UKRANDOM_CHACHA20_H

#include <uk/types.h>

#define CHACHA20_WORDS 16

/* One block of key stream for `in` (RFC 8439 §2.3: constants, key, counter, nonce). */
void chacha20_block(const uint32_t in[CHACHA20_WORDS], uint32_t out[CHACHA20_WORDS]);

#endif
