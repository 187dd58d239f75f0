/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptor tables: numbers, duplicates, close-on-exec, growth, and the files behind them.
 */
#include <uk/abi/ioctl.h>
#include <uk/errno.h>
#include <uk/fdtab.h>
#include <uk/test.h>
#include <uk/vfs.h>

static int closed; /* how often a test file was released */

static void release(struct uk_file *f)
{
	closed++;
}

static const struct uk_file_ops ops = { .release = release };

static struct uk_file *new_file(unsigned flags)
{
	return uk_file_new(&ops, flags, NULL);
}

UK_TEST(fdtab, lowest_number)
{
	struct uk_fdtab *t = uk_fdtab_new(100);
	int i;

	UK_REQUIRE(t != NULL);
	closed = 0;
	for (i = 0; i < 100; i++)
		UK_EXPECT_EQ(uk_fd_add(t, new_file(0), 0, 0), i);
	UK_EXPECT_EQ(uk_fd_reserve(t, 0, 0), -EMFILE);
	UK_EXPECT_EQ(uk_fd_dup(t, 0), -EMFILE);
	UK_EXPECT_EQ(uk_fd_close(t, 70), 0);
	UK_EXPECT_EQ(uk_fd_close(t, 7), 0);
	UK_EXPECT_EQ(uk_fd_close(t, 7), -EBADF);
	UK_EXPECT_EQ(uk_fd_close(t, -1), -EBADF);
	UK_EXPECT_EQ(uk_fd_close(t, 1000), -EBADF);
	UK_EXPECT_EQ(closed, 2);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 0, UK_F_DUPFD, 8), 70);
	UK_EXPECT_EQ(uk_fd_dup(t, 0), 7);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 0, UK_F_DUPFD, 100), -EINVAL);
	uk_fdtab_put(t);
	UK_EXPECT_EQ(closed, 100);
}

UK_TEST(fdtab, reserve)
{
	struct uk_fdtab *t = uk_fdtab_new(4);
	struct uk_file *f;

	UK_REQUIRE(t != NULL);
	UK_EXPECT_EQ(uk_fd_reserve(t, 0, 0), 0);
	UK_EXPECT(uk_fd_get(t, 0) == NULL);
	UK_EXPECT_EQ(uk_fd_close(t, 0), -EBADF);
	UK_EXPECT_EQ(uk_fd_add(t, new_file(0), 0, 0), 1);
	UK_EXPECT_EQ(uk_fd_dup2(t, 1, 0), -EBUSY);
	uk_fd_unreserve(t, 0);
	UK_EXPECT_EQ(uk_fd_reserve(t, 0, 0), 0);
	f = new_file(0);
	UK_REQUIRE(f != NULL);
	uk_fd_install(t, 0, f);
	UK_EXPECT(uk_fd_get(t, 0) == f);
	uk_file_put(f);
	uk_fdtab_put(t);
}

UK_TEST(fdtab, duplicates)
{
	struct uk_fdtab *t = uk_fdtab_new(1000);
	struct uk_file *f = new_file(0);

	UK_REQUIRE(t && f);
	closed = 0;
	UK_EXPECT_EQ(uk_fd_add(t, f, 0, 0), 0);
	UK_EXPECT_EQ(uk_fd_dup2(t, 0, 0), 0);
	UK_EXPECT_EQ(uk_fd_dup3(t, 0, 0, 0), -EINVAL);
	UK_EXPECT_EQ(uk_fd_dup2(t, 5, 5), -EBADF);
	UK_EXPECT_EQ(uk_fd_dup2(t, 5, 6), -EBADF);
	UK_EXPECT_EQ(uk_fd_dup2(t, 0, 1000), -EBADF);
	UK_EXPECT_EQ(uk_fd_dup2(t, 0, 999), 999); /* the table grows */
	UK_EXPECT_EQ(uk_fd_dup3(t, 0, 3, UK_O_CLOEXEC), 3);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 3, UK_F_GETFD, 0), UK_FD_CLOEXEC);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 0, UK_F_GETFD, 0), 0);
	UK_EXPECT_EQ(uk_fd_close(t, 0), 0);
	UK_EXPECT_EQ(closed, 0);
	UK_EXPECT_EQ(uk_fd_add(t, new_file(0), 0, 0), 0);
	UK_EXPECT_EQ(uk_fd_dup2(t, 0, 999), 999);
	UK_EXPECT_EQ(closed, 0);
	uk_fdtab_exec(t);
	UK_EXPECT_EQ(closed, 1);
	UK_EXPECT(uk_fd_get(t, 3) == NULL);
	UK_EXPECT_EQ(uk_fd_close_range(t, 0, UINT32_MAX, true), 0);
	uk_fdtab_exec(t);
	UK_EXPECT_EQ(closed, 2);
	uk_fdtab_put(t);
}

/* Closed while a call still uses it: the file stays until the call is done. */
UK_TEST(fdtab, closed_in_use)
{
	struct uk_fdtab *t = uk_fdtab_new(10);
	struct uk_file *f;

	UK_REQUIRE(t != NULL);
	closed = 0;
	UK_REQUIRE(uk_fd_add(t, new_file(0), 0, 0) == 0);
	f = uk_fd_get(t, 0);
	UK_REQUIRE(f != NULL);
	UK_EXPECT_EQ(uk_fd_close(t, 0), 0);
	UK_EXPECT_EQ(closed, 0);
	uk_file_put(f);
	UK_EXPECT_EQ(closed, 1);
	uk_fdtab_put(t);
}

UK_TEST(fdtab, clone)
{
	struct uk_fdtab *t = uk_fdtab_new(1000), *c;

	UK_REQUIRE(t != NULL);
	closed = 0;
	UK_EXPECT_EQ(uk_fd_add(t, new_file(0), 100, UK_O_CLOEXEC), 100);
	UK_EXPECT_EQ(uk_fd_reserve(t, 0, 0), 0);
	c = uk_fdtab_clone(t);
	UK_REQUIRE(c != NULL);
	uk_fdtab_put(t);
	UK_EXPECT_EQ(closed, 0);
	UK_EXPECT_EQ(uk_fd_fcntl(c, 100, UK_F_GETFD, 0), UK_FD_CLOEXEC);
	UK_EXPECT_EQ(uk_fd_reserve(c, 0, 0), 0); /* what was only reserved is not inherited */
	uk_fdtab_put(c);
	UK_EXPECT_EQ(closed, 1);
}

UK_TEST(fdtab, flags)
{
	struct uk_fdtab *t = uk_fdtab_new(10);
	int one = 1;

	UK_REQUIRE(t != NULL);
	UK_EXPECT_EQ(uk_fd_add(t, new_file(UK_O_RDWR), 0, 0), 0);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 0, UK_F_SETFL, UK_O_NONBLOCK | UK_O_CREAT), 0);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 0, UK_F_GETFL, 0), UK_O_RDWR | UK_O_NONBLOCK);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 0, UK_F_SETFL, 0), 0);
	UK_EXPECT_EQ(uk_fd_ioctl(t, 0, UK_FIONBIO, (uintptr_t)&one), 0);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 0, UK_F_GETFL, 0), UK_O_RDWR | UK_O_NONBLOCK);
	UK_EXPECT_EQ(uk_fd_ioctl(t, 0, UK_FIOCLEX, 0), 0);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 0, UK_F_GETFD, 0), UK_FD_CLOEXEC);
	UK_EXPECT_EQ(uk_fd_ioctl(t, 0, UK_TCGETS, 0), -ENOTTY);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 0, 9999, 0), -EINVAL);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 1, UK_F_GETFL, 0), -EBADF);
	uk_fdtab_put(t);
}

UK_TEST(fdtab, open_and_path)
{
	struct uk_fdtab *t = uk_fdtab_new(2);
	struct uk_file *at;

	UK_REQUIRE(t != NULL);
	UK_EXPECT_EQ(uk_fd_open(t, &uk_fs_ctx_boot, UK_AT_FDCWD, "/", UK_O_PATH, 0), 0);
	UK_EXPECT(uk_fd_get_io(t, 0) == NULL);
	UK_EXPECT_EQ(uk_fd_open(t, &uk_fs_ctx_boot, UK_AT_FDCWD, "none", UK_O_RDONLY, 0), -ENOENT);
	UK_EXPECT_EQ(uk_fd_open(t, &uk_fs_ctx_boot, 0, ".", UK_O_RDONLY | UK_O_CLOEXEC, 0), 1);
	UK_EXPECT_EQ(uk_fd_fcntl(t, 1, UK_F_GETFD, 0), UK_FD_CLOEXEC);
	UK_EXPECT_EQ(uk_fd_open(t, &uk_fs_ctx_boot, 5, "/", UK_O_RDONLY, 0), -EMFILE);
	UK_EXPECT_EQ(uk_fd_get_at(t, 5, "x", &at), -EBADF);
	UK_EXPECT_EQ(uk_fd_get_at(t, 5, "/x", &at), 0);
	UK_EXPECT(at == NULL);
	uk_fdtab_put(t);
}
