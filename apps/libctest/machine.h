/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests have to know of the CPU that they run on. */
#ifndef LIBCTEST_MACHINE_H
#define LIBCTEST_MACHINE_H

#include <ucontext.h>

#if defined(__x86_64__)
#define MACHINE        "x86_64"
#define CONTEXT_PC(uc) (((ucontext_t *)(uc))->uc_mcontext.gregs[REG_RIP])
#define DIVISION_TRAPS 1
#elif defined(__riscv)
#define MACHINE        "riscv64"
#define CONTEXT_PC(uc) (((ucontext_t *)(uc))->uc_mcontext.__gregs[0])
#define DIVISION_TRAPS 0 /* by zero it gives all ones */
#elif defined(__aarch64__)
#define MACHINE        "aarch64"
#define CONTEXT_PC(uc) (((ucontext_t *)(uc))->uc_mcontext.pc)
#define DIVISION_TRAPS 0 /* by zero it gives 0 */
#endif

#endif
