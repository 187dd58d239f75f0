/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The header that virtio devices and Linux's TAP put before each packet (virtio 1.2 §5.1.6; Linux
 * include/uapi/linux/virtio_net.h), for drivers. A netbuf's fields lie as its own do, so it takes
 * two moves in either direction. Little endian, as all our machines are.
 */
#ifndef UK_NETDEV_VNET_H
#define UK_NETDEV_VNET_H

#include <uk/netdev_driver.h>

#define UK_VNET_GSO_NONE 0U
#define UK_VNET_GSO_ECN  0x80U /* flag of gso_type: a segment with CWR set */

struct uk_vnet_hdr {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers; /* not in TAP's of 10 bytes; 0 to send */
};

#define UK_VNET_SAME(field, hdr_field)                                                             \
	UK_STATIC_ASSERT(offsetof(struct uk_netbuf, field) - offsetof(struct uk_netbuf, flags) ==  \
				 offsetof(struct uk_vnet_hdr, hdr_field),                          \
			 #field " lies as in the header")
UK_VNET_SAME(gso, gso_type);
UK_VNET_SAME(hdr_len, hdr_len);
UK_VNET_SAME(mss, gso_size);
UK_VNET_SAME(csum_start, csum_start);
UK_VNET_SAME(csum_offset, csum_offset);

#define UK_VNET_OFFLOAD_SIZE offsetof(struct uk_vnet_hdr, num_buffers)

/* The header of a packet to send. */
static inline void uk_vnet_from_netbuf(struct uk_vnet_hdr *h, const struct uk_netbuf *pkt)
{
	__builtin_memcpy(h, &pkt->flags, UK_VNET_OFFLOAD_SIZE);
	h->num_buffers = 0;
}

/*
 * What the header says of a packet received, whose length is set. Only a device says so: false, and nothing
 * is said, if that cannot be.
 */
static inline bool uk_vnet_to_netbuf(struct uk_netbuf *pkt, const struct uk_vnet_hdr *h)
{
	unsigned gso;

	__builtin_memcpy(&pkt->flags, h, UK_VNET_OFFLOAD_SIZE);
	pkt->flags &= UK_NETBUF_CSUM | UK_NETBUF_CSUM_GOOD;
	gso = pkt->gso &= ~UK_VNET_GSO_ECN;
	if (UK_LIKELY(!(pkt->flags & UK_NETBUF_CSUM) && !gso))
		return true;
	if (pkt->flags & UK_NETBUF_CSUM &&
	    (uint32_t)pkt->csum_start + pkt->csum_offset + 2 > pkt->total)
		goto bad;
	if (gso == UK_VNET_GSO_NONE ||
	    ((gso == UK_NETBUF_TSO4 || gso == UK_NETBUF_TSO6) && pkt->mss))
		return true;
bad:
	uk_netbuf_no_offload(pkt);
	return false;
}

#endif
