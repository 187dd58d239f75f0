/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host kernel's interface as far as it depends on the CPU: how a system call is made, and the frame that a signal
 * handler gets (Linux arch/riscv/include/uapi/asm/{unistd,sigcontext,ucontext}.h). Nothing here is a library call: the
 * process has no libc of the host.
 */
#ifndef LINUXU_HOST_ARCH_H
#define LINUXU_HOST_ARCH_H

#include <uk/types.h>

/* Registers, as the host saves them: pc in the place of x0. */
struct host_mcontext {
	uint64_t pc, x[31];
	struct {
		uint64_t f[32];
		uint32_t fcsr;
		uint32_t reserved[67]; /* zero */
	} fpregs;
} __attribute__((__aligned__(16)));

#define HOST_X(n) x[(n)-1]

/* How a system call is made: the number's register, and those of arguments, of which the first is the result's. */
#define HOST_CALL        "ecall"
#define HOST_CALL_NR     "a7"
#define HOST_CALL_ARG(n) "a" #n

#include "host_generic.h"

/* No SA_RESTORER: a handler returns into the vDSO. */

/* The function of the vDSO that reads a clock. */
#define LINUXU_VDSO_CLOCK "__vdso_clock_gettime"

/* A relocation by the image's address (ELF). */
#define HOST_RELATIVE 3 /* R_RISCV_RELATIVE */

/* The CPU as seccomp names it (include/uapi/linux/audit.h). */
#define HOST_AUDIT_ARCH 0xc00000f3U

#endif
