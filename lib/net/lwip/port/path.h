/* SPDX-License-Identifier: BSD-3-Clause */
/* How the last packet went, of a connection (lwIP's pcbs have one: patches/0005-path.patch) or of a socket for datagrams: path.c. */
#ifndef LWIP_PORT_PATH_H
#define LWIP_PORT_PATH_H

#include <lwip/arch.h>

struct device;

#define PATH_IP_HEADER 34U /* of Ethernet and IPv4 */
#define PATH_HEADER    42U /* and of UDP */

struct lwip_path {
	u32_t version; /* lwip_paths when that was; 0: none */
	u16_t max;     /* bytes that fit into one packet of UDP */
	u8_t to_peer;  /* where the socket is connected to */
	u8_t csum;     /* the device makes checksums */
	struct device *device;
	u64_t to; /* where: as the first 8 bytes of struct sockaddr_in */
	u32_t ip_sum, pseudo_sum; /* of what does not change, not complemented */
	u16_t bytes;              /* of the last datagram: for so many the header is ready, and ... */
	u16_t bytes_sum;          /* ... this is IP's sum, without identification */
	u8_t header[PATH_HEADER]; /* identification and checksum of IP are 0, for TCP lengths, too */
};

#endif
