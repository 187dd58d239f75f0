/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What makes threads wait: pipes, FIFOs, eventfd, poll, record locks.
 */
#include <uk/abi/ioctl.h>
#include <uk/errno.h>
#include <uk/fdtab.h>
#include <uk/sched.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/thread.h>
#include <uk/time.h>
#include <uk/vfs.h>

static struct uk_fs_ctx *const ctx = &uk_fs_ctx_boot;

static ssize_t put(struct uk_file *f, const void *buf, size_t n)
{
	struct uk_iter it = uk_iter_buf(buf, n);

	return uk_file_write(f, &it);
}

static ssize_t get(struct uk_file *f, void *buf, size_t n)
{
	struct uk_iter it = uk_iter_buf(buf, n);

	return uk_file_read(f, &it);
}

/* Runs fn in a thread and returns when it blocks or is done. */
static struct uk_thread *start(void (*fn)(void *), void *arg)
{
	struct uk_thread *t = uk_thread_create(NULL, "waiter", fn, arg, NULL);

	while (t && UK_READ_ONCE(t->state) == UK_THREAD_RUNNABLE)
		uk_sched_yield();
	return t;
}

static bool is_blocked(const struct uk_thread *t)
{
	return UK_READ_ONCE(t->state) == UK_THREAD_BLOCKED;
}

static void join(struct uk_thread *t)
{
	UK_EXPECT_EQ(uk_thread_join(t, uk_deadline(10 * UK_NSEC_PER_SEC)), 0);
}

/* ---- pipes ---- */

static char buf[80000];

UK_TEST(pipe, bytes)
{
	struct uk_file *rd, *wr;
	size_t i;
	int n;

	UK_REQUIRE(!uk_pipe_create(UK_O_NONBLOCK, &rd, &wr));
	UK_EXPECT_EQ(get(rd, buf, 10), -EAGAIN);
	UK_EXPECT_EQ(get(rd, buf, 0), 0);
	UK_EXPECT_EQ(put(wr, "hello", 5), 5);
	UK_EXPECT_EQ(uk_file_ioctl(rd, UK_FIONREAD, (uintptr_t)&n), 0);
	UK_EXPECT_EQ(n, 5);
	UK_EXPECT_EQ(get(rd, buf, 3), 3);
	UK_EXPECT_EQ(get(rd, buf + 3, 10), 2);
	UK_EXPECT_EQ(memcmp(buf, "hello", 5), 0);
	UK_EXPECT_EQ(get(wr, buf, 1), -EBADF);
	UK_EXPECT_EQ(put(rd, buf, 1), -EBADF);
	UK_EXPECT_EQ(uk_file_seek(rd, 0, UK_SEEK_CUR), -ESPIPE);

	/* Fill it: 64 KiB, then an atomic write either fits or does not. */
	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 7 >> 3);
	UK_EXPECT_EQ(put(wr, buf, sizeof(buf)), 65536);
	UK_EXPECT_EQ(put(wr, buf, 1), -EAGAIN);
	UK_EXPECT_EQ(get(rd, buf, 100), 100);
	UK_EXPECT_EQ(put(wr, buf, 101), -EAGAIN);
	UK_EXPECT_EQ(put(wr, buf, 100), 100);
	UK_EXPECT_EQ(get(rd, buf, sizeof(buf)), 65536);
	for (i = 100; i < 65536 && buf[i - 100] == (char)(i * 7 >> 3); i++)
		;
	UK_EXPECT_EQ(i, 65536u);

	uk_file_put(wr);
	UK_EXPECT_EQ(get(rd, buf, 1), 0);
	uk_file_put(rd);
	UK_REQUIRE(!uk_pipe_create(0, &rd, &wr));
	UK_EXPECT_EQ(put(wr, "x", 1), 1);
	uk_file_put(rd);
	UK_EXPECT_EQ(put(wr, "x", 1), -EPIPE);
	uk_file_put(wr);
}

UK_TEST(pipe, descriptors)
{
	struct uk_fdtab *t = uk_fdtab_new(3);
	struct uk_abi_stat st;
	struct uk_file *f;
	int fds[2];

	UK_REQUIRE(t != NULL);
	if (!UK_EXPECT_EQ(uk_fd_pipe(t, fds, UK_O_CLOEXEC), 0)) {
		uk_fdtab_put(t);
		return;
	}
	UK_EXPECT_EQ(fds[0], 0);
	UK_EXPECT_EQ(fds[1], 1);
	UK_EXPECT_EQ(uk_fd_pipe(t, fds, 0), -EMFILE);
	UK_EXPECT_EQ(uk_fd_pipe(t, fds, UK_O_CREAT), -EINVAL);
	UK_EXPECT_EQ(uk_fd_pipe(t, fds, UK_O_DIRECT), -EINVAL);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 0, UK_F_SETFL, UK_O_DIRECT), -EINVAL);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 0, UK_F_GETPIPE_SZ, 0), 65536);
	f = uk_fd_get(t, 1);
	UK_EXPECT_EQ(uk_file_stat(f, &st), 0);
	UK_EXPECT_EQ(st.st_mode & UK_S_IFMT, (unsigned)UK_S_IFIFO);
	uk_file_put(f);
	UK_EXPECT_EQ(uk_fd_dup(t, 0), 2); /* the failed call has left nothing behind */
	uk_fdtab_put(t);
}

static struct uk_file *ends[2];
static size_t moved;
static bool intact;

static void produce(void *arg)
{
	char chunk[1000];
	size_t sent = 0, n;
	unsigned k = 1;

	while (sent < 300000) {
		n = k % sizeof(chunk) + 1;
		for (size_t i = 0; i < n; i++)
			chunk[i] = (char)((sent + i) % 251);
		if (put(ends[1], chunk, n) != (ssize_t)n)
			break;
		sent += n;
		k = k * 69069 + 5;
	}
	uk_file_put(ends[1]);
}

static void consume(void *arg)
{
	char chunk[1777];
	ssize_t n;

	moved = 0;
	intact = true;
	while ((n = get(ends[0], chunk, sizeof(chunk))) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (chunk[i] != (char)(moved++ % 251))
				intact = false;
	UK_EXPECT_EQ(n, 0);
	uk_file_put(ends[0]);
}

UK_TEST(pipe, two_threads)
{
	struct uk_thread *p, *c;

	UK_REQUIRE(!uk_pipe_create(0, &ends[0], &ends[1]));
	p = start(produce, NULL);
	c = start(consume, NULL);
	UK_REQUIRE(p && c);
	join(p);
	join(c);
	UK_EXPECT_GE(moved, 300000u);
	UK_EXPECT(intact);
}

static ssize_t result;

static void blocking_read(void *arg)
{
	char c;

	result = get(arg, &c, 1);
}

/* A signal ends the wait of a read; so does the end of the writer. */
UK_TEST(pipe, interrupted)
{
	struct uk_file *rd, *wr;
	struct uk_thread *t;

	UK_REQUIRE(!uk_pipe_create(0, &rd, &wr));
	t = start(blocking_read, rd);
	UK_REQUIRE(t && is_blocked(t));
	uk_thread_interrupt(t);
	join(t);
	UK_EXPECT_EQ(result, -EINTR);
	t = start(blocking_read, rd);
	UK_REQUIRE(t && is_blocked(t));
	uk_file_put(wr);
	join(t);
	UK_EXPECT_EQ(result, 0);
	uk_file_put(rd);
}

/* ---- FIFOs ---- */

static void open_fifo(void *arg)
{
	struct uk_file *f;

	result = uk_vfs_open(ctx, NULL, "/fifo", (unsigned)(uintptr_t)arg, 0, &f);
	if (!result)
		uk_file_put(f);
}

UK_TEST(pipe, fifo)
{
	struct uk_file *f, *g;
	struct uk_thread *t;
	char c;

	UK_EXPECT_EQ(uk_vfs_mknod(ctx, NULL, "/fifo", UK_S_IFIFO | 0600, 0), 0);
	UK_EXPECT_EQ(uk_vfs_open(ctx, NULL, "/fifo", UK_O_WRONLY | UK_O_NONBLOCK, 0, &f), -ENXIO);
	t = start(open_fifo, (void *)UK_O_RDONLY);
	UK_REQUIRE(t && is_blocked(t));
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "/fifo", UK_O_WRONLY, 0, &f));
	join(t);
	UK_EXPECT_EQ(result, 0);
	UK_EXPECT_EQ(put(f, "x", 1), -EPIPE); /* the reader is gone again */
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "/fifo", UK_O_RDONLY | UK_O_NONBLOCK, 0, &g));
	UK_EXPECT_EQ(put(f, "x", 1), 1);
	uk_file_put(f);
	UK_EXPECT_EQ(get(g, &c, 1), 1);
	UK_EXPECT_EQ(get(g, &c, 1), 0);
	uk_file_put(g);
	t = start(open_fifo, (void *)UK_O_WRONLY);
	UK_REQUIRE(t && is_blocked(t));
	uk_thread_interrupt(t);
	join(t);
	UK_EXPECT_EQ(result, -EINTR);
	UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, "/fifo", 0), 0);
}

/* ---- eventfd ---- */

UK_TEST(eventfd, counts)
{
	uint64_t v = 5;
	struct uk_file *f;

	UK_REQUIRE(!uk_eventfd_create(0, UK_O_NONBLOCK, false, &f));
	UK_EXPECT_EQ(get(f, &v, 8), -EAGAIN);
	UK_EXPECT_EQ(get(f, &v, 7), -EINVAL);
	UK_EXPECT_EQ(put(f, &v, 8), 8);
	UK_EXPECT_EQ(put(f, &v, 8), 8);
	UK_EXPECT_EQ(uk_file_ready(f) & UK_POLLIN, 1u);
	UK_EXPECT_EQ(get(f, &v, 8), 8);
	UK_EXPECT_EQ(v, 10u);
	UK_EXPECT_EQ(uk_file_ready(f) & UK_POLLIN, 0u);
	v = UINT64_MAX;
	UK_EXPECT_EQ(put(f, &v, 8), -EINVAL);
	v = UINT64_MAX - 1;
	UK_EXPECT_EQ(put(f, &v, 8), 8);
	UK_EXPECT_EQ(uk_file_ready(f) & UK_POLLOUT, 0u);
	v = 1;
	UK_EXPECT_EQ(put(f, &v, 8), -EAGAIN);
	uk_file_put(f);
	UK_REQUIRE(!uk_eventfd_create(2, 0, true, &f));
	UK_EXPECT_EQ(get(f, &v, 8), 8);
	UK_EXPECT_EQ(v, 1u);
	UK_EXPECT_EQ(get(f, &v, 8), 8);
	UK_EXPECT_EQ(uk_file_ready(f) & UK_POLLIN, 0u);
	uk_file_put(f);
}

/* ---- poll ---- */

static struct uk_fdtab *table;
static struct uk_abi_pollfd pfd[12];
static int npfd;

static void poll_forever(void *arg)
{
	result = uk_fd_poll(table, pfd, (unsigned)npfd, UK_NSEC_MAX);
}

UK_TEST(poll, readiness)
{
	int fds[2];
	struct uk_file *wr;

	table = uk_fdtab_new(10);
	UK_REQUIRE(table != NULL);
	UK_REQUIRE(!uk_fd_pipe(table, fds, 0));
	wr = uk_fd_get(table, fds[1]);
	pfd[0] = (struct uk_abi_pollfd){ fds[0], UK_POLLIN, -1 };
	pfd[1] = (struct uk_abi_pollfd){ fds[1], UK_POLLOUT | UK_POLLIN, 0 };
	pfd[2] = (struct uk_abi_pollfd){ -1, UK_POLLIN, -1 };
	pfd[3] = (struct uk_abi_pollfd){ 9, 0, 0 };
	UK_EXPECT_EQ(uk_fd_poll(table, pfd, 4, UK_NSEC_MAX), 2);
	UK_EXPECT_EQ(pfd[0].revents, 0);
	UK_EXPECT_EQ(pfd[1].revents, UK_POLLOUT);
	UK_EXPECT_EQ(pfd[2].revents, 0);
	UK_EXPECT_EQ(pfd[3].revents, UK_POLLNVAL);
	UK_EXPECT_EQ(uk_fd_poll(table, pfd, 1, 0), 0);
	UK_EXPECT_EQ(uk_fd_poll(table, pfd, 1, uk_deadline(UK_NSEC_PER_MS)), 0);
	UK_REQUIRE(put(wr, "x", 1) == 1); /* else the next line waits for ever */
	UK_EXPECT_EQ(uk_fd_poll(table, pfd, 1, UK_NSEC_MAX), 1);
	uk_file_put(wr);
	UK_EXPECT_EQ(uk_fd_close(table, fds[1]), 0);
	UK_EXPECT_EQ(uk_fd_poll(table, pfd, 1, UK_NSEC_MAX), 1);
	UK_EXPECT_EQ(pfd[0].revents, UK_POLLIN | UK_POLLHUP);
	UK_EXPECT_EQ(uk_fd_poll(table, pfd, 11, 0), -EINVAL);
	uk_fdtab_put(table);
}

UK_TEST(poll, wakes)
{
	struct uk_thread *t;
	struct uk_file *wr;
	int fds[2], i;

	table = uk_fdtab_new(30);
	UK_REQUIRE(table != NULL);
	for (i = 0; i < 12; i++) {
		UK_EXPECT_EQ(uk_fd_pipe(table, fds, 0), 0);
		pfd[i] = (struct uk_abi_pollfd){ fds[0], UK_POLLIN | UK_POLLRDNORM, 0 };
	}
	for (npfd = 2; npfd <= 12; npfd += 10) { /* few: on the stack; many: from the heap */
		t = start(poll_forever, NULL);
		UK_REQUIRE(t && is_blocked(t));
		wr = uk_fd_get(table, pfd[npfd - 1].fd + 1);
		UK_EXPECT_EQ(put(wr, "x", 1), 1);
		join(t);
		UK_EXPECT_EQ(result, 1);
		UK_EXPECT_EQ(pfd[npfd - 1].revents, UK_POLLIN | UK_POLLRDNORM);
		uk_file_put(wr);
		UK_EXPECT_EQ(uk_fd_poll(table, &pfd[npfd - 1], 1, 0), 1);
		pfd[npfd - 1] = pfd[0];
	}
	npfd = 1;
	t = start(poll_forever, NULL);
	UK_REQUIRE(t && is_blocked(t));
	uk_thread_interrupt(t);
	join(t);
	UK_EXPECT_EQ(result, -EINTR);
	uk_fdtab_put(table);
}

/* ---- record locks ---- */

static struct uk_fdtab *owner[2];
static struct uk_file *locked;

static int lock(int who, int cmd, int type, int64_t start, int64_t len)
{
	struct uk_abi_flock lk = { .l_type = (int16_t)type, .l_start = start, .l_len = len };

	return uk_file_lock(locked, owner[who], cmd, &lk);
}

/* What stands in the way of a write lock: its type and range in *lk. */
static struct uk_abi_flock obstacle(int who, int64_t start, int64_t len)
{
	struct uk_abi_flock lk = { .l_type = UK_F_WRLCK, .l_start = start, .l_len = len };

	UK_EXPECT_EQ(uk_file_lock(locked, owner[who], UK_F_GETLK, &lk), 0);
	return lk;
}

static bool locks_start(void)
{
	owner[0] = uk_fdtab_new(10);
	owner[1] = uk_fdtab_new(10);
	if (!owner[0] || !owner[1])
		return false;
	uk_fdtab_set_pid(owner[0], 100);
	uk_fdtab_set_pid(owner[1], 101);
	return !uk_vfs_open(ctx, NULL, "/lock", UK_O_RDWR | UK_O_CREAT, 0600, &locked);
}

static void locks_end(void)
{
	uk_file_put(locked);
	uk_fdtab_put(owner[0]);
	uk_fdtab_put(owner[1]);
	UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, "/lock", 0), 0);
}

#define SET(who, type, start, len) lock(who, UK_F_SETLK, UK_F_##type, start, len)

UK_TEST(locks, ranges)
{
	struct uk_abi_flock lk;

	UK_REQUIRE(locks_start());
	UK_EXPECT_EQ(SET(0, WRLCK, 0, 100), 0);
	UK_EXPECT_EQ(SET(1, RDLCK, 99, 1), -EAGAIN);
	UK_EXPECT_EQ(SET(1, RDLCK, 100, 10), 0);
	UK_EXPECT_EQ(SET(0, RDLCK, 100, 0), 0);
	UK_EXPECT_EQ(SET(0, WRLCK, 100, 1), -EAGAIN);
	/* A hole in the middle splits what is held. */
	UK_EXPECT_EQ(SET(0, UNLCK, 40, 10), 0);
	lk = obstacle(1, 0, 0);
	UK_EXPECT_NE(lk.l_type, UK_F_UNLCK);
	lk = obstacle(1, 40, 10);
	UK_EXPECT_EQ(lk.l_type, UK_F_UNLCK);
	lk = obstacle(1, 39, 1);
	UK_EXPECT_EQ(lk.l_start, 0);
	UK_EXPECT_EQ(lk.l_len, 40);
	UK_EXPECT_EQ(lk.l_pid, 100);
	lk = obstacle(1, 50, 1);
	UK_EXPECT_EQ(lk.l_start, 50);
	UK_EXPECT_EQ(lk.l_len, 50);
	lk = obstacle(1, 500, 1);
	UK_EXPECT_EQ(lk.l_type, UK_F_RDLCK);
	UK_EXPECT_EQ(lk.l_start, 100);
	UK_EXPECT_EQ(lk.l_len, 0);
	/* Neighbours of one type become one. */
	UK_EXPECT_EQ(SET(0, WRLCK, 40, 10), 0);
	lk = obstacle(1, 20, 1);
	UK_EXPECT_EQ(lk.l_start, 0);
	UK_EXPECT_EQ(lk.l_len, 100);
	/* Another type in the middle makes three. */
	UK_EXPECT_EQ(SET(0, RDLCK, 30, 10), 0);
	UK_EXPECT_EQ(SET(1, RDLCK, 30, 10), 0);
	UK_EXPECT_EQ(SET(1, RDLCK, 29, 2), -EAGAIN);
	UK_EXPECT_EQ(SET(1, RDLCK, 40, 1), -EAGAIN);
	/* Negative lengths, ends, nonsense. */
	UK_EXPECT_EQ(SET(0, WRLCK, 10, -11), -EINVAL);
	UK_EXPECT_EQ(SET(0, WRLCK, -1, 1), -EINVAL);
	UK_EXPECT_EQ(SET(0, WRLCK, INT64_MAX, 2), -EOVERFLOW);
	UK_EXPECT_EQ(lock(0, UK_F_SETLK, 7, 0, 1), -EINVAL);
	UK_EXPECT_EQ(SET(0, UNLCK, 10, -10), 0);
	lk = obstacle(1, 0, 11);
	UK_EXPECT_EQ(lk.l_start, 10);
	UK_EXPECT_EQ(SET(0, UNLCK, 0, 0), 0);
	UK_EXPECT_EQ(SET(1, UNLCK, 0, 0), 0);
	UK_EXPECT_EQ(SET(1, WRLCK, 0, 0), 0);
	UK_EXPECT_EQ(SET(1, UNLCK, 0, 0), 0);
	locks_end();
}

/* Closing any descriptor of the file drops the table's locks, as POSIX wants. */
UK_TEST(locks, dropped_on_close)
{
	UK_REQUIRE(locks_start());
	UK_EXPECT_EQ(uk_fd_open(owner[0], ctx, UK_AT_FDCWD, "/lock", UK_O_RDONLY, 0), 0);
	UK_EXPECT_EQ(SET(0, WRLCK, 0, 0), 0);
	UK_EXPECT_EQ(SET(1, RDLCK, 0, 1), -EAGAIN);
	UK_EXPECT_EQ(uk_fd_close(owner[0], 0), 0);
	UK_EXPECT_EQ(SET(1, RDLCK, 0, 1), 0);
	UK_EXPECT_EQ(SET(1, UNLCK, 0, 1), 0);
	locks_end();
}

UK_TEST(locks, of_open_files)
{
	struct uk_abi_flock lk = { .l_type = UK_F_WRLCK, .l_len = 10 };
	struct uk_file *other;

	UK_REQUIRE(locks_start());
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "/lock", UK_O_RDWR, 0, &other));
	UK_EXPECT_EQ(uk_file_lock(other, owner[0], UK_F_OFD_SETLK, &lk), 0);
	UK_EXPECT_EQ(uk_file_lock(locked, owner[0], UK_F_OFD_SETLK, &lk), -EAGAIN);
	UK_EXPECT_EQ(SET(0, RDLCK, 5, 1), -EAGAIN);
	UK_EXPECT_EQ(obstacle(0, 0, 0).l_pid, -1);
	/* flock is another world. */
	UK_EXPECT_EQ(uk_file_flock(locked, UK_LOCK_EX), 0);
	UK_EXPECT_EQ(uk_file_flock(other, UK_LOCK_SH | UK_LOCK_NB), -EAGAIN);
	UK_EXPECT_EQ(uk_file_flock(locked, UK_LOCK_SH), 0);
	UK_EXPECT_EQ(uk_file_flock(other, UK_LOCK_SH | UK_LOCK_NB), 0);
	UK_EXPECT_EQ(uk_file_flock(other, 77), -EINVAL);
	uk_file_put(other); /* its locks of both kinds go */
	UK_EXPECT_EQ(uk_file_flock(locked, UK_LOCK_EX | UK_LOCK_NB), 0);
	UK_EXPECT_EQ(uk_file_flock(locked, UK_LOCK_UN), 0);
	UK_EXPECT_EQ(SET(0, RDLCK, 5, 1), 0);
	UK_EXPECT_EQ(SET(0, UNLCK, 5, 1), 0);
	locks_end();
}

static void lock_and_wait(void *arg)
{
	result = lock(1, UK_F_SETLKW, UK_F_WRLCK, 0, 10);
}

UK_TEST(locks, waiting)
{
	struct uk_thread *t;

	UK_REQUIRE(locks_start());
	UK_EXPECT_EQ(SET(0, WRLCK, 0, 10), 0);
	UK_EXPECT_EQ(SET(1, WRLCK, 20, 10), 0);
	t = start(lock_and_wait, NULL);
	UK_REQUIRE(t && is_blocked(t));
	/* Each would wait for the other. */
	UK_EXPECT_EQ(lock(0, UK_F_SETLKW, UK_F_WRLCK, 20, 1), -EDEADLK);
	UK_EXPECT_EQ(SET(0, UNLCK, 5, 5), 0);
	UK_EXPECT_EQ(SET(0, UNLCK, 0, 5), 0);
	join(t);
	UK_EXPECT_EQ(result, 0);
	UK_EXPECT_EQ(SET(0, RDLCK, 0, 1), -EAGAIN);
	UK_EXPECT_EQ(SET(1, UNLCK, 0, 0), 0);
	/* And a signal ends a wait. */
	UK_EXPECT_EQ(SET(0, WRLCK, 0, 10), 0);
	t = start(lock_and_wait, NULL);
	UK_REQUIRE(t && is_blocked(t));
	uk_thread_interrupt(t);
	join(t);
	UK_EXPECT_EQ(result, -EINTR);
	UK_EXPECT_EQ(SET(0, UNLCK, 0, 0), 0);
	locks_end();
}
