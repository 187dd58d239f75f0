/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of linuxu run: the first argument says what to do.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <uk/irq.h>

static volatile int stop;

static int cat(void)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(0, buf, sizeof(buf))) > 0)
		for (ssize_t done = 0, w; done < n; done += w)
			if ((w = write(1, buf + done, (size_t)(n - done))) < 0) {
				perror("cat");
				return 1;
			}
	return n < 0;
}

static __attribute__((noinline)) int overflow(volatile char *caller)
{
	volatile char room[512];

	room[0] = caller[0];
	return overflow(room) + room[1];
}

static void *overflow_thread(void *arg)
{
	char c = 0;

	return (void *)(intptr_t)overflow(&c);
}

/* ---- threads that notice if a switch loses something ---- */

enum { THREADS = 7 };
static volatile unsigned long work[THREADS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned long shared;

static void *vectors(void *arg)
{
	long id = (long)arg;
	double v[8];

	for (int k = 0; k < 8; k++)
		v[k] = id * 100 + k;
	while (!stop) {
		for (int k = 0; k < 8; k++)
			v[k] += 1;
		for (int k = 0; k < 8; k++)
			v[k] -= 1;
		for (int k = 0; k < 8; k++)
			if (v[k] != id * 100 + k) {
				printf("thread %ld: lane %d holds %g\n", id, k, v[k]);
				exit(3);
			}
		work[id]++;
	}
	return NULL;
}

static void *sleeper(void *arg)
{
	while (!stop) {
		struct timespec t = { 0, 100000 };

		nanosleep(&t, NULL);
		work[(long)arg]++;
	}
	return NULL;
}

static void *locker(void *arg)
{
	while (!stop) {
		unsigned long s;

		pthread_mutex_lock(&mutex);
		s = shared;
		for (volatile int i = 0; i < 50; i++)
			;
		shared = s + 1;
		pthread_mutex_unlock(&mutex);
		free(malloc(100 + (work[(long)arg]++ & 1023)));
	}
	return NULL;
}

/* Input is 0, 7, 14, … modulo 256, in pieces of any size, while all others keep the CPU busy. */
static int stress(void)
{
	static void *(*const kind[THREADS])(void *) = { vectors, vectors, sleeper, sleeper,
							locker,  locker,  locker };
	pthread_t t[THREADS];
	unsigned char buf[4096];
	unsigned long total = 0, locked = 0;
	ssize_t n;

	for (long i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, kind[i], (void *)i))
			return 2;
	while ((n = read(0, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != (unsigned char)(total++ * 7)) {
				printf("wrong byte at %lu\n", total - 1);
				return 4;
			}
	stop = 1;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], NULL);
		if (!work[i]) {
			printf("thread %d never ran\n", i);
			return 6;
		}
		if (kind[i] == locker)
			locked += work[i];
	}
	if (locked != shared) {
		printf("mutex: %lu, should be %lu\n", shared, locked);
		return 5;
	}
	printf("%lu bytes\n", total);
	return 0;
}

/* Memory of the heap and mapped memory, both more than the host has been asked for so far. */
static int memory(size_t mib)
{
	size_t len = mib << 20;
	char *heap = malloc(len), *map;

	if (!heap)
		return 7;
	memset(heap, 1, len);
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return 8;
	for (size_t i = 0; i < len; i += 4096)
		if (map[i])
			return 9;
	memset(map, 2, len);
	for (size_t i = 0; i < len; i += 4096)
		if (heap[i] != 1 || map[i] != 2)
			return 10;
	/* The frames change places between the two. */
	free(heap);
	munmap(map, len);
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	heap = malloc(len);
	if (map == MAP_FAILED || !heap)
		return 11;
	memset(heap, 3, len);
	for (size_t i = 0; i < len; i += 4096)
		if (map[i])
			return 12;
	return 0;
}

#ifdef __x86_64__
/* A system call of the host's, past everything that is between; argv: number and arguments. */
static long host(char **argv)
{
	long a[5] = { 0 }, ret;

	for (int i = 0; i < 5 && argv[i]; i++)
		a[i] = strcmp(argv[i], "page") ? strtol(argv[i], NULL, 0)
					       : (long)&host & ~4095L; /* of code */
	register long r10 __asm__("r10") = a[4];
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(a[0]), "D"(a[1]), "S"(a[2]), "d"(a[3]), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}
#endif

static void *stuck(void *arg)
{
	puts("running");
	fflush(stdout);
	uk_irq_disable();
	for (;;)
		__asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv)
{
	static int variable;
	const char *what = argc > 1 ? argv[1] : "";
	struct timespec a, b;
	pthread_t t;
	char c = 0;

	if (!strcmp(what, "cat"))
		return cat();
	if (!strcmp(what, "exit"))
		return atoi(argv[2]);
	if (!strcmp(what, "ignore-pipe")) { /* then write until nobody reads */
		signal(SIGPIPE, SIG_IGN);
		while (write(1, "x", 1) == 1)
			;
		return errno == EPIPE ? 7 : 1;
	}
	if (!strcmp(what, "raise"))
		return raise(atoi(argv[2]));
#ifdef __x86_64__
	if (!strcmp(what, "host")) {
		printf("%ld\n", host(argv + 2));
		return 0;
	}
	if (!strcmp(what, "host-i386")) { /* write(1, ...), by the numbers of the other kind */
		long ret = 4;

		__asm__ volatile("int $0x80" : "+a"(ret) : "b"(1L), "c"(0L), "d"(0L) : "memory");
		return 0;
	}
#endif
	if (!strcmp(what, "stress"))
		return stress();
	if (!strcmp(what, "memory"))
		return memory((size_t)atoi(argv[2]));
	if (!strcmp(what, "overflow"))
		return overflow(&c);
	if (!strcmp(what, "overflow-thread"))
		return pthread_create(&t, NULL, overflow_thread, NULL) || pthread_join(t, NULL);
	if (!strcmp(what, "read-then-fault")) {
		read(0, &c, 1);
		return *(volatile int *)(long)(argc * 4);
	}
	if (!strcmp(what, "forever")) {
		puts("running");
		fflush(stdout);
		vectors(NULL);
	}
	if (!strcmp(what, "stuck")) { /* nothing interrupts it any more; a timer wants to */
		struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };

		if (argc > 2) /* on another CPU */
			return pthread_create(&t, NULL, stuck, NULL) || cat();
		setitimer(ITIMER_REAL, &soon, NULL);
		signal(SIGALRM, SIG_IGN);
		stuck(NULL);
	}
	if (!strcmp(what,
		    "wait")) { /* for input that does not come, with a thread that uses memory */
		memory(8);
		puts("waiting");
		fflush(stdout);
		cat();
	}
	if (!strcmp(what, "addresses")) {
		printf("%p %p %p %p\n", (void *)main, (void *)&variable, (void *)&c, malloc(100));
		return 0;
	}
	if (!strcmp(what, "sleep")) { /* ms by the wall clock and by the other */
		clock_gettime(CLOCK_MONOTONIC, &a);
		for (int i = 0; i < 20; i++) {
			b = (struct timespec){ 0, 5000000 };
			nanosleep(&b, NULL);
		}
		clock_gettime(CLOCK_MONOTONIC, &b);
		printf("%ld %ld\n",
		       (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000,
		       (long)time(NULL));
		return 0;
	}
	return 99;
}
