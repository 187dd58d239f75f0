/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host kernel's interface: typed system calls, structures and constants (Linux
 * include/uapi). host_arch.h has what depends on the CPU. Results are the kernel's: a
 * negative errno on failure.
 */
#ifndef LINUXU_HOST_H
#define LINUXU_HOST_H

#include <host_arch.h>
#include <uk/arch/asm.h>
#include <uk/config.h>
#include <uk/errno.h>

/*
 * While the function around it is in the image, so is an entry of the linker table `hostcall`: the
 * image makes the call `nr`, with `value` as its argument number `arg` (0 to 5; HOST_ANY: whatever
 * the arguments). The three are constants. seccomp.c makes of these entries the list of what the
 * process may ask of the host. A file whose code runs only before that is in force says so by
 * HOST_SETUP, and leaves no entries.
 */
#define HOST_ANY 6

#if defined(CONFIG_HARDEN_SECCOMP) && !defined(HOST_SETUP)
#define HOST_ENTRY                                                                                 \
	".Lhostcall_" UK_ASM_SYMBOL(0) "_" UK_ASM_SYMBOL(1) "_" UK_ASM_SYMBOL(2)
static UK_ALWAYS_INLINE void host_note(long nr, int arg, uint32_t value)
{
	__asm__ __inline volatile(
		".ifndef " HOST_ENTRY "\n\t"
		".pushsection .uk_tab.hostcall." UK_ASM_SYMBOL(0) "_" UK_ASM_SYMBOL(1) "_" UK_ASM_SYMBOL(2)
		", \"a\", @progbits\n\t"
		".balign 8\n" HOST_ENTRY ": .short " UK_ASM_SYMBOL(0) ", " UK_ASM_SYMBOL(1)
		"\n\t.long " UK_ASM_SYMBOL(2) "\n\t"
		".popsection\n\t"
		".endif\n\t"
		".reloc ., BFD_RELOC_NONE, " HOST_ENTRY ::"i"(nr), "i"(arg), "i"(value));
}
#else
static UK_ALWAYS_INLINE void host_note(long nr UK_UNUSED, int arg UK_UNUSED,
				       uint32_t value UK_UNUSED)
{
}
#endif

/* With arguments that the list does not look at. `nr` is a constant. */
static UK_ALWAYS_INLINE long host_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	host_note(nr, HOST_ANY, 0);
	return host_call6(nr, a, b, c, d, e, f);
}

static UK_ALWAYS_INLINE long host_syscall4(long nr, long a, long b, long c, long d)
{
	host_note(nr, HOST_ANY, 0);
	return host_call4(nr, a, b, c, d);
}

static UK_ALWAYS_INLINE long host_syscall3(long nr, long a, long b, long c)
{
	host_note(nr, HOST_ANY, 0);
	return host_call3(nr, a, b, c);
}

struct host_timespec {
	int64_t sec;
	int64_t nsec;
};

struct host_pollfd {
	int fd;
	int16_t events;
	int16_t revents;
};

#define HOST_POLLIN  1
#define HOST_POLLOUT 4

/* ---- memory ---- */

#define HOST_PROT_NONE  0
#define HOST_PROT_READ  1
#define HOST_PROT_WRITE 2
#define HOST_PROT_EXEC  4
#define HOST_PROT_DOWN  0x01000000 /* also what lies below, as far as a stack may grow */

#define HOST_MAP_SHARED    0x01
#define HOST_MAP_PRIVATE   0x02
#define HOST_MAP_FIXED     0x10
#define HOST_MAP_ANONYMOUS 0x20
#define HOST_MAP_NORESERVE 0x4000
#define HOST_MAP_STACK     0x20000

/* Without HARDEN_NX what can be read can be run, as on a CPU that cannot tell them apart. */
static inline int host_prot(int prot)
{
#ifndef CONFIG_HARDEN_NX
	if (prot & HOST_PROT_READ)
		prot |= HOST_PROT_EXEC;
#endif
	return prot;
}

/* The address, or a negative errno. */
static inline long host_mmap(void *addr, size_t len, int prot, int flags, int fd, uint64_t offset)
{
	return host_syscall6(HOST_NR_mmap, (long)addr, (long)len, host_prot(prot), flags, fd,
			     (long)offset);
}

static inline int host_munmap(void *addr, size_t len)
{
	return (int)host_syscall3(HOST_NR_munmap, (long)addr, (long)len, 0);
}

static inline int host_mprotect(void *addr, size_t len, int prot)
{
	return (int)host_syscall3(HOST_NR_mprotect, (long)addr, (long)len, host_prot(prot));
}

/* Is anything mapped in the page at `addr`? */
static inline bool host_is_mapped(uintptr_t addr)
{
	uint8_t present;

	return host_syscall3(HOST_NR_mincore, (long)(addr & ~4095UL), 4096, (long)&present) == 0;
}

/* And is it in memory? */
static inline bool host_is_resident(uintptr_t addr)
{
	uint8_t present = 0;

	host_syscall3(HOST_NR_mincore, (long)(addr & ~4095UL), 4096, (long)&present);
	return present & 1;
}

#define HOST_MADV_DONTNEED       4
#define HOST_MADV_HUGEPAGE       14
#define HOST_MADV_POPULATE_READ  22
#define HOST_MADV_POPULATE_WRITE 23

static inline int host_madvise(void *addr, size_t len, int advice)
{
	return (int)host_syscall3(HOST_NR_madvise, (long)addr, (long)len, advice);
}

#define HOST_MREMAP_MAYMOVE 1
#define HOST_MREMAP_FIXED   2

/* Moves a mapping, in place of what is at `to`. The address, or a negative errno. */
static inline long host_mremap(void *from, size_t len, void *to)
{
	return host_syscall6(HOST_NR_mremap, (long)from, (long)len, (long)len,
			     HOST_MREMAP_MAYMOVE | HOST_MREMAP_FIXED, (long)to, 0);
}

#define HOST_MFD_CLOEXEC 1U

static inline int host_memfd_create(const char *name, unsigned flags)
{
	return (int)host_syscall3(HOST_NR_memfd_create, (long)name, flags, 0);
}

static inline int host_ftruncate(int fd, uint64_t len)
{
	return (int)host_syscall3(HOST_NR_ftruncate, fd, (long)len, 0);
}

/* ---- files ---- */

#define HOST_O_RDONLY   0
#define HOST_O_RDWR     2
#define HOST_O_NOCTTY   00000400
#define HOST_O_NONBLOCK 00004000
#define HOST_O_ASYNC    00020000
#define HOST_O_CLOEXEC  02000000

#define HOST_SEEK_END 2

#define HOST_F_SETFL         4
#define HOST_F_SETOWN        8
#define HOST_F_DUPFD_CLOEXEC 1030

static inline ssize_t host_read(int fd, void *buf, size_t n)
{
	return host_syscall3(HOST_NR_read, fd, (long)buf, (long)n);
}

static inline ssize_t host_write(int fd, const void *buf, size_t n)
{
	return host_syscall3(HOST_NR_write, fd, (long)buf, (long)n);
}

static inline ssize_t host_pwrite(int fd, const void *buf, size_t n, uint64_t offset)
{
	return host_syscall4(HOST_NR_pwrite64, fd, (long)buf, (long)n, (long)offset);
}

struct host_iovec {
	void *base;
	size_t len;
};

static inline ssize_t host_readv(int fd, const struct host_iovec *iov, unsigned n)
{
	return host_syscall3(HOST_NR_readv, fd, (long)iov, n);
}

static inline ssize_t host_writev(int fd, const struct host_iovec *iov, unsigned n)
{
	return host_syscall3(HOST_NR_writev, fd, (long)iov, n);
}

/* At set-up only: seccomp cannot look at paths. `flags`: a constant. */
static UK_ALWAYS_INLINE int host_open(const char *path, int flags)
{
	const int cwd = -100; /* AT_FDCWD */

	host_note(HOST_NR_openat, 2, (uint32_t)flags);
	return (int)host_call4(HOST_NR_openat, cwd, (long)path, flags, 0);
}

static inline void host_close(int fd)
{
	host_syscall3(HOST_NR_close, fd, 0, 0);
}

static inline int64_t host_lseek(int fd, int64_t offset, int whence)
{
	return host_syscall3(HOST_NR_lseek, fd, offset, whence);
}

struct uk_abi_stat;

static inline int host_fstat(int fd, struct uk_abi_stat *st)
{
	return (int)host_syscall3(HOST_NR_fstat, fd, (long)st, 0);
}

/* `cmd` is a constant, and the only ones that seccomp lets through are those that are used. */
static UK_ALWAYS_INLINE int host_fcntl(int fd, int cmd, long arg)
{
	host_note(HOST_NR_fcntl, 1, (uint32_t)cmd);
	return (int)host_call3(HOST_NR_fcntl, fd, cmd, arg);
}

/* So with `request`. */
static UK_ALWAYS_INLINE int host_ioctl(int fd, unsigned long request, void *arg)
{
	host_note(HOST_NR_ioctl, 1, (uint32_t)request);
	return (int)host_call3(HOST_NR_ioctl, fd, (long)request, (long)arg);
}

/* `timeout` NULL waits for ever; `mask` (or NULL) is in force exactly while waiting. */
static inline int host_ppoll(struct host_pollfd *fds, unsigned n,
			     const struct host_timespec *timeout, const uint64_t *mask)
{
	struct host_timespec left; /* the host writes there; to qemu-user it is an error if it cannot */

	if (timeout)
		left = *timeout;
	return (int)host_syscall6(HOST_NR_ppoll, (long)fds, n, timeout ? (long)&left : 0, (long)mask,
				  sizeof(*mask), 0);
}

/* ---- terminals (asm-generic/termbits.h) ---- */

struct host_termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[19];
};

struct host_winsize {
	uint16_t rows, cols, xpixel, ypixel;
};

#define HOST_TCGETS     0x5401UL
#define HOST_TCSETS     0x5402UL
#define HOST_TIOCGWINSZ 0x5413UL

/* BRKINT IGNBRK PARMRK ISTRIP INLCR IGNCR ICRNL IXON; ISIG ICANON ECHO ECHONL IEXTEN; OPOST */
#define HOST_IFLAGS_COOKED 0x05ebU
#define HOST_LFLAGS_COOKED 0x804bU
#define HOST_OFLAGS_COOKED 0x0001U
#define HOST_VTIME         5
#define HOST_VMIN          6

/* ---- signals ---- */

#define HOST_SIGHUP  1
#define HOST_SIGINT  2
#define HOST_SIGQUIT 3
#define HOST_SIGILL  4
#define HOST_SIGTRAP 5
#define HOST_SIGBUS  7
#define HOST_SIGFPE  8
#define HOST_SIGSEGV 11
#define HOST_SIGPIPE 13
#define HOST_SIGALRM 14
#define HOST_SIGTERM 15
#define HOST_SIGCONT 18
#define HOST_SIGSTOP 19
#define HOST_SIGTSTP 20
#define HOST_SIGURG  23
#define HOST_SIGIO   29
#define HOST_SIGSYS  31

#define HOST_SIGBIT(sig) (1UL << ((sig)-1))

#define HOST_BUS_ADRALN 1 /* siginfo.code of SIGBUS: not aligned */
#define HOST_SEGV_MAPERR 1 /* and of SIGSEGV: there is nothing */

#define HOST_SI_USER 0 /* siginfo.code: kill(); addr is then the sender's process */

#define HOST_SA_SIGINFO 0x00000004UL
#define HOST_SA_ONSTACK 0x08000000UL

#define HOST_SIG_BLOCK   0
#define HOST_SIG_UNBLOCK 1

struct host_siginfo {
	int signo, err;
	int code; /* 0 or less: sent by a process */
	int pad;
	uint64_t addr;       /* of faults */
	int syscall;         /* SIGSYS: the number of the system call, */
	uint32_t audit_arch; /* and for which kind of CPU it was made */
};

typedef void host_sighandler(int sig, struct host_siginfo *info, struct host_ucontext *uc);

struct host_sigaction {
	host_sighandler *handler;
	uint64_t flags;
#ifdef HOST_SA_RESTORER
	void (*restorer)(void); /* what a handler returns to; elsewhere the host brings it */
	uint64_t mask;
#else
	uint64_t mask;
	uint64_t same; /* qemu-user (7.2) looks for the mask here, as if there were a restorer */
#endif
};

struct host_stack {
	void *sp;
	int flags;
	size_t size;
};

/* `mask`: blocked while the handler runs, besides sig. */
static inline void host_signal(int sig, host_sighandler *handler, uint64_t flags, uint64_t mask)
{
	struct host_sigaction sa = { .handler = handler, .flags = flags | HOST_SA_SIGINFO, .mask = mask };

#ifdef HOST_SA_RESTORER
	sa.flags |= HOST_SA_RESTORER;
	sa.restorer = linuxu_sigreturn;
#else
	sa.same = mask;
	host_note(HOST_NR_rt_sigreturn, HOST_ANY, 0);
#endif
	host_syscall4(HOST_NR_rt_sigaction, sig, (long)&sa, 0, sizeof(sa.mask));
}

static inline void host_signal_default(int sig)
{
	struct host_sigaction sa = { 0 };

	host_syscall4(HOST_NR_rt_sigaction, sig, (long)&sa, 0, sizeof(sa.mask));
}

static inline bool host_signal_ignored(int sig)
{
	struct host_sigaction sa = { 0 };

	host_syscall4(HOST_NR_rt_sigaction, sig, 0, (long)&sa, sizeof(sa.mask));
	return (uintptr_t)sa.handler == 1; /* SIG_IGN */
}

static inline void host_sigprocmask(int how, uint64_t set, uint64_t *old)
{
	host_syscall4(HOST_NR_rt_sigprocmask, how, (long)&set, (long)old, sizeof(set));
}

static inline void host_sigaltstack(void *sp, size_t size)
{
	struct host_stack st = { sp, 0, size };

	host_syscall3(HOST_NR_sigaltstack, (long)&st, 0, 0);
}

static inline int host_getpid(void)
{
	return (int)host_syscall3(HOST_NR_getpid, 0, 0, 0);
}

static inline void host_kill(int pid, int sig)
{
	host_syscall3(HOST_NR_kill, pid, sig, 0);
}

/* ---- time ---- */

#define HOST_CLOCK_REALTIME        0
#define HOST_CLOCK_MONOTONIC       1
#define HOST_CLOCK_REALTIME_COARSE 5
#define HOST_TIMER_ABSTIME         1
#define HOST_SIGEV_SIGNAL          0
#define HOST_SIGEV_THREAD_ID       4

struct host_sigevent {
	uint64_t value;
	int signo, notify;
	uint64_t tid; /* of HOST_SIGEV_THREAD_ID */
	uint64_t pad[5];
};

struct host_itimerspec {
	struct host_timespec interval, value;
};

/* ---- seccomp (include/uapi/linux/{seccomp,filter,bpf_common}.h) ---- */

#define HOST_PR_SET_NO_NEW_PRIVS   38
#define HOST_SECCOMP_SET_FILTER    1
#define HOST_SECCOMP_TSYNC         1U /* for all threads there are */
#define HOST_SECCOMP_SPEC_ALLOW    4U /* no slower speculation: a process is one domain */
#define HOST_SECCOMP_RET_TRAP      0x00030000U
#define HOST_SECCOMP_RET_ALLOW     0x7fff0000U
#define HOST_SECCOMP_DATA_NR       0 /* offsets in struct seccomp_data */
#define HOST_SECCOMP_DATA_ARCH     4
#define HOST_SECCOMP_DATA_LOW(arg) (16U + 8U * (arg))

/* One instruction of a filter: the accumulator A, forward jumps only. */
struct host_bpf {
	uint16_t code;
	uint8_t yes, no; /* of a jump: how many instructions to skip */
	uint32_t k;
};

#define HOST_BPF_LD  0x20 /* A = the 32-bit word at offset k */
#define HOST_BPF_LEN 0x81 /* X = the length of the data: of no use to us */
#define HOST_BPF_AND 0x54 /* A &= k */
#define HOST_BPF_JEQ 0x15 /* A == k ? yes : no */
#define HOST_BPF_RET 0x06 /* the verdict k */

struct host_bpf_prog {
	uint16_t len;
	const struct host_bpf *insns;
};

/* ---- threads (include/uapi/linux/sched.h) ---- */

/* One that shares everything with us: CLONE_VM FS FILES SIGHAND THREAD SYSVSEM. */
#define HOST_CLONE_CPU 0x00050f00L

static inline int host_gettid(void)
{
	return (int)host_syscall3(HOST_NR_gettid, 0, 0, 0);
}

static inline void host_sched_yield(void)
{
	host_syscall3(HOST_NR_sched_yield, 0, 0, 0);
}

static inline void host_tgkill(int pid, int tid, int sig)
{
	host_syscall3(HOST_NR_tgkill, pid, tid, sig);
}

#define HOST_FUTEX_WAIT_PRIVATE 128
#define HOST_FUTEX_WAKE_PRIVATE 129

/* Waits until it is woken or a signal comes; not at all if *word is not `value`. */
static inline void host_futex_wait(uint32_t *word, uint32_t value)
{
	host_note(HOST_NR_futex, 1, HOST_FUTEX_WAIT_PRIVATE);
	host_call4(HOST_NR_futex, (long)word, HOST_FUTEX_WAIT_PRIVATE, value, 0);
}

/* Wakes one that waits there. */
static inline void host_futex_wake(uint32_t *word)
{
	host_note(HOST_NR_futex, 1, HOST_FUTEX_WAKE_PRIVATE);
	host_call3(HOST_NR_futex, (long)word, HOST_FUTEX_WAKE_PRIVATE, 1);
}

/* How many bytes of the set of CPUs were written, or a negative errno. */
static inline int host_sched_getaffinity(size_t size, uint64_t *set)
{
	return (int)host_syscall3(HOST_NR_sched_getaffinity, 0, (long)size, (long)set);
}

/* ---- process ---- */

#define HOST_GRND_NONBLOCK 1U

/* How far the first stack grows, in bytes, and the room the host keeps free below it. */
#define HOST_STACK_GAP 0x100000UL

static inline uint64_t host_stack_limit(void)
{
	uint64_t limit[2] = { 0, 0 }; /* soft, hard */
	const int stack = 3;          /* RLIMIT_STACK */

	host_syscall4(HOST_NR_prlimit64, 0, stack, 0, (long)limit);
	return limit[0];
}

static inline _Noreturn void host_exit(int status)
{
	for (;;)
		host_syscall3(HOST_NR_exit_group, status, 0, 0);
}

#endif
