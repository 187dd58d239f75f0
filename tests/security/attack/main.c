/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The attack named by the first argument. More of them may follow, for images that lack the protections: the first that
 * does not succeed ends the run. What the tests make of the end:
 *
 *	"SUCCEEDED", status 0    the attack got what it wanted
 *	"REFUSED", status 3      a call refused to help
 *	crash report, status 134 a trap or a check stopped it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uk/config.h>
#include "attack.h"
#include "cpu.h"

static const struct {
	const char *name;
	enum verdict (*attack)(void);
} attacks[] = {
	{ "write-code", write_code },
	{ "write-constant", write_constant },
	{ "write-pointer", write_pointer },
	{ "write-canary", write_canary },
	{ "run-heap", run_heap },
	{ "run-stack", run_stack },
	{ "run-data", run_data },
	{ "run-bss", run_bss },
	{ "run-constant", run_constant },
	{ "read-null", read_null },
	{ "call-null", call_null },
	{ "open-null", open_null },
	{ "overflow", overflow_stack },
	{ "smash", smash },
	{ "double-free", double_free },
	{ "wild-free", wild_free },
	{ "overflow-free", overflow_free },
	{ "use-after-free", use_after_free },
	{ "map-wx", map_wx },
	{ "unmapped", unmapped },
	{ "non-canonical", non_canonical },
	{ "undefined", undefined },
	{ "divide", divide },
	{ "panic", panic },
#ifdef CONFIG_ARCH_X86_64
	{ "segment", segment },
#endif
#ifdef CONFIG_APPATTACK_PROGRAM
	{ "overflow-thread", overflow_thread },
	{ "smash-thread", smash_thread },
	{ "run-mmap", run_mmap },
	{ "run-thread-stack", run_thread_stack },
	{ "mmap-wx", mmap_wx },
	{ "mprotect-wx", mprotect_wx },
	{ "fortify-strcpy", fortify_strcpy },
	{ "fortify-memcpy", fortify_memcpy },
	{ "fortify-read", fortify_read },
	{ "fortify-sprintf", fortify_sprintf },
#if defined(CONFIG_PLAT_LINUXU) && defined(CONFIG_ARCH_X86_64)
	{ "host-call", host_call },
	{ "host-execve", host_execve },
	{ "host-open", host_open },
	{ "host-kill", host_kill },
	{ "host-mmap-wx", host_mmap_wx },
#endif
#endif
};

/* What is no attack by itself. */
static const struct {
	const char *name;
	void (*fn)(void);
} others[] = {
	{ "where", where },         { "wait", wait_for_ever }, { "mapped", mapped },
#ifdef CONFIG_ARCH_X86_64
	{ "registers", registers },
#endif
#ifdef CONFIG_APPATTACK_PROGRAM
	{ "draw", draw },
#endif
};

size_t attack_bytes;

NOINLINE int answer(void)
{
	return SUCCEEDED;
}

void carry(void *to)
{
	memcpy(hide(to), hide((void *)(uintptr_t)answer), CODE_SIZE);
	CPU_CODE_IS_NEW(to);
}

NOINLINE enum verdict run(const volatile void *code)
{
	int (*function)(void) = (int (*)(void))(uintptr_t)hide(code);

	return function() == SUCCEEDED ? SUCCEEDED : NOTHING_HAPPENED;
}

static int say(enum verdict v)
{
	puts(v == SUCCEEDED ? "SUCCEEDED" : v == REFUSED ? "REFUSED" : "NOTHING HAPPENED");
	return v == SUCCEEDED ? 0 : (int)v;
}

CPU_RETURNED_TO _Noreturn void gained(void)
{
	exit(say(SUCCEEDED));
}

/* The status for main(). */
static int perform(const char *name)
{
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (!strcmp(name, attacks[i].name))
			return say(attacks[i].attack());
	return 2;
}

/* An attack may be followed by a number. */
int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	int status = 2;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(name, others[i].name)) {
			others[i].fn();
			return 0;
		}
	for (int i = 1; i < argc; i++) {
		attack_bytes = i + 1 < argc ? strtoul(argv[i + 1], NULL, 0) : 0;
		status = perform(argv[i]);
		if (status)
			break;
		if (attack_bytes)
			i++;
	}
	return status;
}
