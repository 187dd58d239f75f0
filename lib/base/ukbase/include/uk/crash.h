/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What libraries add to a crash report.
 *
 * The report itself (cause, registers, backtrace) is in every image. With the library ukcrash it
 * goes on with sections: each library that can tell something adds one, and without ukcrash none
 * of them is linked. An allocator, say, that knows its blocks:
 *
 *	static void tell(const struct uk_trap_info *info, const struct uk_regs *regs)
 *	{
 *		if (info && freed_before(info->addr))
 *			uk_crash_say("  use after free: ...");
 *	}
 *	UK_CRASH_SECTION("15", tell);
 *
 * A section runs in the wreck of the image, in any context, and only once: it takes no lock,
 * allocates nothing, believes no pointer that uk_crash_readable() does not vouch for, and prints a
 * bounded number of lines. A fault inside ends the report, with a line that says so.
 */
#ifndef UK_CRASH_H
#define UK_CRASH_H

#include <uk/api.h>
#include <uk/table.h>
#include <uk/percpu.h>
#include <uk/types.h>

struct uk_trap_info;
struct uk_regs;

/* What <uk/plat/trap.h> says of the trap; both NULL if the image stopped by itself: a panic. */
typedef void (*uk_crash_section)(const struct uk_trap_info *info, const struct uk_regs *regs);

/*
 * Adds a section; `key` orders them. 10: the address concerned. 20: threads. 30: memory.
 * 40: messages. 50: command line.
 */
#define UK_CRASH_SECTION(key, fn)                                                                  \
	static UK_TABLE_ROOT(const uk_crash_section, crash, key, uk_crash_tell_##fn) = (fn)

UK_API_BEGIN

/*
 * A line of the report, at most 160 characters; what follows from a new line on. An address in the
 * image is written image+0x...: whoever watches puts its name behind it. Any context.
 */
void uk_crash_say(const char *fmt, ...) UK_PRINTF(1, 2);

/* Can the `n` bytes at `p` be read? (That they make sense is another question.) Any context. */
bool uk_crash_readable(const void *p, size_t n);

#ifdef CONFIG_SMP
/*
 * What the CPUs did when they were stopped; NULL: not stopped, it is the one that reports, or it has
 * not answered. On the stacks that they keep.
 */
extern const struct uk_regs *volatile uk_crash_cpu_regs[UK_CPUS];

/* Where that was, and the calls that led there: a few lines. Arch. */
void uk_crash_say_where(const struct uk_regs *regs);
#endif

UK_API_END

#endif
