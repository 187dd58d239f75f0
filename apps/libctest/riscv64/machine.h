/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests have to know of the CPU that they run on: riscv64. */
#ifndef LIBCTEST_MACHINE_H
#define LIBCTEST_MACHINE_H

#include <ucontext.h>

#define MACHINE        "riscv64"
#define CONTEXT_PC(uc) (((ucontext_t *)(uc))->uc_mcontext.__gregs[0])
#define DIVISION_TRAPS 0 /* by zero it gives all ones */

/* An action as rt_sigaction() takes it: fn() with all signals blocked. There is no restorer before the mask. */
#define RAW_ACTION(fn, flags)                                                                      \
	{                                                                                          \
		(uintptr_t)(fn), (flags), ~0UL                                                     \
	}

#endif
