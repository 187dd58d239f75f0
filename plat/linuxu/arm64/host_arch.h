/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host kernel's interface as far as it depends on the CPU: how a system call is made, and the frame that a signal
 * handler gets (Linux arch/arm64/include/uapi/asm/{unistd,sigcontext,ucontext}.h). Nothing here is a library call: the
 * process has no libc of the host.
 */
#ifndef LINUXU_HOST_ARCH_H
#define LINUXU_HOST_ARCH_H

#include <uk/types.h>

/* Registers, as the host saves them. Behind them records that begin with a kind and a length, the last with zeroes. */
struct host_mcontext {
	uint64_t fault_address;
	uint64_t x[31];
	uint64_t sp, pc, pstate;
	uint8_t records[4096] __attribute__((__aligned__(16)));
};

struct host_record {
	uint32_t magic, size;
	uint64_t esr; /* of HOST_ESR_MAGIC */
};

#define HOST_FPSIMD_MAGIC 0x46508001U /* as the area of uk_arch_fpu_save() */
#define HOST_FPSIMD_SIZE  528U
#define HOST_ESR_MAGIC    0x45535201U

/* How a system call is made: the number's register, and those of arguments, of which the first is the result's. */
#define HOST_CALL        "svc #0"
#define HOST_CALL_NR     "x8"
#define HOST_CALL_ARG(n) "x" #n

#include "host_generic.h"

/* `struct sigaction` of the kernel has room for it. */
#define HOST_SA_RESTORER 0x04000000UL

/* entry.S: rt_sigreturn, in the bytes by which debuggers know a signal frame. */
void linuxu_sigreturn(void);

/* The function of the vDSO that reads a clock. */
#define LINUXU_VDSO_CLOCK "__kernel_clock_gettime"

/* A relocation by the image's address (ELF). */
#define HOST_RELATIVE 1027 /* R_AARCH64_RELATIVE */

/* The CPU as seccomp names it (include/uapi/linux/audit.h). */
#define HOST_AUDIT_ARCH 0xc00000b7U

#endif
