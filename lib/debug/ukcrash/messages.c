/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What led here: the last kernel messages, those that were not shown included, and the parameters
 * and arguments that the image was started with.
 */
#include <uk/crash.h>
#include <uk/log.h>
#include <uk/param.h>
#include <uk/print.h>
#include <uk/string.h>

#define MESSAGES 8   /* lines of them */
#define TAIL     960 /* ... which are looked for in so many last bytes */

/* The ring hands out one or two pieces: keep the end of what they say. */
struct tail {
	char text[TAIL + 1];
	size_t len;
};

static UK_COLD void gather(void *arg, const char *s, size_t n)
{
	struct tail *t = arg;
	size_t drop;

	if (n > TAIL) {
		s += n - TAIL;
		n = TAIL;
	}
	drop = t->len + n > TAIL ? t->len + n - TAIL : 0;
	memmove(t->text, t->text + drop, t->len - drop);
	t->len -= drop;
	memcpy(t->text + t->len, s, n);
	t->len += n;
}

static UK_COLD void messages(const struct uk_trap_info *info UK_UNUSED,
			     const struct uk_regs *regs UK_UNUSED)
{
	static struct tail t; /* too large for a stack that may be nearly full */
	char *line, *end;
	unsigned lines = 0;

	uk_log_recent(gather, &t);
	if (!t.len)
		return;
	line = end = t.text + t.len;
	while (line > t.text && (line == end || line[-1] != '\n' || ++lines < MESSAGES))
		line--;
	if (line == t.text && t.len == TAIL) /* cut in the middle of a line */
		while (line < end && *line++ != '\n')
			;
	uk_crash_say("  last kernel messages:");
	while (line < end) {
		char *nl = line;

		while (nl < end && *nl != '\n')
			nl++;
		*nl = 0;
		uk_crash_say("    %s", line);
		line = nl + 1;
	}
}
UK_CRASH_SECTION("40", messages);

UK_TABLE_DECLARE(struct uk_param, param);

#define WORDS 16

static UK_COLD void say_param(const struct uk_param *p)
{
	switch (p->type) {
	case UK_PARAM_T_UINT:
		uk_crash_say("    %s.%s=%lu", p->lib, p->name, p->u);
		break;
	case UK_PARAM_T_BOOL:
		uk_crash_say("    %s.%s=%u", p->lib, p->name, p->b);
		break;
	case UK_PARAM_T_STR:
	case UK_PARAM_T_LIST:
		uk_crash_say("    %s.%s=%s", p->lib, p->name, p->s);
		break;
	case UK_PARAM_T_FN: /* not kept */
		uk_crash_say("    %s.%s=...", p->lib, p->name);
		break;
	}
}

static UK_COLD void command_line(const struct uk_trap_info *info UK_UNUSED,
				 const struct uk_regs *regs UK_UNUSED)
{
	const struct uk_param *p;
	unsigned words = 0;

	uk_crash_say("  command line:");
	uk_table_for_each(p, param)
		if (p->given && words++ < WORDS)
			say_param(p);
	for (int i = 0; i < uk_app_argc && words < 2 * WORDS; i++, words++)
		if (uk_crash_readable(uk_app_argv[i], 1))
			uk_crash_say("    argument %d: %s", i, uk_app_argv[i]);
}
UK_CRASH_SECTION("50", command_line);
