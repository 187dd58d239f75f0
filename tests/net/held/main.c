/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *   held PORT
 *
 * Sends back what it gets on TCP port 80, and then does something else for 1 s: 'c' computes, 's' sleeps, 'r' sends a row of
 * datagrams to PORT of the same machine, and computes. What was sent may not wait for that.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#define ROW 21

static int send_row(int c, const char *port)
{
	struct sockaddr_in to;
	socklen_t len = sizeof(to);
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (s < 0 || getpeername(c, (struct sockaddr *)&to, &len))
		return -1;
	to.sin_port = htons((uint16_t)atoi(port));
	for (int i = 0; i < ROW; i++)
		if (sendto(s, "row", 3, 0, (struct sockaddr *)&to, len) != 3)
			return -1;
	return close(s);
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(80) };
	int s = socket(AF_INET, SOCK_STREAM, 0), c;
	double end;
	char b;

	if (bind(s, (struct sockaddr *)&a, sizeof(a)) || listen(s, 5))
		return 1;
	puts("up");
	fflush(stdout);
	c = accept(s, NULL, NULL);
	while (read(c, &b, 1) == 1) {
		if (write(c, &b, 1) != 1)
			return 1;
		if (b == 'r' && (argc < 2 || send_row(c, argv[1])))
			return 1;
		end = now() + 1;
		if (b == 's')
			sleep(1);
		while ((b == 'c' || b == 'r') && now() < end)
			;
	}
	return 0;
}
