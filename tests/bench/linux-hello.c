/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PID 1 of a Linux guest whose boot is measured: marks that main is reached, writes one line,
 * leaves QEMU. No libc, so that nothing but Linux itself is measured.
 */
#include <uk/mark.h>

static long syscall3(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

void _start(void);

void _start(void)
{
	static const char hello[] = "Hello, world!\n";

	UK_MARK(UK_MARK_MAIN);
	syscall3(1 /* write */, 1, (long)hello, sizeof(hello) - 1);
	syscall3(172 /* iopl */, 3, 0, 0);
	__asm__ volatile("outb %b0, %w1" : : "a"(0), "Nd"(0xf4)); /* isa-debug-exit */
	for (;;)
		;
}
