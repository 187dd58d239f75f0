/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads that use files at the same time, through the C library alone: what they see must be what
 * POSIX allows, whatever the order. It also runs on Linux, which is how the tests are tested:
 *
 *	cc -O2 -pthread main.c && ./a.out THREADS ROUNDS [TEST...]
 *
 * One line per test, `ok NAME` or what was wrong; the status is the number of tests that failed. Files
 * are made in the current directory, or /tmp.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64
#define PATIENCE    20000 /* ms: what takes longer was forgotten */

static unsigned threads = 4, rounds = 1000;
static unsigned wrong; /* of this test */
static const char *test;

static void fail(const char *fmt, ...)
{
	va_list ap;

	/* The first few say enough. */
	if (__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED) >= 5)
		return;
	va_start(ap, fmt);
	flockfile(stdout);
	printf("%s: ", test);
	vprintf(fmt, ap);
	printf("\n");
	funlockfile(stdout);
	va_end(ap);
}

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		int err_ = errno;                                                                  \
		if (!(cond))                                                                       \
			fail("line %d: %s (errno %d)", __LINE__, #cond, err_);                     \
	} while (0)

/* The call succeeded, or failed in one of two ways that another thread explains. */
static bool succeeded(long rc, int a, int b, int line)
{
	if (rc < 0 && errno != a && errno != b)
		fail("line %d: errno %d", line, errno);
	return rc >= 0;
}
#define OR2(rc, a, b) succeeded(rc, a, b, __LINE__)
#define OR(rc, a)     succeeded(rc, a, a, __LINE__)

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

static void run(unsigned n, void *(*fn)(void *))
{
	pthread_t t[THREADS_MAX];

	for (unsigned i = 0; i < n; i++)
		if (pthread_create(&t[i], NULL, fn, (void *)(uintptr_t)i)) {
			fail("no thread %u", i);
			exit(100);
		}
	for (unsigned i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

/* How many descriptors are open: none may be left behind. */
static unsigned descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* ---- different files: nothing of the others is seen ---- */

static void *own_files(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;
	char dir[32], a[48], b[48];
	uint32_t out[300], in[300];
	struct stat st;

	snprintf(dir, sizeof(dir), "own%u", self);
	CHECK(!mkdir(dir, 0755));
	snprintf(a, sizeof(a), "%s/a", dir);
	snprintf(b, sizeof(b), "%s/b", dir);
	for (uint32_t i = 0; i < rounds; i++) {
		int fd = open(a, O_RDWR | O_CREAT | O_EXCL, 0644), fd2;

		CHECK(fd >= 0);
		for (unsigned k = 0; k < 300; k++)
			out[k] = self << 24 | (i + k);
		CHECK(write(fd, out, sizeof(out)) == sizeof(out));
		CHECK(pwrite(fd, out, sizeof(out), 4000) == sizeof(out));
		CHECK(pread(fd, in, sizeof(in), 4000) == sizeof(in) &&
		      !memcmp(in, out, sizeof(in)));
		CHECK(lseek(fd, 0, SEEK_SET) == 0);
		CHECK(read(fd, in, sizeof(in)) == sizeof(in) && !memcmp(in, out, sizeof(in)));
		fd2 = dup(fd);
		CHECK(fd2 >= 0 && lseek(fd2, 0, SEEK_CUR) == sizeof(in));
		CHECK(!fstat(fd2, &st) && st.st_size == 4000 + sizeof(out) && st.st_nlink == 1);
		CHECK(!rename(a, b));
		CHECK(stat(a, &st) < 0 && errno == ENOENT);
		CHECK(!stat(b, &st) && st.st_size == 4000 + sizeof(out));
		CHECK(!ftruncate(fd, 100) && !stat(b, &st) && st.st_size == 100);
		CHECK(!link(b, a) && !stat(a, &st) && st.st_nlink == 2);
		CHECK(!unlink(a) && !unlink(b) && !fstat(fd, &st) && st.st_nlink == 0);
		CHECK(!close(fd) && !close(fd2));
	}
	CHECK(!rmdir(dir));
	return NULL;
}

static void test_own(void)
{
	run(threads, own_files);
}

/* ---- the same names: some call wins, and the tree stays whole ---- */

static unsigned winners;
static pthread_barrier_t barrier;

static void *same_names(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg + 1;
	char a[] = "same/n0", b[] = "same/n0";
	struct stat st;
	int fd;

	for (unsigned i = 0; i < rounds / 4 + 1; i++) {
		/* Who creates it exclusively is one; the others find it. */
		pthread_barrier_wait(&barrier);
		fd = open("same/one", O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (OR(fd, EEXIST)) {
			__atomic_fetch_add(&winners, 1, __ATOMIC_RELAXED);
			close(fd);
		}
		pthread_barrier_wait(&barrier);
		if (unlink("same/one") < 0)
			CHECK(errno == ENOENT);
		else
			__atomic_fetch_add(&winners, 1 << 16, __ATOMIC_RELAXED);
		for (int k = 0; k < 4; k++) {
			a[6] = (char)('0' + next(&seed) % 4);
			b[6] = (char)('0' + next(&seed) % 4);
			fd = open(a, O_RDWR | O_CREAT | (next(&seed) & 1 ? O_TRUNC : 0), 0644);
			if (fd >= 0) {
				CHECK(pwrite(fd, a, 8, next(&seed) % 8192) == 8);
				CHECK(!fstat(fd, &st) && S_ISREG(st.st_mode));
				CHECK(!ftruncate(fd, next(&seed) % 8192));
				CHECK(!close(fd));
			} else {
				fail("open: errno %d", errno);
			}
			(void)OR(rename(a, b), ENOENT);
			(void)OR2(link(b, a), ENOENT, EEXIST);
			(void)OR(stat(b, &st), ENOENT);
			(void)OR(unlink(a), ENOENT);
		}
	}
	return NULL;
}

static void test_same(void)
{
	struct stat st;
	char a[] = "same/n0";

	winners = 0;
	pthread_barrier_init(&barrier, NULL, threads);
	CHECK(!mkdir("same", 0755));
	run(threads, same_names);
	CHECK((winners & 0xffff) == rounds / 4 + 1 && winners >> 16 == rounds / 4 + 1);
	for (int i = 0; i < 4; i++) {
		a[6] = (char)('0' + i);
		(void)OR(unlink(a), ENOENT);
	}
	CHECK(!stat("same", &st));
	CHECK(!rmdir("same"));
}

/* ---- one position for all (POSIX 2.9.7): each record once ---- */

static int shared;
static uint8_t *seen;
static unsigned records;

static void *write_records(void *arg)
{
	uint32_t self = (uint32_t)(uintptr_t)arg;

	for (uint32_t i = 0; i < rounds; i++) {
		uint64_t record = (uint64_t)self * rounds + i;

		CHECK(write(shared, &record, sizeof(record)) == sizeof(record));
	}
	return NULL;
}

static void *read_records(void *arg)
{
	uint64_t record;
	ssize_t n;

	while ((n = read(shared, &record, sizeof(record))) == sizeof(record)) {
		if (record >= records)
			fail("record %lu", (unsigned long)record);
		else if (__atomic_fetch_add(&seen[record], 1, __ATOMIC_RELAXED))
			fail("record %lu twice", (unsigned long)record);
	}
	CHECK(n == 0);
	return NULL;
}

static void *append_records(void *arg)
{
	uint32_t self = (uint32_t)(uintptr_t)arg;
	int fd = open("offset", O_WRONLY | O_APPEND);

	CHECK(fd >= 0);
	for (uint32_t i = 0; i < rounds; i++) {
		uint64_t record = (uint64_t)self * rounds + i;

		CHECK(write(fd, &record, sizeof(record)) == sizeof(record));
	}
	CHECK(!close(fd));
	return NULL;
}

static void test_offset(void)
{
	struct stat st;

	records = threads * rounds;
	for (int append = 0; append < 2; append++) {
		seen = calloc(records, 1);
		shared = open("offset", O_RDWR | O_CREAT | O_TRUNC, 0644);
		CHECK(seen && shared >= 0);
		run(threads, append ? append_records : write_records);
		CHECK(!fstat(shared, &st) && st.st_size == (off_t)(records * sizeof(uint64_t)));
		CHECK(lseek(shared, 0, SEEK_SET) == 0);
		run(threads, read_records);
		for (unsigned i = 0; i < records; i++)
			if (!seen[i])
				fail("record %u is lost", i);
		close(shared);
		free(seen);
	}
	CHECK(!unlink("offset"));
}

/* ---- the descriptor table: what a number gives belongs to some file that had it ---- */

#define FIRST 40
#define SPAN  24

static void *table(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg + 1, block[64];
	struct stat st;
	ssize_t n;

	for (unsigned i = 0; i < rounds * 2; i++) {
		int fd = FIRST + (int)(next(&seed) % SPAN),
		    other = FIRST + (int)(next(&seed) % SPAN);
		char name[] = "table0";

		name[5] = (char)('0' + next(&seed) % 3);
		switch (next(&seed) % 8) {
		case 0: {
			int from = open(name, O_RDONLY);

			CHECK(from >= 0);
			(void)OR2(dup2(from, fd), EBUSY, EBUSY);
			CHECK(!close(from));
			break;
		}
		case 1:
			(void)OR(close(fd), EBADF);
			break;
		case 2:
			(void)OR2(dup2(fd, other), EBADF, EBUSY);
			break;
		case 3:
			/* A number high above, so that the table has to grow meanwhile. */
			n = fcntl(fd, F_DUPFD, 64 + (int)(next(&seed) % 600));
			if (OR(n, EBADF))
				CHECK(!close((int)n));
			break;
		case 4:
			if (OR(fstat(fd, &st), EBADF))
				CHECK(S_ISREG(st.st_mode) && st.st_size == 8192);
			break;
		default:
			n = pread(fd, block, sizeof(block), (off_t)(next(&seed) % 31 * 256));
			if (!OR(n, EBADF))
				break;
			CHECK(n == sizeof(block));
			for (unsigned k = 0; k < 64; k++)
				if (block[k] != block[0] || block[k] - '0' > 2) {
					fail("block of %x and %x", block[0], block[k]);
					break;
				}
		}
	}
	return NULL;
}

static void test_table(void)
{
	unsigned before = descriptors();
	char name[] = "table0";

	for (uint32_t i = 0; i < 3; i++) {
		uint32_t block[2048];
		int fd;

		for (unsigned k = 0; k < 2048; k++)
			block[k] = '0' + i;
		name[5] = (char)('0' + i);
		fd = open(name, O_WRONLY | O_CREAT, 0644);
		CHECK(fd >= 0 && write(fd, block, sizeof(block)) == sizeof(block) && !close(fd));
	}
	run(threads, table);
	for (int fd = FIRST; fd < FIRST + SPAN; fd++)
		close(fd);
	CHECK(descriptors() == before);
	for (int i = 0; i < 3; i++) {
		name[5] = (char)('0' + i);
		CHECK(!unlink(name));
	}
}

/* ---- pipes: records whole, each once, a writer's in order ---- */

struct record {
	uint32_t writer, seq;
	uint32_t fill[62]; /* 256 bytes: written at once */
};

static int ends[2];
static bool polling;
static unsigned writing;

static void wait_ready(int fd, short events)
{
	struct pollfd p = { fd, events, 0 };

	if (polling)
		CHECK(poll(&p, 1, PATIENCE) == 1);
}

static void pipe_writer(uint32_t self)
{
	struct record r = { .writer = self };

	for (r.seq = 0; r.seq < rounds; r.seq++) {
		ssize_t n;

		for (unsigned k = 0; k < 62; k++)
			r.fill[k] = r.seq ^ self << 16;
		while ((n = write(ends[1], &r, sizeof(r))) < 0 && errno == EAGAIN)
			wait_ready(ends[1], POLLOUT);
		CHECK(n == sizeof(r));
	}
	if (__atomic_sub_fetch(&writing, 1, __ATOMIC_SEQ_CST) == 0)
		close(ends[1]);
}

static void pipe_reader(void)
{
	uint32_t last[THREADS_MAX] = { 0 };
	struct record r;
	ssize_t n;

	for (;;) {
		n = read(ends[0], &r, sizeof(r));
		if (n < 0 && errno == EAGAIN) {
			wait_ready(ends[0], POLLIN);
			continue;
		}
		if (n <= 0)
			break;
		CHECK(n == sizeof(r));
		for (unsigned k = 0; k < 62; k++)
			if (r.fill[k] != (r.seq ^ r.writer << 16)) {
				fail("torn record");
				return;
			}
		/* seq + 1, so that 0 is: none yet */
		CHECK(r.writer < threads && r.seq + 1 > last[r.writer]);
		last[r.writer] = r.seq + 1;
		__atomic_fetch_add(&records, 1, __ATOMIC_RELAXED);
	}
	CHECK(n == 0);
}

static void *pipe_end(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;

	if (self < threads)
		pipe_writer(self);
	else
		pipe_reader();
	return NULL;
}

static void test_pipe(void)
{
	for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
		records = 0;
		writing = threads;
		polling = nonblocking;
		CHECK(!pipe2(ends, nonblocking ? O_NONBLOCK : 0));
		run(2 * threads, pipe_end);
		CHECK(records == threads * rounds);
		CHECK(!close(ends[0]));
	}
}

/* Both ends closed at the same moment, and one while the other is being read. */
static void *close_end(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;
	char c;

	for (unsigned i = 0; i < rounds; i++) {
		pthread_barrier_wait(&barrier);
		if (self == 0)
			CHECK(!pipe(ends));
		pthread_barrier_wait(&barrier);
		if (self == 0 && i % 2)
			CHECK(read(ends[0], &c, 1) == (i % 4 == 3));
		if (self == 1 && i % 4 == 3)
			CHECK(write(ends[1], "x", 1) == 1);
		CHECK(!close(ends[self]));
	}
	return NULL;
}

static void test_ends(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	run(2, close_end);
}

/* ---- poll: no event is forgotten, and a descriptor may go meanwhile ---- */

static int ping[2];

static void *poll_events(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < rounds; i++) {
		struct pollfd p[2] = { { ping[self], POLLIN, 0 }, { ends[0], POLLIN, 0 } };
		uint64_t one = 1;

		if (self == 0 || i)
			CHECK(write(ping[!self], &one, sizeof(one)) == sizeof(one));
		if (self == 0 && i == rounds - 1)
			break;
		if (poll(p, 2, PATIENCE) != 1 || p[0].revents != POLLIN) {
			fail("no event in round %u", i);
			break;
		}
		CHECK(read(ping[self], &one, sizeof(one)) == sizeof(one) && one == 1);
	}
	return NULL;
}

static void *poll_close(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < rounds / 2 + 1; i++) {
		struct pollfd p;
		int rc;

		pthread_barrier_wait(&barrier);
		if (self == 0)
			CHECK(!pipe(ends));
		pthread_barrier_wait(&barrier);
		if (self == 0) {
			/* Ours goes while others poll it: they keep it until they have their answer. */
			CHECK(!close(ends[0]));
			CHECK(!close(ends[1]));
		} else {
			p = (struct pollfd){ ends[0], POLLIN, 0 };
			rc = poll(&p, 1, PATIENCE);
			CHECK(rc == 1 && (p.revents & (POLLHUP | POLLNVAL)));
		}
	}
	return NULL;
}

static void test_poll(void)
{
	CHECK(!pipe(ends));
	ping[0] = eventfd(0, 0);
	ping[1] = eventfd(0, 0);
	CHECK(ping[0] >= 0 && ping[1] >= 0);
	run(2, poll_events);
	close(ping[0]);
	close(ping[1]);
	close(ends[0]);
	close(ends[1]);
	pthread_barrier_init(&barrier, NULL, threads);
	run(threads, poll_close);
}

/* ---- locks: the counter in the file loses nothing ---- */

static int lock_how;

static void lock_file(int fd, bool on)
{
	struct flock lk = { .l_type = on ? F_WRLCK : F_UNLCK, .l_whence = SEEK_SET, .l_len = 8 };

	if (lock_how)
		CHECK(!flock(fd, on ? LOCK_EX : LOCK_UN));
	else
		CHECK(!fcntl(fd, F_OFD_SETLKW, &lk));
}

static void *count_up(void *arg)
{
	int fd = open("locks", O_RDWR);
	uint64_t n;

	CHECK(fd >= 0);
	for (unsigned i = 0; i < rounds / 2; i++) {
		lock_file(fd, true);
		CHECK(pread(fd, &n, sizeof(n), 0) == sizeof(n));
		n++;
		CHECK(pwrite(fd, &n, sizeof(n), 0) == sizeof(n));
		lock_file(fd, false);
	}
	CHECK(!close(fd));
	return NULL;
}

/* A lock is set while another thread closes the descriptor: none may stay behind. */
static void *lock_and_close(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < rounds; i++) {
		struct flock lk = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 8 };

		pthread_barrier_wait(&barrier);
		if (self == 0)
			CHECK((shared = open("locks", O_RDWR)) >= 0);
		pthread_barrier_wait(&barrier);
		if (self == 0)
			CHECK(!close(shared));
		else
			(void)OR(fcntl(shared, F_SETLK, &lk), EBADF);
		pthread_barrier_wait(&barrier);
		if (self == 0) {
			/* Another owner (of the file, not the process) finds it free. */
			int fd = open("locks", O_RDWR);

			lk.l_pid = 0;
			if (fcntl(fd, F_OFD_GETLK, &lk) || lk.l_type != F_UNLCK)
				fail("a lock stayed in round %u", i);
			close(fd);
		}
	}
	return NULL;
}

static void test_locks(void)
{
	uint64_t n = 0;
	int fd = open("locks", O_RDWR | O_CREAT, 0644);

	CHECK(fd >= 0);
	for (lock_how = 0; lock_how < 2; lock_how++) {
		n = 0;
		CHECK(pwrite(fd, &n, sizeof(n), 0) == sizeof(n));
		run(threads, count_up);
		CHECK(pread(fd, &n, sizeof(n), 0) == sizeof(n) && n == threads * (rounds / 2));
	}
	CHECK(!close(fd));
	pthread_barrier_init(&barrier, NULL, 2);
	run(2, lock_and_close);
	CHECK(!unlink("locks"));
}

/* ---- directories that move while others walk through them ---- */

static volatile bool over;

static void move_about(uint32_t seed)
{
	for (unsigned i = 0; i < rounds * 2; i++) {
		CHECK(!rename("dirs/a/sub", "dirs/b/sub"));
		CHECK(!rename("dirs/b/sub", "dirs/b/x"));
		CHECK(!rename("dirs/b/x", "dirs/a/sub"));
		CHECK(!mkdir("dirs/c", 0755));
		CHECK(!rmdir("dirs/c"));
		(void)seed;
	}
	over = true;
}

static void list_dirs(void)
{
	DIR *d = opendir("dirs/stay");
	unsigned count = 0;
	struct dirent *e;

	CHECK(d != NULL);
	while ((e = readdir(d)))
		count += e->d_name[0] == 's';
	CHECK(count == 20);
	closedir(d);
}

static void *walk_about(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg;
	char name[32], cwd[256];
	struct stat st;
	int fd;

	if (!seed) {
		move_about(seed);
		return NULL;
	}
	snprintf(name, sizeof(name), "dirs/stay/t%u", seed);
	while (!over) {
		if (OR(stat("dirs/a/sub/file", &st), ENOENT))
			CHECK(st.st_size == 5);
		if (OR(stat("dirs/b/sub/../sub/./file", &st), ENOENT))
			CHECK(st.st_size == 5);
		fd = open("dirs/a/sub", O_RDONLY | O_DIRECTORY);
		if (OR(fd, ENOENT)) {
			/* The directory itself stays what it is, wherever it is. */
			CHECK(!fstatat(fd, "file", &st, 0) && st.st_size == 5);
			CHECK(!fstatat(fd, "../sub/file", &st, 0) || errno == ENOENT);
			CHECK(!close(fd));
		}
		CHECK(!stat("dirs/stay/s7", &st));
		CHECK(stat("dirs/stay/none", &st) < 0 && errno == ENOENT);
		fd = open(name, O_WRONLY | O_CREAT, 0644);
		CHECK(fd >= 0 && !close(fd) && !unlink(name));
		CHECK(getcwd(cwd, sizeof(cwd)) && cwd[0] == '/');
		if (next(&seed) % 8 == 0)
			list_dirs();
	}
	return NULL;
}

static void test_dirs(void)
{
	static const char *const made[] = { "dirs", "dirs/stay", "dirs/b", "dirs/a", "dirs/a/sub" };
	char name[32];
	int fd, i;

	over = false;
	for (i = 0; i < 5; i++)
		CHECK(!mkdir(made[i], 0755));
	fd = open("dirs/a/sub/file", O_WRONLY | O_CREAT, 0644);
	CHECK(fd >= 0 && write(fd, "12345", 5) == 5 && !close(fd));
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "dirs/stay/s%d", i);
		fd = open(name, O_WRONLY | O_CREAT, 0644);
		CHECK(fd >= 0 && !close(fd));
	}
	run(threads < 2 ? 2 : threads, walk_about);
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "dirs/stay/s%d", i);
		CHECK(!unlink(name));
	}
	CHECK(!unlink("dirs/a/sub/file"));
	for (i = 4; i >= 0; i--)
		CHECK(!rmdir(made[i]));
}

/* ---- a timer's descriptor: set while it expires, read by several ---- */

static void *set_timer(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;
	uint32_t seed = self + 1;

	for (unsigned i = 0; i < rounds; i++) {
		struct itimerspec t = { .it_interval.tv_nsec = 20000 };
		struct pollfd p = { shared, POLLIN, 0 };
		uint64_t n;

		if (self % 2 == 0) {
			t.it_value.tv_nsec = 1000 + next(&seed) % 20000;
			CHECK(!timerfd_settime(shared, 0, &t, NULL));
		} else if (next(&seed) % 2) {
			CHECK(poll(&p, 1, PATIENCE) == 1);
		} else {
			CHECK(read(shared, &n, sizeof(n)) == sizeof(n) && n > 0);
		}
	}
	return NULL;
}

static void test_timer(void)
{
	struct itimerspec t = { .it_interval.tv_nsec = 20000, .it_value.tv_nsec = 20000 };

	shared = timerfd_create(CLOCK_MONOTONIC, 0);
	CHECK(shared >= 0 && !timerfd_settime(shared, 0, &t, NULL));
	run(threads, set_timer);
	CHECK(!close(shared));
}

/* ---- */

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "own", test_own },     { "same", test_same },   { "offset", test_offset },
	{ "table", test_table }, { "pipe", test_pipe },   { "ends", test_ends },
	{ "poll", test_poll },   { "locks", test_locks }, { "dirs", test_dirs },
	{ "timer", test_timer },
};

static bool wanted(const char *name, int n, char **names)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return true;
	return !n;
}

int main(int argc, char **argv)
{
	int failed = 0, from = argc < 3 ? argc : 3;

	if (argc > 1)
		threads = (unsigned)atoi(argv[1]);
	if (argc > 2)
		rounds = (unsigned)atoi(argv[2]);
	if (threads < 2 || threads > THREADS_MAX / 2 || !rounds || chdir("/tmp")) {
		printf("2 to %d threads, 1 round or more\n", THREADS_MAX / 2);
		return 100;
	}
	for (unsigned i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		unsigned before = descriptors();
		struct timespec a, b;

		if (!wanted(tests[i].name, argc - from, argv + from))
			continue;
		test = tests[i].name;
		wrong = 0;
		clock_gettime(CLOCK_MONOTONIC, &a);
		tests[i].run();
		clock_gettime(CLOCK_MONOTONIC, &b);
		CHECK(descriptors() == before);
		printf("%s %s %ld ms\n", wrong ? "failed" : "ok", test,
		       (long)((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000));
		fflush(stdout);
		failed += wrong > 0;
	}
	return failed;
}
