/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * splice through pipes of all sizes, in any order with reads and writes: what comes out is what went in.
 */
#include <uk/abi/file.h>
#include <uk/errno.h>
#include <uk/syscall.h>
#include <uk/syscall_legacy.h>
#include <uk/test.h>

#define S(s)  ((long)(s))
#define TOTAL 200000L
#define MOST  9000U /* at once */

static unsigned char buf[MOST];
static long in, out, p[2], q[2];
static long produced, consumed;
static uint32_t state;

static unsigned pick(unsigned n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

static unsigned char byte_of(long at)
{
	return (unsigned char)(at * 31 + at / 253);
}

static void fill(long at, long n)
{
	for (long i = 0; i < n; i++)
		buf[i] = byte_of(at + i);
}

static bool matches(long at, long n)
{
	for (long i = 0; i < n; i++)
		if (buf[i] != byte_of(at + i))
			return false;
	return true;
}

static void step(void)
{
	long n = 1 + (long)pick(MOST), pos, rc = 0;

	switch (pick(5)) {
	case 0:
		pos = produced;
		rc = uk_sys_splice(in, S(&pos), p[1], 0, UK_MIN(n, TOTAL - produced), 0);
		if (rc > 0)
			UK_EXPECT_EQ(pos, produced += rc);
		break;
	case 1:
		n = UK_MIN(n, TOTAL - produced);
		fill(produced, n);
		rc = uk_sys_write(p[1], S(buf), n);
		produced += UK_MAX(rc, 0L);
		break;
	case 2:
		rc = uk_sys_splice(p[0], 0, q[1], 0, n, 0);
		break;
	case 3:
		pos = consumed;
		rc = uk_sys_splice(q[0], 0, out, S(&pos), n, 0);
		if (rc > 0)
			UK_EXPECT_EQ(pos, consumed += rc);
		break;
	case 4:
		rc = uk_sys_read(q[0], S(buf), n);
		if (rc > 0) {
			UK_EXPECT(matches(consumed, rc));
			uk_sys_pwrite64(out, S(buf), rc, consumed);
			consumed += rc;
		}
		break;
	}
	UK_EXPECT(rc >= 0 || rc == -EAGAIN);
}

static void pipes(int fds[2], long ends[2], long size)
{
	UK_EXPECT_EQ(uk_sys_pipe2(S(fds), UK_O_NONBLOCK), 0L);
	UK_EXPECT_EQ(uk_sys_fcntl(fds[0], UK_F_SETPIPE_SZ, size), size);
	ends[0] = fds[0];
	ends[1] = fds[1];
}

static void run(long first, long second)
{
	int fds[2];

	out = uk_sys_open(S("/t2"), UK_O_CREAT | UK_O_RDWR | UK_O_TRUNC, 0644);
	pipes(fds, p, first);
	pipes(fds, q, second);
	produced = consumed = 0;
	for (unsigned i = 0; i < 100000 && consumed < TOTAL; i++)
		step();
	UK_EXPECT_EQ(consumed, TOTAL);
	for (long at = 0, n; (n = uk_sys_pread64(out, S(buf), MOST, at)) > 0; at += n)
		UK_EXPECT(matches(at, n));
	uk_sys_close(out);
	for (unsigned i = 0; i < 2; i++) {
		uk_sys_close(p[i]);
		uk_sys_close(q[i]);
	}
}

UK_TEST(posix_file, splice)
{
	in = uk_sys_open(S("/t1"), UK_O_CREAT | UK_O_RDWR | UK_O_TRUNC, 0644);
	for (long at = 0, n; at < TOTAL; at += n) {
		n = UK_MIN((long)MOST, TOTAL - at);
		fill(at, n);
		UK_EXPECT_EQ(uk_sys_write(in, S(buf), n), n);
	}
	state = 1;
	run(65536, 65536);
	run(4096, 65536);
	run(65536, 4096);
	run(4096, 8192);
	uk_sys_close(in);
	uk_sys_unlink(S("/t1"));
	uk_sys_unlink(S("/t2"));
	UK_EXPECT_EQ(uk_sys_tee(0, 1, 1, 0), (long)-ENOSYS);
	UK_EXPECT_EQ(uk_sys_vmsplice(1, S(&state), 1, 0), (long)-ENOSYS);
}
