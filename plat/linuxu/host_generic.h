/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host kernel's interface as it is on CPUs that came to Linux late, arm64 and riscv64: a part of their host_arch.h, behind its
 * struct host_mcontext and HOST_CALL (Linux include/uapi/asm-generic/{unistd,ucontext}.h).
 */
#ifndef LINUXU_HOST_GENERIC_H
#define LINUXU_HOST_GENERIC_H

#include <uk/config.h>
#include <uk/essentials.h>
#include <uk/types.h>

enum {
	HOST_NR_epoll_create1 = 20,
	HOST_NR_epoll_ctl = 21,
	HOST_NR_epoll_pwait = 22,
	HOST_NR_fcntl = 25,
	HOST_NR_ioctl = 29,
	HOST_NR_ftruncate = 46,
	HOST_NR_openat = 56,
	HOST_NR_close = 57,
	HOST_NR_lseek = 62,
	HOST_NR_read = 63,
	HOST_NR_write = 64,
	HOST_NR_readv = 65,
	HOST_NR_writev = 66,
	HOST_NR_pwrite64 = 68,
	HOST_NR_ppoll = 73,
	HOST_NR_fstat = 80,
	HOST_NR_exit_group = 94,
	HOST_NR_futex = 98,
	HOST_NR_timer_create = 107,
	HOST_NR_timer_settime = 110,
	HOST_NR_clock_gettime = 113,
	HOST_NR_sched_getaffinity = 123,
	HOST_NR_sched_yield = 124,
	HOST_NR_kill = 129,
	HOST_NR_tgkill = 131,
	HOST_NR_sigaltstack = 132,
	HOST_NR_rt_sigaction = 134,
	HOST_NR_rt_sigprocmask = 135,
	HOST_NR_rt_sigreturn = 139,
	HOST_NR_prctl = 167,
	HOST_NR_getpid = 172,
	HOST_NR_gettid = 178,
	HOST_NR_socket = 198,
	HOST_NR_bind = 200,
	HOST_NR_listen = 201,
	HOST_NR_connect = 203,
	HOST_NR_getsockname = 204,
	HOST_NR_getpeername = 205,
	HOST_NR_sendto = 206,
	HOST_NR_recvfrom = 207,
	HOST_NR_setsockopt = 208,
	HOST_NR_getsockopt = 209,
	HOST_NR_shutdown = 210,
	HOST_NR_sendmsg = 211,
	HOST_NR_recvmsg = 212,
	HOST_NR_munmap = 215,
	HOST_NR_mremap = 216,
	HOST_NR_clone = 220,
	HOST_NR_mmap = 222,
	HOST_NR_mprotect = 226,
	HOST_NR_mincore = 232,
	HOST_NR_madvise = 233,
	HOST_NR_accept4 = 242,
	HOST_NR_prlimit64 = 261,
	HOST_NR_seccomp = 277,
	HOST_NR_getrandom = 278,
	HOST_NR_memfd_create = 279,
};

/* A system call of whoever has noted it. The kernel keeps every register but the result's. Errors are -4095 … -1. */
static UK_ALWAYS_INLINE long host_call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long number __asm__(HOST_CALL_NR) = nr;
	register long r0 __asm__(HOST_CALL_ARG(0)) = a;
	register long r1 __asm__(HOST_CALL_ARG(1)) = b;
	register long r2 __asm__(HOST_CALL_ARG(2)) = c;
	register long r3 __asm__(HOST_CALL_ARG(3)) = d;
	register long r4 __asm__(HOST_CALL_ARG(4)) = e;
	register long r5 __asm__(HOST_CALL_ARG(5)) = f;

	__asm__ volatile(HOST_CALL
			 : "+r"(r0)
			 : "r"(number), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5)
			 : "memory");
	return r0;
}

static UK_ALWAYS_INLINE long host_call4(long nr, long a, long b, long c, long d)
{
	register long number __asm__(HOST_CALL_NR) = nr;
	register long r0 __asm__(HOST_CALL_ARG(0)) = a;
	register long r1 __asm__(HOST_CALL_ARG(1)) = b;
	register long r2 __asm__(HOST_CALL_ARG(2)) = c;
	register long r3 __asm__(HOST_CALL_ARG(3)) = d;

	__asm__ volatile(HOST_CALL : "+r"(r0) : "r"(number), "r"(r1), "r"(r2), "r"(r3) : "memory");
	return r0;
}

static UK_ALWAYS_INLINE long host_call3(long nr, long a, long b, long c)
{
	register long number __asm__(HOST_CALL_NR) = nr;
	register long r0 __asm__(HOST_CALL_ARG(0)) = a;
	register long r1 __asm__(HOST_CALL_ARG(1)) = b;
	register long r2 __asm__(HOST_CALL_ARG(2)) = c;

	__asm__ volatile(HOST_CALL : "+r"(r0) : "r"(number), "r"(r1), "r"(r2) : "memory");
	return r0;
}

/* As our applications see it, too: struct uk_abi_ucontext. */
struct host_ucontext {
	uint64_t flags;
	struct host_ucontext *link;
	struct {
		void *sp;
		int flags;
		size_t size;
	} stack;
	uint64_t sigmask; /* what rt_sigreturn makes the thread's mask again */
	uint64_t reserved[15];
	struct host_mcontext mcontext;
};
UK_STATIC_ASSERT(offsetof(struct host_ucontext, mcontext) == 176, "uc_mcontext");

/* Where a handler's stack pointer is, and what rt_sigreturn takes from there. */
struct host_sigframe {
	uint64_t info[16];
	struct host_ucontext uc;
};

/* Of this CPU; with all signals blocked. entry.S. */
UK_NORETURN void linuxu_sigreturn_to(const struct host_sigframe *frame);

/*
 * entry.S: a thread that shares what `flags` say, and calls fn(arg), which does not return, on the
 * stack that ends at `top`. Its number at the host, or a negative errno.
 */
int linuxu_clone(long flags, void *top, void (*fn)(void *arg), void *arg);

/* A handler is entered with nothing that its code could not live with. */
static UK_ALWAYS_INLINE void linuxu_arch_forget_alignment(void)
{
}

/* struct epoll_event is as it comes. */
#define HOST_EPOLL_PACKED

#endif
