/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traps: the host turns the CPU's exceptions into signals; their frame holds what the CPU said
 * (vector, error code, address), so the report is the one that a bare machine gives.
 *
 * The handler runs on a stack of its own, as the fault may be that the thread's is full. All
 * signals are blocked meanwhile: an interrupt there could switch threads and leave that stack in
 * use.
 */
#include <uk/plat/mem.h>
#include <uk/plat/trap.h>

#include "linuxu.h"

/* Of ukvmem, if the image has it. */
bool uk_stack_is_guard(uk_vaddr_t va) UK_OPTIONAL;

static void on_trap(int sig, struct host_siginfo *info, struct host_ucontext *uc)
{
	linuxu_arch_forget_alignment();
	if (info->code <= 0) /* somebody's kill: nothing has happened here */
		linuxu_end_by_signal(sig);
	linuxu_arch_trap(sig, info, uc);
}

static const uint8_t traps[] = { HOST_SIGSEGV, HOST_SIGBUS, HOST_SIGFPE, HOST_SIGILL,
				 HOST_SIGTRAP };

void linuxu_trap_allow(void)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < UK_ARRAY_SIZE(traps); i++)
		mask |= HOST_SIGBIT(traps[i]);
	host_sigprocmask(HOST_SIG_UNBLOCK, mask, NULL);
}

void linuxu_trap_init(void)
{
	for (unsigned i = 0; i < UK_ARRAY_SIZE(traps); i++)
		host_signal(traps[i], on_trap, HOST_SA_ONSTACK, ~0UL);
}

/* Traps have a stack of their own anyway, and what is missing on the others the host brings. */
void uk_plat_page_faults_start(void *stack UK_UNUSED)
{
}

/*
 * The main thread's stack is the host's: it grows by itself up to a limit, and faults below that.
 */
bool uk_trap_is_guard(uk_vaddr_t va)
{
	uint64_t limit = linuxu_stack_limit;
	uint64_t depth = linuxu_stack_top - va;

	if (depth <= limit + HOST_STACK_GAP && depth + UK_PAGE_SIZE * 16 >= limit)
		return true;
	return uk_stack_is_guard && uk_stack_is_guard(va);
}
