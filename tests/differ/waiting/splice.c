/* SPDX-License-Identifier: BSD-3-Clause */
/* splice: between pipes, files and sockets. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include "files.h"

#define PIPE 65536

static int s[2];

static void begin(int flags)
{
	files_begin(flags);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		perror("socketpair");
}

static void end(void)
{
	files_end();
	close(s[0]);
	close(s[1]);
}

static void errors(void)
{
	int ev = eventfd(1, EFD_NONBLOCK), dir = open("/", O_RDONLY), ep = epoll_create1(0);
	int append = open("/tmp/differ.append", O_CREAT | O_WRONLY | O_APPEND, 0600);
	int rd = open("/tmp/differ.append", O_RDONLY), path = open("/tmp", O_PATH);
	loff_t off = 0, bad = -1;

	begin(O_NONBLOCK);
	SAY(splice(-1, NULL, -1, NULL, 0, 0));
	SAY(splice(-1, NULL, -1, NULL, 0, 99));
	SAY(splice(-1, NULL, p[1], NULL, 1, 0));
	SAY(splice(-1, NULL, p[1], NULL, 1, 16));
	SAY(splice(p[0], NULL, -1, NULL, 1, 0));
	SAY(splice(in, NULL, out, NULL, 1, 0));
	SAY(splice(in, NULL, s[0], NULL, 1, 0));
	SAY(splice(p[0], NULL, p[1], NULL, 1, 0));
	SAY(splice(p[0], &off, out, NULL, 1, 0));
	SAY(splice(p[0], &off, q[1], NULL, 1, 0));
	SAY(splice(in, NULL, p[1], &off, 1, 0));
	SAY(splice(in, &bad, p[1], NULL, 1, 0));
	SAY(splice(p[0], NULL, out, &bad, 1, 0));
	SAY(splice(in, (loff_t *)8, p[1], NULL, 1, 0));
	SAY(splice(p[0], (loff_t *)8, p[1], NULL, 1, 0));
	SAY(splice(p[1], NULL, out, NULL, 1, 0));
	SAY(splice(in, NULL, p[0], NULL, 1, 0));
	SAY(splice(p[0], NULL, rd, NULL, 1, 0));
	SAY(splice(append, NULL, p[1], NULL, 1, 0));
	SAY(splice(path, NULL, p[1], NULL, 1, 0));
	SAY(splice(dir, NULL, p[1], NULL, 1, 0));
	SAY(splice(ev, NULL, p[1], NULL, 8, 0));
	SAY(splice(ep, NULL, p[1], NULL, 8, 0));
	SAY(splice(s[0], &off, p[1], NULL, 1, 0));
	SAY(splice(s[0], NULL, p[1], NULL, 1, 0));
	SAY(splice(p[0], NULL, out, NULL, 1, 0));
	SAY(splice(p[0], NULL, q[1], NULL, 1, 0));
	SAY(write(p[1], "abcdefgh", 8));
	SAY(splice(p[0], NULL, append, NULL, 1, 0));
	SAY(splice(p[0], NULL, ev, NULL, 8, 0));
	SAY(splice(p[0], NULL, ep, NULL, 8, 0));
	SAY(splice(p[0], NULL, s[0], &off, 1, 0));
	SAY(read(p[0], back, 100));
	SAY(close(p[1]));
	SAY(splice(p[0], NULL, out, NULL, 1, 0));
	SAY(splice(p[0], NULL, q[1], NULL, 1, 0));
	SAY(close(p[0]));
	SAY(write(q[1], "x", 1));
	SAY(close(q[0]));
	signal(SIGPIPE, SIG_IGN);
	SAY(splice(in, NULL, q[1], NULL, 1, 0));
	POS(in);
	close(ev);
	close(ep);
	close(dir);
	close(append);
	close(rd);
	close(path);
	unlink("/tmp/differ.append");
	end();
}

static void file_to_pipe(void)
{
	loff_t off = 8192;
	long done = 0;

	begin(O_NONBLOCK);
	SAY(splice(in, NULL, p[1], NULL, 5000, 0));
	POS(in);
	SAY(read(p[0], back, SIZE));
	SAY(memcmp(back, data, 5000));
	SAY(splice(in, &off, p[1], NULL, SIZE, SPLICE_F_MOVE));
	TELL("offset %ld", (long)off);
	POS(in);
	SAY(splice(in, &off, p[1], NULL, SIZE, 0));
	SAY(read(p[0], back, SIZE));
	SAY(memcmp(back, data + 8192, PIPE));
	off = SIZE - 100;
	SAY(splice(in, &off, p[1], NULL, SIZE, 0));
	SAY(splice(in, &off, p[1], NULL, SIZE, 0));
	SAY(read(p[0], back, SIZE));
	SAY(memcmp(back, data + SIZE - 100, 100));
	SAY(read(p[0], back, SIZE));
	/*
	 * In small steps, and the pipe is used otherwise between. (Linux counts pieces of pages, so not too many of
	 * them at once.)
	 */
	off = 0;
	for (int i = 1; i < 40; i++) {
		SAY(splice(in, &off, p[1], NULL, (size_t)i * 97, 0));
		SAY(write(p[1], data + off, (size_t)i));
		off += i;
		if (i % 3 == 0)
			done += SAY(read(p[0], back + done, 3));
		if (i % 4 == 0)
			done += SAY(read(p[0], back + done, SIZE));
	}
	SAY(memcmp(back, data, (size_t)done));
	end();
}

static void pipe_to_file(void)
{
	loff_t off = 10;

	begin(O_NONBLOCK);
	SAY(write(p[1], data, 50000));
	SAY(splice(p[0], NULL, out, NULL, 5000, 0));
	POS(out);
	SAY(splice(p[0], NULL, out, &off, 100, 0));
	TELL("offset %ld", (long)off);
	POS(out);
	SAY(splice(p[0], NULL, out, NULL, SIZE, 0));
	POS(out);
	SAY(splice(p[0], NULL, out, NULL, SIZE, 0));
	SAY(pread(out, back, SIZE, 0));
	SAY(memcmp(back, data, 10));
	SAY(memcmp(back + 10, data + 5000, 100));
	SAY(memcmp(back + 110, data + 110, 4890));
	SAY(memcmp(back + 5000, data + 5100, 44900));
	SAY(close(p[1]));
	SAY(splice(p[0], NULL, out, NULL, SIZE, 0));
	end();
}

static void pipe_to_pipe(void)
{
	int total = 0, n;

	begin(O_NONBLOCK);
	SAY(write(p[1], data, 5000));
	SAY(splice(p[0], NULL, q[1], NULL, 1000, 0));
	SAY(splice(p[0], NULL, q[1], NULL, SIZE, 0));
	SAY(splice(p[0], NULL, q[1], NULL, SIZE, 0));
	SAY(read(q[0], back, SIZE));
	SAY(memcmp(back, data, 5000));
	for (int i = 0; i < 100; i++) {
		if (write(p[1], data + total, 1900) != 1900)
			TELL("short");
		n = (int)splice(p[0], NULL, q[1], NULL, 1 + i * 37, 0);
		TELL("%d", n);
		total += 1900;
		while (splice(p[0], NULL, q[1], NULL, SIZE, 0) > 0)
			;
		SAY(read(q[0], back + total - 1900, 1900));
	}
	SAY(memcmp(back, data, 190000));
	SAY(write(q[1], data, PIPE));
	SAY(write(p[1], "x", 1));
	SAY(splice(p[0], NULL, q[1], NULL, 1, 0));
	SAY(close(q[0]));
	SAY(splice(p[0], NULL, q[1], NULL, 1, 0));
	end();
}

static void sockets(void)
{
	begin(O_NONBLOCK);
	SAY(write(p[1], data, 30000));
	SAY(splice(p[0], NULL, s[0], NULL, 10000, 0));
	SAY(splice(p[0], NULL, s[0], NULL, SIZE, 0));
	SAY(splice(p[0], NULL, s[0], NULL, SIZE, 0));
	SAY(recv(s[1], back, 30000, MSG_WAITALL));
	SAY(memcmp(back, data, 30000));
	SAY(splice(s[1], NULL, p[1], NULL, SIZE, SPLICE_F_NONBLOCK));
	SAY(write(s[0], data, 4096));
	SAY(splice(s[1], NULL, p[1], NULL, 4096, 0));
	SAY(read(p[0], back, SIZE));
	SAY(memcmp(back, data, 4096));
	SAY(shutdown(s[0], SHUT_WR));
	SAY(splice(s[1], NULL, p[1], NULL, SIZE, 0));
	SAY(close(s[1]));
	SAY(write(p[1], "x", 1));
	SAY(splice(p[0], NULL, s[0], NULL, 1, 0));
	end();
}

/* What a proxy does: socket, pipe, socket, with threads at both ends. */
static void *feed(void *arg)
{
	for (int done = 0; done < SIZE;) {
		ssize_t n = write(s[0], data + done, (size_t)(SIZE - done));

		if (n <= 0)
			return "write";
		done += (int)n;
	}
	shutdown(s[0], SHUT_WR);
	return "fed";
}

static void *pump(void *arg)
{
	ssize_t n;

	while ((n = splice(s[1], NULL, p[1], NULL, SIZE, 0)) > 0)
		;
	close(p[1]);
	return n ? "splice" : "pumped";
}

static void waiting(void)
{
	pthread_t a, b;
	void *ret;
	ssize_t n;

	begin(0);
	pthread_create(&b, NULL, pump, NULL);
	usleep(20000);
	pthread_create(&a, NULL, feed, NULL);
	while ((n = splice(p[0], NULL, out, NULL, 30000, 0)) > 0)
		;
	TELL("%ld", (long)n);
	pthread_join(a, &ret);
	TELL("%s", (char *)ret);
	pthread_join(b, &ret);
	TELL("%s", (char *)ret);
	SAY(pread(out, back, SIZE, 0));
	SAY(memcmp(back, data, SIZE));
	end();
}

void splice_cases(void)
{
	errors();
	file_to_pipe();
	pipe_to_file();
	pipe_to_pipe();
	sockets();
	waiting();
}
