/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `blktest DEVICE count` does, on Linux: past the page cache, by its interface for many requests at a time.
 *
 *	linux-disk /dev/xvda REQUESTS
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <uk/mark.h>

#define SLOTS  16
#define LARGE  (1 << 20)
#define PLACES 64 /* of 4 KiB, one after the other */

static int disk;
static uint64_t began;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void ended(const char *op, const char *what, unsigned n)
{
	uint64_t took = now() - began;

	printf("phase %s-%s %u\ntook %s-%s %llu\n", op, what, n, op, what,
	       (unsigned long long)took);
}

static void many(const char *name, char *buf, unsigned requests)
{
	struct iocb cb[SLOTS] = { 0 }, *list[SLOTS];
	struct io_event done[SLOTS];
	aio_context_t ctx = 0;
	unsigned n = 0, left = SLOTS;
	long got;

	if (syscall(SYS_io_setup, SLOTS, &ctx))
		err(1, "io_setup");
	for (unsigned i = 0; i < SLOTS; i++) {
		cb[i].aio_lio_opcode = *name == 'w' ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
		cb[i].aio_fildes = (unsigned)disk;
		cb[i].aio_buf = (uintptr_t)buf + 4096 * i;
		cb[i].aio_nbytes = 4096;
		cb[i].aio_offset = 4096 * i;
		list[i] = &cb[i];
	}
	began = now();
	UK_MARK(16);
	if (syscall(SYS_io_submit, ctx, SLOTS, list) != SLOTS)
		err(1, "io_submit");
	while (n < requests) {
		got = syscall(SYS_io_getevents, ctx, 1, SLOTS, done, NULL);
		if (got <= 0)
			err(1, "io_getevents");
		n += (unsigned)got;
		for (long i = 0; i < got; i++) {
			if (done[i].res != 4096)
				errx(1, "%s: %lld", name, (long long)done[i].res);
			list[i] = (struct iocb *)(uintptr_t)done[i].obj;
		}
		if (syscall(SYS_io_submit, ctx, got, list) != got)
			err(1, "io_submit");
	}
	UK_MARK(17);
	ended(name, "4k", n);
	while (left) {
		got = syscall(SYS_io_getevents, ctx, 1, SLOTS, done, NULL);
		if (got <= 0)
			err(1, "io_getevents");
		left -= (unsigned)got;
	}
	syscall(SYS_io_destroy, ctx);
}

static void one_by_one(const char *name, const char *what, char *buf, size_t size, unsigned places,
		       unsigned requests)
{
	began = now();
	UK_MARK(16);
	for (unsigned i = 0; i < requests; i++) {
		off_t at = (off_t)(i % places * size);

		if ((*name == 'w' ? pwrite(disk, buf, size, at) : pread(disk, buf, size, at)) !=
		    (ssize_t)size)
			err(1, "%s-%s", name, what);
	}
	UK_MARK(17);
	ended(name, what, requests);
}

int main(int argc, char **argv)
{
	unsigned requests = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
	char *buf = aligned_alloc(4096, LARGE);
	const char *names[] = { "read", "write" };

	if (!requests || !buf)
		errx(2, "usage: linux-disk DEVICE REQUESTS");
	memset(buf, 0x5a, LARGE);
	disk = open(argv[1], O_RDWR | O_DIRECT);
	if (disk < 0)
		err(1, "%s", argv[1]);
	for (int i = 0; i < 2; i++) {
		many(names[i], buf, requests);
		one_by_one(names[i], "4k-wait", buf, 4096, PLACES, requests);
		one_by_one(names[i], "1m", buf, LARGE, 4, requests / 16 + 1);
	}
	printf("disk: done\n");
	return 0;
}
