/* SPDX-License-Identifier: BSD-3-Clause */
/* Names: paths, abstract names, lengths. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include "sockets.h"

static void paths(void)
{
	int a = socket(AF_UNIX, SOCK_STREAM, 0), b = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un n = { AF_UNIX, "/tmp/differ.name" };
	struct stat st;
	int fd;

	unlink("/tmp/differ.name");
	unlink("/tmp/differ.link");
	umask(022);
	SAY(bind(a, (struct sockaddr *)&n, 1));
	SAY(bind(a, (struct sockaddr *)&n, sizeof(n) + 1));
	SAY(bind(a, (struct sockaddr *)&n, 0));
	n.sun_family = AF_INET;
	SAY(bind(a, (struct sockaddr *)&n, sizeof(n)));
	SAY(bind_to(a, "/differ.none/x"));
	SAY(bind_to(a, "/tmp/differ.name"));
	SAY(stat("/tmp/differ.name", &st));
	TELL("mode %o", st.st_mode);
	NAMES(a);
	SAY(bind_to(b, "/tmp/differ.name"));
	SAY(open("/tmp/differ.name", O_RDWR));
	SAY(connect_to(b, "/tmp"));
	SAY(connect_to(b, "/tmp/differ.name/x"));
	SAY(listen(a, 3));
	SAY(symlink("/tmp/differ.name", "/tmp/differ.link"));
	SAY(connect_to(b, "/tmp/differ.link"));
	NAMES(b);
	close(b);
	/* Renamed it is still the same; removed it is gone. */
	b = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(rename("/tmp/differ.name", "/tmp/differ.name2"));
	SAY(connect_to(b, "/tmp/differ.name"));
	SAY(connect_to(b, "/tmp/differ.name2"));
	NAMES(b);
	close(b);
	SAY(unlink("/tmp/differ.name2"));
	b = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(connect_to(b, "/tmp/differ.name2"));
	SAY(bind_to(b, "/tmp/differ.name2"));
	close(a);
	close(b);
	/* Closed, the name stays, and nobody is behind it. */
	a = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(connect_to(a, "/tmp/differ.name2"));
	SAY(bind_to(a, "/tmp/differ.name2"));
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	SAY(connect_to(fd, "/tmp/differ.name2"));
	close(fd);
	close(a);
	unlink("/tmp/differ.name2");
	unlink("/tmp/differ.link");
}

static void lengths(void)
{
	struct sockaddr_un n = { AF_UNIX, "" }, got;
	int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
	socklen_t len = 4;

	/* All 108 bytes, without a 0 at the end. */
	memset(n.sun_path, 'x', sizeof(n.sun_path));
	memcpy(n.sun_path, "/tmp/", 5);
	SAY(bind(a, (struct sockaddr *)&n, sizeof(n)));
	SAY(getsockname(a, (struct sockaddr *)&got, &len));
	TELL("%d", (int)len);
	len = sizeof(got);
	SAY(getsockname(a, (struct sockaddr *)&got, &len));
	TELL("%d", (int)len);
	{
		char path[120] = { 0 };

		memcpy(path, n.sun_path, sizeof(n.sun_path));
		SAY(unlink(path));
	}
	close(a);
	/* Abstract: zeros count, and so does the length. */
	a = socket(AF_UNIX, SOCK_DGRAM, 0);
	memset(n.sun_path, 0, sizeof(n.sun_path));
	memcpy(n.sun_path, "\0a\0b", 4);
	SAY(bind(a, (struct sockaddr *)&n, 6));
	SAY(bind(b, (struct sockaddr *)&n, 6));
	SAY(bind(b, (struct sockaddr *)&n, 7));
	SAY(connect(a, (struct sockaddr *)&n, 7));
	NAMES(a);
	close(a);
	close(b);
	/* A name of its own choice. */
	a = socket(AF_UNIX, SOCK_DGRAM, 0);
	SAY(bind(a, (struct sockaddr *)&n, 2));
	len = sizeof(got);
	SAY(getsockname(a, (struct sockaddr *)&got, &len));
	TELL("%d %d", (int)len, got.sun_path[0]);
	SAY(bind(a, (struct sockaddr *)&n, 2));
	close(a);
}

void name_cases(void)
{
	paths();
	lengths();
}
