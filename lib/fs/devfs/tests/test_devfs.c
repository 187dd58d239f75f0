/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /dev: what is there, and what null, zero, full and random do.
 */
#include <uk/device.h>
#include <uk/errno.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/vfs.h>

static struct uk_fs_ctx *const ctx = &uk_fs_ctx_boot;

static ssize_t transfer(const char *path, bool write, void *buf, size_t n)
{
	struct uk_iter it = uk_iter_buf(buf, n);
	struct uk_file *f;
	ssize_t done = uk_vfs_open(ctx, NULL, path, UK_O_RDWR, 0, &f);

	if (done)
		return done;
	done = write ? uk_file_write(f, &it) : uk_file_read(f, &it);
	uk_file_put(f);
	return done;
}

UK_TEST(devfs, memory_devices)
{
	char buf[300], other[300];

	memset(buf, 'x', sizeof(buf));
	UK_EXPECT_EQ(transfer("/dev/null", false, buf, sizeof(buf)), 0);
	UK_EXPECT_EQ(transfer("/dev/null", true, buf, sizeof(buf)), 300);
	UK_EXPECT_EQ(transfer("/dev/zero", true, buf, sizeof(buf)), 300);
	UK_EXPECT_EQ(transfer("/dev/full", true, buf, sizeof(buf)), -ENOSPC);
	UK_EXPECT_EQ(transfer("/dev/zero", false, buf, sizeof(buf)), 300);
	memset(other, 0, sizeof(other));
	UK_EXPECT_EQ(memcmp(buf, other, sizeof(buf)), 0);
	UK_EXPECT_EQ(transfer("/dev/urandom", false, buf, sizeof(buf)), 300);
	UK_EXPECT_NE(memcmp(buf, other, sizeof(buf)), 0);
	UK_EXPECT_EQ(transfer("/dev/random", true, buf, sizeof(buf)), 300);
}

UK_TEST(devfs, names)
{
	struct uk_abi_stat a, b;
	struct uk_file *f;
	char buf[1024];

	UK_EXPECT_EQ(uk_vfs_stat(ctx, NULL, "/dev/null", 0, &a), 0);
	UK_EXPECT_EQ(a.st_mode, UK_S_IFCHR | 0666u);
	UK_EXPECT_EQ(a.st_rdev, UK_DEV(1, 3));
	UK_EXPECT_EQ(uk_vfs_stat(ctx, NULL, "/dev/../dev/null", 0, &b), 0);
	UK_EXPECT_EQ(a.st_ino, b.st_ino);
	UK_EXPECT_EQ(uk_vfs_stat(ctx, NULL, "/dev/none", 0, &a), -ENOENT);
	UK_EXPECT_EQ(uk_vfs_mkdir(ctx, NULL, "/dev/new", 0755), -EPERM);
	UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, "/dev/null", 0), -EPERM);
	UK_EXPECT_EQ(uk_vfs_open(ctx, NULL, "/dev/null", UK_O_RDWR | UK_O_DIRECT, 0, &f), -EINVAL);
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "/dev", UK_O_RDONLY | UK_O_DIRECTORY, 0, &f));
	UK_EXPECT_GT(uk_file_getdents(f, buf, sizeof(buf)), 5 * 24);
	UK_EXPECT_EQ(uk_file_getdents(f, buf, sizeof(buf)), 0);
	uk_file_put(f);
}

/* Any file system can hold a device; the number says which. */
UK_TEST(devfs, mknod)
{
	struct uk_file *f;
	char c = 'x';

	UK_EXPECT_EQ(uk_vfs_mknod(ctx, NULL, "/zero", UK_S_IFCHR | 0666, UK_DEV(1, 5)), 0);
	UK_EXPECT_EQ(transfer("/zero", false, &c, 1), 1);
	UK_EXPECT_EQ(c, 0);
	UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, "/zero", 0), 0);
	UK_EXPECT_EQ(uk_vfs_mknod(ctx, NULL, "/none", UK_S_IFCHR | 0666, UK_DEV(99, 5)), 0);
	UK_EXPECT_EQ(uk_vfs_open(ctx, NULL, "/none", UK_O_RDONLY, 0, &f), -ENXIO);
	UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, "/none", 0), 0);
}
