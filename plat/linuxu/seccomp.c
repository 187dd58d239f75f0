/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the process may ask of the host: only what its own code asks. An attacker who runs code of
 * his in the image, or bends ours, finds no exec, no socket, no ptrace behind the system calls.
 *
 * The list is nobody's to keep. Each call leaves an entry in the linker table `hostcall` that is in
 * the image exactly if the call is (host_note() in host_arch.h). From it, at the end of set-up and
 * before main(), a program for the host's filter is made (seccomp(2), in classic BPF). Some calls
 * are let through with certain arguments only: constants that the call site notes as well, and what
 * restrict_more() says.
 *
 * Whoever asks for more gets SIGSYS: a report that names the call, and the end by that signal.
 */
#define HOST_SETUP
#include <uk/config.h>
#include <uk/crash.h>
#include <uk/init.h>
#include <uk/param.h>
#include <uk/plat/mem.h>
#include <uk/plat/trap.h>
#include <uk/print.h>

#include "linuxu.h"

UK_PARAM_BOOL(linuxu, seccomp_required, false, "do not run where the host has no seccomp filter");

/* As host_note() leaves it. */
struct hostcall {
	uint16_t nr, arg;
	uint32_t value;
};
UK_TABLE_DECLARE(const struct hostcall, hostcall);

/*
 * The filter is written from its end to its start: jumps lead forward only, and so to what is there
 * already. It ends with the two verdicts.
 */
#define MAX_INSNS 240 /* a jump skips 255 at most */
#define ALLOW     (MAX_INSNS - 1)
#define DENY      (MAX_INSNS - 2)

struct filter {
	struct host_bpf insn[MAX_INSNS];
	unsigned first;
	unsigned not_wx; /* the check of mmap() and mprotect(), if it is there */
};

static void put(struct filter *f, uint16_t code, uint32_t k)
{
	if (!f->first)
		uk_fatal("linuxu: too many host calls for one filter");
	f->insn[--f->first] = (struct host_bpf){ .code = code, .k = k };
}

/* If A is k, go on at `yes`, else at `no`: indices of instructions that are there already. */
static void put_jeq(struct filter *f, uint32_t k, unsigned yes, unsigned no)
{
	put(f, HOST_BPF_JEQ, k);
	f->insn[f->first].yes = (uint8_t)(yes - f->first - 1);
	f->insn[f->first].no = (uint8_t)(no - f->first - 1);
}

/* Limits to arguments that are no constants. Where the checks begin, or ALLOW if there are none. */
static unsigned restrict_more(struct filter *f, uint16_t nr)
{
	switch (nr) {
	case HOST_NR_kill: /* ourselves */
	case HOST_NR_tgkill:
		put_jeq(f, (uint32_t)linuxu_pid, ALLOW, DENY);
		put(f, HOST_BPF_LD, HOST_SECCOMP_DATA_LOW(0));
		return f->first;
#if defined(CONFIG_HARDEN_NX) && !defined(CONFIG_LIBUKVMEM_WX)
	case HOST_NR_mmap: /* nothing both writable and executable */
	case HOST_NR_mprotect:
		if (!f->not_wx) {
			put_jeq(f, HOST_PROT_WRITE | HOST_PROT_EXEC, DENY, ALLOW);
			put(f, HOST_BPF_AND, HOST_PROT_WRITE | HOST_PROT_EXEC);
			put(f, HOST_BPF_LD, HOST_SECCOMP_DATA_LOW(2));
			f->not_wx = f->first;
		}
		return f->not_wx;
#endif
	default:
		return ALLOW;
	}
}

/* What there is to check of the call in the entries [e, end), all of one number. */
static unsigned restrict_args(struct filter *f, const struct hostcall *e,
			      const struct hostcall *end)
{
	unsigned otherwise = DENY;

	for (const struct hostcall *h = e; h < end; h++)
		if (h->arg == HOST_ANY)
			return restrict_more(f, e->nr);
	for (; e < end; e++) {
		put_jeq(f, e->value, ALLOW, otherwise);
		otherwise = f->first;
	}
	put(f, HOST_BPF_LD, HOST_SECCOMP_DATA_LOW(e[-1].arg));
	return f->first;
}

/* From the group of entries before `end` down to the start of the table: first the checks. */
static void put_calls(struct filter *f)
{
	struct {
		uint16_t nr;
		uint8_t checks;
	} calls[MAX_INSNS / 2];
	const struct hostcall *e = uk_tab_hostcall_end, *end;
	unsigned n = 0, otherwise = DENY;

	/* The table is sorted by name: entries of one number are neighbours. */
	while ((end = e) > uk_tab_hostcall_start) {
		while (e > uk_tab_hostcall_start && e[-1].nr == end[-1].nr)
			e--;
		if (n == UK_ARRAY_SIZE(calls))
			uk_fatal("linuxu: too many host calls for one filter");
		calls[n].nr = e->nr;
		calls[n++].checks = (uint8_t)restrict_args(f, e, end);
	}
	while (n--) {
		put_jeq(f, calls[n].nr, calls[n].checks, otherwise);
		otherwise = f->first;
	}
}

/*
 * One comparison after the other, no tree: what costs is to install the filter (the host compiles
 * it), by the number of instructions.
 */
static void make(struct filter *f)
{
	f->first = MAX_INSNS;
	f->not_wx = 0;
	put(f, HOST_BPF_RET, HOST_SECCOMP_RET_ALLOW);
	put(f, HOST_BPF_RET, HOST_SECCOMP_RET_TRAP);
	put_calls(f);
	put(f, HOST_BPF_LD, HOST_SECCOMP_DATA_NR);
	put_jeq(f, HOST_AUDIT_ARCH, f->first, DENY);
	put(f, HOST_BPF_LD, HOST_SECCOMP_DATA_ARCH);
	/*
	 * The host tries all 450 numbers on a new filter, to know those that pass whatever their
	 * arguments; that takes as long as we need to start, and saves next to nothing later. It
	 * does not understand this instruction, and leaves it.
	 */
	put(f, HOST_BPF_LEN, 0);
}

#ifdef CONFIG_SMP
#define ALL_THREADS HOST_SECCOMP_TSYNC
#else
#define ALL_THREADS 0
#endif

static long install(const struct filter *f)
{
	struct host_bpf_prog prog = { (uint16_t)(MAX_INSNS - f->first), f->insn + f->first };
	long rc;

	rc = host_syscall6(HOST_NR_prctl, HOST_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
	if (!rc)
		rc = host_syscall3(HOST_NR_seccomp, HOST_SECCOMP_SET_FILTER,
				   HOST_SECCOMP_SPEC_ALLOW | ALL_THREADS, (long)&prog);
	if (rc == -EINVAL) /* before Linux 4.17 */
		rc = host_syscall3(HOST_NR_seccomp, HOST_SECCOMP_SET_FILTER, ALL_THREADS,
				   (long)&prog);
	return rc;
}

/* What runs from here on must make no calls itself: HOST_SETUP. */
static UK_COLD UK_NORETURN void on_denied(int sig, struct host_siginfo *info,
					  struct host_ucontext *uc)
{
	if (info->code > 0) {
		uk_crash_say("CRASH: system call %d%s outside the allow-list, in thread `%s`",
			     info->syscall,
			     info->audit_arch == HOST_AUDIT_ARCH ? "" : " of another kind of CPU",
			     uk_trap_thread_name());
		linuxu_arch_backtrace(uc);
		linuxu_console_restore();
		linuxu_core_stop();
	}
	for (;;)
		linuxu_end_by_signal(sig);
}

static int start(void)
{
	struct filter f;
	long rc;

#ifdef CONFIG_HARDEN_RELRO
	uk_plat_seal();
#endif
	make(&f);
	host_signal(HOST_SIGSYS, on_denied, HOST_SA_ONSTACK, ~0UL);
	rc = install(&f);
	if (rc && uk_param_linuxu_seccomp_required.b)
		linuxu_fail("no seccomp filter, and linuxu.seccomp_required is set", (int)rc);
	if (rc)
		uk_pr_warn("the host has no seccomp filter (error %d): the image could make any "
			   "system call; linuxu.seccomp_required=y refuses to run like that",
			   (int)-rc);
	return 0;
}

UK_INIT(UK_INIT_APP, "0", start, NULL);
