/* SPDX-License-Identifier: BSD-3-Clause */
/* What the server's two files know of a connection. */
#ifndef HTTPD_H
#define HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define REQUEST_MAX 4096

struct connection {
	int fd;
	/* What has come of the next request, and perhaps of those behind it. */
	char in[REQUEST_MAX];
	size_t in_len;
	/* What has still to go: the answer's head, then the rest of the file. */
	char head[512];
	size_t head_len, head_sent;
	int file; /* or -1 */
	off_t at, end;
	bool close; /* after this answer */
};

/*
 * If c->in holds a complete request, takes it off and prepares the answer: true. False: there is more
 * to come.
 */
bool request_next(struct connection *c, const char *root);

#endif
