/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Archives, whole and damaged: the reader's checks field by field, and what extraction makes.
 * The archives are put together here, so that each test says exactly what is wrong with its own.
 */
#include <uk/cpio.h>
#include <uk/device.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/vfs.h>

static struct uk_fs_ctx *const ctx = &uk_fs_ctx_boot;

static char ar[16384];
static size_t len;

struct entry {
	const char *name;
	uint32_t mode, ino, nlink, rdev;
	const char *data;
	uint32_t size;
};

static void bytes(const void *p, size_t n)
{
	memcpy(ar + len, p, n);
	len += n;
	while (len % 4)
		ar[len++] = '\0';
}

static void add(struct entry e)
{
	char head[512];
	uint32_t size = e.data && !e.size ? (uint32_t)uk_strlen(e.data) : e.size;
	int n = uk_snprintf(head, sizeof(head),
			    "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s", e.ino,
			    e.mode, 0, 0, e.nlink ? e.nlink : 1, 1000000000, size, 0, 0,
			    e.rdev >> 8, e.rdev & 255, (unsigned)uk_strlen(e.name) + 1, 0, e.name);

	bytes(head, (size_t)n + 1);
	if (e.data)
		bytes(e.data, size);
}

static void begin(void)
{
	len = 0;
}

static void end(void)
{
	add((struct entry){ .name = "TRAILER!!!" });
}

/* The error of reading the whole archive. */
static int read_all(void)
{
	struct uk_cpio_entry e;
	struct uk_cpio c;
	int n;

	uk_cpio_open(&c, "test", ar, len);
	while ((n = uk_cpio_next(&c, &e)) == 1)
		;
	return n;
}

static int extract(void)
{
	return uk_cpio_extract(ctx, "/x", "test", ar, len);
}

UK_TEST(cpio, entries)
{
	struct uk_cpio_entry e;
	struct uk_cpio c;

	begin();
	add((struct entry){ .name = ".", .mode = UK_S_IFDIR | 0755 });
	add((struct entry){ .name = "./a//b", .mode = UK_S_IFREG | 0644, .data = "hello" });
	add((struct entry){ .name = "/abs", .mode = UK_S_IFLNK | 0777, .data = "a" });
	end();
	bytes("\0\0\0\0", 4); /* padding as cpio(1) writes it, and a second archive */
	add((struct entry){ .name = "..b", .mode = UK_S_IFREG });
	end();
	uk_cpio_open(&c, "test", ar, len);
	UK_EXPECT_EQ(uk_cpio_next(&c, &e), 1);
	UK_EXPECT_STR(e.name, ".");
	UK_EXPECT_EQ(uk_cpio_next(&c, &e), 1);
	UK_EXPECT_STR(e.name, "a//b");
	UK_EXPECT_EQ(e.size, 5u);
	UK_EXPECT_EQ(memcmp(e.data, "hello", 5), 0);
	UK_EXPECT_EQ(e.mode, UK_S_IFREG | 0644u);
	UK_EXPECT_EQ(e.mtime, 1000000000u);
	UK_EXPECT_EQ(uk_cpio_next(&c, &e), 1);
	UK_EXPECT_STR(e.name, "abs");
	UK_EXPECT_EQ(uk_cpio_next(&c, &e), 1);
	UK_EXPECT_STR(e.name, "..b");
	UK_EXPECT_EQ(uk_cpio_next(&c, &e), 0);
}

/* Cut anywhere, it is an error; only the padding behind the end may be missing. */
UK_TEST(cpio, truncated)
{
	size_t whole;

	begin();
	add((struct entry){ .name = "f", .mode = UK_S_IFREG, .data = "data" });
	end();
	whole = len;
	UK_EXPECT_EQ(read_all(), 0);
	for (len = 0; len < whole - 1; len += 5)
		UK_EXPECT_EQ(read_all(), -EINVAL);
	len = 0;
	UK_EXPECT_EQ(read_all(), -EINVAL);
}

UK_TEST(cpio, damaged_fields)
{
	static const struct {
		size_t at;
		const char *bytes;
	} damage[] = {
		{ 0, "070702x" },   { 0, "070703" },    { 5, "7" },         { 14, "G" },
		{ 54, "7FFFFFFF" }, { 54, "FFFFFFFF" }, { 94, "00000000" }, { 94, "00000001" },
		{ 94, "FFFFFFFF" }, { 94, "00001001" }, { 94, "00000004" }, { 54, " 0000004" },
		{ 54, "+0000004" }, { 54, "0x000004" },
	};

	for (unsigned i = 0; i < UK_ARRAY_SIZE(damage); i++) {
		begin();
		add((struct entry){ .name = "f", .mode = UK_S_IFREG, .data = "data" });
		end();
		memcpy(ar + damage[i].at, damage[i].bytes, uk_strlen(damage[i].bytes));
		if (!UK_EXPECT_EQ(read_all(), -EINVAL))
			uk_pr_err("damage %u was not noticed", i);
	}
}

UK_TEST(cpio, escaping_names)
{
	static const char *const names[] = { "..", "../x", "a/../../x", "a/..", "/..", "./../x" };

	for (unsigned i = 0; i < UK_ARRAY_SIZE(names); i++) {
		begin();
		add((struct entry){ .name = names[i], .mode = UK_S_IFREG });
		end();
		UK_EXPECT_EQ(read_all(), -EINVAL);
	}
}

/* ---- extraction ---- */

static struct uk_abi_stat st;

static bool content_is(const char *path, const char *want)
{
	struct uk_iter it;
	struct uk_file *f;
	char buf[32];
	ssize_t n;

	if (uk_vfs_open(ctx, NULL, path, UK_O_RDONLY, 0, &f))
		return false;
	it = uk_iter_buf(buf, sizeof(buf));
	n = uk_file_read(f, &it);
	uk_file_put(f);
	return n == (ssize_t)uk_strlen(want) && !memcmp(buf, want, (size_t)n);
}

static void enter(void)
{
	UK_EXPECT_EQ(uk_vfs_mkdir(ctx, NULL, "/x", 0755), 0);
	UK_EXPECT_EQ(uk_vfs_mount(ctx, "", "/x", "ramfs", 0, ""), 0);
	begin();
}

static void leave(void)
{
	UK_EXPECT_EQ(uk_vfs_umount(ctx, "/x"), 0);
	UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, "/x", UK_AT_REMOVEDIR), 0);
}

UK_TEST(cpio, extract_tree)
{
	enter();
	add((struct entry){ .name = ".", .mode = UK_S_IFDIR | 0711 });
	add((struct entry){ .name = "d", .mode = UK_S_IFDIR | 02775 });
	add((struct entry){ .name = "d/f", .mode = UK_S_IFREG | 0666, .data = "content" });
	add((struct entry){ .name = "d/empty", .mode = UK_S_IFREG | 0600 });
	add((struct entry){ .name = "l", .mode = UK_S_IFLNK | 0777, .data = "d/f" });
	add((struct entry){ .name = "n", .mode = UK_S_IFCHR | 0644, .rdev = UK_DEV(1, 3) });
	add((struct entry){ .name = "p", .mode = UK_S_IFIFO | 0644 });
	end();
	UK_EXPECT_EQ(extract(), 0);
	UK_EXPECT(content_is("/x/l", "content"));
	UK_EXPECT(content_is("/x/d/empty", ""));
	UK_EXPECT(content_is("/x/n", ""));
	UK_EXPECT_EQ(uk_vfs_stat(ctx, NULL, "/x/d", 0, &st), 0);
	UK_EXPECT_EQ(st.st_mode, UK_S_IFDIR | 02775u);
	UK_EXPECT_EQ(st.st_mtime_sec, 1000000000);
	UK_EXPECT_EQ(uk_vfs_stat(ctx, NULL, "/x", 0, &st), 0);
	UK_EXPECT_EQ(st.st_mode, UK_S_IFDIR | 0755u); /* was there: keeps its own */
	UK_EXPECT_EQ(uk_vfs_stat(ctx, NULL, "/x/d/f", 0, &st), 0);
	UK_EXPECT_EQ(st.st_mode, UK_S_IFREG | 0666u); /* whatever the umask is */
	UK_EXPECT_EQ(st.st_mtime_sec, 1000000000);
	UK_EXPECT_EQ(st.st_blocks, 0); /* no copy */
	leave();
}

/* As cpio(1) writes them: every name has the same inode, the last one the data. */
UK_TEST(cpio, hard_links)
{
	enter();
	add((struct entry){ .name = "a", .mode = UK_S_IFREG | 0644, .ino = 7, .nlink = 3 });
	add((struct entry){ .name = "b", .mode = UK_S_IFREG | 0644, .ino = 7, .nlink = 3 });
	add((struct entry){ .name = "other", .mode = UK_S_IFREG | 0644, .ino = 8, .data = "o" });
	add((struct entry){
		.name = "c", .mode = UK_S_IFREG | 0644, .ino = 7, .nlink = 3, .data = "x" });
	end();
	UK_EXPECT_EQ(extract(), 0);
	UK_EXPECT(content_is("/x/a", "x"));
	UK_EXPECT(content_is("/x/b", "x"));
	UK_EXPECT_EQ(uk_vfs_stat(ctx, NULL, "/x/c", 0, &st), 0);
	UK_EXPECT_EQ(st.st_nlink, 3u);
	leave();
}

UK_TEST(cpio, refused)
{
	enter();
	add((struct entry){ .name = "no/dir", .mode = UK_S_IFREG });
	end();
	UK_EXPECT_EQ(extract(), -ENOENT);
	begin();
	add((struct entry){ .name = "f", .mode = UK_S_IFREG });
	add((struct entry){ .name = "f", .mode = UK_S_IFREG });
	end();
	UK_EXPECT_EQ(extract(), -EEXIST);
	begin();
	add((struct entry){ .name = "odd", .mode = 0x3000 });
	end();
	UK_EXPECT_EQ(extract(), -EINVAL);
	begin();
	add((struct entry){ .name = "l", .mode = UK_S_IFLNK, .data = "a\0b", .size = 3 });
	end();
	UK_EXPECT_EQ(extract(), -EINVAL);
	/* A link that leads out of the directory leads to nowhere while unpacking. */
	UK_EXPECT_EQ(uk_vfs_mkdir(ctx, NULL, "/out", 0755), 0);
	begin();
	add((struct entry){ .name = "e1", .mode = UK_S_IFLNK, .data = "../out" });
	add((struct entry){ .name = "e1/f", .mode = UK_S_IFREG, .data = "x" });
	end();
	UK_EXPECT_EQ(extract(), -ENOENT);
	begin();
	add((struct entry){ .name = "e2", .mode = UK_S_IFLNK, .data = "/out" });
	add((struct entry){ .name = "e2/f", .mode = UK_S_IFREG, .data = "x" });
	end();
	UK_EXPECT_EQ(extract(), -ENOENT);
	UK_EXPECT_EQ(uk_vfs_unlink(ctx, NULL, "/out", UK_AT_REMOVEDIR), 0);
	leave();
}
