/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a network stack tells about its interfaces, for AF_NETLINK to pass on.
 *
 * A stack is an entry of a linker table (UK_LINKS). Where several are in an image, the first active one is asked: the
 * one whose sockets programs get.
 */
#ifndef UK_LINK_H
#define UK_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <uk/table.h>

#define UK_LINK_ADDRS 8 /* of one interface */

struct uk_link_addr {
	uint8_t family; /* UK_AF_INET, UK_AF_INET6 */
	uint8_t prefix; /* bits of the network */
	uint8_t scope;  /* UK_RT_SCOPE_* */
	bool broadcast; /* IPv4: the network has an address for all */
	uint32_t flags; /* UK_IFA_F_* */
	uint8_t addr[16];
};

struct uk_link {
	uint32_t index; /* from 1 on */
	uint32_t flags; /* UK_IFF_* */
	uint32_t mtu;
	uint16_t type; /* UK_ARPHRD_* */
	char name[16]; /* ends with 0 */
	uint8_t hwaddr[6];
	unsigned n_addrs;
	struct uk_link_addr addr[UK_LINK_ADDRS];
};

struct uk_links {
	/* Do programs get this stack's sockets? NULL: always. */
	bool (*active)(void);
	/*
	 * The interface with the lowest index that is at least this one. 0, or -ENODEV: there is none. May block. NULL: it cannot tell,
	 * and AF_NETLINK is EAFNOSUPPORT.
	 */
	int (*from)(uint32_t index, struct uk_link *link);
};

/* The lowest prio (one digit, a string) is asked first. */
#define UK_LINKS(prio, name_, ...)                                                                 \
	static const UK_TABLE_ROOT(struct uk_links, links, prio, uk_links_##name_) = { __VA_ARGS__ }

#endif
