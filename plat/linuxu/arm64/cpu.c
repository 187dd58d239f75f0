/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an arm64 CPU does otherwise under a host. The thread pointer is a register that a process may write: it is the
 * architecture's. There is none for per-CPU data: with several CPUs it is behind x18 (thiscpu.py).
 */
#include "cpu_generic.h"

void linuxu_arch_backtrace(const struct host_ucontext *uc)
{
	arm_backtrace(uc->mcontext.pc, uc->mcontext.sp, uc->mcontext.x[29]);
}
