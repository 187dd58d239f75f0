/* SPDX-License-Identifier: BSD-3-Clause */
/* eventfd, timerfd and signalfd. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include "../say.h"

static void ready(const char *who, int fd)
{
	struct pollfd f = { fd, POLLIN | POLLOUT, 0 };
	int n = poll(&f, 1, 0);

	printf("%s: poll %d: %x\n", who, n, f.revents);
	fflush(stdout);
}

#define READY(fd) ready(__func__, fd)

static uint64_t value;

static long put(int fd, uint64_t v)
{
	return write(fd, &v, sizeof(v));
}

static long get(int fd)
{
	long n = read(fd, &value, sizeof(value));

	if (n == sizeof(value))
		printf("  value %llx\n", (unsigned long long)value);
	return n;
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void *reads_later(void *arg)
{
	uint64_t v;

	pause_ms(50);
	read(*(int *)arg, &v, sizeof(v));
	return NULL;
}

static void eventfds(void)
{
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLET };
	int e = SAY_FD(eventfd(3, EFD_NONBLOCK)), ep = epoll_create1(0);
	pthread_t t;
	char big[16];

	SAY_FD(eventfd(0, 0x1000));
	READY(e);
	SAY(get(e));
	READY(e);
	SAY(get(e));
	SAY(put(e, 5));
	SAY(put(e, 6));
	SAY(put(e, 0));
	SAY(read(e, big, 16));
	SAY(read(e, big, 7));
	SAY(write(e, big, 7));
	SAY(put(e, UINT64_MAX));
	SAY(get(e));
	SAY(put(e, 0));
	READY(e);
	SAY(put(e, UINT64_MAX - 1));
	READY(e);
	SAY(put(e, 1));
	SAY(get(e));
	SAY(put(e, UINT64_MAX - 2));
	READY(e);
	SAY(put(e, 2));
	READY(e);
	SAY(get(e));
	/* Edges: a write is none for who waits to write. */
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
	SAY(epoll_wait(ep, &ev, 1, 0));
	SAY(put(e, 1));
	SAY(epoll_wait(ep, &ev, 1, 0));
	SAY(get(e));
	SAY(epoll_wait(ep, &ev, 1, 0));
	close(e);

	e = SAY_FD(eventfd(3, EFD_SEMAPHORE));
	SAY(get(e));
	SAY(get(e));
	READY(e);
	SAY(get(e));
	READY(e);
	SAY(put(e, UINT64_MAX - 2));
	pthread_create(&t, NULL, reads_later, &e);
	SAY(put(e, 2)); /* waits for the reader */
	pthread_join(t, NULL);
	close(e);
	close(ep);
}

static void timerfds(void)
{
	struct itimerspec s = { { 0, 0 }, { 0, 20000000 } }, old,
			  fast = { { 0, 5000 }, { 0, 5000 } };
	int t = SAY_FD(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	struct itimerspec bad = { { 0, 0 }, { 0, 1000000000 } }, off = { 0 };
	struct timespec before, after;
	uint64_t n;

	SAY_FD(timerfd_create(77, 0));
	SAY_FD(timerfd_create(CLOCK_MONOTONIC, 1));
	SAY(timerfd_settime(0x7fff, 0, &s, NULL));
	SAY(timerfd_settime(t, 77, &s, NULL));
	SAY(timerfd_settime(t, 0, &bad, NULL));
	SAY(timerfd_settime(t, 0, NULL, NULL));
	SAY(get(t));
	READY(t);
	SAY(timerfd_settime(t, 0, &s, &old));
	TELL("old %ld", old.it_value.tv_nsec);
	READY(t);
	pause_ms(60);
	READY(t);
	SAY(timerfd_gettime(t, &old));
	TELL("left %ld", old.it_value.tv_nsec);
	SAY(get(t));
	SAY(get(t));
	/* An interval: what nobody reads is counted. */
	s.it_interval.tv_nsec = 20000000;
	SAY(timerfd_settime(t, 0, &s, NULL));
	pause_ms(110);
	SAY(timerfd_gettime(t, &old));
	TELL("interval %ld, left in it: %d", old.it_interval.tv_nsec,
	     old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 20000000);
	n = 0;
	SAY(read(t, &n, sizeof(n)));
	TELL("several: %d", n >= 4 && n <= 40);
	SAY(timerfd_settime(t, 0, &off, &old));
	SAY(read(t, &n, sizeof(n)));
	SAY(read(t, &n, 7));
	/* One that is faster than anybody can follow must not keep us from going on. */
	clock_gettime(CLOCK_MONOTONIC, &before);
	SAY(timerfd_settime(t, 0, &fast, NULL));
	for (int i = 0; i < 10; i++) {
		pause_ms(3);
		if (read(t, &n, sizeof(n)) != sizeof(n) || n < 100)
			TELL("round %d: %llu", i, (unsigned long long)n);
	}
	clock_gettime(CLOCK_MONOTONIC, &after);
	TELL("took long: %d", after.tv_sec - before.tv_sec > 5);
	/* An instant that has passed. */
	s.it_interval.tv_nsec = 0;
	s.it_value.tv_sec = 0;
	s.it_value.tv_nsec = 1;
	SAY(timerfd_settime(t, TFD_TIMER_ABSTIME, &s, NULL));
	SAY(fcntl(t, F_SETFL, 0));
	SAY(get(t));
	SAY(write(t, &n, 8));
	close(t);
}

static void signalfds(void)
{
	struct signalfd_siginfo si[3];
	sigset_t set, old;
	int s, n;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 2);
	sigprocmask(SIG_BLOCK, &set, &old);
	s = SAY_FD(signalfd(-1, &set, SFD_NONBLOCK));
	SAY_FD(signalfd(-1, &set, 1));
	SAY_FD(signalfd(0x7fff, &set, 0));
	SAY_FD(signalfd(1, &set, 0));
	SAY(read(s, si, sizeof(si)));
	READY(s);
	SAY(kill(getpid(), SIGUSR1));
	SAY(kill(getpid(), SIGUSR1));
	SAY(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){ .sival_int = 77 }));
	SAY(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){ .sival_int = 78 }));
	READY(s);
	SAY(read(s, si, 127));
	n = (int)SAY(read(s, si, sizeof(si))) / (int)sizeof(*si);
	for (int i = 0; i < n; i++)
		TELL("signal %d code %d int %d, ours: %d",
		     (int)si[i].ssi_signo - (si[i].ssi_signo > 31 ? SIGRTMIN : 0), si[i].ssi_code,
		     si[i].ssi_int, si[i].ssi_pid == (uint32_t)getpid());
	READY(s);
	SAY(write(s, si, 8));
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SAY(kill(getpid(), SIGUSR2));
	READY(s);
	SAY(signalfd(s, &set, 0) == s);
	READY(s);
	SAY(read(s, si, sizeof(si)));
	close(s);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

void counter_cases(void)
{
	eventfds();
	timerfds();
	signalfds();
}
