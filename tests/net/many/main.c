/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server for the tests of many connections and of clients that misbehave. The first byte of a connection says what is wanted:
 *
 *	e	what comes goes back
 *	q	nothing: it is not read again, until it is reset
 *	m	"free N files M\n": bytes of memory that are free, connections that are open
 *	x	a megabyte, close(), and the program ends at once
 *	k	a megabyte, and the program ends with the connection open
 *
 * `many [FILES]`: so many descriptors at most. It says once when there are no more of them.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define FILES 4096
#define MUCH  (1 << 20)

static char buf[16384], much[MUCH], kind[FILES];
static int epoll, open_now;

static void end(int fd)
{
	close(fd);
	open_now--;
}

/* All of it is in the socket's buffer, or gone, when this returns. */
static void give_and_exit(int fd, bool closed)
{
	for (int i = 0; i < MUCH; i++)
		much[i] = (char)(i % 251);
	for (int sent = 0, n; sent < MUCH; sent += n) {
		n = (int)write(fd, much + sent, (size_t)(MUCH - sent));
		if (n < 0 && errno == EAGAIN) {
			n = 0;
			usleep(1000);
		}
		if (n < 0)
			exit(3);
	}
	if (closed)
		close(fd);
	exit(0);
}

static void first(int fd, char c)
{
	struct sysinfo si;
	int n;

	kind[fd] = c;
	if (c == 'q')
		epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &(struct epoll_event){ .data.fd = fd });
	if (c == 'x' || c == 'k')
		give_and_exit(fd, c == 'x');
	if (c != 'm')
		return;
	sysinfo(&si);
	n = sprintf(buf, "free %lu files %d\n", si.freeram * si.mem_unit, open_now);
	send(fd, buf, (size_t)n, MSG_NOSIGNAL);
	end(fd);
}

static void readable(int fd)
{
	ssize_t n = recv(fd, buf, kind[fd] ? sizeof(buf) : 1, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		end(fd);
	else if (!kind[fd])
		first(fd, buf[0]);
	else if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
		end(fd);
}

static void accept_all(int listener)
{
	static bool said;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		kind[fd] = 0;
		open_now++;
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd,
			  &(struct epoll_event){ .events = EPOLLIN, .data.fd = fd });
	}
	if (errno != EAGAIN && !said) {
		printf("many: %s\n", strerror(errno));
		said = true;
	}
	if (errno != EAGAIN)
		usleep(10000); /* the listener stays readable */
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct rlimit files = { FILES, FILES };
	struct epoll_event events[64];
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), n;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		files.rlim_cur = (rlim_t)atoi(argv[1]);
	epoll = epoll_create1(0);
	if (setrlimit(RLIMIT_NOFILE, &files) || bind(listener, (void *)&any, sizeof(any)) ||
	    listen(listener, 511)) {
		perror("many");
		return 1;
	}
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener,
		  &(struct epoll_event){ .events = EPOLLIN, .data.fd = listener });
	printf("many: listening\n");
	while ((n = epoll_wait(epoll, events, 64, -1)) >= 0 || errno == EINTR)
		for (int i = 0; i < n; i++)
			if (events[i].data.fd == listener)
				accept_all(listener);
			else if (kind[events[i].data.fd] == 'q')
				end(events[i].data.fd);
			else
				readable(events[i].data.fd);
	return 1;
}
