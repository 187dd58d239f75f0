/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests of an application, each with every one of its allocations failing once, alone and with
 * all that follow. Each must end in success or in ENOMEM (or what POSIX has in its place), leave
 * nothing behind, and work the next time.
 *
 * Prints a line per request: its name and how many allocations it needed. Ends with the number of
 * requests that did not keep to that.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uk/alloc.h>
#include <uk/faultinject.h>
#include <uk/page.h>
#include <uk/thread.h>
#include <uk/vmem.h>

/* A request is true if it succeeded; what it cannot finish it takes back, as a program should. */

static int why; /* the first error of a request; what takes back may meet others */

static bool all(bool ok)
{
	if (!ok && !why)
		why = errno;
	return ok;
}

static bool write_all(int fd, const void *buf, size_t n)
{
	ssize_t done = 1;

	for (; n && done > 0; n -= done, buf = (const char *)buf + done)
		done = write(fd, buf, n);
	return done > 0;
}

static bool heap_blocks(void)
{
	char *p = malloc(100), *q = realloc(p, 5000), *r;

	if (!q) {
		free(p);
		return false;
	}
	r = realloc(q, 300000);
	if (!r) {
		free(q);
		return false;
	}
	q = aligned_alloc(4096, 20000);
	free(r);
	free(q);
	return q;
}

static bool stream(void)
{
	FILE *f = fopen("/stream", "w+");
	char *line = NULL;
	size_t room = 0;
	bool ok = all(f);

	if (!f) {
		unlink("/stream"); /* it may have been made before there was no FILE for it */
		return false;
	}
	for (int i = 0; i < 3000 && ok; i++)
		ok = fprintf(f, "line %d of many, %f\n", i, i / 7.0) > 0;
	rewind(f);
	for (int i = 0; i < 3000 && ok; i++)
		ok = getline(&line, &room, f) > 0;
	free(line);
	ok = all(ok);
	ok = all(!fclose(f)) && ok;
	unlink("/stream");
	return ok;
}

static bool file(void)
{
	static char buf[50000];
	bool ok;
	int fd = open("/file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		return false;
	ok = write_all(fd, buf, sizeof(buf)) &&
	     pwrite(fd, buf, 10, 10 << 20) == 10 && /* a hole before it */
	     !ftruncate(fd, 100) && !rename("/file", "/renamed") && !link("/renamed", "/file") &&
	     !symlink("/file", "/symlink");
	all(ok);
	close(fd);
	unlink("/symlink");
	unlink("/renamed");
	unlink("/file");
	return ok;
}

static bool directory(void)
{
	char path[PATH_MAX], name[40];
	bool ok = !mkdir("/dir", 0700) && !mkdir("/dir/sub", 0700);
	struct dirent *e;
	DIR *d = NULL;
	int fd, i;

	for (i = 0; i < 40 && ok; i++) {
		snprintf(name, sizeof(name), "/dir/a-file-with-a-name-%d", i);
		fd = open(name, O_CREAT | O_WRONLY, 0600);
		ok = fd >= 0 && !close(fd);
	}
	ok = ok && !chdir("/dir/sub") && getcwd(path, sizeof(path)) && realpath("..", path);
	all(ok);
	chdir("/");
	if (ok)
		ok = (d = opendir("/dir"));
	if (d) {
		for (i = 0, errno = 0; (e = readdir(d)); i++)
			;
		ok = ok && (errno || i == 43) && !errno;
		all(ok);
		closedir(d);
	}
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "/dir/a-file-with-a-name-%d", i);
		unlink(name);
	}
	rmdir("/dir/sub");
	rmdir("/dir");
	return ok;
}

static bool mapping(void)
{
	size_t page = 4096, len = 300 * page;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;
	bool ok;

	if (p == MAP_FAILED)
		return false;
	ok = !mprotect(p + 10 * page, page, PROT_READ) &&
	     !mprotect(p + 20 * page, 5 * page, PROT_NONE) && !munmap(p + 40 * page, page) &&
	     !madvise(p, 8 * page, MADV_DONTNEED);
	all(ok);
	p[0] = 1;
	q = mremap(p, 5 * page, 50 * page, MREMAP_MAYMOVE);
	if (q == MAP_FAILED)
		ok = all(false);
	else
		munmap(q, 50 * page);
	/* May need a node to split an area; it must be possible in the end. */
	while (munmap(p, len) && errno == ENOMEM)
		ok = false;
	return ok;
}

static bool file_mapping(void)
{
	static char buf[30000];
	bool ok = false;
	int fd = memfd_create("mapped", 0);
	char *p;

	if (fd < 0)
		return false;
	if (all(write_all(fd, buf, sizeof(buf)))) {
		p = mmap(NULL, sizeof(buf), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		ok = all(p != MAP_FAILED);
		if (ok)
			while (munmap(p, sizeof(buf)) && errno == ENOMEM)
				ok = false;
	}
	close(fd);
	return ok;
}

static void *work(void *arg)
{
	return arg;
}

static bool threads(void)
{
	pthread_t t[6];
	pthread_attr_t attr;
	int n = 0, err = 0;

	pthread_attr_init(&attr);
	for (; n < 6 && !err; n += !err) {
		/* Of different sizes, so that not all come from those kept for reuse. */
		pthread_attr_setstacksize(&attr, 32768 + 65536 * n);
		err = pthread_create(&t[n], &attr, work, NULL);
	}
	while (n)
		pthread_join(t[--n], NULL);
	errno = err == EAGAIN ? ENOMEM : err;
	return !err;
}

static bool descriptors(void)
{
	int fds[2], copy[60], n = 0;
	struct pollfd p[60];
	bool ok;
	char c;

	if (pipe(fds))
		return false;
	while (n < 60 && (copy[n] = dup(fds[0])) >= 0) {
		p[n] = (struct pollfd){ .fd = copy[n], .events = POLLIN };
		n++;
	}
	ok = all(n == 60) && write(fds[1], "x", 1) == 1 && poll(p, n, 0) == n &&
	     read(fds[0], &c, 1) == 1;
	while (n)
		close(copy[--n]);
	close(fds[0]);
	close(fds[1]);
	return ok;
}

static bool library(void)
{
	regex_t re;
	char *text = NULL;
	size_t n = 0;
	FILE *f;
	bool ok;

	if (regcomp(&re, "^(a|b)*([0-9]{2,5})x$", REG_EXTENDED))
		return errno = ENOMEM, false;
	ok = regexec(&re, "abba123x", 0, NULL, 0) == 0;
	regfree(&re);
	if (!ok)
		errno = ENOMEM;
	f = open_memstream(&text, &n);
	if (!f)
		return false;
	ok = all(fprintf(f, "%0800d", 3) == 800) && ok;
	ok = all(!fclose(f)) && ok;
	free(text);
	return ok;
}

static const struct request {
	const char *name;
	bool (*run)(void);
} requests[] = {
	{ "heap", heap_blocks }, { "stream", stream },
	{ "file", file },        { "directory", directory },
	{ "mapping", mapping },  { "file-mapping", file_mapping },
	{ "threads", threads },  { "descriptors", descriptors },
	{ "library", library },
};

static int cpus;

/* All that is held: heap blocks, areas, and frames but for those that the heap keeps for itself. */
struct held {
	size_t blocks, bytes, frames, mapped;
};

static void nothing(void *arg)
{
}

/* Threads that have ended on a CPU are freed by who ends there next; whom one joins is freed at once. */
static void bury_on(int cpu)
{
	static const struct uk_thread_attr later = { .flags = UK_THREAD_SUSPENDED };
	struct uk_thread *t = uk_thread_create(NULL, "bury", nothing, NULL, &later);
#ifdef CONFIG_SMP
	struct uk_cpuset only = { .bits = { 1UL << cpu } };

	uk_thread_set_cpus(t, &only);
#endif
	uk_thread_wake(t);
	uk_thread_join(t, UK_NSEC_MAX);
}

static struct held held(void)
{
	struct uk_alloc_stats heap;
	struct uk_page_stats frames;
	struct uk_vmem_stats areas;
	for (int cpu = 0; cpu < cpus; cpu++)
		bury_on(cpu);
	while (uk_page_shrink()) /* what is only kept for the next time */
		;
	uk_alloc_stats(uk_heap, &heap);
	uk_page_stats(&frames);
	uk_vmem_stats(&areas);
	return (struct held){ .blocks = heap.allocs - heap.frees,
			      .bytes = heap.used,
			      .frames = (frames.total - frames.free - heap.total) / UK_PAGE_SIZE,
			      .mapped = areas.mapped };
}

static bool complain(const char *name, uint64_t n, uint64_t times, const char *what)
{
	printf("%s: allocation %lu%s fails: %s (%s)\n", name, (unsigned long)n,
	       times ? "" : " and all after it", what, strerror(why));
	return false;
}

/* The request with a failure at allocation n; true if it got as far as that. */
static bool hit(const struct request *r, uint64_t n, uint64_t times, bool *ok)
{
	uk_fault_arm(n, times, UK_FAULT_ALL);
	why = 0;
	*ok = r->run();
	if (!why)
		why = errno;
	return uk_fault_disarm() >= n;
}

static bool try(const struct request *r, uint64_t times)
{
	struct held before, after;
	uint64_t n;
	bool ok;

	for (n = 1;; n++) {
		if (!r->run())
			return complain(r->name, n - 1, times, "does not work any more afterwards");
		if (!hit(r, n, times, &ok))
			break;
		if (!ok && why != ENOMEM && why != ENOSPC && why != EAGAIN)
			return complain(r->name, n, times, "not the error for it");
		/* Caches may have grown the first time. What grows each time is a leak. */
		before = held();
		hit(r, n, times, &ok);
		after = held();
		if (memcmp(&before, &after, sizeof(before))) {
			printf("blocks %zu -> %zu, bytes %zu -> %zu, frames %zu -> %zu, mapped %zu "
			       "-> "
			       "%zu\n",
			       before.blocks, after.blocks, before.bytes, after.bytes,
			       before.frames, after.frames, before.mapped, after.mapped);
			return complain(r->name, n, times, "something stays behind");
		}
	}
	printf("%s: %lu allocations\n", r->name, (unsigned long)(n - 1));
	return ok;
}

/*
 * Files that are closed are kept, 32 for each CPU and the rest for all: more than that many will do from now
 * on, whatever is opened on one CPU and closed on another.
 */
static void keep_files(void)
{
	int n = cpus > 1 ? 40 * cpus : 0, fds[n + 1];

	for (int i = 0; i < n; i++)
		fds[i] = open("/", O_RDONLY);
	while (n)
		close(fds[--n]);
}

int main(void)
{
	unsigned i, failed = 0;

	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	keep_files();
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		failed += !try(&requests[i], 1) || !try(&requests[i], 0);
	return failed;
}
