/* SPDX-License-Identifier: BSD-3-Clause */
/* epoll: errors, level and edge, one-shot, exclusive, nesting, lifetimes, threads. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include "../say.h"

static int ep, p[2];

static void begin(void)
{
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (pipe2(p, O_NONBLOCK))
		perror("pipe2");
}

static void end(void)
{
	close(p[0]);
	close(p[1]);
	close(ep);
}

static int add(int e, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };

	return epoll_ctl(e, EPOLL_CTL_ADD, fd, &ev);
}

static int mod(int e, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };

	return epoll_ctl(e, EPOLL_CTL_MOD, fd, &ev);
}

static int del(int e, int fd)
{
	return epoll_ctl(e, EPOLL_CTL_DEL, fd, NULL);
}

static int by_data(const void *a, const void *b)
{
	const struct epoll_event *x = a, *y = b;

	return (x->data.u64 > y->data.u64) - (x->data.u64 < y->data.u64);
}

/* What is ready now, as a line; in no order, since epoll promises none. */
static void look_at(const char *who, int e, int max)
{
	struct epoll_event ev[16];
	int n = epoll_wait(e, ev, max, 0);

	if (n > 0)
		qsort(ev, (size_t)n, sizeof(*ev), by_data);
	printf("%s: ready %d:", who, n);
	for (int i = 0; i < n; i++)
		printf(" %llu=%x", (unsigned long long)ev[i].data.u64, ev[i].events);
	printf("\n");
	fflush(stdout);
}

#define LOOK()     look_at(__func__, ep, 16)
#define LOOK_AT(e) look_at(__func__, e, 16)
#define PUT(fd, n) SAY(write(fd, "abcdefghijkl", n))
#define GET(fd, n) SAY(read(fd, (char[64]){ 0 }, n))

static void errors(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int file = open("/tmp/differ.epoll", O_CREAT | O_RDWR, 0600), dir = open("/", O_RDONLY);
	int path = open("/tmp/differ.epoll", O_PATH);

	begin();
	SAY(syscall(SYS_epoll_create, 0));
	SAY(syscall(SYS_epoll_create, -1));
	SAY(epoll_create1(5));
	SAY(epoll_ctl(-1, EPOLL_CTL_ADD, p[0], &ev));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, -1, &ev));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, 999, &ev));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, file, &ev));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, dir, &ev));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, path, &ev));
	SAY(epoll_ctl(p[0], EPOLL_CTL_ADD, p[1], &ev));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], NULL));
	SAY(epoll_ctl(ep, 17, p[0], &ev));
	SAY(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev));
	SAY(del(ep, p[0]));
	SAY(add(ep, p[0], EPOLLIN, 1));
	SAY(add(ep, p[0], EPOLLIN, 1));
	SAY(del(ep, p[0]));
	SAY(del(ep, p[0]));
	SAY(epoll_wait(ep, &ev, 0, 0));
	SAY(epoll_wait(ep, &ev, -1, 0));
	SAY(epoll_wait(p[0], &ev, 1, 0));
	SAY(epoll_wait(file, &ev, 1, 0));
	SAY(epoll_wait(-1, &ev, 1, 0));
	SAY(epoll_wait(999, &ev, 1, 0));
	SAY(add(ep, p[1], EPOLLOUT, 1));
	SAY(syscall(SYS_epoll_wait, ep, NULL, 1, 0));
	SAY(syscall(SYS_epoll_pwait, ep, &ev, 1, 0, &ev, 5));
	SAY(read(ep, &ev, 1));
	SAY(write(ep, &ev, 1));
	SAY(fcntl(ep, F_GETFD));
	SAY(fcntl(ep, F_GETFL) & O_ACCMODE);
	end();
	close(file);
	close(dir);
	close(path);
	unlink("/tmp/differ.epoll");
}

static void level(void)
{
	begin();
	SAY(add(ep, p[0], EPOLLIN, 1));
	LOOK();
	PUT(p[1], 3);
	LOOK();
	LOOK();
	GET(p[0], 1);
	LOOK();
	GET(p[0], 9);
	LOOK();
	SAY(add(ep, p[1], EPOLLOUT, 2));
	LOOK();
	PUT(p[1], 3);
	LOOK();
	LOOK();
	look_at("level, one at a time", ep, 1);
	look_at("level, one at a time", ep, 1);
	look_at("level, one at a time", ep, 1);
	SAY(mod(ep, p[1], 0, 3));
	LOOK();
	SAY(mod(ep, p[1], EPOLLOUT | EPOLLWRNORM, 4));
	LOOK();
	SAY(mod(ep, p[0], EPOLLRDNORM, 5));
	LOOK();
	SAY(close(p[1]));
	LOOK();
	GET(p[0], 9);
	LOOK();
	SAY(mod(ep, p[0], 0, 6));
	LOOK();
	SAY(close(p[0]));
	LOOK();
	close(ep);
}

static void edge(void)
{
	begin();
	SAY(add(ep, p[0], EPOLLIN | EPOLLET, 1));
	LOOK();
	PUT(p[1], 3);
	LOOK();
	LOOK();
	PUT(p[1], 3);
	LOOK();
	LOOK();
	GET(p[0], 2);
	LOOK();
	SAY(mod(ep, p[0], EPOLLIN | EPOLLET, 7));
	LOOK();
	LOOK();
	GET(p[0], 9);
	LOOK();
	PUT(p[1], 1);
	GET(p[0], 1);
	LOOK();
	SAY(add(ep, p[1], EPOLLOUT | EPOLLET, 2));
	LOOK();
	LOOK();
	PUT(p[1], 1);
	LOOK();
	SAY(close(p[1]));
	LOOK();
	LOOK();
	end();
}

static void edge_of_a_full_pipe(void)
{
	static char block[4096];
	int n = 0;

	begin();
	SAY(add(ep, p[1], EPOLLOUT | EPOLLET, 2));
	LOOK();
	while (write(p[1], block, sizeof(block)) > 0)
		n++;
	TELL("%d blocks", n);
	LOOK();
	SAY(read(p[0], block, 100));
	LOOK();
	SAY(read(p[0], block, 4000));
	LOOK();
	LOOK();
	SAY(close(p[0]));
	LOOK();
	LOOK();
	end();
}

static void oneshot(void)
{
	begin();
	SAY(add(ep, p[0], EPOLLIN | EPOLLONESHOT, 1));
	PUT(p[1], 1);
	LOOK();
	LOOK();
	PUT(p[1], 1);
	LOOK();
	SAY(mod(ep, p[0], EPOLLIN | EPOLLONESHOT | EPOLLET, 2));
	LOOK();
	LOOK();
	SAY(close(p[1]));
	LOOK();
	SAY(mod(ep, p[0], EPOLLIN, 3));
	LOOK();
	end();
}

static void exclusive(void)
{
	int other = epoll_create1(0);

	begin();
	SAY(add(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 1));
	SAY(add(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLPRI, 1));
	SAY(add(ep, other, EPOLLIN | EPOLLEXCLUSIVE, 1));
	SAY(add(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLET, 1));
	SAY(mod(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE, 1));
	SAY(mod(ep, p[0], EPOLLIN, 1));
	PUT(p[1], 1);
	LOOK();
	LOOK();
	SAY(del(ep, p[0]));
	/* Nobody waits in a thread, so both have it on their lists. */
	SAY(add(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE, 2));
	SAY(add(other, p[0], EPOLLIN | EPOLLEXCLUSIVE, 3));
	LOOK();
	LOOK_AT(other);
	PUT(p[1], 1);
	LOOK();
	LOOK_AT(other);
	end();
	close(other);
}

static void lifetimes(void)
{
	int twin, again;

	begin();
	SAY(add(ep, p[0], EPOLLIN, 1));
	twin = dup(p[0]);
	SAY(add(ep, twin, EPOLLIN, 2));
	SAY(add(ep, twin, EPOLLIN, 2));
	PUT(p[1], 1);
	LOOK();
	SAY(close(p[0]));
	/* The file lives: the closed descriptor's item still tells. */
	LOOK();
	SAY(del(ep, p[0]));
	again = dup2(twin, p[0]);
	TELL("the same number: %d", again == p[0]);
	SAY(mod(ep, p[0], EPOLLIN, 3));
	LOOK();
	SAY(del(ep, p[0]));
	LOOK();
	SAY(close(p[0]));
	SAY(close(twin));
	LOOK();
	PUT(p[1], 1);
	SAY(close(p[1]));
	SAY(close(ep));

	/* A closed number with another file behind it. */
	begin();
	SAY(add(ep, p[0], EPOLLIN, 1));
	twin = dup(p[0]);
	again = eventfd(1, 0);
	dup2(again, p[0]);
	SAY(add(ep, p[0], EPOLLIN, 4));
	LOOK();
	PUT(p[1], 1);
	LOOK();
	close(again);
	close(twin);
	LOOK();
	end();
}

static void nested(void)
{
	int outer = epoll_create1(0), third = epoll_create1(0), chain[8];
	struct pollfd pf = { .events = POLLIN | POLLOUT };

	begin();
	SAY(add(outer, ep, EPOLLIN, 10));
	SAY(add(ep, outer, EPOLLIN, 11));
	SAY(add(third, outer, EPOLLIN | EPOLLET, 12));
	SAY(add(ep, third, EPOLLIN, 13));
	SAY(add(ep, p[0], EPOLLIN, 1));
	LOOK_AT(outer);
	PUT(p[1], 1);
	LOOK_AT(third);
	LOOK_AT(third);
	LOOK_AT(outer);
	LOOK_AT(outer);
	LOOK();
	pf.fd = ep;
	SAY(poll(&pf, 1, 0));
	TELL("revents %x", pf.revents);
	GET(p[0], 1);
	SAY(poll(&pf, 1, 0));
	LOOK_AT(outer);
	PUT(p[1], 1);
	LOOK_AT(third);
	SAY(close(ep));
	LOOK_AT(outer);
	ep = epoll_create1(0);
	end();
	close(outer);
	close(third);

	for (int i = 0; i < 8; i++)
		chain[i] = epoll_create1(0);
	for (int i = 1; i < 8; i++)
		SAY(add(chain[i], chain[i - 1], EPOLLIN, 1));
	for (int i = 0; i < 8; i++)
		close(chain[i]);
}

/* ---- threads ---- */

static int woken;

static void *waits(void *arg)
{
	struct epoll_event ev;

	if (epoll_wait(ep, &ev, 1, 3000) == 1)
		__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void threads(void)
{
	pthread_t t[3];

	begin();
	woken = 0;
	SAY(add(ep, p[0], EPOLLIN | EPOLLET, 1));
	for (int i = 0; i < 3; i++)
		pthread_create(t + i, NULL, waits, NULL);
	pause_ms(100);
	for (int i = 1; i <= 3; i++) {
		PUT(p[1], 1);
		pause_ms(100);
		TELL("woken %d", woken);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	end();

	/* Level: whoever is woken leaves it ready, so the next is woken too. */
	begin();
	woken = 0;
	SAY(add(ep, p[0], EPOLLIN, 1));
	for (int i = 0; i < 3; i++)
		pthread_create(t + i, NULL, waits, NULL);
	pause_ms(100);
	PUT(p[1], 1);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	TELL("woken %d", woken);
	end();
}

static void *closes_later(void *arg)
{
	pause_ms(50);
	close(ep);
	pause_ms(50);
	write(p[1], "x", 1);
	return NULL;
}

/* Who waits goes on when the descriptor is closed: the call has the file. */
static void closed_while_waiting(void)
{
	struct epoll_event ev;
	pthread_t t;

	begin();
	SAY(add(ep, p[0], EPOLLIN, 1));
	pthread_create(&t, NULL, closes_later, NULL);
	SAY(epoll_wait(ep, &ev, 1, 2000));
	pthread_join(t, NULL);
	SAY(epoll_wait(ep, &ev, 1, 0));
	close(p[0]);
	close(p[1]);
}

static void *writes_later(void *arg)
{
	pause_ms(50);
	write(*(int *)arg, "x", 1);
	return NULL;
}

static void added_while_waiting(void)
{
	struct epoll_event ev;
	pthread_t t;

	begin();
	woken = 0;
	pthread_create(&t, NULL, waits, NULL);
	pause_ms(50);
	PUT(p[1], 1);
	SAY(add(ep, p[0], EPOLLIN, 1));
	pthread_join(t, NULL);
	TELL("woken %d", woken);
	GET(p[0], 1);
	pthread_create(&t, NULL, writes_later, &p[1]);
	SAY(epoll_wait(ep, &ev, 1, -1));
	pthread_join(t, NULL);
	end();
}

/* ---- time and signals ---- */

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	handled++;
}

static void *signals_later(void *arg)
{
	pause_ms(50);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static void times_and_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct timespec none = { 0, 0 }, bad = { 0, 1000000000 }, some = { 0, 3000000 };
	struct epoll_event ev;
	pthread_t t, self = pthread_self();
	sigset_t usr1, empty;

	begin();
	sigemptyset(&empty);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigaction(SIGUSR1, &sa, NULL);
	SAY(epoll_wait(ep, &ev, 1, 5));
	SAY(syscall(SYS_epoll_pwait2, ep, &ev, 1, &none, NULL, 0));
	SAY(syscall(SYS_epoll_pwait2, ep, &ev, 1, &some, NULL, 0));
	SAY(syscall(SYS_epoll_pwait2, ep, &ev, 1, &bad, NULL, 0));
	pthread_create(&t, NULL, signals_later, &self);
	SAY(epoll_wait(ep, &ev, 1, 2000));
	pthread_join(t, NULL);
	TELL("handled %d", handled);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	raise(SIGUSR1);
	SAY(epoll_wait(ep, &ev, 1, 5));
	TELL("handled %d", handled);
	SAY(epoll_pwait(ep, &ev, 1, 2000, &empty));
	TELL("handled %d", handled);
	sigprocmask(SIG_UNBLOCK, &usr1, NULL);
	end();
}

/* Many, of which few are ready. */
static void many(void)
{
	enum { N = 300 };
	struct epoll_event ev[N];
	int fds[N], sum = 0, n;

	ep = epoll_create1(0);
	for (int i = 0; i < N; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		if (fds[i] < 0 || add(ep, fds[i], EPOLLIN, i))
			TELL("%d: %s", i, say_error(errno));
	}
	LOOK();
	for (int i = 0; i < N; i += 50)
		write(fds[i], &(uint64_t){ 1 }, 8);
	n = epoll_wait(ep, ev, N, 0);
	for (int i = 0; i < n; i++)
		sum += (int)ev[i].data.u64;
	TELL("%d ready, sum %d", n, sum);
	for (int i = 0; i < N; i += 2)
		close(fds[i]);
	LOOK();
	write(fds[1], &(uint64_t){ 1 }, 8);
	LOOK();
	for (int i = 1; i < N; i += 2)
		close(fds[i]);
	LOOK();
	close(ep);
}

void epoll_cases(void)
{
	errors();
	level();
	edge();
	edge_of_a_full_pipe();
	oneshot();
	exclusive();
	lifetimes();
	nested();
	threads();
	closed_while_waiting();
	added_while_waiting();
	times_and_signals();
	many();
}
