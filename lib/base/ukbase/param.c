/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel command line: `lib.name=value … -- application arguments`.
 *
 * Words are separated by white space; '…' and "…" quote, a backslash escapes outside '…'; a value
 * that starts with [ goes on to its closing ]. The words are unquoted in place: the line is
 * ours to keep. Whatever is wrong ends the boot with a message that names the word.
 */
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/essentials.h>
#include <uk/param.h>
#include <uk/print.h>
#include <uk/string.h>

#define ARGS_MAX 256

UK_TABLE_DECLARE(struct uk_param, param);

int uk_app_argc;
char **uk_app_argv;

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/*
 * Unquote one word from *s into dst (which may be the same memory) and move *s behind it.
 * 1 for a word, 0 at the end of the line, -EINVAL if a quote or bracket is not closed.
 */
static int next_word(const char **s, char *dst, const char *end)
{
	const char *p = *s;
	char quote = 0, *start = dst;
	int depth = 0;

	while (is_space(*p))
		p++;
	if (!*p)
		return 0;
	for (; *p && (quote || depth || !is_space(*p)); p++) {
		if (dst == end)
			return -E2BIG;
		if (depth) { /* lists are unquoted by uk_param_next() */
			depth -= *p == ']' && !quote;
			quote = quote ? (*p == quote ? 0 : quote)
				      : (*p == '"' || *p == '\'' ? *p : 0);
			*dst++ = *p;
		} else if (quote ? *p == quote : (*p == '"' || *p == '\'')) {
			quote = quote ? 0 : *p;
		} else if (*p == '\\' && quote != '\'' && p[1]) {
			*dst++ = *++p;
		} else {
			depth += *p == '[' && !quote && dst > start && dst[-1] == '=';
			*dst++ = *p;
		}
	}
	if (quote || depth)
		return -EINVAL;
	if (*p)
		p++;
	*dst = 0;
	*s = p;
	return 1;
}

int uk_param_next(const char **list, char *word, size_t size)
{
	return next_word(list, word, word + size - 1);
}

static int parse_bool(const char *v, bool *out)
{
	static const char *const words[] = { "0",   "1",   "n",  "y",     "no",
					     "yes", "off", "on", "false", "true" };

	for (size_t i = 0; i < UK_ARRAY_SIZE(words); i++) {
		if (!uk_strcmp(v, words[i])) {
			*out = i & 1;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_param(struct uk_param *p, char *value)
{
	size_t n;

	p->given = true;
	switch (p->type) {
	case UK_PARAM_T_UINT:
		return value ? uk_parse_u64(value, &p->u) : -EINVAL;
	case UK_PARAM_T_BOOL:
		return parse_bool(value ? value : "1", &p->b);
	case UK_PARAM_T_FN:
		return p->fn(value);
	case UK_PARAM_T_LIST:
		n = value ? uk_strlen(value) : 0;
		if (n >= 2 && value[0] == '[' && value[n - 1] == ']') {
			value[n - 1] = 0;
			value++;
		}
		break;
	case UK_PARAM_T_STR:
		break;
	}
	p->s = value;
	return value ? 0 : -EINVAL;
}

/* Edit distance, for the message about an unknown name; names beyond 31 characters are not compared. */
static unsigned distance(const char *a, const char *b)
{
	unsigned char row[32];
	size_t n = uk_strlen(b);

	if (n >= sizeof(row))
		return ~0U;
	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned char)j;
	for (; *a; a++) {
		unsigned char diag = row[0]++;

		for (size_t j = 1; j <= n; j++) {
			unsigned char up = row[j];
			unsigned char best = UK_MIN(row[j], row[j - 1]);

			row[j] = UK_MIN((unsigned char)(best + 1),
					(unsigned char)(diag + (*a != b[j - 1])));
			diag = up;
		}
	}
	return row[n];
}

static UK_COLD UK_NORETURN void unknown(const char *name)
{
	char full[64];
	char nearest[64] = "";
	unsigned best = ~0U;
	struct uk_param *p;

	uk_table_for_each(p, param) {
		unsigned d;

		uk_snprintf(full, sizeof(full), "%s.%s", p->lib, p->name);
		d = distance(name, full);
		if (d < best) {
			best = d;
			uk_strscpy(nearest, full, sizeof(nearest));
		}
	}
	if (best == ~0U)
		uk_fatal(
			"unknown kernel parameter `%s`: this image has none; put ` -- ` before the "
			"application's arguments",
			name);
	uk_fatal("unknown kernel parameter `%s`; the nearest known one is `%s`; the application's "
		 "arguments go behind ` -- `",
		 name, nearest);
}

/* False: there is no such parameter. */
static bool set_known(char *word)
{
	char *value = uk_strchr(word, '=');
	char *dot;
	struct uk_param *p;

	if (value)
		*value++ = 0;
	dot = uk_strchr(word, '.');
	uk_table_for_each(p, param) {
		size_t n = uk_strlen(p->lib);
		int rc;

		if (!dot || (size_t)(dot - word) != n || uk_strncmp(word, p->lib, n) ||
		    uk_strcmp(dot + 1, p->name))
			continue;
		rc = set_param(p, value);
		if (rc)
			uk_fatal("kernel parameter `%s`: %s `%s` (%s)", word,
				 rc == -ERANGE ? "number too large" : "bad value",
				 value ? value : "", p->help);
		return true;
	}
	return false;
}

static void set_word(char *word)
{
	if (!set_known(word))
		unknown(word);
}

/*
 * QEMU's microvm without ACPI appends one such word per device to the very end of the line, behind
 * any `--`: it is the machine's and never the application's. Images without a driver have no use for it.
 */
static bool is_machine_word(const char *w)
{
	static const char prefix[] = "virtio_mmio.device=";

	return !uk_strncmp(w, prefix, sizeof(prefix) - 1);
}

void uk_param_parse(char *line)
{
	static char *args[ARGS_MAX + 1] UK_NOT_ZEROED;
	static char name[] = CONFIG_APP_NAME;
	const char *s = line;
	bool app = false;
	int rc;

	uk_app_argv = args;
	args[uk_app_argc++] = name;
	for (;;) {
		/* The unquoted word is never longer than its source. */
		char *word = (char *)s;

		rc = next_word(&s, word, (char *)UINTPTR_MAX);
		if (rc < 0)
			uk_fatal("kernel command line: a quote or bracket is not closed in `%s`",
				 word);
		if (!rc)
			break;
		if (is_machine_word(word)) {
			set_known(word);
			continue;
		}
		if (!app && !uk_strcmp(word, "--")) {
			app = true;
		} else if (!app) {
			set_word(word);
		} else {
			if (uk_app_argc == ARGS_MAX)
				uk_fatal("kernel command line: more than %d arguments", ARGS_MAX);
			args[uk_app_argc++] = word;
		}
	}
	args[uk_app_argc] = NULL;
}

int uk_param_parse_argv(int argc, char **argv)
{
	int i = 1;

	for (; i < argc && uk_strcmp(argv[i], "--"); i++)
		set_word(argv[i]);
	if (i == argc)
		i = argc - 1; /* no `--`: no arguments either */
	argv[i] = argv[0];
	uk_app_argc = argc - i;
	uk_app_argv = argv + i;
	return i;
}
