/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system calls of files, on whatever the root file system is. What they rest on has tests of
 * its own; these are about arguments, results and what the calls add.
 */
#include <uk/abi/file.h>
#include <uk/abi/signal.h>
#include <uk/abi/statx.h>
#include <uk/errno.h>
#include <uk/fdtab.h>
#include <uk/process.h>
#include <uk/string.h>
#include <uk/syscall.h>
#include <uk/syscall_legacy.h>
#include <uk/test.h>

#define CWD  UK_AT_FDCWD
#define S(s) ((long)(s))

static long create(const char *path, const char *text)
{
	long fd = uk_sys_openat(CWD, S(path), UK_O_CREAT | UK_O_RDWR | UK_O_TRUNC, 0644);

	if (fd >= 0)
		uk_sys_write(fd, S(text), (long)uk_strlen(text));
	return fd;
}

UK_TEST(posix_file, read_write_seek)
{
	char buf[16] = { 0 };
	struct uk_iovec v[3] = { { buf, 2 }, { NULL, 0 }, { buf + 8, 3 } };
	long fd = create("/t1", "hello, world");

	UK_REQUIRE(fd > 2);
	UK_EXPECT_EQ(uk_sys_lseek(fd, -5, UK_SEEK_END), 7L);
	UK_EXPECT_EQ(uk_sys_read(fd, S(buf), 16), 5L);
	UK_EXPECT_EQ(uk_sys_read(fd, S(buf), 16), 0L);
	UK_EXPECT_EQ(uk_sys_pread64(fd, S(buf), 4, 1), 4L);
	UK_EXPECT_EQ(memcmp(buf, "ello", 4), 0);
	UK_EXPECT_EQ(uk_sys_preadv(fd, S(v), 3, 0, 0), 5L);
	UK_EXPECT_EQ(memcmp(buf + 8, "llo", 3), 0);
	UK_EXPECT_EQ(uk_sys_preadv2(fd, S(v), 3, 0, 0, 1), (long)-EOPNOTSUPP);
	UK_EXPECT_EQ(uk_sys_pwrite64(fd, S("J"), 1, 0), 1L);
	UK_EXPECT_EQ(uk_sys_lseek(fd, 0, UK_SEEK_SET), 0L);
	UK_EXPECT_EQ(uk_sys_readv(fd, S(v), 3), 5L);
	UK_EXPECT_EQ(buf[0], 'J');
	UK_EXPECT_EQ(uk_sys_writev(fd, S(v), UK_IOV_MAX + 1), (long)-EINVAL);
	v[1].len = 5;
	UK_EXPECT_EQ(uk_sys_writev(fd, S(v), 3), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_read(fd, 0, 5), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_read(fd, 0, 0), 0L);
	UK_EXPECT_EQ(uk_sys_read(99, S(buf), 1), (long)-EBADF);
	UK_EXPECT_EQ(uk_sys_close(fd), 0L);
	UK_EXPECT_EQ(uk_sys_close(fd), (long)-EBADF);
	UK_EXPECT_EQ(uk_sys_unlink(S("/t1")), 0L);
}

UK_TEST(posix_file, names)
{
	char buf[32] = { 0 };
	long fd, dir;

	UK_EXPECT_EQ(uk_sys_mkdir(S("/d"), 0755), 0L);
	dir = uk_sys_openat(CWD, S("/d"), UK_O_RDONLY | UK_O_DIRECTORY, 0);
	UK_REQUIRE(dir >= 0);
	fd = uk_sys_openat(dir, S("f"), UK_O_CREAT | UK_O_EXCL | UK_O_WRONLY, 0600);
	UK_REQUIRE(fd >= 0);
	uk_sys_close(fd);
	UK_EXPECT_EQ(uk_sys_openat(dir, S("f"), UK_O_CREAT | UK_O_EXCL, 0), (long)-EEXIST);
	UK_EXPECT_EQ(uk_sys_symlinkat(S("f"), dir, S("l")), 0L);
	UK_EXPECT_EQ(uk_sys_readlinkat(dir, S("l"), S(buf), sizeof(buf)), 1L);
	UK_EXPECT_EQ(uk_sys_readlink(S("/d/f"), S(buf), sizeof(buf)), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_linkat(dir, S("f"), CWD, S("/d/g"), 0), 0L);
	UK_EXPECT_EQ(uk_sys_renameat2(dir, S("g"), dir, S("f"), UK_RENAME_NOREPLACE),
		     (long)-EEXIST);
	UK_EXPECT_EQ(uk_sys_renameat2(dir, S("g"), dir, S("h"), 3), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_renameat(dir, S("g"), CWD, S("/d/h")), 0L);
	UK_EXPECT_EQ(uk_sys_access(S("/d/h"), UK_R_OK | UK_W_OK), 0L);
	UK_EXPECT_EQ(uk_sys_access(S("/d/g"), UK_F_OK), (long)-ENOENT);
	UK_EXPECT_EQ(uk_sys_faccessat2(dir, S("h"), 9, 0), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_rmdir(S("/d")), (long)-ENOTEMPTY);
	UK_EXPECT_EQ(uk_sys_chdir(S("/d")), 0L);
	UK_EXPECT_EQ(uk_sys_getcwd(S(buf), sizeof(buf)), 3L);
	UK_EXPECT_STR(buf, "/d");
	UK_EXPECT_EQ(uk_sys_unlink(S("f")), 0L);
	UK_EXPECT_EQ(uk_sys_unlinkat(dir, S("h"), 0), 0L);
	UK_EXPECT_EQ(uk_sys_unlinkat(dir, S("l"), 0), 0L);
	UK_EXPECT_EQ(uk_sys_unlinkat(dir, S("l"), 1), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_fchdir(dir), 0L);
	UK_EXPECT_EQ(uk_sys_chdir(S("/")), 0L);
	UK_EXPECT_EQ(uk_sys_close(dir), 0L);
	UK_EXPECT_EQ(uk_sys_rmdir(S("/d")), 0L);
	UK_EXPECT_EQ(uk_sys_mkdir(0, 0), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_unlinkat(99, S("x"), 0), (long)-EBADF);
	UK_EXPECT_EQ(uk_sys_open(S(""), 0, 0), (long)-ENOENT);
}

UK_TEST(posix_file, stat_and_attributes)
{
	struct uk_abi_stat st;
	struct uk_abi_statx x;
	struct {
		int64_t sec, nsec;
	} times[2] = { { 11, 12 }, { 13, 14 } };
	long fd = create("/t2", "12345");

	UK_REQUIRE(fd >= 0);
	UK_EXPECT_EQ(uk_sys_fstat(fd, S(&st)), 0L);
	UK_EXPECT_EQ(st.st_size, 5L);
	UK_EXPECT_EQ(st.st_mode, (uint32_t)UK_S_IFREG | 0644);
	UK_EXPECT_EQ(uk_sys_ftruncate(fd, 9000), 0L);
	UK_EXPECT_EQ(uk_sys_ftruncate(fd, -1), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_fchmod(fd, 0600), 0L);
	UK_EXPECT_EQ(uk_sys_chown(S("/t2"), 5, -1), 0L);
	UK_EXPECT_EQ(uk_sys_utimensat(CWD, S("/t2"), S(times), 0), 0L);
	UK_EXPECT_EQ(uk_sys_statx(CWD, S("/t2"), 0, UK_STATX_BASIC_STATS, S(&x)), 0L);
	UK_EXPECT_EQ(x.size, 9000UL);
	UK_EXPECT_EQ(x.mode, UK_S_IFREG | 0600);
	UK_EXPECT_EQ(x.uid, 5U);
	UK_EXPECT_EQ(x.mtime.sec, 13L);
	UK_EXPECT_EQ(x.atime.nsec, 12U);
	UK_EXPECT_EQ(uk_sys_utimensat(fd, 0, 0, 0), 0L);
	UK_EXPECT_EQ(uk_sys_utimensat(CWD, 0, 0, 0), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_newfstatat(fd, S(""), S(&st), UK_AT_EMPTY_PATH), 0L);
	/* Not a time behind that: on a machine without a clock it is 1970. */
	UK_EXPECT(st.st_mtime_sec != 13 || st.st_mtime_nsec != 14);
	UK_EXPECT_EQ(uk_sys_stat(S("/none"), S(&st)), (long)-ENOENT);
	UK_EXPECT_EQ(uk_sys_stat(S("/t2"), 0), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_fsync(fd), 0L);
	UK_EXPECT_EQ(uk_sys_fadvise64(fd, 0, 0, 4), 0L);
	uk_sys_close(fd);
	uk_sys_unlink(S("/t2"));
}

UK_TEST(posix_file, umask_applies)
{
	struct uk_abi_stat st;
	long was = uk_sys_umask(0077), fd = create("/t3", "");

	UK_EXPECT_EQ(uk_sys_umask(was), 0077L);
	uk_sys_fstat(fd, S(&st));
	UK_EXPECT_EQ(st.st_mode & 0777, 0600U);
	uk_sys_close(fd);
	uk_sys_unlink(S("/t3"));
}

UK_TEST(posix_file, descriptors)
{
	struct uk_abi_rlimit l, was;
	long fd = create("/t4", "abc"), a, b;

	a = uk_sys_dup(fd);
	UK_EXPECT_EQ(a, fd + 1);
	UK_EXPECT_EQ(uk_sys_dup2(fd, a), a);
	UK_EXPECT_EQ(uk_sys_dup2(fd, fd), fd);
	UK_EXPECT_EQ(uk_sys_dup3(fd, fd, 0), (long)-EINVAL);
	b = uk_sys_fcntl(fd, UK_F_DUPFD_CLOEXEC, 20);
	UK_EXPECT_EQ(b, 20L);
	UK_EXPECT_EQ(uk_sys_fcntl(b, UK_F_GETFD, 0), (long)UK_FD_CLOEXEC);
	UK_EXPECT_EQ(uk_sys_fcntl(fd, 999, 0), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_close_range(a, 20, 0), 0L);
	UK_EXPECT_EQ(uk_sys_fcntl(a, UK_F_GETFD, 0), (long)-EBADF);
	/* The limit is kept. */
	uk_sys_getrlimit(UK_RLIMIT_NOFILE, S(&was));
	l = (struct uk_abi_rlimit){ (uint64_t)fd + 1, was.max };
	uk_sys_setrlimit(UK_RLIMIT_NOFILE, S(&l));
	UK_EXPECT_EQ(uk_sys_dup(fd), (long)-EMFILE);
	uk_sys_setrlimit(UK_RLIMIT_NOFILE, S(&was));
	uk_sys_close(fd);
	uk_sys_unlink(S("/t4"));
}

UK_TEST(posix_file, sendfile)
{
	char buf[8] = { 0 };
	long in = create("/t5", "0123456789"), out = create("/t6", "");
	int64_t pos = 3;

	UK_EXPECT_EQ(uk_sys_sendfile(out, in, S(&pos), 4), 4L);
	UK_EXPECT_EQ(pos, 7L);
	uk_sys_pread64(out, S(buf), 8, 0);
	UK_EXPECT_STR(buf, "3456");
	pos = 0;
	UK_EXPECT_EQ(uk_sys_copy_file_range(in, S(&pos), out, 0, 2, 0), 2L);
	UK_EXPECT_EQ(uk_sys_lseek(out, 0, UK_SEEK_CUR), 6L);
	UK_EXPECT_EQ(uk_sys_sendfile(out, 99, 0, 1), (long)-EBADF);
	uk_sys_close(in);
	uk_sys_close(out);
	uk_sys_unlink(S("/t5"));
	uk_sys_unlink(S("/t6"));
}

UK_TEST(posix_file, directory)
{
	_Alignas(8) char buf[2048];
	long dir = uk_sys_open(S("/"), UK_O_RDONLY | UK_O_DIRECTORY, 0), n, off;
	unsigned seen = 0;

	UK_REQUIRE(dir >= 0);
	UK_EXPECT_EQ(uk_sys_getdents64(dir, S(buf), 8), (long)-EINVAL);
	while ((n = uk_sys_getdents64(dir, S(buf), sizeof(buf))) > 0)
		for (off = 0; off < n; seen++)
			off += ((struct uk_abi_dirent64 *)(buf + off))->d_reclen;
	UK_EXPECT_EQ(n, 0L);
	UK_EXPECT_GE(seen, 2U); /* . and .. */
	uk_sys_close(dir);
}

#ifdef CONFIG_LIBPOSIX_SIGNAL
static volatile int calls;

static void note(int sig)
{
	calls++;
}

UK_TEST(posix_file, pipe_and_sigpipe)
{
	struct uk_abi_sigaction sa = { .handler = (uintptr_t)note };
	char buf[4];
	int fds[2];

	calls = 0;
	uk_sys_rt_sigaction(UK_SIGPIPE, S(&sa), 0, 8);
	UK_REQUIRE(uk_sys_pipe2(S(fds), UK_O_NONBLOCK) == 0);
	UK_EXPECT_EQ(uk_sys_read(fds[0], S(buf), 4), (long)-EAGAIN);
	UK_EXPECT_EQ(uk_sys_write(fds[1], S("ab"), 2), 2L);
	UK_EXPECT_EQ(uk_sys_read(fds[0], S(buf), 4), 2L);
	uk_sys_close(fds[0]);
	UK_EXPECT_EQ(uk_sys_write(fds[1], S("ab"), 2), (long)-EPIPE);
	UK_EXPECT_EQ(calls, 1);
	sa.handler = UK_SIG_IGN;
	uk_sys_rt_sigaction(UK_SIGPIPE, S(&sa), 0, 8);
	UK_EXPECT_EQ(uk_sys_write(fds[1], S("ab"), 2), (long)-EPIPE);
	sa.handler = UK_SIG_DFL;
	uk_sys_rt_sigaction(UK_SIGPIPE, S(&sa), 0, 8);
	uk_sys_close(fds[1]);
	UK_EXPECT_EQ(uk_sys_pipe2(0, 0), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_pipe2(S(fds), UK_O_APPEND), (long)-EINVAL);
}
#endif
