/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of netlink. */
#ifndef NETLINK_INTERNAL_H
#define NETLINK_INTERNAL_H

#include <uk/abi/in.h>
#include <uk/abi/netlink.h>
#include <uk/alloc.h>
#include <uk/link.h>
#include <uk/mutex.h>
#include <uk/process.h>
#include <uk/socket.h>
#include <uk/string.h>
#include <uk/table.h>

/* An answer that waits to be received: one datagram, of one or more messages. */
struct answer {
	struct answer *next;
	uint32_t len;
	char data[] UK_ALIGNED(8);
};

/* What of a list that was asked for has not been told. */
struct dump {
	uint16_t type;  /* UK_RTM_GETLINK, UK_RTM_GETADDR; 0: none is under way */
	uint8_t family; /* of addresses; UK_AF_UNSPEC: all */
	uint8_t pass;   /* how many families have been told, where all are */
	uint32_t seq;
	uint32_t index; /* the next interface, and of it the next address */
	uint32_t addr;
};

struct netlink {
	struct uk_socket s;
	struct uk_mutex lock; /* all that follows */
	const struct uk_links *links;
	struct netlink *next; /* of those that have a number. names */
	uint32_t pid;         /* its number; 0: none yet */
	uint32_t sndbuf, rcvbuf;
	struct answer *first, *last;
	uint32_t queued; /* bytes */
	struct dump dump;
};

/* ---- socket.c ---- */

/* An answer goes to the queue. There is no room, or `a` is NULL, since there was no memory: the socket says ENOBUFS. n->lock. */
void netlink_answer(struct netlink *n, struct answer *a);
/* One of so many bytes, zero; or NULL. */
struct answer *netlink_new(uint32_t len);

/* ---- request.c ---- */

/* All messages of one datagram. n->lock. */
void netlink_requests(struct netlink *n, const char *data, size_t len);
/* The next part of the list that is under way, if there is one and nothing else waits. n->lock. */
void netlink_go_on(struct netlink *n);

#endif
