/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest for the tests of the runner: no kernel, 32-bit, enough to play one on the serial port and
 * the side channel. Entered by PVH with paging off; the command line (behind `--`) says what to do:
 *
 *	exit N          end with status N          silent     end without a status
 *	hang            never end                  err TEXT   TEXT to stderr, status 0
 *	stay N          status N, but never end
 *	out N           N bytes to stdout          both N     N bytes to stdout and to stderr
 *	lines N         N lines to stdout, each in two pieces with a kernel message between
 *	cat             input to output until its end, status 0
 *	crash           a crash report, status 134
 *	cmdline         the whole command line to stdout
 */
typedef unsigned char u8;
typedef unsigned int u32;

#include "play.h"

#define COM1      0x3f8
#define LSR_DATA  0x01
#define LSR_OVER  0x02
#define LSR_BREAK 0x10
#define LSR_EMPTY 0x20

struct start_info {
	u32 magic, version, flags, nr_modules;
	u32 modlist, modlist_hi, cmdline, cmdline_hi;
};

/* XEN_ELFNOTE_PHYS32_ENTRY: where QEMU enters with -kernel. It reads 8 bytes in an ELF64 file. */
__asm__(".section .note.pvh, \"a\", @note\n"
	".long 4, 8, 18\n .asciz \"Xen\"\n .long _start, 0\n"
	".text\n .globl _start\n"
	"_start: mov $stack_top, %esp\n push %ebx\n call guest\n"
	".bss\n .align 16\n .space 16384\n stack_top:\n .text\n");

static void outb(unsigned short port, u8 v)
{
	__asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

static u8 inb(unsigned short port)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static void record(char type, const char *s, u32 n)
{
	outb(0xe9, (u8)type);
	outb(0xe9, (u8)n);
	outb(0xe9, (u8)(n >> 8));
	while (n--)
		outb(0xe9, (u8)*s++);
}

/* Reading the status register forgets a break and an overrun: keep them. */
static u8 line_status(void)
{
	static u8 kept;
	u8 lsr = inb(COM1 + 5);

	kept |= lsr & (LSR_BREAK | LSR_OVER);
	return lsr | kept;
}

static void put(char c)
{
	while (!(line_status() & LSR_EMPTY))
		;
	outb(COM1, (u8)c);
}

static _Noreturn void end(int status)
{
	char s = (char)status;

	if (status >= 0)
		record('X', &s, 1);
	outb(0xf4, 0);
	for (;;)
		__asm__ volatile("hlt");
}

/* A byte follows each break in the receiver, unless it overran: the break itself. */
static void cat(void)
{
	static char held;
	int have = 0, ended = 0;

	outb(COM1 + 2, 0xc1); /* FIFOs on; QEMU fills them up to this trigger level */
	record('R', "", 0);
	for (;;) {
		u8 lsr = line_status();

		if (lsr & LSR_BREAK)
			ended = lsr & LSR_OVER ? 2 : 1;
		if (lsr & LSR_DATA) {
			if (have)
				put(held);
			held = (char)inb(COM1);
			have = 1;
		} else if (ended) {
			break;
		} else if (have) {
			put(held);
			have = 0;
		}
	}
	if (have && ended == 2)
		put(held);
	end(0);
}

void guest(struct start_info *si);
void guest(struct start_info *si)
{
	const char *line = si->cmdline ? (const char *)si->cmdline : "", *s = play(line);

	if (starts(&s, "stay")) {
		char status = (char)number(s);

		put('.');
		record('X', &status, 1);
		for (;;)
			__asm__ volatile("hlt");
	}
	if (starts(&s, "out")) {
		for (u32 n = number(s), i = 0; i < n; i++)
			put((char)(i * 7));
	} else if (starts(&s, "both")) {
		for (u32 n = number(s), i = 0; i < n; i++) {
			put('o');
			record('E', "e", 1);
		}
	} else if (starts(&s, "lines")) {
		for (u32 n = number(s), i = 0; i < n; i++) {
			for (const char *p = "a line of which "; *p; p++)
				put(*p);
			say('K', "[whittle] a message\n");
			/* About a millisecond, for it to get through alone. */
			for (u32 j = 0; j < 2000; j++)
				line_status();
			for (const char *p = "the end comes later\n"; *p; p++)
				put(*p);
		}
	} else if (starts(&s, "cat")) {
		cat();
	} else if (starts(&s, "cmdline")) {
		for (s = line; *s; s++)
			put(*s);
	} else {
		for (;;)
			__asm__ volatile("hlt"); /* hang */
	}
	end(0);
}
