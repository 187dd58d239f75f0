/* SPDX-License-Identifier: BSD-3-Clause */
/* sendfile and copy_file_range. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "files.h"

static void sendfile_errors(void)
{
	off_t off = -1;
	int ev = eventfd(0, EFD_NONBLOCK), dir = open("/", O_RDONLY);
	int append = open("/tmp/differ.append", O_CREAT | O_WRONLY | O_APPEND, 0600);
	int rd = open("/tmp/differ.append", O_RDONLY), path = open("/tmp", O_PATH);

	files_begin(O_NONBLOCK);
	SAY(sendfile(-1, in, NULL, 1));
	SAY(sendfile(out, -1, NULL, 1));
	SAY(sendfile(rd, in, NULL, 1));
	SAY(sendfile(out, append, NULL, 1));
	SAY(sendfile(path, in, NULL, 1));
	SAY(sendfile(append, in, NULL, 1));
	SAY(sendfile(out, p[0], NULL, 1));
	SAY(sendfile(out, ev, NULL, 8));
	SAY(sendfile(out, dir, NULL, 8));
	SAY(sendfile(out, in, &off, 1));
	off = 0;
	SAY(sendfile(out, p[0], &off, 1));
	SAY(sendfile(out, in, (off_t *)8, 1));
	SAY(sendfile(out, in, NULL, 0));
	off = SIZE + 5;
	SAY(sendfile(out, in, &off, 5));
	TELL("offset %ld", (long)off);
	close(ev);
	close(dir);
	close(append);
	close(rd);
	close(path);
	unlink("/tmp/differ.append");
	files_end();
}

static void sendfile_to(void)
{
	off_t off = 1000;
	int s[2];

	files_begin(O_NONBLOCK);
	SAY(sendfile(out, in, NULL, 5000));
	POS(in);
	POS(out);
	SAY(sendfile(out, in, &off, SIZE));
	POS(in);
	TELL("offset %ld", (long)off);
	SAY(pread(out, back, SIZE, 5000));
	SAY(memcmp(back, data + 1000, SIZE - 5000));
	/* To a pipe that takes only so much. */
	off = 0;
	SAY(sendfile(p[1], in, &off, SIZE));
	TELL("offset %ld", (long)off);
	SAY(sendfile(p[1], in, &off, SIZE));
	SAY(read(p[0], back, SIZE));
	SAY(memcmp(back, data, 65536));
	SAY(lseek(in, 8192, SEEK_SET));
	SAY(sendfile(p[1], in, NULL, 70000));
	POS(in);
	SAY(read(p[0], back, SIZE));
	SAY(memcmp(back, data + 8192, 65536));
	SAY(close(p[0]));
	SAY(sendfile(p[1], in, NULL, 70000));
	POS(in);
	/* A hole in the middle, and the end. */
	SAY(ftruncate(in, SIZE + 10000));
	off = SIZE - 100;
	if (SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s)) == 0) {
		SAY(sendfile(s[0], in, &off, 20000));
		TELL("offset %ld", (long)off);
		memset(back, 7, 20000);
		SAY(recv(s[1], back, SIZE, 0));
		SAY(memcmp(back, data + SIZE - 100, 100));
		SAY(back[100] | back[5000] | back[10099]);
		SAY(sendfile(out, s[1], NULL, 5));
		off = 0;
		SAY(sendfile(s[0], in, &off, 100000));
		SAY(recv(s[1], back, 100000, MSG_WAITALL));
		SAY(memcmp(back, data, 100000));
		close(s[0]);
		close(s[1]);
	}
	files_end();
}

static void ranges(void)
{
	off_t a = 10, b = 20, far = SIZE + 10;

	files_begin(O_NONBLOCK);
	SAY(copy_file_range(in, NULL, out, NULL, 5000, 0));
	POS(in);
	POS(out);
	SAY(copy_file_range(in, &a, out, &b, 5000, 0));
	POS(in);
	TELL("%ld %ld", (long)a, (long)b);
	SAY(copy_file_range(in, &far, out, NULL, 10, 0));
	SAY(copy_file_range(in, NULL, out, NULL, 10, 1));
	SAY(copy_file_range(p[0], NULL, out, NULL, 10, 0));
	SAY(copy_file_range(in, NULL, p[1], NULL, 10, 0));
	a = 0, b = 100;
	SAY(copy_file_range(in, &a, in, &b, 500, 0));
	SAY(copy_file_range(in, &a, in, &b, 50, 0));
	SAY(copy_file_range(-1, &a, in, &b, 50, 0));
	files_end();
}

void copy_cases(void)
{
	sendfile_errors();
	sendfile_to();
	ranges();
}
