/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What single operations cost: every phase repeats one operation between two markers, from which
 * the counting plugin of tests/bench tells the guest instructions per operation.
 *
 *   bench-micro [SCALE [FOLDER]]	FOLDER (default /tmp) is where the file phases work
 *
 * Plain POSIX: the Linux guest that the figures are compared with runs the same file, compiled with
 * the same flags against the same libc. After each phase a line `phase NAME OPERATIONS` is printed;
 * the k-th line belongs to the k-th pair of markers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uk/mark.h>

#define MARK_BEGIN 16
#define MARK_END   17

#define FILE_BLOCKS 16
#define BLOCK_SIZE  4096

static char file_path[256];
static char missing_path[256];
static int file = -1;
static char block[BLOCK_SIZE];

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench-micro: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- system calls and clock ------------------------------------------------------------------ */

static void run_getppid(long n)
{
	for (long i = 0; i < n; i++)
		getppid();
}

/* On a machine that does not tell how fast its fast clock runs, the first looks measure it against a slow one. */
static void begin_clock(long n)
{
	const struct timespec while_it_learns = { .tv_nsec = 300000000 };

	(void)n;
	nanosleep(&while_it_learns, NULL);
}

static void run_clock(long n)
{
	struct timespec t;

	for (long i = 0; i < n; i++)
		clock_gettime(CLOCK_MONOTONIC, &t);
}

/* ---- signals --------------------------------------------------------------------------------- */

static volatile long signals_seen;

static void on_signal(int sig)
{
	(void)sig;
	signals_seen++;
}

static void begin_signal(long n)
{
	struct sigaction sa = { .sa_handler = on_signal };

	(void)n;
	if (sigaction(SIGUSR1, &sa, NULL))
		die("sigaction");
}

/* kill() returns after the handler has. */
static void run_signal(long n)
{
	long before = signals_seen;
	pid_t self = getpid();

	for (long i = 0; i < n; i++)
		kill(self, SIGUSR1);
	if (signals_seen != before + n)
		die("kill");
}

/* ---- threads --------------------------------------------------------------------------------- */

static pthread_t partner;
static volatile int partner_stops;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int partners_turn;

static void *return_at_once(void *arg)
{
	return arg;
}

static void start(void *(*fn)(void *), void *arg)
{
	int err = pthread_create(&partner, NULL, fn, arg);

	if (err) {
		errno = err;
		die("pthread_create");
	}
}

static void run_thread(long n)
{
	for (long i = 0; i < n; i++) {
		start(return_at_once, NULL);
		pthread_join(partner, NULL);
	}
}

static void *yield_until_stopped(void *arg)
{
	while (!partner_stops)
		sched_yield();
	return arg;
}

static void begin_yield(long n)
{
	(void)n;
	partner_stops = 0;
	start(yield_until_stopped, NULL);
	sched_yield();
}

/* One operation is there and back: our yield and the partner's. */
static void run_yield(long n)
{
	for (long i = 0; i < n; i++)
		sched_yield();
}

static void end_yield(void)
{
	partner_stops = 1;
	pthread_join(partner, NULL);
}

static void take_turns(int mine, long n)
{
	pthread_mutex_lock(&lock);
	for (long i = 0; i < n; i++) {
		while (partners_turn != mine)
			pthread_cond_wait(&turned, &lock);
		partners_turn = !mine;
		pthread_cond_signal(&turned);
	}
	pthread_mutex_unlock(&lock);
}

static void *take_partners_turns(void *n)
{
	take_turns(1, (long)(intptr_t)n);
	return NULL;
}

static void begin_cond(long n)
{
	partners_turn = 0;
	start(take_partners_turns, (void *)(intptr_t)n);
}

static void run_cond(long n)
{
	take_turns(0, n);
}

static void end_cond(void)
{
	pthread_join(partner, NULL);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void run_malloc_64(long n)
{
	for (long i = 0; i < n; i++) {
		void *p = malloc(64);

		*(volatile char *)p = 1;
		free(p);
	}
}

/* 4,096 live blocks of 16 to 1,024 bytes, replaced in a random order that is the same every time. */
static void run_malloc_mix(long n)
{
	enum { SLOTS = 4096 };
	static char *slots[SLOTS];
	uint32_t x = 12345;

	for (long i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		char **slot = &slots[(x >> 16) % SLOTS];

		free(*slot);
		x = x * 1664525u + 1013904223u;
		*slot = malloc(16 + (x >> 20) % 1009);
		if (!*slot)
			die("malloc");
		*(volatile char *)*slot = 1;
	}
	for (int i = 0; i < SLOTS; i++) {
		free(slots[i]);
		slots[i] = NULL;
	}
}

/* ---- pages ----------------------------------------------------------------------------------- */

#define PAGE 4096L

static char *pages;
static long npages;

static char *map_pages(long n)
{
	char *p = mmap(NULL, (size_t)(n * PAGE), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void begin_fault(long n)
{
	npages = n;
	pages = map_pages(n);
}

/* The first touch of pages in an order that nobody can guess: one fault each. */
static void run_fault(long n)
{
	for (long i = 0; i < n; i++)
		*(volatile char *)(pages + i * 1021 % n * PAGE) = 1;
}

/* In order: who sees that may bring several at a time. */
static void run_fault_next(long n)
{
	for (long i = 0; i < n; i++)
		*(volatile char *)(pages + i * PAGE) = 1;
}

static void end_fault(void)
{
	munmap(pages, (size_t)(npages * PAGE));
}

static void run_mmap(long n)
{
	for (long i = 0; i < n; i++) {
		char *p = map_pages(1);

		*(volatile char *)p = 1;
		munmap(p, PAGE);
	}
}

/* ---- files ----------------------------------------------------------------------------------- */

static void run_open_close(long n)
{
	for (long i = 0; i < n; i++)
		close(open(file_path, O_RDONLY));
}

static void run_open_missing(long n)
{
	for (long i = 0; i < n; i++)
		open(missing_path, O_RDONLY);
}

static void run_stat(long n)
{
	struct stat st;

	for (long i = 0; i < n; i++)
		stat(file_path, &st);
}

static void run_pread_4k(long n)
{
	for (long i = 0; i < n; i++)
		if (pread(file, block, BLOCK_SIZE, BLOCK_SIZE * (i % FILE_BLOCKS)) != BLOCK_SIZE)
			die("pread");
}

static void run_pwrite_4k(long n)
{
	for (long i = 0; i < n; i++)
		if (pwrite(file, block, BLOCK_SIZE, BLOCK_SIZE * (i % FILE_BLOCKS)) != BLOCK_SIZE)
			die("pwrite");
}

static void run_pread_1(long n)
{
	for (long i = 0; i < n; i++)
		if (pread(file, block, 1, 0) != 1)
			die("pread");
}

static void make_file(const char *folder)
{
	mkdir(folder, 0755);
	snprintf(file_path, sizeof(file_path), "%s/bench.file", folder);
	snprintf(missing_path, sizeof(missing_path), "%s/bench.none", folder);
	file = open(file_path, O_CREAT | O_RDWR | O_TRUNC, 0644);
	if (file < 0)
		die(file_path);
	for (int i = 0; i < FILE_BLOCKS; i++)
		if (write(file, block, BLOCK_SIZE) != BLOCK_SIZE)
			die(file_path);
	/* The phases must do what their names say, not fail quickly. */
	if (open(missing_path, O_RDONLY) >= 0)
		die(missing_path);
}

/* ---- waiting for descriptors ----------------------------------------------------------------- */

static int epoll_fd, event_fd;

static void begin_epoll(long n)
{
	struct epoll_event ev = { .events = EPOLLIN };

	(void)n;
	epoll_fd = epoll_create1(0);
	event_fd = eventfd(1, EFD_NONBLOCK);
	if (event_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &ev))
		die("epoll");
}

/* A descriptor is ready, and stays so. */
static void run_epoll(long n)
{
	struct epoll_event ev[16];

	for (long i = 0; i < n; i++)
		if (epoll_wait(epoll_fd, ev, 16, -1) != 1)
			die("epoll_wait");
}

static void *wait_for_events(void *arg)
{
	struct epoll_event ev[16];
	uint64_t count, sum = 0, n = (uint64_t)(intptr_t)arg;

	while (sum < n) {
		if (epoll_wait(epoll_fd, ev, 16, -1) == 1 && read(event_fd, &count, 8) == 8)
			sum += count;
	}
	return NULL;
}

static void begin_epoll_wake(long n)
{
	uint64_t one;

	begin_epoll(n);
	if (read(event_fd, &one, 8) != 8)
		die("eventfd");
	start(wait_for_events, (void *)(intptr_t)n);
	sched_yield();
}

/* A thread waits: write, and let it run: its wait ends, it reads, and waits again. */
static void run_epoll_wake(long n)
{
	uint64_t one = 1;

	for (long i = 0; i < n; i++) {
		if (write(event_fd, &one, 8) != 8)
			die("eventfd");
		sched_yield();
	}
}

static void end_epoll(void)
{
	close(event_fd);
	close(epoll_fd);
}

static void end_epoll_wake(void)
{
	pthread_join(partner, NULL);
	end_epoll();
}

/* ---- the phases ------------------------------------------------------------------------------ */

/* A table reads better as one. */
/* clang-format off */
static const struct phase {
	const char *name;
	long ops;
	void (*begin)(long n);
	void (*run)(long n);
	void (*end)(void);
} phases[] = {
	{ "getppid",      100000, NULL,        run_getppid,      NULL },
	{ "clock",        100000, begin_clock, run_clock,        NULL },
	{ "thread",         1000, NULL,        run_thread,       NULL },
	{ "yield",         10000, begin_yield, run_yield,        end_yield },
	{ "cond",           5000, begin_cond,  run_cond,         end_cond },
	{ "malloc-mix",   200000, NULL,        run_malloc_mix,   NULL },
	{ "malloc-64",    100000, NULL,        run_malloc_64,    NULL },
	{ "fault",          4096, begin_fault, run_fault,        end_fault },
	{ "fault-next",     4096, begin_fault, run_fault_next,   end_fault },
	{ "mmap",          10000, NULL,        run_mmap,         NULL },
	{ "open-close",    10000, NULL,        run_open_close,   NULL },
	{ "open-missing",  10000, NULL,        run_open_missing, NULL },
	{ "stat",          10000, NULL,        run_stat,         NULL },
	{ "pread-4k",      10000, NULL,        run_pread_4k,     NULL },
	{ "pwrite-4k",     10000, NULL,        run_pwrite_4k,    NULL },
	{ "pread-1",       10000, NULL,        run_pread_1,      NULL },
	{ "epoll",         10000, begin_epoll, run_epoll,        end_epoll },
	{ "epoll-wake",    10000, begin_epoll_wake, run_epoll_wake, end_epoll_wake },
	/* Last: once a handler is there, libcs mask signals here and there. */
	{ "signal",         5000, begin_signal, run_signal,      NULL },
};
/* clang-format on */

int main(int argc, char **argv)
{
	double scale = argc > 1 ? atof(argv[1]) : 1;

	make_file(argc > 2 ? argv[2] : "/tmp");
	for (const struct phase *p = phases; p < phases + sizeof(phases) / sizeof(*phases); p++) {
		long n = p->ops * scale;

		if (n < 1)
			n = 1;
		/* Once unmarked: caches, lazily mapped memory and the like are not the operation. */
		if (!p->begin)
			p->run(1);
		if (p->begin)
			p->begin(n);
		UK_MARK(MARK_BEGIN);
		p->run(n);
		UK_MARK(MARK_END);
		if (p->end)
			p->end();
		printf("phase %s %ld\n", p->name, n);
		fflush(stdout);
	}
	close(file);
	unlink(file_path);
	return 0;
}
