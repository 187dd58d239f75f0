/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071), eight bytes at a time: sums of 16-bit words do not mind in what units they are
 * added, as long as carries come around. For what no device does.
 */
#include <arch/cc.h>
#include <uk/essentials.h>

static inline uint64_t load64(const unsigned char *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? sum + 1 : sum;
}

/* The sum itself, not its complement, as memory holds it. */
uint16_t lwip_checksum(const void *data, int len)
{
	const unsigned char *p = data;
	unsigned n = (unsigned)len;
	uint64_t sum = 0, rest = 0;

	if (UK_LIKELY(n == 20)) { /* a header of IPv4 */
		uint32_t last;

		__builtin_memcpy(&last, p + 16, sizeof(last));
		sum = add(add(load64(p), load64(p + 8)), last);
		n = 0;
	}
	for (; n >= 32; p += 32, n -= 32) {
		sum = add(sum, load64(p));
		sum = add(sum, load64(p + 8));
		sum = add(sum, load64(p + 16));
		sum = add(sum, load64(p + 24));
	}
	for (; n >= 8; p += 8, n -= 8)
		sum = add(sum, load64(p));
	while (n--)
		rest |= (uint64_t)p[n] << (8 * n);
	sum = add(sum, rest);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}
