/* SPDX-License-Identifier: BSD-3-Clause */
/* Files, folders, descriptors, pipes, polling, memory mappings: the library's view of them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>
#include "test.h"

#define DIR_ "/tmp/libctest.files"

static bool fresh(void)
{
	mkdir("/tmp", 0777);
	(void)!chdir("/");
	return (!mkdir(DIR_, 0777) || errno == EEXIST) && !chdir(DIR_);
}

TEST(files, read_write_seek)
{
	char b[16] = "";
	int fd;

	REQUIRE(fresh());
	fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	REQUIRE(fd >= 0);
	EXPECT_EQ(write(fd, "hello world", 11), 11);
	EXPECT_EQ(lseek(fd, 6, SEEK_SET), 6);
	EXPECT_EQ(read(fd, b, 16), 5);
	EXPECT_STR(b, "world");
	EXPECT_EQ(read(fd, b, 16), 0);
	EXPECT_EQ(pwrite(fd, "HE", 2, 0), 2);
	EXPECT_EQ(pread(fd, b, 5, 0), 5);
	EXPECT(!memcmp(b, "HEllo", 5));
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 11);
	/* A hole reads as zeros. */
	EXPECT_EQ(lseek(fd, 100000, SEEK_SET), 100000);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(pread(fd, b, 1, 50000), 1);
	EXPECT_EQ(b[0], 0);
	EXPECT_EQ(ftruncate(fd, 3), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 3);
	EXPECT_EQ(close(fd), 0);
	EXPECT_FAIL(close(fd), EBADF);
	EXPECT_FAIL(read(fd, b, 1), EBADF);
	EXPECT_FAIL(open("none", O_RDONLY), ENOENT);
	EXPECT_FAIL(open("f", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	EXPECT_EQ(unlink("f"), 0);
}

TEST(files, vectors)
{
	char a[4] = "", b[8] = "";
	struct iovec out[2] = { { "abc", 3 }, { "defg", 4 } }, in[2] = { { a, 3 }, { b, 7 } };
	int fd;

	REQUIRE(fresh());
	fd = open("v", O_RDWR | O_CREAT | O_TRUNC, 0644);
	EXPECT_EQ(writev(fd, out, 2), 7);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(readv(fd, in, 2), 7);
	EXPECT_STR(a, "abc");
	EXPECT_STR(b, "defg");
	EXPECT_EQ(pwritev(fd, out, 1, 4), 3);
	EXPECT_EQ(preadv(fd, in, 2, 0), 7);
	EXPECT_STR(b, "dabc");
	close(fd);
	unlink("v");
}

TEST(files, stat)
{
	struct stat st, st2;
	int fd;

	REQUIRE(fresh());
	fd = open("s", O_RDWR | O_CREAT | O_TRUNC, 0600);
	EXPECT_EQ(write(fd, "12345", 5), 5);
	EXPECT_EQ(fstat(fd, &st), 0);
	EXPECT(S_ISREG(st.st_mode));
	EXPECT_EQ(st.st_mode & 0777, 0600U);
	EXPECT_EQ(st.st_size, 5);
	EXPECT_EQ(st.st_nlink, 1UL);
	EXPECT_EQ(stat("s", &st2), 0);
	EXPECT_EQ(st.st_ino, st2.st_ino);
	EXPECT_EQ(st.st_dev, st2.st_dev);
	EXPECT_EQ(chmod("s", 0640), 0);
	EXPECT_EQ(fstat(fd, &st), 0);
	EXPECT_EQ(st.st_mode & 0777, 0640U);
	EXPECT_EQ(futimens(fd, (struct timespec[2]){ { 100, 5 }, { 200, 7 } }), 0);
	EXPECT_EQ(stat("s", &st), 0);
	EXPECT_EQ(st.st_mtim.tv_sec, 200L);
	EXPECT_EQ(st.st_mtim.tv_nsec, 7L);
	EXPECT_EQ(access("s", R_OK | W_OK), 0);
	EXPECT_FAIL(access("none", F_OK), ENOENT);
	EXPECT_EQ(stat(".", &st), 0);
	EXPECT(S_ISDIR(st.st_mode));
	EXPECT_FAIL(stat("s/x", &st), ENOTDIR);
	close(fd);
	unlink("s");
}

TEST(files, links)
{
	char b[64] = "", real[PATH_MAX];
	struct stat st;

	REQUIRE(fresh());
	close(open("a", O_CREAT | O_WRONLY, 0644));
	EXPECT_EQ(link("a", "b"), 0);
	EXPECT_EQ(stat("b", &st), 0);
	EXPECT_EQ(st.st_nlink, 2UL);
	EXPECT_EQ(symlink("a", "l"), 0);
	EXPECT_EQ(readlink("l", b, sizeof(b)), 1);
	EXPECT_EQ(lstat("l", &st), 0);
	EXPECT(S_ISLNK(st.st_mode));
	EXPECT_EQ(rename("b", "c"), 0);
	EXPECT_FAIL(stat("b", &st), ENOENT);
	EXPECT_EQ(symlink("loop", "loop"), 0);
	EXPECT_FAIL(open("loop", O_RDONLY), ELOOP);
	EXPECT_STR(realpath("./l", real), DIR_ "/a");
	EXPECT_EQ(unlink("a"), 0);
	EXPECT_EQ(unlink("c"), 0);
	EXPECT_EQ(unlink("l"), 0);
	EXPECT_EQ(unlink("loop"), 0);
}

static int walked;

static int walk(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	walked++;
	return remove(path);
}

TEST(files, folders)
{
	struct dirent *e;
	int files = 0, dirs = 0, fd;
	char cwd[PATH_MAX];
	DIR *d;

	REQUIRE(fresh());
	EXPECT_EQ(mkdir("d", 0755), 0);
	EXPECT_FAIL(mkdir("d", 0755), EEXIST);
	EXPECT_EQ(chdir("d"), 0);
	EXPECT_STR(getcwd(cwd, sizeof(cwd)), DIR_ "/d");
	for (int i = 0; i < 150; i++) {
		char name[32];

		snprintf(name, sizeof(name), "file number %d", i);
		close(open(name, O_CREAT | O_WRONLY, 0644));
	}
	EXPECT_EQ(mkdir("sub", 0755), 0);
	d = opendir(".");
	REQUIRE(d);
	while ((e = readdir(d))) {
		files += e->d_type == DT_REG;
		dirs += e->d_type == DT_DIR;
	}
	EXPECT_EQ(files, 150);
	EXPECT_EQ(dirs, 3);
	rewinddir(d);
	EXPECT(readdir(d));
	closedir(d);
	EXPECT_EQ(chdir(".."), 0);
	EXPECT_FAIL(rmdir("d"), ENOTEMPTY);
	fd = open("d", O_RDONLY | O_DIRECTORY);
	EXPECT_GE(fd, 0);
	EXPECT_EQ(unlinkat(fd, "sub", AT_REMOVEDIR), 0);
	close(fd);
	EXPECT_EQ(nftw("d", walk, 10, FTW_DEPTH | FTW_PHYS), 0);
	EXPECT_EQ(walked, 151);
}

TEST(files, descriptors)
{
	int fd, dup1, fl;

	REQUIRE(fresh());
	fd = open("x", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	dup1 = dup(fd);
	EXPECT_EQ(fcntl(dup1, F_GETFD), 0);
	EXPECT_EQ(write(fd, "ab", 2), 2);
	EXPECT_EQ(lseek(dup1, 0, SEEK_CUR), 2); /* one offset for both */
	EXPECT_EQ(dup2(fd, 50), 50);
	EXPECT_EQ(fcntl(fd, F_DUPFD, 60), 60);
	fl = fcntl(fd, F_GETFL);
	EXPECT_EQ(fl & O_ACCMODE, O_RDWR);
	EXPECT_EQ(fcntl(fd, F_SETFL, fl | O_APPEND), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(write(fd, "c", 1), 1);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 3);
	close(60);
	close(50);
	close(dup1);
	close(fd);
	EXPECT_FAIL(dup(fd), EBADF);
	unlink("x");
}

TEST(files, record_locks)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10 };
	int fd;

	REQUIRE(fresh());
	fd = open("k", O_RDWR | O_CREAT, 0644);
	EXPECT_EQ(fcntl(fd, F_SETLK, &l), 0);
	EXPECT_EQ(fcntl(fd, F_GETLK, &l), 0);
	EXPECT_EQ(l.l_type, F_UNLCK); /* our own lock is no obstacle */
	l.l_type = F_UNLCK;
	EXPECT_EQ(fcntl(fd, F_SETLK, &l), 0);
	EXPECT_EQ(lockf(fd, F_TLOCK, 0), 0);
	EXPECT_EQ(flock(fd, LOCK_EX), 0);
	close(fd);
	unlink("k");
}

static void *writes_later(void *arg)
{
	nap_ms(20);
	(void)!write(*(int *)arg, "ping", 4);
	return NULL;
}

TEST(files, pipes_and_poll)
{
	struct epoll_event ev = { .events = EPOLLIN, .data = { .u32 = 7 } };
	struct timeval tv = { 5, 0 };
	struct pollfd p;
	char b[8] = "";
	pthread_t t;
	int fd[2], ep, n;
	fd_set set;

	REQUIRE(!pipe(fd));
	p = (struct pollfd){ fd[0], POLLIN, 0 };
	EXPECT_EQ(poll(&p, 1, 10), 0);
	REQUIRE(!pthread_create(&t, NULL, writes_later, &fd[1]));
	EXPECT_EQ(poll(&p, 1, 5000), 1);
	EXPECT_EQ(p.revents, POLLIN);
	pthread_join(t, NULL);
	EXPECT_EQ(ioctl(fd[0], FIONREAD, &n), 0);
	EXPECT_EQ(n, 4);
	FD_ZERO(&set);
	FD_SET(fd[0], &set);
	EXPECT_EQ(select(fd[0] + 1, &set, NULL, NULL, &tv), 1);
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (ep < 0 && errno == ENOSYS) {
		EXPECT(true);
	} else {
		EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev), 0);
		memset(&ev, 0, sizeof(ev));
		EXPECT_EQ(epoll_wait(ep, &ev, 1, 1000), 1);
		EXPECT_EQ(ev.data.u32, 7U);
		close(ep);
	}
	EXPECT_EQ(read(fd[0], b, 8), 4);
	EXPECT_STR(b, "ping");
	close(fd[1]);
	EXPECT_EQ(read(fd[0], b, 8), 0);
	p.events = POLLIN;
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT(p.revents & POLLHUP);
	close(fd[0]);
}

TEST(files, broken_pipe)
{
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	REQUIRE(!pipe(fd));
	close(fd[0]);
	EXPECT_FAIL(write(fd[1], "x", 1), EPIPE);
	close(fd[1]);
	signal(SIGPIPE, SIG_DFL);
}

TEST(files, memory_maps)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	     *q;

	REQUIRE(p != MAP_FAILED);
	for (size_t i = 0; i < 4 * page; i++)
		REQUIRE(!p[i]);
	memset(p, 1, 4 * page);
	EXPECT_EQ(mprotect(p, page, PROT_READ), 0);
	EXPECT_EQ(p[0], 1);
	EXPECT_EQ(mprotect(p, page, PROT_READ | PROT_WRITE), 0);
	q = mremap(p, 4 * page, 16 * page, MREMAP_MAYMOVE);
	REQUIRE(q != MAP_FAILED);
	EXPECT_EQ(q[4 * page - 1], 1);
	EXPECT_EQ(q[4 * page], 0);
	EXPECT_EQ(munmap(q, 16 * page), 0);
	EXPECT(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
}

TEST(files, eventfd)
{
	uint64_t v = 3;
	int fd = eventfd(0, EFD_NONBLOCK);

	if (fd < 0 && errno == ENOSYS)
		SKIP("no eventfd, and it says so");
	EXPECT_FAIL((int)read(fd, &v, 8), EAGAIN);
	EXPECT_EQ(write(fd, &v, 8), 8);
	v = 0;
	EXPECT_EQ(read(fd, &v, 8), 8);
	EXPECT_EQ(v, 3UL);
	close(fd);
}

TEST(files, devices)
{
	char b[16];
	int fd = open("/dev/null", O_RDWR);

	REQUIRE(fd >= 0);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(read(fd, b, 1), 0);
	close(fd);
	fd = open("/dev/zero", O_RDONLY);
	memset(b, 1, sizeof(b));
	EXPECT_EQ(read(fd, b, sizeof(b)), 16);
	EXPECT_EQ(b[15], 0);
	close(fd);
	fd = open("/dev/urandom", O_RDONLY);
	EXPECT_EQ(read(fd, b, sizeof(b)), 16);
	close(fd);
}
