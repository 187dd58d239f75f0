/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs the sections of <uk/crash.h> in order, as the architecture's report ends.
 */
#include <uk/crash.h>

UK_TABLE_DECLARE(const uk_crash_section, crash);

/* The report refers to it by a weak symbol: it is there if this library is. */
UK_API_BEGIN
void uk_crash_sections(const struct uk_trap_info *info, const struct uk_regs *regs);
UK_API_END

UK_COLD void uk_crash_sections(const struct uk_trap_info *info, const struct uk_regs *regs)
{
	const uk_crash_section *s;

	uk_table_for_each(s, crash)
		(*s)(info, regs);
}
