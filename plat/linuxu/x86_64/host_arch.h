/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host kernel's interface as far as it depends on the CPU: how a system call is made, the
 * numbers, and the frame that a signal handler gets (Linux arch/x86/include/uapi/asm/{unistd_64,
 * sigcontext,ucontext}.h). Nothing here is a library call: the process has no libc of the host.
 */
#ifndef LINUXU_HOST_ARCH_H
#define LINUXU_HOST_ARCH_H

#include <uk/config.h>
#include <uk/essentials.h>
#include <uk/types.h>

enum {
	HOST_NR_read = 0,
	HOST_NR_write = 1,
	HOST_NR_close = 3,
	HOST_NR_fstat = 5,
	HOST_NR_lseek = 8,
	HOST_NR_mmap = 9,
	HOST_NR_mprotect = 10,
	HOST_NR_munmap = 11,
	HOST_NR_rt_sigaction = 13,
	HOST_NR_rt_sigprocmask = 14,
	HOST_NR_rt_sigreturn = 15,
	HOST_NR_ioctl = 16,
	HOST_NR_pwrite64 = 18,
	HOST_NR_readv = 19,
	HOST_NR_writev = 20,
	HOST_NR_sched_yield = 24,
	HOST_NR_mremap = 25,
	HOST_NR_mincore = 27,
	HOST_NR_madvise = 28,
	HOST_NR_getpid = 39,
	HOST_NR_socket = 41,
	HOST_NR_connect = 42,
	HOST_NR_sendto = 44,
	HOST_NR_recvfrom = 45,
	HOST_NR_sendmsg = 46,
	HOST_NR_recvmsg = 47,
	HOST_NR_shutdown = 48,
	HOST_NR_bind = 49,
	HOST_NR_listen = 50,
	HOST_NR_getsockname = 51,
	HOST_NR_getpeername = 52,
	HOST_NR_setsockopt = 54,
	HOST_NR_getsockopt = 55,
	HOST_NR_clone = 56,
	HOST_NR_kill = 62,
	HOST_NR_fcntl = 72,
	HOST_NR_ftruncate = 77,
	HOST_NR_sigaltstack = 131,
	HOST_NR_prctl = 157,
	HOST_NR_arch_prctl = 158,
	HOST_NR_gettid = 186,
	HOST_NR_futex = 202,
	HOST_NR_sched_getaffinity = 204,
	HOST_NR_timer_create = 222,
	HOST_NR_timer_settime = 223,
	HOST_NR_clock_gettime = 228,
	HOST_NR_exit_group = 231,
	HOST_NR_epoll_ctl = 233,
	HOST_NR_tgkill = 234,
	HOST_NR_openat = 257,
	HOST_NR_ppoll = 271,
	HOST_NR_epoll_pwait = 281,
	HOST_NR_accept4 = 288,
	HOST_NR_epoll_create1 = 291,
	HOST_NR_prlimit64 = 302,
	HOST_NR_seccomp = 317,
	HOST_NR_getrandom = 318,
	HOST_NR_memfd_create = 319,
};

/*
 * A system call of whoever has noted it. The kernel keeps every register but rax, rcx and r11.
 * Errors are -4095 … -1.
 */
static UK_ALWAYS_INLINE long host_call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static UK_ALWAYS_INLINE long host_call4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

static UK_ALWAYS_INLINE long host_call3(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

/*
 * The host enters a signal handler with the alignment check of what it interrupted; code of a
 * compiler does not live with that for long.
 */
static UK_ALWAYS_INLINE void linuxu_arch_forget_alignment(void)
{
	__asm__ volatile("pushfq\n\t"
			 "andl $~0x40000, (%%rsp)\n\t"
			 "popfq" ::
				 : "cc", "memory");
}

/* Names of struct host_ucontext.gregs, in the kernel's order. */
/* clang-format off */
enum {
	HOST_REG_R8, HOST_REG_R9, HOST_REG_R10, HOST_REG_R11,
	HOST_REG_R12, HOST_REG_R13, HOST_REG_R14, HOST_REG_R15,
	HOST_REG_RDI, HOST_REG_RSI, HOST_REG_RBP, HOST_REG_RBX,
	HOST_REG_RDX, HOST_REG_RAX, HOST_REG_RCX, HOST_REG_RSP,
	HOST_REG_RIP, HOST_REG_RFLAGS,
	HOST_REG_SEGMENTS, /* cs, gs, fs, ss: 16 bits each */
	HOST_REG_ERR,      /* the CPU's error code */
	HOST_REG_TRAPNO,   /* the CPU's vector */
	HOST_REG_OLDMASK,
	HOST_REG_CR2,      /* address of the last page fault */
	HOST_REG_COUNT
};
/* clang-format on */

struct host_ucontext {
	uint64_t flags;
	struct host_ucontext *link;
	struct {
		void *sp;
		int flags;
		size_t size;
	} stack;
	uint64_t gregs[HOST_REG_COUNT];
	void *fpstate; /* the vector registers, saved by the kernel, are behind the frame */
	uint64_t reserved[8];
	uint64_t sigmask; /* what rt_sigreturn makes the thread's mask again */
};

/* What `struct sigaction` of the kernel wants here (its libc's wrapper supplies it elsewhere). */
#define HOST_SA_RESTORER 0x04000000UL

/* entry.S: rt_sigreturn, in the bytes by which debuggers know a signal frame. */
void linuxu_sigreturn(void);

/*
 * entry.S: a thread that shares what `flags` say, and calls fn(arg), which does not return, on the
 * stack that ends at `top`. Its number at the host, or a negative errno.
 */
int linuxu_clone(long flags, void *top, void (*fn)(void *arg), void *arg);

/* struct epoll_event is packed on this CPU. */
#define HOST_EPOLL_PACKED __attribute__((__packed__))

/* The function of the vDSO that reads a clock. */
#define LINUXU_VDSO_CLOCK "__vdso_clock_gettime"

/* A relocation by the image's address (ELF). */
#define HOST_RELATIVE 8 /* R_X86_64_RELATIVE */

/* The CPU as seccomp names it (include/uapi/linux/audit.h): not i386, whose numbers differ. */
#define HOST_AUDIT_ARCH 0xc000003eU

/* AT_HWCAP2: the CPU lets us write the fs base ourselves. */
#define HOST_HWCAP2_FSGSBASE 2UL

#endif
