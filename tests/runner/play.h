/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What guest.c here and that of tests/xen have in common: how they read the command line, and the words for which they need nothing but
 * records. Who includes it has u32, record() and end().
 */

static void record(char type, const char *s, u32 n);
static _Noreturn void end(int status);

static int starts(const char **s, const char *word)
{
	const char *p = *s;

	while (*word)
		if (*p++ != *word++)
			return 0;
	if (*p && *p != ' ')
		return 0;
	*s = *p ? p + 1 : p;
	return 1;
}

static u32 length(const char *s)
{
	u32 n = 0;

	while (s[n])
		n++;
	return n;
}

static u32 number(const char *s)
{
	u32 n = 0;

	while (*s >= '0' && *s <= '9')
		n = n * 10 + (u32)(*s++ - '0');
	return n;
}

static void say(char type, const char *text)
{
	record(type, text, length(text));
}

/* What is behind `--` in the command line; if that says all there is to do, it is done. */
static const char *play(const char *s)
{
	while (*s && !(s[0] == '-' && s[1] == '-' && s[2] == ' '))
		s++;
	if (*s)
		s += 3;
	if (starts(&s, "exit"))
		end((int)number(s));
	if (starts(&s, "silent"))
		end(-1);
	if (starts(&s, "err")) {
		say('E', s);
		say('K', "[whittle] a message\n");
		end(0);
	}
	if (starts(&s, "crash")) {
		say('C', "CRASH: a test\n");
		say('C', "  at image+0x10\n");
		end(134);
	}
	return s;
}
