/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What sending UDP datagrams of 18 bytes through a socket costs, the shortest that Ethernet carries.
 *
 *   bench-udp ADDRESS [PACKETS]	to port 9 (discard, RFC 863) of a machine that need not answer
 *
 * Plain POSIX, as bench-micro: the Linux guest runs the same file. After each phase a line `phase NAME
 * OPERATIONS` is printed; the k-th line belongs to the k-th pair of markers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uk/mark.h>

#define MARK_BEGIN 16
#define MARK_END   17
#define PORT       9

static const char data[18] = "eighteen bytes ...";
static struct sockaddr_in to = { .sin_family = AF_INET };
static int fd;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench-udp: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void run_send(long n)
{
	while (n--)
		if (send(fd, data, sizeof(data), 0) != sizeof(data))
			die("send");
}

static void run_sendto(long n)
{
	while (n--)
		if (sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to)) !=
		    sizeof(data))
			die("sendto");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(long n);
	} phases[] = { { "send", run_send }, { "sendto", run_sendto } };
	long n = argc > 2 ? atol(argv[2]) : 20000;

	if (argc < 2 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: bench-udp ADDRESS [PACKETS]\n");
		return 2;
	}
	to.sin_port = htons(PORT);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die(argv[1]);
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		phases[i].run(1); /* the neighbour's address has to be asked for */
		sleep(1);
		phases[i].run(64);
		UK_MARK(MARK_BEGIN);
		phases[i].run(n);
		UK_MARK(MARK_END);
		printf("phase %s %ld\n", phases[i].name, n);
	}
	close(fd);
	return 0;
}
