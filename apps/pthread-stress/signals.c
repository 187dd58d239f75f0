/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals to threads that compute on other CPUs, to the process, and what handlers leave untouched. */
#include "stress.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction a = { .sa_handler = fn, .sa_flags = flags };

	sigemptyset(&a.sa_mask);
	CHECK(!sigaction(sig, &a, NULL));
}

/* ---- to one thread, in turn: each is seen before the next ---- */

static int taken[THREADS_MAX];
static pthread_t others[THREADS_MAX];
static __thread int me;
static int stop, started;

static void take(int sig)
{
	int saved = errno;

	errno = sig;
	__atomic_add_fetch(&taken[me], 1, __ATOMIC_RELEASE);
	errno = saved;
}

/* One computes, one allocates, one makes system calls, one sleeps. */
static void *busy(void *arg)
{
	struct timespec nap = { 0, 100000 };

	me = number(arg);
	errno = 12345;
	__atomic_add_fetch(&started, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		switch (me % 4) {
		case 0:
			for (int i = 0; i < 1000; i++)
				__asm__ volatile("" ::: "memory");
			break;
		case 1:
			free(malloc(64 + (unsigned)me));
			break;
		case 2:
			sched_yield();
			break;
		case 3:
			nanosleep(&nap, NULL);
			errno = 12345;
		}
		CHECK(errno == 12345);
	}
	return NULL;
}

void directed(void)
{
	int n = threads < 16 ? threads : 16;

	handle(SIGUSR1, take, SA_RESTART);
	stop = started = 0;
	for (long i = 0; i < n; i++) {
		taken[i] = 0;
		CHECK(!pthread_create(&others[i], NULL, busy, (void *)i));
	}
	while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) < n)
		sched_yield();
	for (int r = 1; r <= rounds / 5 + 1; r++) {
		for (int i = 0; i < n; i++)
			CHECK(!pthread_kill(others[i], SIGUSR1));
		for (int i = 0; i < n; i++)
			while (__atomic_load_n(&taken[i], __ATOMIC_ACQUIRE) < r)
				sched_yield();
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < n; i++)
		CHECK(!pthread_join(others[i], NULL) && taken[i] == rounds / 5 + 1);
}

/* ---- to the process: real-time signals queue, so that none is lost, and one thread takes each ---- */

static int delivered, waited;

static void count(int sig)
{
	__atomic_add_fetch(&delivered, 1, __ATOMIC_RELAXED);
}

static void *take_or_block(void *arg)
{
	struct timespec nap = { 0, 2000000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		switch (number(arg) % 3) {
		case 0: /* blocks it, and lets it in again */
			pthread_sigmask(SIG_BLOCK, &set, NULL);
			sched_yield();
			pthread_sigmask(SIG_UNBLOCK, &set, NULL);
			break;
		case 1:
			pthread_sigmask(SIG_BLOCK, &set, NULL);
			if (sigtimedwait(&set, NULL, &nap) > 0)
				__atomic_add_fetch(&waited, 1, __ATOMIC_RELAXED);
			break;
		case 2:
			sched_yield();
		}
	}
	return NULL;
}

void process_wide(void)
{
	int n = threads < 12 ? threads : 12, sent = rounds * 4;
	union sigval v = { .sival_int = 7 };
	sigset_t set, old;

	handle(SIGRTMIN, count, SA_RESTART);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	stop = delivered = waited = 0;
	for (long i = 0; i < n; i++)
		CHECK(!pthread_create(&others[i], NULL, take_or_block, (void *)i));
	for (int i = 0; i < sent; i++)
		while (sigqueue(getpid(), SIGRTMIN, v)) {
			CHECK(errno == EAGAIN);
			sched_yield();
		}
	while (__atomic_load_n(&delivered, __ATOMIC_RELAXED) +
		       __atomic_load_n(&waited, __ATOMIC_RELAXED) <
	       sent)
		sched_yield();
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < n; i++)
		CHECK(!pthread_join(others[i], NULL));
	CHECK(delivered + waited == sent);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* ---- vector registers, flags and stacks survive handlers, and moves from CPU to CPU ---- */

static volatile double sink;

static void scribble(int sig)
{
	double x = sink + sig;

	for (int i = 0; i < 20; i++)
		x = x * 1.5 + i;
	sink = x;
	sched_yield();
}

static double series(int k)
{
	double a = 0, b = 1, c = k, d = 2;

	for (int i = 1; i < 20000; i++) {
		a += 1.0 / (i * (double)i);
		b = b * 1.0000001 + a;
		c = c * 0.9999999 + b;
		d += a * c;
	}
	return a + b + c + d;
}

static void *compute(void *arg)
{
	char *alt = malloc(65536);
	stack_t s = { .ss_sp = alt, .ss_size = 65536 };
	double expected = series(number(arg));

	CHECK(alt && !sigaltstack(&s, NULL));
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		CHECK(series(number(arg)) == expected);
		me++;
	}
	s.ss_flags = SS_DISABLE;
	CHECK(!sigaltstack(&s, NULL));
	free(alt);
	return NULL;
}

void registers(void)
{
	int n = threads < 8 ? threads : 8;

	handle(SIGUSR1, scribble, SA_RESTART | SA_ONSTACK);
	handle(SIGUSR2, scribble, SA_RESTART);
	stop = 0;
	for (long i = 0; i < n; i++)
		CHECK(!pthread_create(&others[i], NULL, compute, (void *)i));
	for (int r = 0; r < rounds * 4; r++) {
		CHECK(!pthread_kill(others[r % n], r % 3 ? SIGUSR1 : SIGUSR2));
		if (r % 4 == 0)
			usleep(100);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < n; i++)
		CHECK(!pthread_join(others[i], NULL));
}
