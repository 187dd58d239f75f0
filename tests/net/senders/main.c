/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *   senders ADDRESS ROW QUESTIONS
 *
 * Two threads, each on a CPU of its own, send at the same time to UDP port 9 of ADDRESS: a question, a row of datagrams, and then
 * questions, one after the other, each when the one before has been answered. A datagram is the thread's number and its own, from 0 on.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct sockaddr_in to = { .sin_family = AF_INET };
static uint32_t row, questions;
static pthread_barrier_t both;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void ask(int s, const uint32_t said[2])
{
	uint32_t heard[2];

	must(send(s, said, sizeof(heard), 0) == sizeof(heard), "send");
	must(recv(s, heard, sizeof(heard), 0) == sizeof(heard), "recv");
	must(heard[0] == said[0] && heard[1] == said[1], "another answer");
}

static void *run(void *number)
{
	const struct timeval patience = { .tv_sec = 20 };
	uint32_t said[2] = { (uint32_t)(uintptr_t)number, 0 };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(said[0], &set);
	must(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
	must(!connect(s, (struct sockaddr *)&to, sizeof(to)), "connect");
	must(!setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), "SO_RCVTIMEO");
	ask(s,
	    said); /* the other side's address is known then: what waits for that may be dropped */
	pthread_barrier_wait(&both);
	while (++said[1] <= row)
		must(send(s, said, sizeof(said), 0) == sizeof(said), "send");
	pthread_barrier_wait(&both);
	for (; said[1] <= row + questions; said[1]++)
		ask(s, said);
	close(s);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t other;

	if (argc != 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		return 2;
	to.sin_port = htons(9);
	row = (uint32_t)atoi(argv[2]);
	questions = (uint32_t)atoi(argv[3]);
	pthread_barrier_init(&both, NULL, 2);
	must(!pthread_create(&other, NULL, run, (void *)1), "pthread_create");
	run(NULL);
	must(!pthread_join(other, NULL), "pthread_join");
	puts("answered");
	return 0;
}
