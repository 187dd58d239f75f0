/* SPDX-License-Identifier: BSD-3-Clause */
/* Pipes: flags, sizes, atomic writes, ends that close, poll and select of both ends. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include "../say.h"

static int p[2];
static char block[256 * 1024];

static void ready(const char *who)
{
	struct pollfd f[2] = { { p[0], POLLIN | POLLOUT | POLLRDHUP, 0 },
			       { p[1], POLLIN | POLLOUT | POLLRDHUP, 0 } };
	int n = poll(f, 2, 0);

	printf("%s: poll %d: %x %x\n", who, n, f[0].revents, f[1].revents);
	fflush(stdout);
}

#define READY() ready(__func__)

static void flags(void)
{
	int *volatile nowhere = (int *)8;

	SAY(pipe2(p, 077777));
	SAY(pipe2(nowhere, 0));
	SAY(pipe2(p, O_CLOEXEC | O_NONBLOCK));
	SAY(fcntl(p[0], F_GETFD));
	SAY(fcntl(p[0], F_GETFL));
	SAY(fcntl(p[1], F_GETFL));
	SAY(read(p[0], block, 1));
	SAY(read(p[1], block, 1));
	SAY(write(p[0], block, 1));
	SAY(lseek(p[0], 0, SEEK_SET));
	SAY(pread(p[0], block, 1, 0));
	SAY(pwrite(p[1], block, 1, 0));
	SAY(ftruncate(p[1], 0));
	SAY(fsync(p[1]));
	SAY(write(p[1], block, 0));
	SAY(read(p[0], block, 0));
	SAY(write(p[1], block, 11));
	SAY(({
		int n = -1;
		ioctl(p[0], FIONREAD, &n);
		n;
	}));
	close(p[0]);
	close(p[1]);
}

static void sizes(void)
{
	int n = 0;

	SAY(pipe2(p, O_NONBLOCK));
	SAY(fcntl(p[0], F_GETPIPE_SZ));
	SAY(fcntl(p[0], F_SETPIPE_SZ, 1));
	SAY(fcntl(p[1], F_GETPIPE_SZ));
	SAY(write(p[1], block, sizeof(block)));
	SAY(fcntl(p[0], F_SETPIPE_SZ, 5000));
	READY();
	SAY(write(p[1], block, sizeof(block)));
	SAY(fcntl(p[0], F_SETPIPE_SZ, 4096));
	SAY(fcntl(p[0], F_SETPIPE_SZ, 131072));
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 7 + i / 251);
	SAY(write(p[1], block, 100000));
	SAY(read(p[0], block + 150000, 8192));
	SAY(read(p[0], block + 150000, 105000));
	SAY(memcmp(block, block + 150000, 100000));
	SAY(fcntl(p[0], F_SETPIPE_SZ, 1 << 20));
	SAY(fcntl(p[0], F_SETPIPE_SZ, -1));
	SAY(fcntl(p[0], F_SETPIPE_SZ, 0));
	SAY(fcntl(0, F_GETPIPE_SZ) == 77);
	while (write(p[1], block, 4096) == 4096)
		n++;
	TELL("%d pages", n);
	READY();
	SAY(read(p[0], block, 4096));
	READY();
	close(p[0]);
	close(p[1]);
}

/* The content survives a change of size wherever in the ring it begins. */
static void resize_wrapped(void)
{
	static char in[65536 + 100], out[2 * sizeof(in)];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (char)(i * 13 + i / 255);
	SAY(pipe2(p, O_NONBLOCK));
	SAY(write(p[1], in, 65536));
	SAY(read(p[0], out, 5000));
	SAY(write(p[1], in, 4096));
	SAY(fcntl(p[0], F_SETPIPE_SZ, 131072));
	SAY(read(p[0], out, sizeof(out)));
	SAY(memcmp(out, in + 5000, 65536 - 5000));
	SAY(memcmp(out + 65536 - 5000, in, 4096));
	SAY(write(p[1], in, 65536));
	SAY(read(p[0], out, 60000));
	SAY(fcntl(p[0], F_SETPIPE_SZ, 16384));
	SAY(read(p[0], out, sizeof(out)));
	SAY(memcmp(out, in + 60000, 5536));
	close(p[0]);
	close(p[1]);
}

static void atomic_writes(void)
{
	SAY(pipe2(p, O_NONBLOCK));
	SAY(write(p[1], block, 65536 - 4096));
	SAY(write(p[1], block, 4096));
	READY();
	SAY(write(p[1], block, 1));
	SAY(read(p[0], block, 4096));
	SAY(write(p[1], block, 4097));
	READY();
	close(p[0]);
	READY();
	SAY(write(p[1], block, 1));
	close(p[1]);
}

static void ends(void)
{
	struct iovec v[3] = { { block, 2 }, { block + 10, 0 }, { block + 20, 3 } };

	SAY(pipe2(p, O_NONBLOCK));
	READY();
	SAY(writev(p[1], v, 3));
	READY();
	close(p[1]);
	p[1] = -1;
	READY();
	SAY(read(p[0], block, 10));
	READY();
	SAY(read(p[0], block, 10));
	close(p[0]);
}

static volatile int got;

static void on_pipe(int sig)
{
	got++;
}

static void sigpipe(void)
{
	void (*old)(int) = signal(SIGPIPE, on_pipe);
	struct iovec v = { block, 4 };

	SAY(pipe2(p, 0));
	close(p[0]);
	SAY(write(p[1], block, 1));
	TELL("got %d", got);
	SAY(writev(p[1], &v, 1));
	TELL("got %d", got);
	SAY(write(p[1], block, 0));
	TELL("got %d", got);
	close(p[1]);
	signal(SIGPIPE, old);
}

static void fifos(void)
{
	int rd, wr;

	unlink("/tmp/differ.fifo");
	SAY(mkfifo("/tmp/differ.fifo", 0600));
	SAY(open("/tmp/differ.fifo", O_WRONLY | O_NONBLOCK));
	rd = SAY_FD(open("/tmp/differ.fifo", O_RDONLY | O_NONBLOCK));
	SAY(read(rd, block, 1));
	p[0] = rd;
	p[1] = -1;
	READY();
	wr = SAY_FD(open("/tmp/differ.fifo", O_WRONLY | O_NONBLOCK));
	SAY(write(wr, block, 3));
	READY();
	close(wr);
	READY();
	SAY(read(rd, block, 9));
	SAY(read(rd, block, 9));
	wr = SAY_FD(open("/tmp/differ.fifo", O_RDWR));
	p[1] = wr;
	READY();
	close(wr);
	close(rd);
	unlink("/tmp/differ.fifo");
}

static void *writes(void *arg)
{
	struct timespec t = { 0, 50000000 };

	nanosleep(&t, NULL);
	write(p[1], block, 1);
	return NULL;
}

static void select_cases(void)
{
	struct timeval tv = { 0, 1000 }, none = { 0, 0 }, bad = { 0, -5 };
	fd_set rd, wr, ex;
	pthread_t t;
	int n, high;

	SAY(pipe2(p, 0));
	high = (p[0] > p[1] ? p[0] : p[1]) + 1;
#define SETS()                                                                                     \
	do {                                                                                       \
		FD_ZERO(&rd);                                                                      \
		FD_ZERO(&wr);                                                                      \
		FD_ZERO(&ex);                                                                      \
		FD_SET(p[0], &rd);                                                                 \
		FD_SET(p[1], &wr);                                                                 \
		FD_SET(p[0], &ex);                                                                 \
	} while (0)
#define SHOW()                                                                                     \
	TELL("%d: %d %d %d", n, FD_ISSET(p[0], &rd), FD_ISSET(p[1], &wr), FD_ISSET(p[0], &ex))
	SETS();
	n = select(high, &rd, &wr, &ex, &none);
	SHOW();
	SETS();
	n = select(high, &rd, NULL, &ex, &tv);
	SHOW();
	SETS();
	n = select(0, &rd, NULL, NULL, &none);
	SHOW();
	SAY(select(-1, &rd, NULL, NULL, &none));
	SAY(select(high, &rd, NULL, NULL, &bad));
	SAY(select(0, NULL, NULL, NULL, &tv));
	pthread_create(&t, NULL, writes, NULL);
	SETS();
	n = select(high, &rd, NULL, NULL, NULL);
	SHOW();
	pthread_join(t, NULL);
	close(p[1]);
	SETS();
	SAY(select(high, &rd, &wr, NULL, &none));
	FD_CLR(p[1], &wr);
	n = select(high, &rd, NULL, &ex, &none);
	SHOW();
	close(p[0]);
}

static void poll_cases(void)
{
	struct pollfd f[3];
	struct timespec bad = { 0, 1000000000 }, none = { 0, 0 };
	int file = open("/tmp/differ.poll", O_CREAT | O_RDWR, 0600);
	int null = open("/dev/null", O_RDWR), path = open("/tmp", O_PATH);

	SAY(pipe2(p, 0));
#define ASK(fd_, events_)                                                                          \
	do {                                                                                       \
		f[0] = (struct pollfd){ fd_, events_, -1 };                                        \
		SAY(poll(f, 1, 0));                                                                \
		TELL("%x", f[0].revents);                                                          \
	} while (0)
	ASK(p[0], POLLIN);
	ASK(p[1], POLLIN | POLLOUT | POLLWRNORM | POLLWRBAND | POLLPRI);
	ASK(-1, POLLIN);
	ASK(-5, POLLIN);
	ASK(999, POLLIN);
	ASK(file, POLLIN | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLPRI | POLLRDHUP);
	ASK(null, POLLIN | POLLOUT);
	ASK(path, POLLIN);
	SAY(poll(NULL, 1, 0));
	SAY(poll(NULL, 0, 1));
	SAY(ppoll(f, 1, &bad, NULL));
	SAY(ppoll(NULL, 0, &none, NULL));
	close(p[1]);
	ASK(p[0], 0);
	ASK(p[0], POLLOUT);
	close(p[0]);
	close(file);
	close(null);
	close(path);
	unlink("/tmp/differ.poll");
}

void pipe_cases(void)
{
	flags();
	sizes();
	resize_wrapped();
	atomic_writes();
	ends();
	sigpipe();
	fifos();
	select_cases();
	poll_cases();
}
