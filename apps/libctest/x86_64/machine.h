/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests have to know of the CPU that they run on: x86_64. */
#ifndef LIBCTEST_MACHINE_H
#define LIBCTEST_MACHINE_H

#include <ucontext.h>

#define MACHINE        "x86_64"
#define CONTEXT_PC(uc) (((ucontext_t *)(uc))->uc_mcontext.gregs[REG_RIP])
#define DIVISION_TRAPS 1

/* An action as rt_sigaction() takes it: fn() with all signals blocked. */
#define RAW_ACTION(fn, flags)                                                               \
	{                                                                                   \
		(uintptr_t)(fn), (flags) | 0x04000000, (uintptr_t)context_restorer, ~0UL \
	}

#endif
