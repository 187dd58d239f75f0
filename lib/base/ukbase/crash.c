/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of a crash report. They are formatted on the stack and leave at once: nothing is allocated,
 * and what has been said is out even if the next line faults.
 */
#include <stdarg.h>
#include <uk/crash.h>
#include <uk/plat/console.h>
#include <uk/plat/mem.h>
#include <uk/print.h>

UK_COLD void uk_crash_say(const char *fmt, ...)
{
	char line[160];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = (size_t)uk_vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	n = UK_MIN(n, sizeof(line) - 2);
	line[n++] = '\n';
	uk_plat_console_write(UK_CON_CRASH, line, n);
}

UK_COLD bool uk_crash_readable(const void *p, size_t n)
{
	uk_vaddr_t at = UK_ALIGN_DOWN((uk_vaddr_t)p, UK_PAGE_SIZE), end = (uk_vaddr_t)p + n;
	uk_paddr_t pa;
	unsigned prot;

	for (; at < end; at += UK_PAGE_SIZE)
		if (uk_plat_lookup(at, &pa, &prot) || !(prot & UK_PROT_READ))
			return false;
	return end > (uk_vaddr_t)p;
}
