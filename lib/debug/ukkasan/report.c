/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mistake in words: what was touched, by whom, which block or variable that was, and the shadow
 * around it. Then the ordinary crash report follows, with the calls that led there.
 */
#include <uk/callers.h>
#include <uk/crash.h>
#include <uk/param.h>
#include <uk/plat/power.h>
#include <uk/plat/trap.h>
#include <uk/print.h>

#include "internal.h"

#define SCAN       (64UL << 10) /* how far a chunk's head may be away */
#define REPORT_MAX 100

/* Of who did it: from memcpy() in a system call to main(), where of a block only so many are kept. */
#define DONE_CALLERS 16

UK_PARAM_BOOL(kasan, stop, true, "end with a crash report at the first mistake");

static char *caught;
static size_t caught_size;
static bool busy;
static unsigned reports;

void uk_kasan_catch(char *buf, size_t size)
{
	caught = buf;
	caught_size = size;
	if (buf)
		buf[0] = 0;
}

static void say_callers(const char *what, const uint32_t *pc, unsigned n)
{
	if (!pc[0])
		return;
	uk_crash_say("  %s by:", what);
	for (unsigned i = 0; i < n && pc[i]; i++)
		uk_crash_say("  at image+%#x", pc[i]);
}

static bool is_heap(uint8_t s)
{
	return s == UK_KASAN_FREED || s == UK_KASAN_HEAD || s == UK_KASAN_BEHIND ||
	       s == UK_KASAN_BEFORE;
}

/* The head is the last granule before the block: to the right of what is before a block. */
struct chunk *kasan_chunk_near(uintptr_t va)
{
	uint8_t *s = kasan_shadow(va);
	int step = *s == UK_KASAN_BEFORE ? 1 : -1;
	struct chunk *c;

	for (unsigned long n = 0; n < SCAN / GRANULE; n++, s += step) {
		if (*s != UK_KASAN_HEAD)
			continue;
		c = (struct chunk *)(((uintptr_t)s - UK_VA_SHADOW + 1) * GRANULE) - 1;
		return c->magic == CHUNK_LIVE || c->magic == CHUNK_FREED ? c : NULL;
	}
	return NULL;
}

/* Of the shadow byte that says why; a partial granule's reason follows it. */
static const char *kind_of(uint8_t s)
{
	switch (s) {
	case UK_KASAN_FREED:
		return "use after free";
	case UK_KASAN_BEFORE:
	case UK_KASAN_HEAD:
	case UK_KASAN_BEHIND:
		return "heap overflow";
	case UK_KASAN_HEAP:
		return "use of free heap memory";
	case UK_KASAN_FREE_FRAME:
		return "use of a free page frame";
	case STACK_LEFT:
	case STACK_MID:
	case STACK_RIGHT:
	case ALLOCA_LEFT:
	case ALLOCA_RIGHT:
		return "stack overflow of a variable";
	case STACK_SCOPE:
		return "use after scope";
	case GLOBAL_RIGHT:
		return "overflow of a global variable";
	default:
		return "access to closed memory";
	}
}

static void say_shadow(uintptr_t va)
{
	uint8_t *s = kasan_shadow(UK_ALIGN_DOWN(va, 16 * GRANULE)) - 16;

	uk_crash_say("  shadow (00 open, 01-07 so many bytes of 8):");
	for (unsigned row = 0; row < 3; row++, s += 16) {
		char line[3 * 16 + 2], *p = line;

		for (unsigned i = 0; i < 16; i++)
			p += uk_snprintf(p, 5, "%c%02x", s + i == kasan_shadow(va) ? '>' : ' ',
					 s[i]);
		uk_crash_say("  %c%lx:%s", row == 1 ? '*' : ' ',
			     ((uintptr_t)s - UK_VA_SHADOW) * GRANULE, line);
	}
}

/* Where it goes if it does not end here: then false. */
static bool final(const char *line)
{
	if (busy)
		return false; /* a mistake in what reports call */
	if (caught) {
		uk_snprintf(caught, caught_size, "%s", line);
		return false;
	}
	if (!uk_param_kasan_stop.b) {
		if (reports++ < REPORT_MAX)
			uk_pr_err("%s", line);
		return false;
	}
	busy = true;
	uk_crash_say("CRASH: %s", line);
	return true;
}

/* What follows the first line: who did it, whose block it was, the shadow around it. */
static UK_NORETURN void explain(uintptr_t va, const struct chunk *c, const void *fp)
{
	uint32_t by[DONE_CALLERS];

	uk_callers(by, DONE_CALLERS, fp);
	say_callers("done", by, DONE_CALLERS);
	if (c) {
		say_callers("block allocated", c->allocated, CALLERS);
		if (c->magic == CHUNK_FREED)
			say_callers("block freed", c->freed, CALLERS);
	}
	say_shadow(va);
	uk_plat_crash();
}

void kasan_report_access(uintptr_t va, size_t n, bool write, const void *fp)
{
	uintptr_t bad = kasan_first_bad(va, n);
	struct chunk *c = NULL;
	uint8_t *s = kasan_shadow(bad ? bad : va);
	const char *where;
	char line[200];
	long into, far;
	int len;

	if (*s && *s < GRANULE)
		s++;
	len = uk_snprintf(line, sizeof(line), "%s: %s %lu byte%s at %#lx", kind_of(*s),
			  write ? "write of" : "read of", (unsigned long)n, n == 1 ? "" : "s", va);
	if (is_heap(*s))
		c = kasan_chunk_near(((uintptr_t)s - UK_VA_SHADOW) * GRANULE);
	if (c) {
		into = (long)(bad - (uintptr_t)(c + 1));
		where = into < 0 ? "before" : into < (long)c->size ? "into" : "behind";
		far = into < 0 ? -into : into < (long)c->size ? into : into - (long)c->size;
		len += uk_snprintf(line + len, sizeof(line) - (size_t)len,
				   ", %ld byte%s %s a block of %lu", far, far == 1 ? "" : "s",
				   where, (unsigned long)c->size);
	}
	uk_snprintf(line + len, sizeof(line) - (size_t)len, ", in thread `%s`",
		    uk_trap_thread_name());
	if (final(line))
		explain(bad ? bad : va, c, fp);
}

void kasan_report_free(const void *p, const struct chunk *c, const void *fp)
{
	char line[200];

	uk_snprintf(line, sizeof(line), "%s %#lx, in thread `%s`",
		    c ? "double free of" : "free of something that is no block:", (unsigned long)p,
		    uk_trap_thread_name());
	if (final(line))
		explain((uintptr_t)p, c, fp);
}
