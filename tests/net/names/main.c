/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *   names NAME ...
 *
 * Looks each up and prints its IPv4 address, or what getaddrinfo() says. "+SECONDS" waits.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void look_up(const char *name)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	char text[INET_ADDRSTRLEN];
	struct addrinfo *found;
	int rc = getaddrinfo(name, NULL, &hints, &found);

	if (rc) {
		printf("%s: %s\n", name, gai_strerror(rc));
		return;
	}
	inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)found->ai_addr)->sin_addr, text,
		  sizeof(text));
	printf("%s: %s\n", name, text);
	freeaddrinfo(found);
}

int main(int argc, char **argv)
{
	puts("up");
	fflush(stdout);
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '+')
			sleep((unsigned)atoi(argv[i] + 1));
		else
			look_up(argv[i]);
		fflush(stdout);
	}
	return 0;
}
