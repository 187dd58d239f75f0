/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a RISC-V CPU does otherwise under a host. Thread pointer and per-CPU data are registers that a process may write: they are
 * the architecture's.
 */
#include "cpu_generic.h"

void linuxu_arch_backtrace(const struct host_ucontext *uc)
{
	riscv_backtrace(uc->mcontext.pc, uc->mcontext.HOST_X(2), uc->mcontext.HOST_X(8));
}
