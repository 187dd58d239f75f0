/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tests/fs/test_fs.py asks of an image, in words: tree DIR, cat FILE, fill FILE, terminal.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* One line per name: path, mode in octal, number of names, and content or target if it has one. */
static void tree(const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, by_name);

	if (n < 0) {
		perror(dir);
		exit(1);
	}
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX], text[256] = "";
		struct stat st;
		ssize_t len = 0;
		int fd;

		if (!strcmp(names[i]->d_name, ".") || !strcmp(names[i]->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", strcmp(dir, "/") ? dir : "",
			 names[i]->d_name);
		if (lstat(path, &st)) {
			perror(path);
			exit(1);
		}
		if (S_ISLNK(st.st_mode)) {
			len = readlink(path, text, sizeof(text) - 1);
		} else if (S_ISREG(st.st_mode)) {
			fd = open(path, O_RDONLY);
			len = read(fd, text, sizeof(text) - 1);
			close(fd);
		}
		text[len > 0 ? len : 0] = '\0';
		printf("%s %o %d %s\n", path, st.st_mode, (int)st.st_nlink, text);
		if (S_ISDIR(st.st_mode))
			tree(path);
	}
}

static void cat(const char *path)
{
	char buf[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(1, buf, (size_t)n) != n)
			exit(1);
}

/* Write until it fails; then there must be room for other things still. */
static void fill(const char *path)
{
	static char block[65536];
	long long total = 0;
	ssize_t n;
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	while ((n = write(fd, block, sizeof(block))) > 0)
		total += n;
	printf("%lld %s\n", total, strerror(errno));
	close(fd);
	if (unlink(path))
		exit(1);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	printf("%d\n", write(fd, block, 1000) == 1000);
}

static void terminal(void)
{
	struct winsize ws = { 0 };
	char line[256];

	for (int fd = 0; fd < 3; fd++)
		printf("%d", isatty(fd));
	ioctl(0, TIOCGWINSZ, &ws);
	printf(" %d %d\n", ws.ws_row, ws.ws_col);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("<%s>\n", strtok(line, "\n") ? line : "");
		fflush(stdout);
	}
	printf("end\n");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "tree"))
		tree(argv[2]);
	else if (!strcmp(what, "cat"))
		cat(argv[2]);
	else if (!strcmp(what, "fill"))
		fill(argv[2]);
	else if (!strcmp(what, "terminal"))
		terminal();
	else
		return 2;
	return 0;
}
