/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copying into and out of packets in pieces.
 */
#include <uk/netbuf.h>

static size_t copy(const struct uk_netbuf *nb, size_t at, unsigned char *to,
		   const unsigned char *from, size_t len)
{
	size_t done = 0, n;

	for (; nb && done < len; nb = nb->next) {
		if (at >= nb->len) {
			at -= nb->len;
			continue;
		}
		n = UK_MIN(len - done, nb->len - at);
		if (to)
			memcpy(to + done, nb->data + at, n);
		else
			memcpy(nb->data + at, from + done, n);
		done += n;
		at = 0;
	}
	return done;
}

size_t uk_netbuf_copy_out(const struct uk_netbuf *pkt, size_t at, void *to, size_t len)
{
	return copy(pkt, at, (unsigned char *)to, NULL, len);
}

size_t uk_netbuf_copy_in(struct uk_netbuf *pkt, size_t at, const void *from, size_t len)
{
	return copy(pkt, at, NULL, (const unsigned char *)from, len);
}
