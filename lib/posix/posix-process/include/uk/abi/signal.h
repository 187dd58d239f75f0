/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signals as the system calls carry them (Linux asm-generic/signal.h, siginfo.h; the same on all
 * 64-bit architectures that we have). The registers of a signal frame are in <uk/abi/ucontext.h>.
 */
#ifndef UK_ABI_SIGNAL_H
#define UK_ABI_SIGNAL_H

#include <stddef.h>
#include <stdint.h>
#include <uk/abi/machine.h>

#define UK_SIGNALS 64 /* numbers 1 to 64; a set is 64 bits, signal n being bit n - 1 */

#define UK_SIGHUP    1
#define UK_SIGINT    2
#define UK_SIGQUIT   3
#define UK_SIGILL    4
#define UK_SIGTRAP   5
#define UK_SIGABRT   6
#define UK_SIGBUS    7
#define UK_SIGFPE    8
#define UK_SIGKILL   9
#define UK_SIGUSR1   10
#define UK_SIGSEGV   11
#define UK_SIGUSR2   12
#define UK_SIGPIPE   13
#define UK_SIGALRM   14
#define UK_SIGTERM   15
#define UK_SIGSTKFLT 16
#define UK_SIGCHLD   17
#define UK_SIGCONT   18
#define UK_SIGSTOP   19
#define UK_SIGTSTP   20
#define UK_SIGTTIN   21
#define UK_SIGTTOU   22
#define UK_SIGURG    23
#define UK_SIGXCPU   24
#define UK_SIGXFSZ   25
#define UK_SIGVTALRM 26
#define UK_SIGPROF   27
#define UK_SIGWINCH  28
#define UK_SIGIO     29
#define UK_SIGPWR    30
#define UK_SIGSYS    31
#define UK_SIGRTMIN  32 /* the first that queues; libcs keep a few for themselves */

#define UK_SIG_DFL ((uintptr_t)0)
#define UK_SIG_IGN ((uintptr_t)1)

#define UK_SIG_BLOCK   0
#define UK_SIG_UNBLOCK 1
#define UK_SIG_SETMASK 2

#define UK_SA_NOCLDSTOP 0x00000001UL
#define UK_SA_NOCLDWAIT 0x00000002UL
#define UK_SA_SIGINFO   0x00000004UL
#define UK_SA_RESTORER  0x04000000UL
#define UK_SA_ONSTACK   0x08000000UL
#define UK_SA_RESTART   0x10000000UL
#define UK_SA_NODEFER   0x40000000UL
#define UK_SA_RESETHAND 0x80000000UL
/* Flags that are kept; the others read back as 0, by which a program tells what there is. */
#define UK_SA_KNOWN     0xdc000007UL

struct uk_abi_sigaction {
	uintptr_t handler; /* a function, UK_SIG_DFL or UK_SIG_IGN */
	unsigned long flags;
	UK_ABI_SIGACTION_RESTORER
	uint64_t mask;
};

/* si_code of signals that the kernel or another thread makes. */
#define UK_SI_USER     0 /* kill */
#define UK_SI_KERNEL   128
#define UK_SI_QUEUE    (-1)
#define UK_SI_TIMER    (-2)
#define UK_SI_TKILL    (-6)
#define UK_SEGV_MAPERR 1
#define UK_SEGV_ACCERR 2
#define UK_BUS_ADRALN  1
#define UK_BUS_ADRERR  2
#define UK_ILL_ILLOPC  1
#define UK_ILL_ILLOPN  2
#define UK_FPE_INTDIV  1
#define UK_FPE_FLTDIV  3
#define UK_FPE_FLTOVF  4
#define UK_FPE_FLTUND  5
#define UK_FPE_FLTRES  6
#define UK_FPE_FLTINV  7
#define UK_TRAP_BRKPT  1
#define UK_TRAP_TRACE  2

/* 128 bytes; what follows `code` depends on it. */
struct uk_abi_siginfo {
	int32_t signo;
	int32_t err;
	int32_t code;
	int32_t pad;
	union {
		struct {
			int32_t pid;    /* sender, or id of the timer */
			uint32_t uid;   /* or how often the timer expired meanwhile */
			uint64_t value; /* sigqueue(), timers */
		};
		uint64_t addr; /* of a fault */
		uint8_t space[112];
	};
};

#define UK_SS_ONSTACK    1
#define UK_SS_DISABLE    2
#define UK_SS_AUTODISARM (1U << 31)
#define UK_MINSIGSTKSZ   2048

/* sigaltstack(2) */
struct uk_abi_stack {
	void *sp;
	int32_t flags;
	int32_t pad;
	size_t size;
};

_Static_assert(offsetof(struct uk_abi_sigaction, mask) + 8 == sizeof(struct uk_abi_sigaction),
	       "struct k_sigaction");
_Static_assert(sizeof(struct uk_abi_siginfo) == 128, "siginfo_t");
_Static_assert(sizeof(struct uk_abi_stack) == 24, "stack_t");

#endif
