/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Programs that ask much of virtual memory, one per word on the command line:
 *
 *	go		what the Go runtime does at start, and then uses of it
 *	oom		touches memory until there is none
 *	strict		promises under vmem.overcommit=2
 *	bus		a file becomes shorter than its mapping; the handler sees SIGBUS
 *	bus-crash	the same without a handler
 *	cat FILE	writes a mapped file to stdout
 *	deep		threads with stacks of 8 MiB, of which one is used
 *	stack		main() uses most of its own, which is what getrlimit() and pthread say
 *	large		uses most of a large memory, and reads it back
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define KIB 1024UL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define RW  (PROT_READ | PROT_WRITE)

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			fail(#x);                                                                  \
	} while (0)

static char *map(void *at, size_t len, int prot, int flags)
{
	char *p = mmap(at, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	return p;
}

/*
 * Runtime start as strace shows it (Go 1.2x, linux/amd64): bookkeeping, five levels of summaries
 * reserved, the arena reserved at its favourite address and committed there, its metadata; then
 * pieces of the summaries committed, and heap pages used, returned and used again.
 */
static void go(void)
{
	static const size_t levels[] = { 128 * KIB, MIB, 8 * MIB, 64 * MIB, 512 * MIB };
	char *summary[5], *arena = (char *)0xc000000000, *meta, *more;
	size_t i, page;

	map(NULL, 256 * KIB, RW, 0);
	for (i = 0; i < 5; i++)
		summary[i] = map(NULL, levels[i], PROT_NONE, 0);
	more = map(NULL, 512 * MIB, PROT_NONE, MAP_NORESERVE);
	MUST(map(arena, 64 * MIB, PROT_NONE, 0) == arena);
	map(arena, 64 * MIB, RW, MAP_FIXED);
	meta = map(NULL, 33 * MIB, RW, 0);
	madvise(meta, 33 * MIB, MADV_NOHUGEPAGE);
	for (i = 0; i < 5; i++) {
		char *at = summary[i] + levels[i] / 3 / 4096 * 4096;

		map(at, 4 * KIB, RW, MAP_FIXED);
		*(uint64_t *)at = i;
	}
	MUST(!madvise(arena, 4 * MIB, MADV_HUGEPAGE) || errno == EINVAL);
	for (page = 0; page < 2 * MIB; page += 4096) /* the first spans */
		*(size_t *)(arena + page) = page;
	for (page = 8 * MIB; page < 12 * MIB; page += 4096)
		*(size_t *)(arena + page) = page;
	MUST(!madvise(arena + 8 * MIB, 4 * MIB, MADV_DONTNEED)); /* the scavenger */
	for (page = 8 * MIB; page < 12 * MIB; page += 4096)
		MUST(*(size_t *)(arena + page) == 0);
	for (page = 0; page < 2 * MIB; page += 4096)
		MUST(*(size_t *)(arena + page) == page);
	meta[33 * MIB - 1] = 1;
	/* A second arena, next to the first. */
	MUST(map(arena + 64 * MIB, 64 * MIB, PROT_NONE, 0) == arena + 64 * MIB);
	map(arena + 64 * MIB, 64 * MIB, RW, MAP_FIXED);
	arena[127 * MIB] = 1;
	munmap(more, 512 * MIB);
	puts("go: ready");
}

static void oom(void)
{
	size_t len = 4 * GIB;
	char *p = map(NULL, len, RW, 0);

	puts("mapped");
	fflush(stdout);
	for (size_t i = 0; i < len; i += 4096)
		p[i] = 1;
	puts("all touched");
}

static void strict(void)
{
	char *p = mmap(NULL, 4 * GIB, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	printf("4 GiB: %s\n", p == MAP_FAILED ? strerror(errno) : "mapped");
	p = mmap(NULL, 4 * GIB, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	printf("4 GiB without reserve: %s\n", p == MAP_FAILED ? strerror(errno) : "mapped");
	p = mmap(NULL, 4 * GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("4 GiB of addresses: %s\n", p == MAP_FAILED ? strerror(errno) : "mapped");
	printf("made writable: %s\n", mprotect(p, 4 * GIB, RW) ? strerror(errno) : "done");
	printf("1 MiB of it: %s\n", mprotect(p, MIB, RW) ? strerror(errno) : "done");
	memset(p, 1, MIB);
}

static sigjmp_buf back;
static volatile int bus_code;
static void *volatile bus_addr;

static void on_bus(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	bus_code = info->si_code;
	bus_addr = info->si_addr;
	siglongjmp(back, 1);
}

static volatile char *shrinking_file(void)
{
	int fd = open("/tmp.file", O_CREAT | O_RDWR, 0600);
	volatile char *p;

	MUST(fd >= 0 && !ftruncate(fd, 8192));
	p = mmap(NULL, 8192, RW, MAP_SHARED, fd, 0);
	MUST(p != MAP_FAILED);
	p[0] = p[4096] = 'x';
	MUST(!ftruncate(fd, 100));
	close(fd);
	return p;
}

static void bus(void)
{
	struct sigaction sa = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };
	volatile char *p = shrinking_file();

	sigaction(SIGBUS, &sa, NULL);
	if (!sigsetjmp(back, 1)) {
		p[4097] = 1;
		puts("no fault");
	}
	printf("SIGBUS: code %d at %s\n", bus_code, bus_addr == p + 4097 ? "the address" : "?");
	printf("still there: %c\n", p[0]);
}

static void cat(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	char *p;

	MUST(fd >= 0 && !fstat(fd, &st));
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	MUST(p != MAP_FAILED);
	close(fd);
	MUST(write(1, p, (size_t)st.st_size) == st.st_size);
}

static int recurse(int depth)
{
	volatile char frame[4000];

	frame[0] = (char)depth;
	return depth ? recurse(depth - 1) + frame[0] - (char)depth : 0;
}

static pthread_barrier_t barrier;

static void *deep_thread(void *depth)
{
	int r = recurse((int)(intptr_t)depth);

	pthread_barrier_wait(&barrier);
	return (void *)(intptr_t)r;
}

/* 20 stacks of 8 MiB, one of them used down to 6. */
static void deep(void)
{
	enum { N = 20 };
	pthread_t t[N];
	pthread_attr_t attr;
	void *r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 8 * MIB);
	for (int round = 0; round < 3; round++) {
		pthread_barrier_init(&barrier, NULL, N);
		for (int i = 0; i < N; i++)
			MUST(!pthread_create(&t[i], &attr, deep_thread,
					     (void *)(intptr_t)(i == round ? 1500 : 1)));
		for (int i = 0; i < N; i++) {
			MUST(!pthread_join(t[i], &r));
			MUST(!r);
		}
		pthread_barrier_destroy(&barrier);
	}
	puts("deep: done");
}

static void stack(void)
{
	char here, *low;
	struct rlimit rl;
	pthread_attr_t attr;
	size_t size;

	MUST(!pthread_getattr_np(pthread_self(), &attr));
	MUST(!pthread_attr_getstack(&attr, (void **)&low, &size));
	MUST(!getrlimit(RLIMIT_STACK, &rl));
	MUST(&here > low && &here < low + size && (size_t)(low + size - &here) < 64 * KIB);
	printf("stack: limit %lu KiB, ", (unsigned long)(rl.rlim_cur / KIB));
	printf("attributes %s\n",
	       size / KIB >= rl.rlim_cur / KIB - 64 && size <= rl.rlim_cur ? "agree" : "differ");
	MUST(!recurse((int)((size_t)(&here - low - 64 * KIB) / 4096)));
	puts("stack: used");
}

static void large(void)
{
	struct sysinfo si;
	size_t len, i;
	char *p;

	MUST(!sysinfo(&si));
	len = si.freeram * si.mem_unit / 8 * 7 / 4096 * 4096;
	p = map(NULL, len, RW, 0);
	for (i = 0; i < len; i += 4096)
		*(size_t *)(p + i) = i ^ 0x5a5a;
	for (i = 0; i < len; i += 4096)
		MUST(*(size_t *)(p + i) == (i ^ 0x5a5a));
	printf("large: %zu MiB\n", len / MIB);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "go"))
		go();
	else if (!strcmp(what, "oom"))
		oom();
	else if (!strcmp(what, "strict"))
		strict();
	else if (!strcmp(what, "bus"))
		bus();
	else if (!strcmp(what, "bus-crash"))
		shrinking_file()[5000] = 1;
	else if (!strcmp(what, "cat") && argc > 2)
		cat(argv[2]);
	else if (!strcmp(what, "deep"))
		deep();
	else if (!strcmp(what, "stack"))
		stack();
	else if (!strcmp(what, "large"))
		large();
	else
		return 2;
	return 0;
}
