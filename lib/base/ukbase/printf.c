/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Formatted printing: one function that hands pieces to a sink, and printf into a buffer on top.
 */
#include <stdarg.h>
#include <uk/essentials.h>
#include <uk/print.h>
#include <uk/string.h>

struct spec {
	bool left, zero, plus, space, alt;
	int width;
	int precision; /* -1: none given */
};

struct sink {
	void (*out)(void *arg, const char *s, size_t n);
	void *arg;
	int total;
};

static void emit(struct sink *k, const char *s, size_t n)
{
	if (n)
		k->out(k->arg, s, n);
	k->total += (int)n;
}

static void pad(struct sink *k, char c, int n)
{
	while (n-- > 0)
		emit(k, &c, 1);
}

/* A sign or prefix, zeros, the body; padded to the width. */
static void emit_field(struct sink *k, const struct spec *sp, const char *prefix, const char *body,
		       int n)
{
	int plen = (int)uk_strlen(prefix);
	int zeros = sp->precision > n ? sp->precision - n : 0;
	int fill = sp->width - plen - zeros - n;

	if (sp->zero && !sp->left && sp->precision < 0 && fill > 0) {
		zeros = fill;
		fill = 0;
	}
	if (!sp->left)
		pad(k, ' ', fill);
	emit(k, prefix, (size_t)plen);
	pad(k, '0', zeros);
	emit(k, body, (size_t)n);
	if (sp->left)
		pad(k, ' ', fill);
}

static void emit_number(struct sink *k, const struct spec *sp, uint64_t v, unsigned base,
			char letter, const char *prefix)
{
	char buf[22];
	int i = sizeof(buf);

	for (; v || (i == sizeof(buf) && sp->precision); v /= base)
		buf[--i] = (char)("0123456789abcdef"[v % base] &
				  (letter == 'X' && v % base > 9 ? ~0x20 : ~0));
	emit_field(k, sp, prefix, buf + i, (int)sizeof(buf) - i);
}

static const char *parse_flags(const char *f, struct spec *sp, va_list *ap)
{
	*sp = (struct spec){ .precision = -1 };
	for (;; f++) {
		switch (*f) {
		case '-':
			sp->left = true;
			continue;
		case '0':
			sp->zero = true;
			continue;
		case '+':
			sp->plus = true;
			continue;
		case ' ':
			sp->space = true;
			continue;
		case '#':
			sp->alt = true;
			continue;
		}
		break;
	}
	if (*f == '*') {
		sp->width = va_arg(*ap, int);
		if (sp->width < 0) {
			sp->left = true;
			sp->width = -sp->width;
		}
		f++;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		sp->width = sp->width * 10 + *f - '0';
	if (*f == '.') {
		sp->precision = 0;
		if (*++f == '*') {
			sp->precision = va_arg(*ap, int);
			f++;
		}
		for (; *f >= '0' && *f <= '9'; f++)
			sp->precision = sp->precision * 10 + *f - '0';
	}
	return f;
}

/* Size of the integer argument: hh -2, h -1, int 0, l and everything wider 1 (LP64). */
static const char *parse_length(const char *f, int *len)
{
	*len = 0;
	for (;; f++) {
		if (*f == 'h')
			(*len)--;
		else if (*f == 'l' || *f == 'z' || *f == 't' || *f == 'j')
			*len = 1;
		else
			return f;
	}
}

static int64_t signed_arg(int len, va_list *ap)
{
	if (len > 0)
		return va_arg(*ap, long);
	if (len == -1)
		return (short)va_arg(*ap, int);
	if (len == -2)
		return (signed char)va_arg(*ap, int);
	return va_arg(*ap, int);
}

static uint64_t unsigned_arg(int len, va_list *ap)
{
	if (len > 0)
		return va_arg(*ap, unsigned long);
	if (len == -1)
		return (unsigned short)va_arg(*ap, unsigned);
	if (len == -2)
		return (unsigned char)va_arg(*ap, unsigned);
	return va_arg(*ap, unsigned);
}

static void convert(struct sink *k, const struct spec *sp, char c, int len, va_list *ap)
{
	const char *s;
	int64_t v;
	uint64_t u;

	switch (c) {
	case 'd':
	case 'i':
		v = signed_arg(len, ap);
		u = v < 0 ? -(uint64_t)v : (uint64_t)v;
		emit_number(k, sp, u, 10, c, v < 0 ? "-" : sp->plus ? "+" : sp->space ? " " : "");
		break;
	case 'u':
		emit_number(k, sp, unsigned_arg(len, ap), 10, c, "");
		break;
	case 'o':
		emit_number(k, sp, unsigned_arg(len, ap), 8, c, sp->alt ? "0" : "");
		break;
	case 'p':
		emit_number(k, sp, (uintptr_t)va_arg(*ap, void *), 16, 'x', "0x");
		break;
	case 'x':
	case 'X':
		u = unsigned_arg(len, ap);
		emit_number(k, sp, u, 16, c, sp->alt && u ? (c == 'x' ? "0x" : "0X") : "");
		break;
	case 'c': {
		char ch = (char)va_arg(*ap, int);

		emit_field(k,
			   &(struct spec){ .left = sp->left, .width = sp->width, .precision = -1 },
			   "", &ch, 1);
		break;
	}
	case 's':
		s = va_arg(*ap, const char *);
		if (!s)
			s = "(null)";
		u = sp->precision >= 0 ? uk_strnlen(s, (size_t)sp->precision) : uk_strlen(s);
		emit_field(k,
			   &(struct spec){ .left = sp->left, .width = sp->width, .precision = -1 },
			   "", s, (int)u);
		break;
	default:
		emit(k, &c, 1);
	}
}

int uk_vprintf_to(void (*out)(void *arg, const char *s, size_t n), void *arg, const char *fmt,
		  va_list args)
{
	struct sink k = { .out = out, .arg = arg };
	struct spec sp;
	va_list ap;
	int len;

	va_copy(ap, args);
	while (*fmt) {
		const char *start = fmt;

		while (*fmt && *fmt != '%')
			fmt++;
		emit(&k, start, (size_t)(fmt - start));
		if (!*fmt || !*++fmt)
			break;
		fmt = parse_flags(fmt, &sp, &ap);
		fmt = parse_length(fmt, &len);
		if (!*fmt)
			break;
		convert(&k, &sp, *fmt++, len, &ap);
	}
	va_end(ap);
	return k.total;
}

struct buffer {
	char *p;
	size_t left; /* without the terminating 0 */
};

static void to_buffer(void *arg, const char *s, size_t n)
{
	struct buffer *b = arg;

	if (n > b->left)
		n = b->left;
	if (!n)
		return; /* there may be no buffer */
	memcpy(b->p, s, n);
	b->p += n;
	b->left -= n;
}

int uk_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct buffer b = { .p = buf, .left = size ? size - 1 : 0 };
	int n = uk_vprintf_to(to_buffer, &b, fmt, ap);

	if (size)
		*b.p = 0;
	return n;
}

int uk_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = uk_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
