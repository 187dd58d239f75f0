/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Formatted output straight to the platform's console: no buffer, so nothing to flush at exit.
 * printf collects its pieces in a small buffer first, since each console write may be a VM exit.
 */
#include <stdio.h>
#include <string.h>
#include <uk/irq.h>
#include <uk/plat/console.h>
#include <uk/plat/cpu.h>
#include <uk/print.h>

struct nolibc_file {
	int stream;
};

static struct nolibc_file out_file = { UK_CON_OUT }, err_file = { UK_CON_ERR };
FILE *const stdout = &out_file;
FILE *const stderr = &err_file;

struct chunk {
	FILE *f;
	size_t used;
	bool failed;
	char buf[128];
};

static void chunk_flush(struct chunk *c)
{
	if (uk_plat_console_write(c->f->stream, c->buf, c->used) != (ssize_t)c->used)
		c->failed = true;
	c->used = 0;
}

static void chunk_add(void *arg, const char *s, size_t n)
{
	struct chunk *c = arg;

	while (n) {
		size_t part = UK_MIN(n, sizeof(c->buf) - c->used);

		memcpy(c->buf + c->used, s, part);
		c->used += part;
		s += part;
		n -= part;
		if (c->used == sizeof(c->buf))
			chunk_flush(c);
	}
}

int vfprintf(FILE *f, const char *fmt, va_list ap)
{
	struct chunk c = { .f = f };
	int n = uk_vprintf_to(chunk_add, &c, fmt, ap);

	if (c.used)
		chunk_flush(&c);
	return c.failed ? -1 : n;
}

int vprintf(const char *fmt, va_list ap)
{
	return vfprintf(stdout, fmt, ap);
}

int printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfprintf(stdout, fmt, ap);
	va_end(ap);
	return n;
}

int fprintf(FILE *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfprintf(f, fmt, ap);
	va_end(ap);
	return n;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	return uk_vsnprintf(buf, size, fmt, ap);
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = uk_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

size_t fwrite(const void *p, size_t size, size_t n, FILE *f)
{
	return uk_plat_console_write(f->stream, p, size * n) == (ssize_t)(size * n) ? n : 0;
}

int fputs(const char *s, FILE *f)
{
	size_t n = strlen(s);

	return uk_plat_console_write(f->stream, s, n) == (ssize_t)n ? 1 : EOF;
}

int puts(const char *s)
{
	fputs(s, stdout);
	return fputc('\n', stdout) == '\n' ? 1 : EOF;
}

int fputc(int c, FILE *f)
{
	char ch = (char)c;

	return uk_plat_console_write(f->stream, &ch, 1) == 1 ? (unsigned char)c : EOF;
}

int putchar(int c)
{
	return fputc(c, stdout);
}

int fflush(FILE *f)
{
	return 0; /* nothing is ever held back */
}

int getchar(void)
{
	ssize_t n;
	char c;

	for (;;) {
		n = uk_plat_console_read(&c, 1);
		if (n == 1)
			return (unsigned char)c;
		if (!n)
			return EOF;
		uk_irq_disable();
		uk_plat_idle();
		uk_irq_enable();
	}
}
