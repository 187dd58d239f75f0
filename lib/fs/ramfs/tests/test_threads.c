/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several threads make, move, remove, read and write the same few names at once. What must hold in
 * the end: the tree can be removed, and counts are as in an empty one. With a preemptive
 * scheduler they meet inside of calls; with a cooperative one between them.
 */
#include <uk/errno.h>
#include <uk/inode.h>
#include <uk/sched.h>
#include <uk/test.h>
#include <uk/thread.h>
#include <uk/vfs.h>

#define THREADS 4
#ifndef ROUNDS
#define ROUNDS 1500
#endif
#define NAMES 6

static struct uk_fs_ctx *const ctx = &uk_fs_ctx_boot;
static unsigned long odd; /* answers that no order of events explains */

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

/* One of a few paths: /r/a/x, /r/b/y ... or the directories themselves. */
static void pick(uint32_t *seed, char path[16], bool dir)
{
	static const char base[] = "/r/d0/n0";
	uint32_t i;

	for (i = 0; i < sizeof(base); i++)
		path[i] = base[i];
	path[4] = (char)('0' + next(seed) % 3);
	path[7] = (char)('0' + next(seed) % NAMES);
	if (dir)
		path[5] = '\0';
}

static void expect(long rc, long a, long b, long c)
{
	if (rc < 0 && rc != a && rc != b && rc != c)
		__atomic_fetch_add(&odd, 1, __ATOMIC_RELAXED);
}

static void write_and_read(const char *path, uint32_t value)
{
	uint32_t block[64], back[64];
	struct uk_iter it;
	struct uk_file *f;
	ssize_t n;
	int err = uk_vfs_open(ctx, NULL, path, UK_O_RDWR | UK_O_CREAT, 0644, &f);

	expect(err, -EISDIR, -ENOENT, 0);
	if (err)
		return;
	for (int i = 0; i < 64; i++)
		block[i] = value;
	/* Across a page boundary: a whole write or none of it is seen. */
	it = uk_iter_buf(block, sizeof(block));
	if (uk_file_pwrite(f, &it, 4096 - 100) != sizeof(block))
		__atomic_fetch_add(&odd, 1, __ATOMIC_RELAXED);
	it = uk_iter_buf(back, sizeof(back));
	n = uk_file_pread(f, &it, 4096 - 100);
	for (int i = 0; n == sizeof(back) && i < 64; i++)
		if (back[i] != back[0])
			__atomic_fetch_add(&odd, 1, __ATOMIC_RELAXED);
	if (value % 8 == 0)
		uk_file_truncate(f, 0);
	uk_file_put(f);
}

static void list(const char *path)
{
	char buf[256] UK_ALIGNED(8);
	struct uk_file *f;
	int err = uk_vfs_open(ctx, NULL, path, UK_O_RDONLY | UK_O_DIRECTORY, 0, &f);

	expect(err, -ENOENT, -ENOTDIR, 0);
	if (err)
		return;
	while (uk_file_getdents(f, buf, sizeof(buf)) > 0)
		;
	uk_file_put(f);
}

static void work(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg;
	struct uk_abi_stat st;
	char a[16], b[16];

	for (int i = 0; i < ROUNDS; i++) {
		pick(&seed, a, false);
		pick(&seed, b, false);
		switch (next(&seed) % 10) {
		case 0:
		case 1:
			write_and_read(a, seed);
			break;
		case 2:
			expect(uk_vfs_unlink(ctx, NULL, a, 0), -ENOENT, -EISDIR, 0);
			break;
		case 3:
			expect(uk_vfs_rename(ctx, NULL, a, NULL, b, 0), -ENOENT, -EISDIR, -ENOTDIR);
			break;
		case 4:
			expect(uk_vfs_link(ctx, NULL, a, NULL, b, 0), -ENOENT, -EEXIST, -EPERM);
			break;
		case 5:
			expect(uk_vfs_mkdir(ctx, NULL, a, 0755), -EEXIST, -ENOENT, 0);
			break;
		case 6:
			expect(uk_vfs_unlink(ctx, NULL, a, UK_AT_REMOVEDIR), -ENOENT, -ENOTDIR, 0);
			break;
		case 7:
			pick(&seed, a, true);
			pick(&seed, b, true);
			expect(uk_vfs_rename(ctx, NULL, a, NULL, b, UK_RENAME_EXCHANGE), -ENOENT, 0,
			       0);
			break;
		case 8:
			pick(&seed, a, true);
			list(a);
			break;
		default:
			expect(uk_vfs_stat(ctx, NULL, a, 0, &st), -ENOENT, 0, 0);
			expect(uk_vfs_stat(ctx, NULL, a, 0, &st), -ENOENT, 0, 0);
		}
		if (next(&seed) % 16 == 0)
			uk_sched_yield();
	}
}

UK_TEST(ramfs_threads, shared_names)
{
	struct uk_thread *t[THREADS];
	struct uk_abi_stat st;
	char path[] = "/r/d0/n0";
	int i, k;

	odd = 0;
	UK_EXPECT_EQ(uk_vfs_mkdir(ctx, NULL, "/r", 0755), 0);
	for (i = 0; i < 3; i++) {
		path[4] = (char)('0' + i);
		path[5] = '\0';
		UK_EXPECT_EQ(uk_vfs_mkdir(ctx, NULL, path, 0755), 0);
	}
	for (i = 0; i < THREADS; i++) {
		t[i] = uk_thread_create(NULL, "worker", work, (void *)(uintptr_t)(i + 1), NULL);
		UK_REQUIRE(t[i] != NULL);
	}
	for (i = 0; i < THREADS; i++)
		UK_EXPECT_EQ(uk_thread_join(t[i], UK_NSEC_MAX), 0);
	UK_EXPECT_EQ(odd, 0UL);

	for (i = 0; i < 3; i++) {
		path[4] = (char)('0' + i);
		path[5] = '/';
		for (k = 0; k < NAMES; k++) {
			path[7] = (char)('0' + k);
			if (uk_vfs_unlink(ctx, NULL, path, 0) == -EISDIR)
				UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, path, UK_AT_REMOVEDIR), 0);
		}
		path[5] = '\0';
		UK_EXPECT_EQ(uk_vfs_stat(ctx, NULL, path, 0, &st), 0);
		UK_EXPECT_EQ(st.st_nlink, 2u);
		UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, path, UK_AT_REMOVEDIR), 0);
	}
	UK_EXPECT_EQ(uk_vfs_stat(ctx, NULL, "/r", 0, &st), 0);
	UK_EXPECT_EQ(st.st_nlink, 2u);
	UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, "/r", UK_AT_REMOVEDIR), 0);
}
