/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this platform share. An overview of how a process plays the machine:
 *
 *	setup.c    the process starts: relocation, memory, boot information
 *	window.c   "physical" memory is one window, made at the start
 *	mem.c      frames of it mapped a second time: a file in memory
 *	irq.c      signals are interrupts; masking, replay, preemption, idle
 *	smp.c      threads are CPUs; ipi.c
 *	trap.c     SIGSEGV and its kin are traps
 *	seccomp.c  the list of the host's system calls that are in use, and no others
 *	clock.c    the host's clocks; a POSIX timer is the one-shot timer
 *	console.c  descriptors 0, 1 and 2; the user's terminal
 *	tap.c      a network device: a TAP interface of the host; tapsetup.c
 *	hostnet.c  the host's sockets; publish.c
 *	random.c, power.c
 *	x86_64/, arm64/, riscv64/
 *	           the CPU: how the host is called (host_arch.h; host_generic.h), its frames (regs.h), entry.S, cpu.c
 */
#ifndef LINUXU_H
#define LINUXU_H

#include "host.h"
#include <uk/essentials.h>
#include <uk/percpu.h>
#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>

/* The auxiliary vector, as far as we look at it later (host include/uapi/linux/auxvec.h). */
struct linuxu_auxv {
	uint64_t hwcap2;
	uint8_t *random;   /* 16 bytes, new for every process */
	const void *vdso;  /* an ELF image with the clocks, or NULL */
	uint64_t sigframe; /* least size of a signal stack */
};
extern struct linuxu_auxv linuxu_auxv;

/* Where the host's stack began when the process started; the main thread runs on it. */
extern uintptr_t linuxu_stack_top;

/* How far it may grow, in bytes, as it was when the process started. */
extern uint64_t linuxu_stack_limit;

/* The process, as the host numbers it. */
extern int linuxu_pid;

/* The value of the last argument `name=value` before `--`, or NULL: for what boot needs early. */
const char *linuxu_early_param(const struct uk_bootinfo *bi, const char *name);

/* ---- window.c, mem.c ---- */

/* Makes physical memory, puts the initrd into it, and fills in bi->regions. */
/* shadow.c: before checked code runs. */
void linuxu_shadow_init(void);

void linuxu_mem_init(struct uk_bootinfo *bi);

/* The largest frame known (AVX-512: 3.5 KiB) and a report, which formats lines on the stack. */
#define LINUXU_TRAP_STACK 16384UL

/* Physical memory: [LINUXU_PHYS_START, + linuxu_phys_size). */
#define LINUXU_PHYS_START 0x100000UL /* not 0: a frame's address never is */
#define LINUXU_HUGE_PAGE  0x200000UL
extern uint64_t linuxu_phys_size;

/*
 * For fresh memory. MAP_STACK means (since Linux 6.7) no huge pages unless asked for: to clear one
 * takes as long as we need to start.
 */
#define LINUXU_MAP_FRESH                                                                           \
	(HOST_MAP_PRIVATE | HOST_MAP_ANONYMOUS | HOST_MAP_NORESERVE | HOST_MAP_STACK)

/* ---- irq.c ---- */

/* Sources of interrupts: bits of uk_percpu()->irq_pending. */
#define LINUXU_IRQ_TIMER 1U
#define LINUXU_IRQ_INPUT 2U
#define LINUXU_IRQ_NONE  4U /* no source: the host's mask is closed and has to be opened */
#define LINUXU_IRQ_STOP  8U
#define LINUXU_IRQ_CPU   16U /* another CPU */
#define LINUXU_IRQ_LATER 32U /* no source, and leaves the mask as it is: linuxu_ipi_withheld() */

/* Has signal `sig` (HOST_SIGALRM or HOST_SIGIO) taken as an interrupt, from now on. */
void linuxu_irq_attach(int sig);

/*
 * A descriptor of the host that SIGIO may be about (F_SETOWN and O_ASYNC are set), beside input. It is
 * added once, before there are other threads.
 */
struct linuxu_watch {
	int fd;
	uint32_t wanted;     /* idle shall watch it: somebody waits */
	void (*fired)(void); /* interrupt context: it, or another one, may have become readable */
	struct linuxu_watch *next;
};
#define LINUXU_WATCHES 4 /* at most */
void linuxu_watch_add(struct linuxu_watch *w);

/* How often the first CPU had nothing to do, and watched its input. */
extern uint32_t linuxu_idles;

/* Opens this CPU's mask for the first time, as far as it takes interrupts. */
void linuxu_irq_cpu(void);

/* ---- ipi.c ---- */


/* This CPU sleeps until another one asks something of it (answered on return) or a signal is noted. */
void linuxu_cpu_sleep(void);

/* A signal is noted: linuxu_cpu_sleep() shall not begin to sleep, if it was about to. */
void linuxu_cpu_stay(void);

/* ---- smp.c ---- */

/* Numbers that the host has for CPUs. */
extern int linuxu_tid[];

/* Where each CPU's is: LINUXU_TRAP_STACK bytes. */
extern void *linuxu_trap_stack[];

/* This CPU's, which it cannot leave meanwhile. */
static inline void *linuxu_trap_stack_here(void)
{
#ifdef CONFIG_SMP
	return linuxu_trap_stack[uk_cpu()];
#else
	return (char *)uk_plat_phys_to_virt(LINUXU_PHYS_START) - LINUXU_TRAP_STACK;
#endif
}

/* ---- power.c ---- */

/* The host asks us to end, by `sig`: linuxu_stop_fired() will tell the listener. */
void linuxu_stop_note(int sig);

/* Does that happen with `sig`? */
bool linuxu_stop_is_heard(int sig);

/* ---- called by irq.c in interrupt context ---- */

void linuxu_timer_fired(void);
void linuxu_input_fired(void);
void linuxu_stop_fired(void);

/* The descriptor that idle has to watch for input, or -1. */
int linuxu_input_fd(void);

/* ---- the CPU: cpu.c of each; cpu_generic.h ---- */

/* Before anything else of arch is used. */
void linuxu_arch_init(void);

/* With several CPUs: this one is number `cpu`, from now on. Its data is initialised. */
void linuxu_arch_cpu(uint32_t cpu);

/* A trap, of which the host has told by this signal: hand it to the hook, or report it and end. */
void linuxu_arch_trap(int sig, const struct host_siginfo *info, struct host_ucontext *uc);

/* For a core file: the registers of an end that no trap led to. */
void linuxu_arch_save_regs(void);

/* The crash report of a panic. */
void linuxu_arch_report(void);

/* How the interrupted code came where it is, for a crash report. */
void linuxu_arch_backtrace(const struct host_ucontext *uc);

/* ---- power.c ---- */

/* Before an end as by a signal: stops for whoever asked for a core file. */
void linuxu_core_stop(void);

/* ---- tapsetup.c ---- */

/* What the host told of the interface that parameter linuxu.tap names; fd -1: there is none. */
struct linuxu_tap {
	int fd;
	uint16_t mtu;
	uint8_t mac[6]; /* of the host's end */
};

/* Opens it, with struct virtio_net_hdr before each packet. 0, or a negative errno, which is said. */
int linuxu_tap_open(struct linuxu_tap *tap);

/* Is there parameter linuxu.tap? */
bool linuxu_tap_given(void) UK_OPTIONAL;

/* ---- tappcap.c ---- */

/* Does anybody want copies of packets? Then the file begins. */
bool linuxu_pcap_begin(void);

/* One packet. Thread context. */
struct uk_netbuf;
void linuxu_pcap_packet(const struct uk_netbuf *pkt);

/* ---- trap.c ---- */

/* The trap stack is there already. */
void linuxu_trap_init(void);

/* From a trap's handler, for a report: a trap in there is to be told, not to end the process. */
void linuxu_trap_allow(void);

/* ---- console.c ---- */

/* What has to be done before main() and seccomp for a function that is in the image (UK_TABLE_KEEP). */
typedef void (*linuxu_setup)(void);

/* Input as an open file of our own, non-blocking, which sends its signals to us; or -1. */
extern int linuxu_input_own;
extern const linuxu_setup linuxu_input_setup __attribute__((__visibility__("hidden")));

/* Before the first output. */
void linuxu_console_init(void);

/* Gives the terminal back as it was found. Any context. */
void linuxu_console_restore(void);

/* Ends the process as signal `sig` does by default, with the terminal given back. Any context. */
void linuxu_end_by_signal(int sig);

/* Something the platform cannot start without is missing: say what and end. */
UK_NORETURN void linuxu_fail(const char *what, int err);

#endif
