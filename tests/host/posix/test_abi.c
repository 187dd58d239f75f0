/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The structures and constants of signals, times, limits and memory against a C library's headers.
 * Everything here happens in the compiler.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

#include <uk/abi/mman.h>
#include <uk/abi/resource.h>
#include <uk/abi/signal.h>
#include <uk/abi/statx.h>
#include <uk/abi/time.h>
#include <uk/abi/ucontext.h>

#define SIZE(a, b)     _Static_assert(sizeof(a) == sizeof(b), #a)
#define AT(a, f, b, g) _Static_assert(offsetof(a, f) == offsetof(b, g), #a "." #f)
#define SAME(a, b)     _Static_assert((unsigned long)(a) == (unsigned long)(b), #a)

typedef struct uk_abi_siginfo uk_siginfo;
SIZE(siginfo_t, uk_siginfo);
AT(siginfo_t, si_code, uk_siginfo, code);
AT(siginfo_t, si_pid, uk_siginfo, pid);
AT(siginfo_t, si_uid, uk_siginfo, uid);
AT(siginfo_t, si_value, uk_siginfo, value);
AT(siginfo_t, si_addr, uk_siginfo, addr);
AT(siginfo_t, si_timerid, uk_siginfo, pid);
AT(siginfo_t, si_overrun, uk_siginfo, uid);
SIZE(stack_t, struct uk_abi_stack);
AT(stack_t, ss_flags, struct uk_abi_stack, flags);
AT(stack_t, ss_size, struct uk_abi_stack, size);

typedef struct uk_abi_ucontext uk_ucontext;
AT(ucontext_t, uc_stack, uk_ucontext, stack);
AT(ucontext_t, uc_mcontext, uk_ucontext, mcontext);
AT(ucontext_t, uc_sigmask, uk_ucontext, sigmask);
SIZE(mcontext_t, struct uk_abi_mcontext);
AT(mcontext_t, fpregs, struct uk_abi_mcontext, fpstate);
typedef __typeof__(*(fpregset_t)0) uk_libc_fpstate; /* its tag differs between libraries */
AT(uk_libc_fpstate, mxcsr, struct uk_abi_fpstate, mxcsr);
AT(uk_libc_fpstate, _xmm, struct uk_abi_fpstate, xmm);
#define REGISTER(n, f) _Static_assert((n)*8 == offsetof(struct uk_abi_mcontext, f), #f)
REGISTER(REG_R8, r8);
REGISTER(REG_R15, r15);
REGISTER(REG_RDI, rdi);
REGISTER(REG_RBX, rbx);
REGISTER(REG_RSP, rsp);
REGISTER(REG_RIP, rip);
REGISTER(REG_EFL, eflags);
REGISTER(REG_TRAPNO, trapno);
REGISTER(REG_CR2, cr2);

SAME(SIGBUS, UK_SIGBUS);
SAME(SIGUSR2, UK_SIGUSR2);
SAME(SIGPIPE, UK_SIGPIPE);
SAME(SIGCHLD, UK_SIGCHLD);
SAME(SIGTTOU, UK_SIGTTOU);
SAME(SIGWINCH, UK_SIGWINCH);
SAME(SIGSYS, UK_SIGSYS);
SAME(SA_ONSTACK, UK_SA_ONSTACK);
SAME(SA_RESTART, UK_SA_RESTART);
SAME(SA_NODEFER, UK_SA_NODEFER);
SAME((unsigned)SA_RESETHAND, UK_SA_RESETHAND);
SAME(SA_SIGINFO, UK_SA_SIGINFO);
SAME(SI_QUEUE, UK_SI_QUEUE);
SAME(SI_TIMER, UK_SI_TIMER);
SAME(SI_TKILL, UK_SI_TKILL);
SAME(SI_KERNEL, UK_SI_KERNEL);
SAME(SS_ONSTACK, UK_SS_ONSTACK);
SAME(SS_DISABLE, UK_SS_DISABLE);

SIZE(struct timespec, struct uk_abi_timespec);
SIZE(struct timeval, struct uk_abi_timeval);
AT(struct itimerspec, it_value, struct uk_abi_itimerspec, value);
AT(struct itimerval, it_value, struct uk_abi_itimerval, value);
SAME(CLOCK_BOOTTIME, UK_CLOCK_BOOTTIME);
SAME(CLOCK_TAI, UK_CLOCK_TAI);

SAME(RLIMIT_NPROC, UK_RLIMIT_NPROC);
SAME(RLIMIT_NOFILE, UK_RLIMIT_NOFILE);
SAME(RLIMIT_SIGPENDING, UK_RLIMIT_SIGPENDING);
SAME(RLIMIT_NICE, UK_RLIMIT_NICE);
AT(struct rusage, ru_maxrss, struct uk_abi_rusage, maxrss);
AT(struct rusage, ru_nivcsw, struct uk_abi_rusage, nivcsw);

SAME(MAP_FIXED_NOREPLACE, UK_MAP_FIXED_NOREPLACE);
SAME(MAP_NORESERVE, UK_MAP_NORESERVE);
SAME(MAP_POPULATE, UK_MAP_POPULATE);
SAME(MREMAP_FIXED, UK_MREMAP_FIXED);
SAME(MADV_FREE, UK_MADV_FREE);
SAME(MADV_DONTDUMP, UK_MADV_DONTDUMP);
SAME(MS_SYNC, UK_MS_SYNC);

#ifdef STATX_BASIC_STATS /* musl 1.2.3 does not have it */
SIZE(struct statx, struct uk_abi_statx);
AT(struct statx, stx_ino, struct uk_abi_statx, ino);
AT(struct statx, stx_attributes_mask, struct uk_abi_statx, attributes_mask);
AT(struct statx, stx_mtime, struct uk_abi_statx, mtime);
AT(struct statx, stx_dev_minor, struct uk_abi_statx, dev_minor);
#endif
