/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Content of files on the ram file system: transfers, holes, sizes, limits, backing.
 */
#include <uk/errno.h>
#include <uk/inode.h>
#include <uk/page.h>
#include <uk/ramfs.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/vfs.h>

static struct uk_fs_ctx *const ctx = &uk_fs_ctx_boot;

#define PAGE 4096

static struct uk_abi_stat st;

static struct uk_file *open_new(void)
{
	struct uk_file *f = NULL;

	UK_EXPECT_EQ(uk_vfs_open(ctx, NULL, "/data", UK_O_RDWR | UK_O_CREAT | UK_O_EXCL, 0600, &f),
		     0);
	return f;
}

static void done(struct uk_file *f)
{
	uk_file_put(f);
	UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, "/data", 0), 0);
}

static ssize_t put(struct uk_file *f, uk_off_t pos, const void *buf, size_t n)
{
	struct uk_iter it = uk_iter_buf(buf, n);

	return uk_file_pwrite(f, &it, pos);
}

static ssize_t get(struct uk_file *f, uk_off_t pos, void *buf, size_t n)
{
	struct uk_iter it = uk_iter_buf(buf, n);

	return uk_file_pread(f, &it, pos);
}

/* Are the n bytes at pos all c? */
static bool all(struct uk_file *f, uk_off_t pos, size_t n, char c)
{
	char buf[512];

	while (n) {
		size_t part = UK_MIN(n, sizeof(buf));

		memset(buf, ~c, sizeof(buf));
		if (get(f, pos, buf, part) != (ssize_t)part)
			return false;
		for (size_t i = 0; i < part; i++)
			if (buf[i] != c)
				return false;
		pos += (uk_off_t)part;
		n -= part;
	}
	return true;
}

static uint64_t blocks(struct uk_file *f)
{
	UK_EXPECT_EQ(uk_file_stat(f, &st), 0);
	return (uint64_t)st.st_blocks / (PAGE / 512);
}

static uint64_t size(struct uk_file *f)
{
	UK_EXPECT_EQ(uk_file_stat(f, &st), 0);
	return (uint64_t)st.st_size;
}

UK_TEST(ramfs_data, read_write)
{
	static char big[3 * PAGE];
	struct uk_file *f = open_new();
	char buf[16];

	UK_REQUIRE(f != NULL);
	UK_EXPECT_EQ(get(f, 0, buf, 16), 0);
	UK_EXPECT_EQ(put(f, 0, "hello", 5), 5);
	UK_EXPECT_EQ(put(f, 5, "", 0), 0);
	UK_EXPECT_EQ(get(f, 0, buf, 16), 5);
	UK_EXPECT_EQ(memcmp(buf, "hello", 5), 0);
	UK_EXPECT_EQ(get(f, 5, buf, 16), 0);
	UK_EXPECT_EQ(get(f, 1000, buf, 16), 0);
	UK_EXPECT_EQ(get(f, -1, buf, 16), -EINVAL);
	UK_EXPECT_EQ(put(f, -1, buf, 16), -EINVAL);
	/* Across pages, unaligned. */
	memset(big, 'x', sizeof(big));
	UK_EXPECT_EQ(put(f, 100, big, sizeof(big)), (ssize_t)sizeof(big));
	UK_EXPECT_EQ(size(f), sizeof(big) + 100);
	UK_EXPECT_EQ(blocks(f), 4u);
	UK_EXPECT(all(f, 5, 95, 0));
	UK_EXPECT(all(f, 100, sizeof(big), 'x'));
	UK_EXPECT_EQ(get(f, PAGE - 1, buf, 2), 2);
	/* The end of the largest file. */
	UK_EXPECT_EQ(put(f, INT64_MAX, "x", 1), -EFBIG);
	UK_EXPECT_EQ(put(f, INT64_MAX - 1, "xy", 2), 1);
	UK_EXPECT_EQ(size(f), (uint64_t)INT64_MAX);
	UK_EXPECT_EQ(get(f, INT64_MAX - 1, buf, 2), 1);
	UK_EXPECT_EQ(buf[0], 'x');
	done(f);
}

UK_TEST(ramfs_data, positions)
{
	struct uk_file *f = open_new(), *a;
	char x[4] = "ab", y[4] = "cdef";
	struct uk_iovec iov[] = { { x, 2 }, { NULL, 0 }, { y, 4 } };
	struct uk_iter it;

	UK_REQUIRE(f != NULL);
	UK_EXPECT_EQ(uk_iter_iov(&it, iov, 3), 0);
	UK_EXPECT_EQ(uk_file_write(f, &it), 6);
	UK_EXPECT_EQ(f->pos, 6);
	UK_EXPECT_EQ(uk_file_seek(f, -5, UK_SEEK_END), 1);
	UK_EXPECT_EQ(uk_iter_iov(&it, iov, 3), 0);
	UK_EXPECT_EQ(uk_file_read(f, &it), 5);
	UK_EXPECT_EQ(memcmp(x, "bc", 2), 0);
	UK_EXPECT_EQ(memcmp(y, "def", 3), 0);
	UK_EXPECT_EQ(uk_file_seek(f, -7, UK_SEEK_END), -EINVAL);
	UK_EXPECT_EQ(uk_file_seek(f, 0, 9), -EINVAL);
	UK_EXPECT_EQ(uk_file_seek(f, INT64_MAX, UK_SEEK_CUR), -EOVERFLOW);
	UK_EXPECT_EQ(f->pos, 6);
	iov[0].len = SIZE_MAX / 2;
	iov[2].len = SIZE_MAX / 2 + 9;
	UK_EXPECT_EQ(uk_iter_iov(&it, iov, 3), -EINVAL);

	/* Append: at the end, whatever the position. */
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "/data", UK_O_WRONLY | UK_O_APPEND, 0, &a));
	it = uk_iter_buf("gh", 2);
	UK_EXPECT_EQ(uk_file_write(a, &it), 2);
	UK_EXPECT_EQ(a->pos, 8);
	UK_EXPECT_EQ(put(a, 0, "i", 1), 1);
	UK_EXPECT_EQ(size(f), 9u);
	it = uk_iter_buf(x, 1);
	UK_EXPECT_EQ(uk_file_read(a, &it), -EBADF);
	uk_file_put(a);
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "/data", UK_O_RDONLY, 0, &a));
	UK_EXPECT_EQ(put(a, 0, "i", 1), -EBADF);
	UK_EXPECT_EQ(uk_file_truncate(a, 0), -EINVAL);
	uk_file_put(a);
	/* O_TRUNC */
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "/data", UK_O_WRONLY | UK_O_TRUNC, 0, &a));
	UK_EXPECT_EQ(size(f), 0u);
	uk_file_put(a);
	done(f);
}

UK_TEST(ramfs_data, sparse)
{
	const uk_off_t far = (uk_off_t)5 << 40;
	struct uk_file *f = open_new();

	UK_REQUIRE(f != NULL);
	UK_EXPECT_EQ(put(f, far, "x", 1), 1);
	UK_EXPECT_EQ(blocks(f), 1u);
	UK_EXPECT(all(f, far - 100, 100, 0));
	UK_EXPECT(all(f, 0, 100, 0));
	UK_EXPECT_EQ(put(f, 70 * PAGE, "y", 1), 1);
	UK_EXPECT_EQ(put(f, 0, "z", 1), 1);
	UK_EXPECT_EQ(blocks(f), 3u);
	UK_EXPECT(all(f, far, 1, 'x'));
	UK_EXPECT(all(f, 70 * PAGE, 1, 'y'));
	UK_EXPECT(all(f, 0, 1, 'z'));

	UK_EXPECT_EQ(uk_file_seek(f, 0, UK_SEEK_DATA), 0);
	UK_EXPECT_EQ(uk_file_seek(f, 5, UK_SEEK_HOLE), PAGE);
	UK_EXPECT_EQ(uk_file_seek(f, PAGE + 7, UK_SEEK_HOLE), PAGE + 7);
	UK_EXPECT_EQ(uk_file_seek(f, PAGE, UK_SEEK_DATA), 70 * PAGE);
	UK_EXPECT_EQ(uk_file_seek(f, 71 * PAGE, UK_SEEK_DATA), far);
	UK_EXPECT_EQ(uk_file_seek(f, far, UK_SEEK_HOLE), far + 1);
	UK_EXPECT_EQ(uk_file_seek(f, far + 1, UK_SEEK_DATA), -ENXIO);
	UK_EXPECT_EQ(uk_file_seek(f, far + 1, UK_SEEK_HOLE), -ENXIO);
	done(f);
}

UK_TEST(ramfs_data, truncate)
{
	static char big[4 * PAGE];
	struct uk_file *f = open_new();

	UK_REQUIRE(f != NULL);
	memset(big, 'x', sizeof(big));
	UK_EXPECT_EQ(put(f, 0, big, sizeof(big)), (ssize_t)sizeof(big));
	UK_EXPECT_EQ(uk_file_truncate(f, PAGE + 10), 0);
	UK_EXPECT_EQ(blocks(f), 2u);
	/* What was cut off does not come back. */
	UK_EXPECT_EQ(uk_file_truncate(f, 3 * PAGE), 0);
	UK_EXPECT_EQ(blocks(f), 2u);
	UK_EXPECT(all(f, 0, PAGE + 10, 'x'));
	UK_EXPECT(all(f, PAGE + 10, 2 * PAGE - 10, 0));
	UK_EXPECT_EQ(uk_file_truncate(f, 7), 0);
	UK_EXPECT_EQ(put(f, 20, "y", 1), 1);
	UK_EXPECT(all(f, 7, 13, 0));
	UK_EXPECT_EQ(uk_file_truncate(f, 0), 0);
	UK_EXPECT_EQ(blocks(f), 0u);
	UK_EXPECT_EQ(uk_vfs_truncate(ctx, "/data", 1 << 20), 0);
	UK_EXPECT_EQ(size(f), 1u << 20);
	done(f);
}

UK_TEST(ramfs_data, allocate)
{
	const int punch = UK_FALLOC_FL_PUNCH | UK_FALLOC_FL_KEEP_SIZE;
	static char big[4 * PAGE];
	struct uk_file *f = open_new();

	UK_REQUIRE(f != NULL);
	UK_EXPECT_EQ(uk_file_allocate(f, 0, 10, 2 * PAGE), 0);
	UK_EXPECT_EQ(blocks(f), 3u);
	UK_EXPECT_EQ(size(f), 2u * PAGE + 10);
	UK_EXPECT(all(f, 0, 2 * PAGE + 10, 0));
	UK_EXPECT_EQ(uk_file_allocate(f, UK_FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE), 0);
	UK_EXPECT_EQ(size(f), 2u * PAGE + 10);
	UK_EXPECT_EQ(blocks(f), 4u);
	memset(big, 'x', sizeof(big));
	UK_EXPECT_EQ(put(f, 0, big, sizeof(big)), (ssize_t)sizeof(big));
	UK_EXPECT_EQ(uk_file_allocate(f, punch, 100, 2 * PAGE), 0);
	UK_EXPECT_EQ(blocks(f), 3u);
	UK_EXPECT(all(f, 0, 100, 'x'));
	UK_EXPECT(all(f, 100, 2 * PAGE, 0));
	UK_EXPECT(all(f, 100 + 2 * PAGE, 2 * PAGE - 100, 'x'));
	UK_EXPECT_EQ(uk_file_allocate(f, UK_FALLOC_FL_ZERO, 3 * PAGE, 2 * PAGE), 0);
	UK_EXPECT_EQ(size(f), 5u * PAGE);
	UK_EXPECT(all(f, 3 * PAGE, 2 * PAGE, 0));
	UK_EXPECT_EQ(uk_file_allocate(f, 0, -1, 1), -EINVAL);
	UK_EXPECT_EQ(uk_file_allocate(f, 0, 0, 0), -EINVAL);
	UK_EXPECT_EQ(uk_file_allocate(f, 0, INT64_MAX, 1), -EFBIG);
	UK_EXPECT_EQ(uk_file_allocate(f, UK_FALLOC_FL_PUNCH, 0, 1), -EOPNOTSUPP);
	done(f);
}

UK_TEST(ramfs_data, limit)
{
	static char big[8 * PAGE];
	struct uk_file *f;

	UK_EXPECT_EQ(uk_vfs_mkdir(ctx, NULL, "/lim", 0755), 0);
	UK_EXPECT_EQ(uk_vfs_mount(ctx, "", "/lim", "ramfs", 0, "size=16k"), 0);
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "/lim/f", UK_O_RDWR | UK_O_CREAT, 0600, &f));
	/* A write is cut where it no longer fits, and the next one says why. */
	UK_EXPECT_EQ(put(f, 100, big, sizeof(big)), 4 * PAGE - 100);
	UK_EXPECT_EQ(put(f, 4 * PAGE, big, 1), -ENOSPC);
	UK_EXPECT_EQ(put(f, 0, "x", 1), 1);
	UK_EXPECT_EQ(uk_file_allocate(f, 0, 4 * PAGE, 1), -ENOSPC);
	UK_EXPECT_EQ(uk_file_truncate(f, PAGE), 0);
	UK_EXPECT_EQ(put(f, 4 * PAGE, big, 1), 1);
	uk_file_put(f);
	UK_EXPECT_EQ(uk_vfs_umount(ctx, "/lim"), 0);
	UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, "/lim", UK_AT_REMOVEDIR), 0);
}

/* Bytes that belong to somebody else are copied when they are written to, page by page. */
UK_TEST(ramfs_data, backing)
{
	static char orig[3 * PAGE + 100];
	struct uk_file *f = open_new();
	size_t i;

	UK_REQUIRE(f != NULL);
	memset(orig, 'o', sizeof(orig));
	UK_EXPECT_EQ(uk_ramfs_set_backing(f->inode, orig + 3, sizeof(orig) - 3), 0);
	UK_EXPECT_EQ(size(f), sizeof(orig) - 3);
	UK_EXPECT_EQ(blocks(f), 0u);
	UK_EXPECT(all(f, 0, sizeof(orig) - 3, 'o'));
	UK_EXPECT_EQ(put(f, PAGE + 5, "new", 3), 3);
	UK_EXPECT_EQ(blocks(f), 1u);
	UK_EXPECT(all(f, PAGE, 5, 'o'));
	UK_EXPECT(all(f, PAGE + 8, PAGE, 'o'));
	/* Behind its end there are zeros, also in a page that is half backed. */
	UK_EXPECT_EQ(put(f, 4 * PAGE, "x", 1), 1);
	UK_EXPECT(all(f, sizeof(orig) - 3, 4 * PAGE - (sizeof(orig) - 3), 0));
	UK_EXPECT_EQ(put(f, 3 * PAGE + 200, "y", 1), 1);
	UK_EXPECT(all(f, 3 * PAGE, 97, 'o'));
	UK_EXPECT(all(f, 3 * PAGE + 97, 103, 0));
	/* A hole punched into it, and a cut that does not come back. */
	UK_EXPECT_EQ(uk_file_allocate(f, UK_FALLOC_FL_PUNCH | UK_FALLOC_FL_KEEP_SIZE, 10, 20), 0);
	UK_EXPECT(all(f, 0, 10, 'o'));
	UK_EXPECT(all(f, 10, 20, 0));
	UK_EXPECT(all(f, 30, 100, 'o'));
	UK_EXPECT_EQ(uk_file_truncate(f, 2 * PAGE + 50), 0);
	UK_EXPECT_EQ(uk_file_truncate(f, 3 * PAGE), 0);
	UK_EXPECT(all(f, 2 * PAGE, 50, 'o'));
	UK_EXPECT(all(f, 2 * PAGE + 50, PAGE - 50, 0));
	for (i = 0; i < sizeof(orig) && orig[i] == 'o'; i++)
		;
	UK_EXPECT_EQ(i, sizeof(orig));
	done(f);
}

/* What is lent: in one piece as far as it lies in one. */
static bool lends(struct uk_file *f, uk_off_t pos, size_t want, size_t expected, const char *begin)
{
	uk_paddr_t frame;
	const void *p = NULL;
	size_t n = want;

	f->ops->borrow(f, pos, &p, &n, &frame);
	if (frame != UK_PAGE_NONE)
		uk_page_unref(frame);
	return n == expected && (!n || !memcmp(p, begin, uk_strlen(begin)));
}

UK_TEST(ramfs_data, borrow)
{
	static char orig[4 * PAGE];
	struct uk_file *f = open_new();

	UK_REQUIRE(f != NULL);
	memset(orig, 'o', sizeof(orig));
	UK_EXPECT_EQ(uk_ramfs_set_backing(f->inode, orig + 3, sizeof(orig) - 3), 0);
	UK_EXPECT(lends(f, 0, 10 * PAGE, sizeof(orig) - 3, "o"));
	UK_EXPECT(lends(f, PAGE - 1, PAGE, PAGE, "o"));
	UK_EXPECT(lends(f, sizeof(orig) - 4, PAGE, 1, "o"));
	UK_EXPECT(lends(f, sizeof(orig) - 3, PAGE, 0, ""));
	/* Up to a page that has been written to, that page, and what is behind it. */
	UK_EXPECT_EQ(put(f, 2 * PAGE + 5, "new", 3), 3);
	UK_EXPECT(lends(f, 10, 10 * PAGE, 2 * PAGE - 10, "o"));
	UK_EXPECT(lends(f, 2 * PAGE + 5, 10 * PAGE, PAGE - 5, "newo"));
	UK_EXPECT(lends(f, 3 * PAGE, 10 * PAGE, PAGE - 3, "o"));
	/* Behind the backing, in its last page and in holes. */
	UK_EXPECT_EQ(uk_file_truncate(f, 6 * PAGE), 0);
	UK_EXPECT(lends(f, 3 * PAGE, 10 * PAGE, PAGE - 3, "o"));
	UK_EXPECT(lends(f, 4 * PAGE - 3, 10, 3, ""));
	UK_EXPECT_EQ(put(f, 5 * PAGE, "x", 1), 1);
	UK_EXPECT(lends(f, 5 * PAGE - 2, 10, 2, ""));
	UK_EXPECT(lends(f, 5 * PAGE, 10, 10, "x"));
	done(f);
}

UK_TEST(ramfs_data, times)
{
	struct uk_file *f = open_new();
	int64_t mtime, atime;
	char c;

	UK_REQUIRE(f != NULL);
	UK_EXPECT_EQ(put(f, 0, "x", 1), 1);
	UK_EXPECT_EQ(uk_file_stat(f, &st), 0);
	mtime = st.st_mtime_sec * 1000000000 + st.st_mtime_nsec;
	UK_EXPECT_EQ(get(f, 0, &c, 1), 1);
	UK_EXPECT_EQ(uk_file_stat(f, &st), 0);
	atime = st.st_atime_sec * 1000000000 + st.st_atime_nsec;
	UK_EXPECT_GE(atime, mtime);
	/* It was read since it was written: that is all that the access time is for. */
	UK_EXPECT_EQ(get(f, 0, &c, 1), 1);
	UK_EXPECT_EQ(put(f, 0, "x", 1), 1);
	UK_EXPECT_EQ(uk_file_stat(f, &st), 0);
	UK_EXPECT_GE(st.st_mtime_sec * 1000000000 + st.st_mtime_nsec, atime);
	done(f);
}

UK_TEST(ramfs_data, copy)
{
	struct uk_file *f = open_new(), *g;
	uk_off_t in = 1, out = 10000;
	char buf[8];

	UK_REQUIRE(f != NULL);
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "/copy", UK_O_RDWR | UK_O_CREAT, 0600, &g));
	UK_EXPECT_EQ(put(f, 0, "0123456789", 10), 10);
	UK_EXPECT_EQ(put(f, 2 * PAGE, "end", 3), 3);
	UK_EXPECT_EQ(uk_file_copy(g, NULL, f, &in, 1000000), 2 * PAGE + 2);
	UK_EXPECT_EQ(in, 2 * PAGE + 3);
	UK_EXPECT_EQ(g->pos, 2 * PAGE + 2);
	UK_EXPECT_EQ(f->pos, 0);
	UK_EXPECT_EQ(get(g, 0, buf, 3), 3);
	UK_EXPECT_EQ(memcmp(buf, "123", 3), 0);
	UK_EXPECT_EQ(uk_file_copy(g, &out, f, NULL, 5), 5);
	UK_EXPECT_EQ(out, 10005);
	UK_EXPECT_EQ(f->pos, 5);
	uk_file_put(g);
	UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, "/copy", 0), 0);
	done(f);
}
