/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP/1.1 (RFC 9112), as much as a server of files needs: the request line, and whether the connection
 * stays. Anything else of the head is read and ignored.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "httpd.h"

static const char *type_of(const char *path)
{
	static const char *const types[][2] = {
		{ ".html", "text/html" }, { ".css", "text/css" },   { ".js", "text/javascript" },
		{ ".png", "image/png" },  { ".jpg", "image/jpeg" }, { ".svg", "image/svg+xml" },
		{ ".txt", "text/plain" },
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(dot, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

static void answer(struct connection *c, const char *status, const char *type, off_t length)
{
	c->head_len = (size_t)snprintf(c->head, sizeof(c->head),
				       "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %lld\r\n"
				       "Connection: %s\r\n\r\n",
				       status, type, (long long)length,
				       c->close ? "close" : "keep-alive");
	c->head_sent = 0;
	c->at = 0;
	c->end = length;
}

/* `body`: with the status as its text, too, which the answer to HEAD only has the length of (RFC 9110 §9.3.2). */
static void answer_error(struct connection *c, const char *status, bool body)
{
	answer(c, status, "text/plain", (off_t)strlen(status) + 1);
	if (body)
		c->head_len += (size_t)snprintf(c->head + c->head_len,
						sizeof(c->head) - c->head_len, "%s\n", status);
	c->end = 0;
}

/* The file that a target names, or -1. `..` leads nowhere, and a folder means its index.html. */
static int open_target(const char *root, const char *target, struct stat *st, char *path,
		       size_t size)
{
	int fd, n = snprintf(path, size, "%s%.*s", root, (int)strcspn(target, "?#"), target);

	if (n < 0 || (size_t)n + sizeof("index.html") > size || strstr(path, ".."))
		return -1;
	if (path[n - 1] == '/')
		strcat(path, "index.html");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, st) || !S_ISREG(st->st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Is `word` in a header called `name`? The head is lines that end with CR LF. */
static bool header_has(const char *head, const char *name, const char *word)
{
	size_t n = strlen(name);

	for (const char *line = head; (line = strstr(line, "\r\n"));) {
		line += 2;
		if (!strncasecmp(line, name, n) && line[n] == ':') {
			const char *at = line + n + 1 + strspn(line + n + 1, " \t");

			return !strncasecmp(at, word, strlen(word));
		}
	}
	return false;
}

static void serve(struct connection *c, char *head, const char *root)
{
	char method[8], target[1024], path[1200];
	int major, minor;
	struct stat st;

	c->close = true;
	if (sscanf(head, "%7s %1023s HTTP/%d.%d", method, target, &major, &minor) != 4 ||
	    target[0] != '/') {
		answer_error(c, "400 Bad Request", true);
		return;
	}
	c->close = minor < 1 ? !header_has(head, "Connection", "keep-alive")
			     : header_has(head, "Connection", "close");
	if (strcmp(method, "GET") && strcmp(method, "HEAD")) {
		c->close = true; /* whatever follows is not understood */
		answer_error(c, "501 Not Implemented", true);
		return;
	}
	c->file = open_target(root, target, &st, path, sizeof(path));
	if (c->file < 0) {
		answer_error(c, "404 Not Found", method[0] == 'G');
		return;
	}
	answer(c, "200 OK", type_of(path), st.st_size);
	if (method[0] == 'H')
		c->end = 0;
}

bool request_next(struct connection *c, const char *root)
{
	char *end;
	size_t n;

	c->in[c->in_len] = 0;
	end = strstr(c->in, "\r\n\r\n");
	if (!end) {
		if (c->in_len + 1 < sizeof(c->in))
			return false;
		c->close = true;
		c->in_len = 0;
		answer_error(c, "431 Request Header Fields Too Large", true);
		return true;
	}
	end[2] = 0;
	serve(c, c->in, root);
	n = (size_t)(end + 4 - c->in);
	c->in_len -= n;
	memmove(c->in, c->in + n, c->in_len);
	return true;
}
