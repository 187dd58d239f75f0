/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of sockettest. */
#ifndef SOCKETTEST_H
#define SOCKETTEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Prints a call and what it returned, or its error's name. */
long say(const char *what, long rc);
#define SAY(call) say(#call, (long)(call))

struct sockaddr_in loopback(int port);
/* A listening socket at a free port of 127.0.0.1, and that port. */
int listener(int *port);
/* Two connected ends: fd[0] called, fd[1] was accepted. */
void connected(int fd[2]);
/* Prints what poll() says about fd now, or within `ms`. */
void show_poll(const char *what, int fd, int events, int ms);
/* 0, or -1 and errno: the socket's pending error (SO_ERROR), which is told once. */
int pending(int fd);
void settle(void); /* what is on its way arrives */

void test_creation(void);
void test_stream(void);
void test_nonblocking(void);
void test_shutdown(void);
void test_endings(void);
void test_disconnect(void);
void test_link_local(void);
void test_errors(void);
void test_datagram(void);
void test_options(void);
void test_measuring(void);
void test_messages(void);
void test_control(void);
void test_poll(void);
void test_ipv6(void);
void test_reuse(void);
void test_ports(void);

#endif
