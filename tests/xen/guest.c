/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest for the tests of the rig: no kernel, enough to play one on Xen's console, PV and PVH, as dom0 and as
 * domU. The command line (behind `--`) says what to do:
 *
 *	exit N          end with status N          silent     power off without a status
 *	hang            never end                  err TEXT   TEXT to stderr, status 0
 *	out N           N bytes to stdout          cat        input to output until its end, status 0
 *	crash           a crash report, status 134 fault      crashes, and Xen notices it
 *	cmdline         the whole command line     button     waits until it is asked to end: status 143
 *	reboot          reboots                    plain      writes no records
 *
 * Numbers: Xen's public headers (xen.h, event_channel.h, sched.h, hvm/params.h, io/console.h, elfnote.h).
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

#include "../runner/play.h"

#define NOTE(type, desc)                                                                           \
	__asm__(".pushsection .note.Xen, \"a\", @note\n .long 4, 2f - 1f, " #type                  \
		"\n .asciz \"Xen\"\n 1: " desc "\n 2: .balign 4\n .popsection\n")
NOTE(6, ".asciz \"test\"");                                            /* GUEST_OS */
NOTE(5, ".asciz \"xen-3.0\"");                                         /* XEN_VERSION */
NOTE(8, ".asciz \"generic\"");                                         /* LOADER */
NOTE(9, ".asciz \"yes\"");                                             /* PAE_MODE */
NOTE(3, ".quad 0");                                                    /* VIRT_BASE */
NOTE(1, ".quad pv_entry");                                             /* ENTRY */
NOTE(2, ".quad hypercall_page");                                       /* HYPERCALL_PAGE */
NOTE(18, ".long pvh_entry");                                           /* PHYS32_ENTRY */
NOTE(10, ".asciz \"!writable_page_tables|pae_pgdir_above_4gb|dom0\""); /* FEATURES */

__asm__(".globl pvh_entry\n .text\n .balign 4096\n .globl hypercall_page\n hypercall_page: .skip "
	"4096, 0xcc\n"
	"pv_entry: mov $stack_top, %esp\n mov %rsi, %rdi\n call pv_main\n"
	/* The first 4 GiB as they are, in pages of 2 MiB; then 64 bits. */
	".code32\n pvh_entry: cld\n mov $stack_top, %esp\n mov %ebx, %esi\n"
	"mov $tables + 0x1007, %eax\n mov %eax, tables\n"
	"mov $4, %ecx\n 1: lea -1(%ecx), %edx\n shl $12, %edx\n lea tables + 0x2007(%edx), %eax\n"
	"mov %eax, tables + 0x1000 - 8(,%ecx,8)\n loop 1b\n"
	"mov $2048, %ecx\n 1: lea -1(%ecx), %eax\n shl $21, %eax\n or $0x83, %eax\n"
	"mov %eax, tables + 0x2000 - 8(,%ecx,8)\n loop 1b\n"
	"mov %cr4, %eax\n or $0x20, %eax\n mov %eax, %cr4\n mov $tables, %eax\n mov %eax, %cr3\n"
	"mov $0xc0000080, %ecx\n rdmsr\n or $0x100, %eax\n wrmsr\n"
	"mov %cr0, %eax\n or $0x80000000, %eax\n mov %eax, %cr0\n lgdt gdt_pointer\n ljmp $8, $1f\n"
	".code64\n 1: mov $16, %eax\n mov %eax, %ds\n mov %eax, %es\n mov %eax, %ss\n mov %esi, "
	"%edi\n call pvh_main\n"
	".balign 8\n gdt: .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff\n gdt_pointer: .word "
	"23\n .long gdt\n"
	".bss\n .balign 4096\n tables: .skip 0x6000\n .skip 16384\n stack_top:\n .text\n");

struct ring {
	char in[1024], out[2048];
	u32 in_cons, in_prod, out_cons, out_prod;
};

static volatile struct ring *ring; /* NULL: we are dom0 */
static u32 port;
static int records;
static const char *line;

static long hypercall(u32 number, u64 a, const volatile void *b, const void *c)
{
	extern char hypercall_page[];
	register u64 rdi __asm__("rdi") = a;
	register const volatile void *rsi __asm__("rsi") = b;
	register const void *rdx __asm__("rdx") = c;
	long result;

	__asm__ volatile("call *%0"
			 : "=a"(result), "+r"(rdi), "+r"(rsi), "+r"(rdx)
			 : "0"(hypercall_page + number * 32)
			 : "memory", "rcx", "r8", "r9", "r10", "r11");
	return result;
}

#define BARRIER() __asm__ volatile("" ::: "memory") /* x86 keeps stores, and loads, in order */
#define YIELD()   hypercall(29, 0, 0, 0)            /* SCHEDOP_yield */

static void notify(void)
{
	hypercall(32, 4, &port, 0); /* EVTCHNOP_send */
}

static void out(const char *s, u32 n)
{
	if (!ring) {
		hypercall(18, 0, (void *)(u64)n, s); /* CONSOLEIO_write */
		return;
	}
	while (n--) {
		while (ring->out_prod - ring->out_cons == sizeof(ring->out)) {
			notify();
			YIELD();
		}
		ring->out[ring->out_prod % sizeof(ring->out)] = *s++;
		BARRIER();
		ring->out_prod++;
	}
	notify();
}

static int in(void)
{
	char c;

	if (!ring)
		return hypercall(18, 1, (void *)1, &c) > 0 ? (u8)c : -1;
	if (ring->in_prod == ring->in_cons)
		return -1;
	BARRIER();
	c = ring->in[ring->in_cons % sizeof(ring->in)];
	BARRIER();
	ring->in_cons++;
	notify();
	return (u8)c;
}

static int wait(void)
{
	int c;

	while ((c = in()) < 0)
		YIELD();
	return c;
}

static void record(char type, const char *s, u32 n)
{
	const char head[] = { 0x10, type, (char)n, (char)(n >> 8) };

	if (records)
		out(head, 4);
	out(s, n);
}

static _Noreturn void shut(u32 reason)
{
	for (;;)
		hypercall(29, 2, &reason, 0); /* SCHEDOP_shutdown */
}

static _Noreturn void end(int status)
{
	char s = (char)status;

	if (status >= 0 && records)
		record('X', &s, 1);
	shut(ring ? 0 : 1); /* a dom0 that powers off leaves QEMU running */
}

/* A byte of input, or 256 + the letter of what else the other side tells. */
static int input(void)
{
	int c = wait();

	if (c != 0x10)
		return c;
	c = wait();
	return c == 'D' ? 0x10 : c == ']' ? 0x1d : 256 + c;
}

static void send_many(u32 n)
{
	static char block[1000];

	for (u32 i = 0; i < n;) {
		u32 k = 0;

		while (k < sizeof(block) && i < n)
			block[k++] = (char)(i++ * 7);
		record('O', block, k);
	}
}

static _Noreturn void guest(void)
{
	const char *s;

	for (const char *p = line; *p && !records; p++)
		records = starts(&p, "xen.records=1");
	s = play(line);
	if (starts(&s, "reboot"))
		shut(1);
	if (starts(&s, "fault"))
		shut(3);
	if (starts(&s, "out")) {
		send_many(number(s));
	} else if (starts(&s, "cat")) {
		int c;
		char b;

		record('R', "", 0);
		while ((c = input()) < 256) {
			b = (char)c;
			record('O', &b, 1);
		}
	} else if (starts(&s, "button")) {
		record('B', "", 0);
		say('O', "waiting\n");
		while (input() != 256 + 'B')
			;
		end(143);
	} else if (starts(&s, "cmdline")) {
		say('O', line);
	} else if (starts(&s, "plain")) {
		records = 0;
		say('O', "plain words\n");
	} else {
		for (;;)
			YIELD(); /* hang */
	}
	end(0);
}

/* struct start_info of xen.h, as far as we need it. */
struct start_info {
	char magic[32];
	u64 pages, shared_info;
	u32 flags;
	u64 store_mfn;
	u32 store_port;
	u64 console_mfn;
	u32 console_port;
	u64 pt_base, pt_frames, mfn_list, mod_start, mod_len;
	char cmdline[1024];
};

_Noreturn void pv_main(struct start_info *si);
_Noreturn void pv_main(struct start_info *si)
{
	const u64 *m2p = (const u64 *)0xffff800000000000;

	line = si->cmdline;
	if (!(si->flags & 2)) { /* SIF_INITDOMAIN */
		ring = (struct ring *)(m2p[si->console_mfn] << 12);
		port = si->console_port;
	}
	guest();
}

static u64 hvm_param(u32 index)
{
	struct {
		u16 domain;
		u32 index;
		u64 value;
	} p = { 0x7ff0, index, 0 };

	return hypercall(34, 1, &p, 0) ? 0 : p.value; /* HVMOP_get_param */
}

_Noreturn void pvh_main(const u32 *info);
_Noreturn void pvh_main(const u32 *info)
{
	extern char hypercall_page[];

	__asm__ volatile("wrmsr" ::"c"(0x40000000), "a"((u32)(u64)hypercall_page), "d"(0)
			 : "memory");
	line = (const char *)*(const u64 *)(info + 6);
	port = (u32)hvm_param(18); /* CONSOLE_EVTCHN */
	if (port)
		ring = (struct ring *)(hvm_param(17) << 12);
	guest();
}
