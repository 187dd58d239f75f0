/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Paths and names on the ram file system, error by error: what open, mkdir, link, unlink, rename and
 * the walk answer, compared with Linux. Every case works in a directory of its own.
 */
#include <uk/errno.h>
#include <uk/inode.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/vfs.h>

static struct uk_fs_ctx *const ctx = &uk_fs_ctx_boot;

#define RD  UK_O_RDONLY
#define RW  UK_O_RDWR
#define NEW (UK_O_RDWR | UK_O_CREAT)

/* ---- shorthand ---- */

static int open_close(const char *path, unsigned flags)
{
	struct uk_file *f;
	int err = uk_vfs_open(ctx, NULL, path, flags, 0644, &f);

	if (!err)
		uk_file_put(f);
	return err;
}

static int touch(const char *path)
{
	return open_close(path, NEW | UK_O_EXCL);
}

static int mkdir(const char *path)
{
	return uk_vfs_mkdir(ctx, NULL, path, 0777);
}

static int rmdir(const char *path)
{
	return uk_vfs_unlink(ctx, NULL, path, UK_AT_REMOVEDIR);
}

static int unlink(const char *path)
{
	return uk_vfs_unlink(ctx, NULL, path, 0);
}

static int symlink(const char *target, const char *path)
{
	return uk_vfs_symlink(ctx, target, NULL, path);
}

static int link(const char *from, const char *to)
{
	return uk_vfs_link(ctx, NULL, from, NULL, to, 0);
}

static int rename(const char *from, const char *to)
{
	return uk_vfs_rename(ctx, NULL, from, NULL, to, 0);
}

static int chdir(const char *path)
{
	return uk_vfs_chdir(ctx, NULL, path);
}

static struct uk_abi_stat st;

static int stat(const char *path)
{
	return uk_vfs_stat(ctx, NULL, path, 0, &st);
}

static int lstat(const char *path)
{
	return uk_vfs_stat(ctx, NULL, path, UK_AT_SYMLINK_NOFOLLOW, &st);
}

static bool is_type(const char *path, uint32_t type)
{
	return !lstat(path) && (st.st_mode & UK_S_IFMT) == type;
}

/* Each case starts in a fresh directory /t and must leave it empty. */
static void enter(void)
{
	UK_EXPECT_EQ(mkdir("/t"), 0);
	UK_EXPECT_EQ(chdir("/t"), 0);
}

static void leave(void)
{
	UK_EXPECT_EQ(chdir("/"), 0);
	UK_EXPECT_EQ(rmdir("/t"), 0);
}

/* ---- open ---- */

UK_TEST(ramfs_names, open_errors)
{
	enter();
	UK_EXPECT_EQ(open_close("none", RD), -ENOENT);
	UK_EXPECT_EQ(open_close("", RD), -ENOENT);
	UK_EXPECT_EQ(open_close("none/x", NEW), -ENOENT);
	UK_EXPECT_EQ(open_close("new/", NEW), -EISDIR);
	UK_EXPECT_EQ(touch("f"), 0);
	UK_EXPECT_EQ(touch("f"), -EEXIST);
	UK_EXPECT_EQ(open_close("f", NEW), 0);
	UK_EXPECT_EQ(open_close("f/", RD), -ENOTDIR);
	UK_EXPECT_EQ(open_close("f/.", RD), -ENOTDIR);
	UK_EXPECT_EQ(open_close("f/..", RD), -ENOTDIR);
	UK_EXPECT_EQ(open_close("f/x", RD), -ENOTDIR);
	UK_EXPECT_EQ(open_close("f/x", NEW), -ENOTDIR);
	UK_EXPECT_EQ(open_close("f", RD | UK_O_DIRECTORY), -ENOTDIR);
	UK_EXPECT_EQ(open_close("f", RD | UK_O_DIRECT), 0);
	UK_EXPECT_EQ(open_close(".", RD | UK_O_DIRECT), -EINVAL);
	UK_EXPECT_EQ(open_close(".", RD | UK_O_DIRECTORY), 0);
	UK_EXPECT_EQ(open_close(".", RW), -EISDIR);
	UK_EXPECT_EQ(open_close(".", NEW), -EISDIR);
	UK_EXPECT_EQ(open_close(".", RD | UK_O_CREAT | UK_O_EXCL), -EEXIST);
	UK_EXPECT_EQ(open_close("/", UK_O_WRONLY), -EISDIR);
	UK_EXPECT_EQ(open_close(".", RD | UK_O_TRUNC), -EISDIR);
	UK_EXPECT_EQ(open_close("x", RD | UK_O_CREAT | UK_O_DIRECTORY), -EINVAL);
	UK_EXPECT_EQ(unlink("f"), 0);
	leave();
}

UK_TEST(ramfs_names, long_names)
{
	char path[UK_PATH_MAX + 8];

	enter();
	memset(path, 'n', sizeof(path));
	path[UK_NAME_MAX + 1] = '\0';
	UK_EXPECT_EQ(open_close(path, RD), -ENAMETOOLONG);
	UK_EXPECT_EQ(mkdir(path), -ENAMETOOLONG);
	path[UK_NAME_MAX] = '\0';
	UK_EXPECT_EQ(touch(path), 0);
	UK_EXPECT_EQ(unlink(path), 0);

	/* 4,095 characters are allowed, 4,096 are not; both are the current directory. */
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 ? '/' : '.';
	path[UK_PATH_MAX - 1] = '\0';
	UK_EXPECT_EQ(stat(path), 0);
	path[UK_PATH_MAX - 1] = '/';
	path[UK_PATH_MAX] = '\0';
	UK_EXPECT_EQ(stat(path), -ENAMETOOLONG);
	path[0] = 'x'; /* the length counts even if the path fails earlier */
	UK_EXPECT_EQ(stat(path), -ENAMETOOLONG);
	leave();
}

UK_TEST(ramfs_names, dots_and_slashes)
{
	enter();
	UK_EXPECT_EQ(mkdir("d"), 0);
	UK_EXPECT_EQ(mkdir("d/e/"), 0);
	UK_EXPECT_EQ(touch("d/e/f"), 0);
	UK_EXPECT_EQ(stat("//t///d//./e/../e//f"), 0);
	UK_EXPECT_EQ(stat("/../../t/d/e/f"), 0);
	UK_EXPECT_EQ(stat("d/e/f/../f"), -ENOTDIR);
	UK_EXPECT_EQ(stat("d/no/../e/f"), -ENOENT);
	UK_EXPECT_EQ(stat("d/e/"), 0);
	UK_EXPECT_EQ(stat("d/e/f/"), -ENOTDIR);
	UK_EXPECT_EQ(unlink("d/e/f"), 0);
	UK_EXPECT_EQ(rmdir("d/e/"), 0);
	UK_EXPECT_EQ(rmdir("d"), 0);
	leave();
}

/* ---- mkdir, rmdir, unlink ---- */

UK_TEST(ramfs_names, mkdir_and_remove)
{
	enter();
	UK_EXPECT_EQ(mkdir("d"), 0);
	UK_EXPECT_EQ(mkdir("d"), -EEXIST);
	UK_EXPECT_EQ(mkdir("/"), -EEXIST);
	UK_EXPECT_EQ(mkdir("."), -EEXIST);
	UK_EXPECT_EQ(mkdir(".."), -EEXIST);
	UK_EXPECT_EQ(mkdir("a/b"), -ENOENT);
	UK_EXPECT_EQ(stat("d"), 0);
	UK_EXPECT_EQ(st.st_nlink, 2u);
	UK_EXPECT_EQ(st.st_mode, UK_S_IFDIR | 0755u);
	UK_EXPECT_EQ(mkdir("d/e"), 0);
	UK_EXPECT_EQ(stat("d"), 0);
	UK_EXPECT_EQ(st.st_nlink, 3u);
	UK_EXPECT_EQ(rmdir("d"), -ENOTEMPTY);
	UK_EXPECT_EQ(rmdir("d/e/."), -EINVAL);
	UK_EXPECT_EQ(rmdir("d/e/.."), -ENOTEMPTY);
	UK_EXPECT_EQ(rmdir("/"), -EBUSY);
	UK_EXPECT_EQ(unlink("d"), -EISDIR);
	UK_EXPECT_EQ(unlink("d/"), -EISDIR);
	UK_EXPECT_EQ(unlink("/"), -EISDIR);
	UK_EXPECT_EQ(unlink("none"), -ENOENT);
	UK_EXPECT_EQ(unlink("none/"), -ENOENT);
	UK_EXPECT_EQ(touch("f"), 0);
	UK_EXPECT_EQ(rmdir("f"), -ENOTDIR);
	UK_EXPECT_EQ(rmdir("f/"), -ENOTDIR);
	UK_EXPECT_EQ(unlink("f/"), -ENOTDIR);
	UK_EXPECT_EQ(unlink("f"), 0);
	UK_EXPECT_EQ(rmdir("d/e"), 0);
	UK_EXPECT_EQ(rmdir("d"), 0);
	leave();
}

/* Paths at one address, walked again and again: what is remembered of them must not outlive names. */
UK_TEST(ramfs_names, recalled_paths)
{
	char path[16] = "one", *p = path;
	uint64_t first;
	int i;

	enter();
	UK_EXPECT_EQ(touch("one"), 0);
	UK_EXPECT_EQ(touch("two"), 0);
	for (i = 0; i < 3; i++)
		UK_EXPECT_EQ(stat(p), 0);
	first = st.st_ino;
	memcpy(path, "two", 4); /* another text at the same address */
	UK_EXPECT_EQ(stat(p), 0);
	UK_EXPECT_NE(st.st_ino, first);
	memcpy(path, "ones", 5);
	UK_EXPECT_EQ(stat(p), -ENOENT);
	memcpy(path, "one", 4);
	for (i = 0; i < 3; i++) { /* files that come and go beside it */
		UK_EXPECT_EQ(touch("three"), 0);
		UK_EXPECT_EQ(unlink("three"), 0);
		UK_EXPECT_EQ(stat(p), 0);
		UK_EXPECT_EQ(st.st_ino, first);
	}
	UK_EXPECT_EQ(link("one", "other"), 0);
	UK_EXPECT_EQ(unlink(p), 0);
	for (i = 0; i < 3; i++)
		UK_EXPECT_EQ(stat(p), -ENOENT);
	UK_EXPECT_EQ(rename("two", "one"), 0);
	for (i = 0; i < 3; i++)
		UK_EXPECT_EQ(stat(p), 0);
	UK_EXPECT_NE(st.st_ino, first);
	UK_EXPECT_EQ(rename("other", "one"), 0);
	UK_EXPECT_EQ(stat(p), 0);
	UK_EXPECT_EQ(st.st_ino, first);
	UK_EXPECT_EQ(unlink(p), 0);
	UK_EXPECT_EQ(touch(p), 0);
	UK_EXPECT_EQ(stat(p), 0);
	UK_EXPECT_EQ(unlink(p), 0);
	leave();
}

/* Of a path that named nothing, the directory is remembered: what appears there is found. */
UK_TEST(ramfs_names, recalled_missing)
{
	char path[32] = "d/what is missing", *p = path;
	uint64_t dir;
	int i;

	enter();
	UK_EXPECT_EQ(mkdir("d"), 0);
	for (i = 0; i < 3; i++)
		UK_EXPECT_EQ(stat(p), -ENOENT);
	for (i = 0; i < 3; i++) { /* a file that comes and goes, by this path and by another */
		UK_EXPECT_EQ(touch(i == 1 ? "d/what is missing" : p), 0);
		UK_EXPECT_EQ(stat("d/what is missing"), 0);
		UK_EXPECT_EQ(unlink(i == 2 ? "d/what is missing" : p), 0);
		UK_EXPECT_EQ(stat(p), -ENOENT);
		UK_EXPECT_EQ(stat(p), -ENOENT);
	}
	UK_EXPECT_EQ(mkdir("d/what is missing"), 0);
	UK_EXPECT_EQ(unlink(p), -EISDIR);
	UK_EXPECT_EQ(stat(p), 0);
	UK_EXPECT_EQ(rmdir(p), 0);
	for (i = 0; i < 3; i++)
		UK_EXPECT_EQ(stat(p), -ENOENT);
	UK_EXPECT_EQ(symlink("..", "d/what is missing"), 0);
	UK_EXPECT_EQ(stat(p), 0); /* what it leads to */
	UK_EXPECT_EQ(st.st_mode & UK_S_IFMT, (uint32_t)UK_S_IFDIR);
	UK_EXPECT_EQ(unlink(p), 0);
	for (i = 0; i < 3; i++)
		UK_EXPECT_EQ(stat(p), -ENOENT);

	/* Another directory takes the place of the one that is remembered, which may be gone. */
	UK_EXPECT_EQ(stat("d"), 0);
	dir = st.st_ino;
	UK_EXPECT_EQ(mkdir("e"), 0);
	UK_EXPECT_EQ(touch("e/what is missing"), 0);
	UK_EXPECT_EQ(rename("e", "d"), 0);
	UK_EXPECT_EQ(stat(p), 0);
	UK_EXPECT_EQ(unlink(p), 0);
	for (i = 0; i < 3; i++)
		UK_EXPECT_EQ(stat(p), -ENOENT);
	UK_EXPECT_EQ(rmdir("d"), 0);
	UK_EXPECT_EQ(touch(p), -ENOENT);
	UK_EXPECT_EQ(mkdir("d"), 0);
	UK_EXPECT_EQ(touch(p), 0);
	UK_EXPECT_EQ(stat("d"), 0);
	UK_EXPECT_NE(st.st_ino, dir);
	UK_EXPECT_EQ(unlink(p), 0);
	UK_EXPECT_EQ(rmdir("d"), 0);
	leave();
}

UK_TEST(ramfs_names, removed_but_in_use)
{
	struct uk_file *f, *g;
	struct uk_iter it;
	char buf[8] = "hello";

	enter();
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "f", NEW, 0600, &f));
	it = uk_iter_buf(buf, 5);
	UK_EXPECT_EQ(uk_file_write(f, &it), 5);
	UK_EXPECT_EQ(unlink("f"), 0);
	UK_EXPECT_EQ(stat("f"), -ENOENT);
	UK_EXPECT_EQ(uk_file_stat(f, &st), 0);
	UK_EXPECT_EQ(st.st_nlink, 0u);
	it = uk_iter_buf(buf, sizeof(buf));
	UK_EXPECT_EQ(uk_file_pread(f, &it, 1), 4);
	UK_EXPECT_EQ(memcmp(buf, "ello", 4), 0);
	uk_file_put(f);

	/* A removed directory is empty and stays so; its `..` still leads out. */
	UK_EXPECT_EQ(mkdir("d"), 0);
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "d", RD | UK_O_DIRECTORY, 0, &g));
	UK_EXPECT_EQ(chdir("d"), 0);
	UK_EXPECT_EQ(rmdir("../d"), 0);
	UK_EXPECT_EQ(touch("x"), -ENOENT);
	UK_EXPECT_EQ(mkdir("x"), -ENOENT);
	UK_EXPECT_EQ(uk_vfs_open(ctx, g, "x", NEW, 0600, &f), -ENOENT);
	UK_EXPECT_EQ(uk_vfs_getcwd(ctx, buf, sizeof(buf)), -ENOENT);
	UK_EXPECT_EQ(uk_file_getdents(g, buf, sizeof(buf)), -ENOENT);
	UK_EXPECT_EQ(stat("."), 0);
	UK_EXPECT_EQ(st.st_nlink, 0u);
	UK_EXPECT_EQ(chdir(".."), 0);
	UK_EXPECT_EQ(uk_vfs_getcwd(ctx, buf, sizeof(buf)), 3);
	UK_EXPECT_STR(buf, "/t");
	uk_file_put(g);
	leave();
}

/* ---- symbolic links ---- */

UK_TEST(ramfs_names, symlinks)
{
	char buf[16] = "";

	enter();
	UK_EXPECT_EQ(mkdir("d"), 0);
	UK_EXPECT_EQ(touch("d/f"), 0);
	UK_EXPECT_EQ(symlink("d", "l"), 0);
	UK_EXPECT_EQ(symlink("d", "l"), -EEXIST);
	UK_EXPECT_EQ(symlink("", "m"), -ENOENT);
	UK_EXPECT_EQ(symlink("x", "new/"), -ENOENT);
	UK_EXPECT_EQ(stat("l/f"), 0);
	UK_EXPECT(is_type("l", UK_S_IFLNK));
	UK_EXPECT_EQ(st.st_size, 1u);
	UK_EXPECT(is_type("l/", UK_S_IFDIR));
	UK_EXPECT_EQ(uk_vfs_readlink(ctx, NULL, "l", buf, sizeof(buf)), 1);
	UK_EXPECT_EQ(buf[0], 'd');
	UK_EXPECT_EQ(uk_vfs_readlink(ctx, NULL, "l/", buf, sizeof(buf)), -EINVAL);
	UK_EXPECT_EQ(uk_vfs_readlink(ctx, NULL, "d/f", buf, sizeof(buf)), -EINVAL);
	UK_EXPECT_EQ(uk_vfs_readlink(ctx, NULL, "", buf, sizeof(buf)), -ENOENT);
	UK_EXPECT_EQ(open_close("l", RD | UK_O_NOFOLLOW), -ELOOP);
	UK_EXPECT_EQ(open_close("l", RD | UK_O_NOFOLLOW | UK_O_DIRECTORY), -ENOTDIR);
	UK_EXPECT_EQ(open_close("l/", RD | UK_O_NOFOLLOW), 0);
	UK_EXPECT_EQ(open_close("l/f", RD | UK_O_NOFOLLOW), 0);
	UK_EXPECT_EQ(rmdir("l"), -ENOTDIR);
	UK_EXPECT_EQ(rmdir("l/"), -ENOTDIR);
	UK_EXPECT_EQ(unlink("l/"), -ENOTDIR);
	UK_EXPECT_EQ(unlink("l"), 0);

	/* A link to nowhere: open creates what it names, O_EXCL does not. */
	UK_EXPECT_EQ(symlink("../t/d/new", "l"), 0);
	UK_EXPECT_EQ(stat("l"), -ENOENT);
	UK_EXPECT_EQ(touch("l"), -EEXIST);
	UK_EXPECT_EQ(open_close("l", NEW), 0);
	UK_EXPECT_EQ(stat("d/new"), 0);
	UK_EXPECT_EQ(unlink("d/new"), 0);
	UK_EXPECT_EQ(mkdir("l"), -EEXIST);
	UK_EXPECT_EQ(unlink("l"), 0);

	/* Absolute, chained, in the middle, with a trailing slash. */
	UK_EXPECT_EQ(symlink("/t/d", "a"), 0);
	UK_EXPECT_EQ(symlink("a/", "b"), 0);
	UK_EXPECT_EQ(symlink("b//f", "c"), 0);
	UK_EXPECT_EQ(stat("c"), 0);
	UK_EXPECT_EQ(stat("b/f"), 0);
	UK_EXPECT_EQ(stat("b/../d/f"), 0);
	UK_EXPECT_EQ(stat("c/"), -ENOTDIR);
	UK_EXPECT_EQ(unlink("a"), 0);
	UK_EXPECT_EQ(unlink("b"), 0);
	UK_EXPECT_EQ(unlink("c"), 0);
	UK_EXPECT_EQ(unlink("d/f"), 0);
	UK_EXPECT_EQ(rmdir("d"), 0);
	leave();
}

UK_TEST(ramfs_names, symlink_loops)
{
	char name[] = "l00", next[] = "l00";
	unsigned i;

	enter();
	UK_EXPECT_EQ(symlink("me", "me"), 0);
	UK_EXPECT_EQ(stat("me"), -ELOOP);
	UK_EXPECT_EQ(open_close("me/x", NEW), -ELOOP);
	UK_EXPECT_EQ(unlink("me"), 0);
	/* 40 links in a row are followed, 41 are not. */
	UK_EXPECT_EQ(touch("l00"), 0);
	for (i = 1; i <= 41; i++) {
		name[1] = (char)('0' + i / 10);
		name[2] = (char)('0' + i % 10);
		UK_EXPECT_EQ(symlink(next, name), 0);
		memcpy(next, name, sizeof(next));
	}
	UK_EXPECT_EQ(stat("l40"), 0);
	UK_EXPECT_EQ(stat("l41"), -ELOOP);
	for (i = 0; i <= 41; i++) {
		name[1] = (char)('0' + i / 10);
		name[2] = (char)('0' + i % 10);
		UK_EXPECT_EQ(unlink(name), 0);
	}
	leave();
}

/* ---- hard links ---- */

UK_TEST(ramfs_names, hard_links)
{
	uint64_t ino;

	enter();
	UK_EXPECT_EQ(touch("a"), 0);
	UK_EXPECT_EQ(mkdir("d"), 0);
	UK_EXPECT_EQ(link("a", "d/b"), 0);
	UK_EXPECT_EQ(link("a", "d/b"), -EEXIST);
	UK_EXPECT_EQ(link("none", "x"), -ENOENT);
	UK_EXPECT_EQ(link("d", "x"), -EPERM);
	UK_EXPECT_EQ(link("a", "x/"), -ENOENT);
	UK_EXPECT_EQ(link("a/", "x"), -ENOTDIR);
	UK_EXPECT_EQ(link("a", "/dev/x"), -EXDEV);
	UK_EXPECT_EQ(stat("a"), 0);
	UK_EXPECT_EQ(st.st_nlink, 2u);
	ino = st.st_ino;
	UK_EXPECT_EQ(unlink("a"), 0);
	UK_EXPECT_EQ(stat("d/b"), 0);
	UK_EXPECT_EQ(st.st_nlink, 1u);
	UK_EXPECT_EQ(st.st_ino, ino);
	/* A link to a link: the link itself, or what it names if asked for. */
	UK_EXPECT_EQ(symlink("d/b", "s"), 0);
	UK_EXPECT_EQ(link("s", "t"), 0);
	UK_EXPECT(is_type("t", UK_S_IFLNK));
	UK_EXPECT_EQ(uk_vfs_link(ctx, NULL, "s", NULL, "u", UK_AT_SYMLINK_FOLLOW), 0);
	UK_EXPECT(is_type("u", UK_S_IFREG));
	UK_EXPECT_EQ(unlink("s"), 0);
	UK_EXPECT_EQ(unlink("t"), 0);
	UK_EXPECT_EQ(unlink("u"), 0);
	UK_EXPECT_EQ(unlink("d/b"), 0);
	UK_EXPECT_EQ(rmdir("d"), 0);
	leave();
}

/* ---- rename ---- */

UK_TEST(ramfs_names, rename_files)
{
	uint64_t ino;

	enter();
	UK_EXPECT_EQ(touch("a"), 0);
	UK_EXPECT_EQ(stat("a"), 0);
	ino = st.st_ino;
	UK_EXPECT_EQ(rename("none", "b"), -ENOENT);
	UK_EXPECT_EQ(rename("a", "b/"), -ENOTDIR);
	UK_EXPECT_EQ(rename("a/", "b"), -ENOTDIR);
	UK_EXPECT_EQ(rename("a", "no/b"), -ENOENT);
	UK_EXPECT_EQ(rename("a", "/dev/b"), -EXDEV);
	UK_EXPECT_EQ(rename(".", "b"), -EBUSY);
	UK_EXPECT_EQ(rename("a", ".."), -EBUSY);
	UK_EXPECT_EQ(rename("/", "b"), -EBUSY);
	UK_EXPECT_EQ(rename("a", "b"), 0);
	UK_EXPECT_EQ(stat("a"), -ENOENT);
	UK_EXPECT_EQ(rename("b", "b"), 0);

	/* Over another file, in place and across directories. */
	UK_EXPECT_EQ(touch("a"), 0);
	UK_EXPECT_EQ(mkdir("d"), 0);
	UK_EXPECT_EQ(touch("d/a"), 0);
	UK_EXPECT_EQ(rename("b", "a"), 0);
	UK_EXPECT_EQ(rename("a", "d/a"), 0);
	UK_EXPECT_EQ(stat("d/a"), 0);
	UK_EXPECT_EQ(st.st_ino, ino);
	UK_EXPECT_EQ(stat("a"), -ENOENT);

	/* Two names of one file: nothing happens. */
	UK_EXPECT_EQ(link("d/a", "a"), 0);
	UK_EXPECT_EQ(rename("a", "d/a"), 0);
	UK_EXPECT_EQ(stat("a"), 0);
	UK_EXPECT_EQ(st.st_nlink, 2u);
	UK_EXPECT_EQ(uk_vfs_rename(ctx, NULL, "a", NULL, "d/a", UK_RENAME_NOREPLACE), -EEXIST);
	UK_EXPECT_EQ(unlink("a"), 0);

	/* Types do not mix. */
	UK_EXPECT_EQ(touch("f"), 0);
	UK_EXPECT_EQ(rename("f", "d"), -EISDIR);
	UK_EXPECT_EQ(rename("d", "f"), -ENOTDIR);
	UK_EXPECT_EQ(unlink("f"), 0);
	UK_EXPECT_EQ(unlink("d/a"), 0);
	UK_EXPECT_EQ(rmdir("d"), 0);
	leave();
}

UK_TEST(ramfs_names, rename_directories)
{
	char buf[32];

	enter();
	UK_EXPECT_EQ(mkdir("a"), 0);
	UK_EXPECT_EQ(mkdir("a/b"), 0);
	UK_EXPECT_EQ(mkdir("a/b/c"), 0);
	UK_EXPECT_EQ(rename("a", "a/x"), -EINVAL);
	UK_EXPECT_EQ(rename("a", "a/b/c/x"), -EINVAL);
	UK_EXPECT_EQ(rename("a", "a"), 0);
	UK_EXPECT_EQ(rename("a/b/c", "a"), -ENOTEMPTY);
	UK_EXPECT_EQ(rename("a/b/c", "a/b"), -ENOTEMPTY);
	UK_EXPECT_EQ(rename("a/b/", "d/"), 0);
	UK_EXPECT_EQ(stat("a"), 0);
	UK_EXPECT_EQ(st.st_nlink, 2u);
	UK_EXPECT_EQ(stat("."), 0);
	UK_EXPECT_EQ(st.st_nlink, 4u);
	/* `..` and getcwd follow the move. */
	UK_EXPECT_EQ(chdir("d/c"), 0);
	UK_EXPECT_EQ(rename("/t/d", "/t/a/e"), 0);
	UK_EXPECT_EQ(uk_vfs_getcwd(ctx, buf, sizeof(buf)), 9);
	UK_EXPECT_STR(buf, "/t/a/e/c");
	UK_EXPECT_EQ(stat("../../../a/e"), 0);
	UK_EXPECT_EQ(chdir("/t"), 0);
	/* Onto an empty directory, not onto one with entries. */
	UK_EXPECT_EQ(mkdir("x"), 0);
	UK_EXPECT_EQ(mkdir("y"), 0);
	UK_EXPECT_EQ(touch("y/f"), 0);
	UK_EXPECT_EQ(rename("x", "y"), -ENOTEMPTY);
	UK_EXPECT_EQ(rename("y", "x"), 0);
	UK_EXPECT_EQ(stat("x/f"), 0);
	UK_EXPECT_EQ(stat("y"), -ENOENT);
	UK_EXPECT_EQ(unlink("x/f"), 0);
	UK_EXPECT_EQ(rename("x", "a/e/c"), 0);
	UK_EXPECT_EQ(rmdir("a/e/c"), 0);
	UK_EXPECT_EQ(rmdir("a/e"), 0);
	UK_EXPECT_EQ(rmdir("a"), 0);
	UK_EXPECT_EQ(stat("."), 0);
	UK_EXPECT_EQ(st.st_nlink, 2u);
	leave();
}

UK_TEST(ramfs_names, rename_flags)
{
	enter();
	UK_EXPECT_EQ(mkdir("d"), 0);
	UK_EXPECT_EQ(mkdir("d/e"), 0);
	UK_EXPECT_EQ(touch("f"), 0);
	UK_EXPECT_EQ(uk_vfs_rename(ctx, NULL, "f", NULL, "d", UK_RENAME_NOREPLACE), -EEXIST);
	UK_EXPECT_EQ(uk_vfs_rename(ctx, NULL, "f", NULL, "g", UK_RENAME_EXCHANGE), -ENOENT);
	UK_EXPECT_EQ(uk_vfs_rename(ctx, NULL, "f", NULL, "g", 64), -EINVAL);
	UK_EXPECT_EQ(uk_vfs_rename(ctx, NULL, "f", NULL, "d/e", UK_RENAME_EXCHANGE), 0);
	UK_EXPECT(is_type("f", UK_S_IFDIR));
	UK_EXPECT(is_type("d/e", UK_S_IFREG));
	UK_EXPECT_EQ(stat("d"), 0);
	UK_EXPECT_EQ(st.st_nlink, 2u);
	UK_EXPECT_EQ(stat("."), 0);
	UK_EXPECT_EQ(st.st_nlink, 4u);
	UK_EXPECT_EQ(uk_vfs_rename(ctx, NULL, "d", NULL, "d/e", UK_RENAME_EXCHANGE), -EINVAL);
	UK_EXPECT_EQ(uk_vfs_rename(ctx, NULL, "d/e", NULL, "d", UK_RENAME_EXCHANGE), -EINVAL);
	UK_EXPECT_EQ(unlink("d/e"), 0);
	UK_EXPECT_EQ(rmdir("d"), 0);
	UK_EXPECT_EQ(rmdir("f"), 0);
	leave();
}

/* ---- reading directories ---- */

static int count_entries(struct uk_file *d, size_t bufsize, char *last)
{
	char buf[512] UK_ALIGNED(8);
	ssize_t n;
	int count = 0;

	while ((n = uk_file_getdents(d, buf, bufsize)) > 0)
		for (ssize_t at = 0; at < n;) {
			struct uk_abi_dirent64 *e = (void *)(buf + at);

			UK_EXPECT_EQ(e->d_reclen % 8, 0);
			if (last)
				uk_strscpy(last, e->d_name, 16);
			at += e->d_reclen;
			count++;
		}
	return n < 0 ? (int)n : count;
}

UK_TEST(ramfs_names, readdir)
{
	char name[16] = "f000", last[16], buf[24] UK_ALIGNED(8);
	struct uk_file *d;
	int i;

	enter();
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, ".", RD, 0, &d));
	UK_EXPECT_EQ(count_entries(d, 512, NULL), 2);
	for (i = 0; i < 100; i++) {
		name[2] = (char)('0' + i / 10);
		name[3] = (char)('0' + i % 10);
		UK_EXPECT_EQ(touch(name), 0);
	}
	UK_EXPECT_EQ(count_entries(d, 64, last), 100); /* those that are new */
	UK_EXPECT_STR(last, "f099");
	UK_EXPECT_EQ(uk_file_seek(d, 0, UK_SEEK_SET), 0);
	UK_EXPECT_EQ(count_entries(d, 512, NULL), 102);
	UK_EXPECT_EQ(uk_file_seek(d, 0, UK_SEEK_SET), 0);
	UK_EXPECT_EQ(uk_file_getdents(d, buf, 8), -EINVAL);
	/* Removing does not disturb the rest; names f000 and f001 are read but stay. */
	for (i = 0; i < 100; i++) {
		name[2] = (char)('0' + i / 10);
		name[3] = (char)('0' + i % 10);
		UK_EXPECT_EQ(uk_file_getdents(d, buf, 24), 24);
		if (i >= 2)
			UK_EXPECT_EQ(unlink(name), 0);
	}
	UK_EXPECT_EQ(count_entries(d, 512, NULL), 0);
	UK_EXPECT_EQ(unlink("f000"), 0);
	UK_EXPECT_EQ(unlink("f001"), 0);
	uk_file_put(d);
	leave();
}

/* ---- openat, O_PATH, O_TMPFILE ---- */

UK_TEST(ramfs_names, at)
{
	struct uk_file *d, *f, *g;

	enter();
	UK_EXPECT_EQ(mkdir("d"), 0);
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "d", RD | UK_O_PATH, 0, &d));
	UK_REQUIRE(!uk_vfs_open(ctx, d, "f", NEW, 0600, &f));
	UK_EXPECT_EQ(stat("d/f"), 0);
	UK_EXPECT_EQ(uk_vfs_open(ctx, f, "x", RD, 0, &g), -ENOTDIR);
	UK_EXPECT_EQ(uk_vfs_stat(ctx, f, "", UK_AT_EMPTY_PATH, &st), 0);
	UK_EXPECT_EQ(st.st_mode, UK_S_IFREG | 0600u);
	UK_EXPECT_EQ(uk_vfs_stat(ctx, f, "", 0, &st), -ENOENT);
	UK_EXPECT_EQ(uk_vfs_stat(ctx, f, "/t", 0, &st), 0);
	uk_file_put(f);
	UK_EXPECT_EQ(uk_vfs_unlink(ctx, d, "f", 0), 0);
	uk_file_put(d);

	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "d", UK_O_RDWR | UK_O_TMPFILE, 0600, &f));
	UK_EXPECT_EQ(uk_file_stat(f, &st), 0);
	UK_EXPECT_EQ(st.st_nlink, 0u);
	UK_EXPECT_EQ(uk_vfs_link(ctx, f, "", NULL, "named", UK_AT_EMPTY_PATH), 0);
	uk_file_put(f);
	UK_EXPECT_EQ(stat("named"), 0);
	UK_EXPECT_EQ(st.st_nlink, 1u);
	UK_EXPECT_EQ(open_close("d", RD | UK_O_TMPFILE), -EINVAL);
	UK_EXPECT_EQ(unlink("named"), 0);
	UK_EXPECT_EQ(rmdir("d"), 0);
	leave();
}

/* ---- attributes ---- */

UK_TEST(ramfs_names, attributes)
{
	struct uk_vfs_time times[2] = { { 1000, 5 }, { 2000, UK_UTIME_OMIT } };
	int64_t mtime;

	enter();
	UK_EXPECT_EQ(touch("f"), 0);
	UK_EXPECT_EQ(uk_vfs_chmod(ctx, NULL, "f", 04711, 0), 0);
	UK_EXPECT_EQ(uk_vfs_chown(ctx, NULL, "f", 10, UINT32_MAX, 0), 0);
	UK_EXPECT_EQ(stat("f"), 0);
	UK_EXPECT_EQ(st.st_mode, UK_S_IFREG | 0711u); /* a new owner loses set-user-id */
	UK_EXPECT_EQ(st.st_uid, 10u);
	UK_EXPECT_EQ(st.st_gid, 0u);
	mtime = st.st_mtime_sec;
	UK_EXPECT_EQ(uk_vfs_utimens(ctx, NULL, "f", times, 0), 0);
	UK_EXPECT_EQ(stat("f"), 0);
	UK_EXPECT_EQ(st.st_atime_sec, 1000u);
	UK_EXPECT_EQ(st.st_atime_nsec, 5u);
	UK_EXPECT_EQ(st.st_mtime_sec, mtime);
	times[0].nsec = 1000000000;
	UK_EXPECT_EQ(uk_vfs_utimens(ctx, NULL, "f", times, 0), -EINVAL);
	UK_EXPECT_EQ(symlink("f", "l"), 0);
	UK_EXPECT_EQ(uk_vfs_chmod(ctx, NULL, "l", 0600, UK_AT_SYMLINK_NOFOLLOW), -EOPNOTSUPP);
	UK_EXPECT_EQ(uk_vfs_chmod(ctx, NULL, "l", 0600, 0), 0);
	UK_EXPECT_EQ(uk_vfs_access(ctx, NULL, "f", UK_R_OK | UK_W_OK, 0), 0);
	UK_EXPECT_EQ(uk_vfs_access(ctx, NULL, "f", UK_X_OK, 0), -EACCES);
	UK_EXPECT_EQ(uk_vfs_access(ctx, NULL, "none", UK_F_OK, 0), -ENOENT);
	UK_EXPECT_EQ(uk_vfs_access(ctx, NULL, "f", 8, 0), -EINVAL);
	UK_EXPECT_EQ(uk_vfs_truncate(ctx, ".", 0), -EISDIR);
	UK_EXPECT_EQ(uk_vfs_truncate(ctx, "f", -1), -EINVAL);
	UK_EXPECT_EQ(unlink("l"), 0);
	UK_EXPECT_EQ(unlink("f"), 0);
	leave();
}

UK_TEST(ramfs_names, permissions)
{
	struct uk_fs_ctx *user = uk_fs_ctx_clone(ctx);
	struct uk_file *f;

	UK_REQUIRE(user != NULL);
	user->uid = 1000;
	user->gid = 1000;
	enter();
	UK_REQUIRE(!mkdir("d") && !touch("d/f"));
	UK_EXPECT_EQ(uk_vfs_open(user, NULL, "/t/d/f", RW, 0, &f), -EACCES);
	UK_EXPECT_EQ(uk_vfs_open(user, NULL, "/t/d/g", NEW, 0600, &f), -EACCES);
	UK_EXPECT_EQ(uk_vfs_mkdir(user, NULL, "/t/d/g", 0755), -EACCES);
	UK_EXPECT_EQ(uk_vfs_unlink(user, NULL, "/t/d/f", 0), -EACCES);
	UK_EXPECT_EQ(uk_vfs_chmod(user, NULL, "/t/d/f", 0777, 0), -EPERM);
	UK_EXPECT_EQ(uk_vfs_chmod(ctx, NULL, "d", 0700, 0), 0);
	UK_EXPECT_EQ(uk_vfs_stat(user, NULL, "/t/d/f", 0, &st), -EACCES);
	UK_EXPECT_EQ(uk_vfs_chmod(ctx, NULL, "d", 0777, 0), 0);
	UK_REQUIRE(!uk_vfs_open(user, NULL, "/t/d/g", RD | UK_O_CREAT, 0444, &f));
	UK_EXPECT_EQ(uk_file_stat(f, &st), 0);
	UK_EXPECT_EQ(st.st_uid, 1000u);
	uk_file_put(f);
	UK_EXPECT_EQ(uk_vfs_open(user, NULL, "/t/d/g", RW, 0, &f), -EACCES);
	UK_EXPECT_EQ(uk_vfs_unlink(user, NULL, "/t/d/g", 0), 0);
	UK_EXPECT_EQ(unlink("d/f"), 0);
	UK_EXPECT_EQ(rmdir("d"), 0);
	leave();
	uk_fs_ctx_put(user);
}

/* ---- mounts ---- */

UK_TEST(ramfs_names, mounts)
{
	struct uk_abi_statfs fs;
	struct uk_file *f;
	uint64_t dev;
	char buf[16];

	enter();
	UK_EXPECT_EQ(mkdir("m"), 0);
	UK_EXPECT_EQ(stat("m"), 0);
	dev = st.st_dev;
	UK_EXPECT_EQ(uk_vfs_mount(ctx, "", "m", "nofs", 0, ""), -ENODEV);
	UK_EXPECT_EQ(uk_vfs_mount(ctx, "", "none", "ramfs", 0, ""), -ENOENT);
	UK_EXPECT_EQ(uk_vfs_mount(ctx, "", "m", "ramfs", 0, "size=64k,mode=1777"), 0);
	UK_EXPECT_EQ(uk_vfs_mount(ctx, "", "m", "ramfs", 0, ""), -EBUSY);
	UK_EXPECT_EQ(stat("m"), 0);
	UK_EXPECT_NE(st.st_dev, dev);
	UK_EXPECT_EQ(st.st_mode, UK_S_IFDIR | 01777u);
	UK_EXPECT_EQ(stat("m/.."), 0);
	UK_EXPECT_EQ(st.st_dev, dev);
	UK_EXPECT_EQ(rmdir("m"), -EBUSY);
	UK_EXPECT_EQ(rename("m", "n"), -EBUSY);
	UK_EXPECT_EQ(touch("m/f"), 0);
	UK_EXPECT_EQ(rename("m/f", "f"), -EXDEV);
	UK_EXPECT_EQ(uk_vfs_statfs(ctx, "m/f", &fs), 0);
	UK_EXPECT_EQ(fs.f_blocks, 16u);

	UK_EXPECT_EQ(mkdir("m/d"), 0);
	UK_EXPECT_EQ(chdir("m/d"), 0);
	UK_EXPECT_EQ(uk_vfs_getcwd(ctx, buf, sizeof(buf)), 7);
	UK_EXPECT_STR(buf, "/t/m/d");
	UK_EXPECT_EQ(uk_vfs_umount(ctx, "/t/m"), -EBUSY);
	UK_EXPECT_EQ(chdir("../.."), 0);
	UK_REQUIRE(!uk_vfs_open(ctx, NULL, "m/d/g", NEW, 0600, &f));
	UK_EXPECT_EQ(uk_vfs_umount(ctx, "m"), -EBUSY);
	uk_file_put(f);
	UK_EXPECT_EQ(uk_vfs_umount(ctx, "m/d"), -EINVAL);
	UK_EXPECT_EQ(uk_vfs_umount(ctx, "m"), 0);
	UK_EXPECT_EQ(stat("m"), 0);
	UK_EXPECT_EQ(st.st_dev, dev);

	UK_EXPECT_EQ(uk_vfs_mount(ctx, "", "m", "ramfs", UK_MS_RDONLY, ""), 0);
	UK_EXPECT_EQ(touch("m/f"), -EROFS);
	UK_EXPECT_EQ(mkdir("m/f"), -EROFS);
	UK_EXPECT_EQ(uk_vfs_chmod(ctx, NULL, "m", 0700, 0), -EROFS);
	UK_EXPECT_EQ(uk_vfs_umount(ctx, "m"), 0);
	UK_EXPECT_EQ(rmdir("m"), 0);
	leave();
}

UK_TEST(ramfs_names, chroot)
{
	struct uk_fs_ctx *jail = uk_fs_ctx_clone(ctx);
	char buf[16];

	UK_REQUIRE(jail != NULL);
	enter();
	UK_EXPECT_EQ(mkdir("j"), 0);
	UK_EXPECT_EQ(mkdir("j/d"), 0);
	UK_EXPECT_EQ(symlink("/d", "j/l"), 0);
	UK_EXPECT_EQ(uk_vfs_chroot(jail, "/t/j"), 0);
	UK_EXPECT_EQ(uk_vfs_chdir(jail, NULL, "/l"), 0);
	UK_EXPECT_EQ(uk_vfs_getcwd(jail, buf, sizeof(buf)), 3);
	UK_EXPECT_STR(buf, "/d");
	UK_EXPECT_EQ(uk_vfs_stat(jail, NULL, "../../../d", 0, &st), 0);
	UK_EXPECT_EQ(uk_vfs_stat(jail, NULL, "/t", 0, &st), -ENOENT);
	uk_fs_ctx_put(jail);
	UK_EXPECT_EQ(unlink("j/l"), 0);
	UK_EXPECT_EQ(rmdir("j/d"), 0);
	UK_EXPECT_EQ(rmdir("j"), 0);
	leave();
}
