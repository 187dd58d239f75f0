/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traps: the host turns the CPU's exceptions into signals; their frame holds what the CPU said
 * (vector, error code, address), so the report is the one that a bare machine gives.
 *
 * The handler runs on a stack of its own, as the fault may be that the thread's is full.
 */
#include <uk/irq.h>
#include <uk/plat/power.h>
#include <uk/plat/trap.h>

#include "linuxu.h"
#include "regs.h"

static char trap_stack[16384] UK_ALIGNED(16);

static void on_trap(int sig, struct host_siginfo *info, struct host_ucontext *uc)
{
	struct uk_regs regs;

	linuxu_regs_from_host(&regs, uc);
	uk_plat_crash();
}

void linuxu_trap_init(void)
{
	static const uint8_t traps[] = {HOST_SIGSEGV, HOST_SIGBUS, HOST_SIGFPE, HOST_SIGILL,
					HOST_SIGTRAP};

	host_sigaltstack(trap_stack, sizeof(trap_stack));
	for (unsigned i = 0; i < UK_ARRAY_SIZE(traps); i++)
		host_signal(traps[i], on_trap, HOST_SA_ONSTACK, ~0UL);
}
