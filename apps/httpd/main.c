/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * httpd [PORT [FOLDER]]: one thread, any number of connections.
 *
 * No call but epoll_wait() waits. A connection is read until a request is complete; its answer is sent until the
 * socket takes no more, and then whenever epoll says that it does again. Only then is the next
 * request looked at, so a client that does not read holds up nobody but itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>
#include "httpd.h"

#define EVENTS 64

static int epoll;
static const char *root = "/www";

static void watch(struct connection *c, int op, unsigned events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	epoll_ctl(epoll, op, c->fd, &ev);
}

static void finish(struct connection *c)
{
	if (c->file >= 0)
		close(c->file);
	close(c->fd); /* which ends the watch, too */
	free(c);
}

/* Sends what the socket takes. 1: all of the answer; 0: not all; -1: the connection is broken. */
static int send_answer(struct connection *c)
{
	ssize_t n;

	while (c->head_sent < c->head_len) {
		/* With a file to come, the head waits for its first bytes. */
		n = send(c->fd, c->head + c->head_sent, c->head_len - c->head_sent,
			 MSG_NOSIGNAL | (c->end ? MSG_MORE : 0));
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		c->head_sent += (size_t)n;
	}
	while (c->file >= 0 && c->at < c->end) {
		n = sendfile(c->fd, c->file, &c->at, (size_t)(c->end - c->at));
		if (n <= 0)
			return n < 0 && errno == EAGAIN ? 0 : -1;
	}
	if (c->file >= 0)
		close(c->file);
	c->file = -1;
	c->head_len = 0;
	return c->close ? -1 : 1;
}

/* Requests that have come, one after the other, as far as it goes now. */
static void work(struct connection *c)
{
	int sent = c->head_len ? send_answer(c) : 1;

	while (sent > 0 && request_next(c, root))
		sent = send_answer(c);
	if (sent < 0)
		finish(c);
	else
		watch(c, EPOLL_CTL_MOD, sent ? EPOLLIN : EPOLLOUT);
}

static void readable(struct connection *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - 1 - c->in_len, 0);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			finish(c);
		return;
	}
	c->in_len += (size_t)n;
	work(c);
}

static void accept_all(int listener)
{
	const int one = 1;
	struct connection *c;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		c = malloc(sizeof(*c));
		if (!c) {
			close(fd);
			continue;
		}
		c->fd = fd;
		c->file = -1;
		c->in_len = c->head_len = 0;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		watch(c, EPOLL_CTL_ADD, EPOLLIN);
	}
}

static int listen_at(int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1, rc;

	if (fd < 0) /* this image has no IPv6 */
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), any.sin6_family = 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	rc = any.sin6_family ? bind(fd, (void *)&any, sizeof(any))
			     : bind(fd, (void *)&any4, sizeof(any4));
	if (rc || listen(fd, 255)) {
		fprintf(stderr, "httpd: port %d: %s\n", port, strerror(errno));
		exit(1);
	}
	return fd;
}

/* 0: it is none. */
static int port_of(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	return *s && !*end && n > 0 && n < 65536 ? (int)n : 0;
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	int port = argc > 1 ? port_of(argv[1]) : 80, listener, folder;

	if (argc > 2)
		root = argv[2];
	if (argc > 3 || !port) {
		fprintf(stderr, "usage: httpd [PORT [FOLDER]], a port being 1 to 65535\n");
		return 2;
	}
	folder = open(root, O_RDONLY | O_DIRECTORY);
	if (folder < 0) {
		fprintf(stderr,
			"httpd: %s: %s; the image's files are what --root DIR, or ROOT=, gives\n",
			root, strerror(errno));
		return 1;
	}
	close(folder);
	listener = listen_at(port);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener,
		  &(struct epoll_event){ .events = EPOLLIN, .data.ptr = NULL });
	printf("httpd: serving %s at port %d\n", root, port);
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;

			if (!c)
				accept_all(listener);
			else if (events[i].events & EPOLLOUT)
				work(c);
			else
				readable(c);
		}
	}
}
