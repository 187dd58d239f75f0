/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the checks of <uk/fortify.h> end that fail, and the two that need a function.
 */
#include <stdarg.h>
#include <stdio.h>
#include <uk/crash.h>
#include <uk/essentials.h>
#include <uk/linked.h>
#include <uk/plat/power.h>

UK_NORETURN UK_COLD void __uk_fortify_fail(const char *function);
int __vsprintf_chk(char *dst, int flag, size_t room, const char *format, va_list args);
int __sprintf_chk(char *dst, int flag, size_t room, const char *format, ...);

static UK_NORETURN void fail(const char *function, const void *caller)
{
	uk_crash_say(
		"CRASH: buffer overflow: %s() would go beyond its buffer, called in image+%#lx",
		function, (uintptr_t)caller - 1 - (uintptr_t)uk_image_start);
	uk_plat_crash();
}

void __uk_fortify_fail(const char *function)
{
	fail(function, __builtin_return_address(0));
}

static int format_into(char *dst, size_t room, const char *format, va_list args,
		       const char *function, const void *caller)
{
	int n = vsnprintf(dst, room, format, args);

	if (n >= 0 && (size_t)n >= room)
		fail(function, caller);
	return n;
}

int __vsprintf_chk(char *dst, int flag UK_UNUSED, size_t room, const char *format, va_list args)
{
	return format_into(dst, room, format, args, "vsprintf", __builtin_return_address(0));
}

int __sprintf_chk(char *dst, int flag UK_UNUSED, size_t room, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = format_into(dst, room, format, args, "sprintf", __builtin_return_address(0));
	va_end(args);
	return n;
}
