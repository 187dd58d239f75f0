/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stack protector's two names, which compilers know (-fstack-protector): the value that a
 * function puts between its variables and its return address, and where it goes if that has changed
 * by the time it returns.
 *
 * Platforms set the value as soon as they have something random. Applications with musl have a value of
 * their own in each thread's block; they come here all the same.
 */
#include <uk/canary.h>
#include <uk/crash.h>
#include <uk/linked.h>
#include <uk/plat/power.h>

uintptr_t __stack_chk_guard UK_RO_AFTER_INIT;

/* Which function that was is known from where it called us: the runner names it. */
UK_COLD void __stack_chk_fail(void)
{
	uk_crash_say("CRASH: stack smashed in image+%#lx",
		     (uintptr_t)__builtin_return_address(0) - 1 - (uintptr_t)uk_image_start);
	uk_plat_crash();
}
