/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The runner's side channel, which keeps kernel messages, standard error, crash reports and the exit status apart from the
 * console: QEMU's semihosting (RISC-V Semihosting 0.4; Arm Semihosting 2.0), a trap that a debugger, or here the emulator,
 * takes before the CPU does. Its console is a pipe of the runner's, to which records go as on x86_64 through a port.
 *
 * What the host has of randomness comes by the same way, since this machine has no instruction for it.
 *
 * Whoever runs us is asked for the command line, which semihosting keeps apart from the kernel's: support/run has put its
 * name there. Nobody is there: then the trap is an ordinary breakpoint.
 */
#include <uk/arch/cpu.h>
#include <uk/spin.h>
#include <uk/string.h>

#include "kvm.h"

#define SYS_OPEN        0x01
#define SYS_CLOSE       0x02
#define SYS_WRITEC      0x03
#define SYS_WRITE0      0x04
#define SYS_READ        0x06
#define SYS_GET_CMDLINE 0x15

#define MODE_RB 1 /* for SYS_OPEN: "rb" */

#define PIECE                                                                                      \
	1024 /* the emulator reads memory behind the page tables' back: what is not there, faults for nobody */

static const char runner_name[] = "whittle-runner";

static bool listens UK_RO_AFTER_INIT_ZERO;

/* The three instructions lie in one page; the middle one alone is a breakpoint. */
static UK_NOINLINE long semihost(long op, void *args)
{
	register long a0 __asm__("a0") = op;
	register void *a1 __asm__("a1") = args;

	__asm__ volatile(".balign 16\n\t"
			 ".option push\n\t"
			 ".option norvc\n\t"
			 "slli zero, zero, 0x1f\n\t"
			 "ebreak\n\t"
			 "srai zero, zero, 7\n\t"
			 ".option pop"
			 : "+r"(a0)
			 : "r"(a1)
			 : "memory");
	return a0;
}

/* The first, for which an ordinary breakpoint goes on behind it. */
static bool asked_in_vain(void *args)
{
	register long a0 __asm__("a0") = SYS_GET_CMDLINE;
	register void *a1 __asm__("a1") = args;
	uint64_t old;

	__asm__ volatile("lla %1, 1f\n\t"
			 "csrrw %1, stvec, %1\n\t"
			 ".balign 16\n\t"
			 ".option push\n\t"
			 ".option norvc\n\t"
			 "slli zero, zero, 0x1f\n\t"
			 "ebreak\n\t"
			 "srai zero, zero, 7\n"
			 "1:\tcsrw stvec, %1\n\t"
			 ".option pop"
			 : "+r"(a0), "=&r"(old)
			 : "r"(a1)
			 : "memory");
	return a0;
}

void kvm_channel_init(void)
{
	char line[64];
	struct {
		void *buf;
		size_t len;
	} get = { line, sizeof(line) };

	memset(line, 0, sizeof(line));
	listens = !asked_in_vain(&get) && !memcmp(line, runner_name, sizeof(runner_name));
}

size_t kvm_channel_seed(void *buf, size_t n)
{
	static const char name[] = "/dev/urandom";
	struct {
		const char *name;
		long mode;
		size_t len;
	} open = { name, MODE_RB, sizeof(name) - 1 };
	struct {
		long handle;
		void *buf;
		size_t len;
	} read = { 0, buf, n };
	long left;

	if (!listens)
		return 0;
	read.handle = semihost(SYS_OPEN, &open);
	if (read.handle < 0)
		return 0;
	memset(buf, 0, n); /* it is there: the emulator does not wait for a page */
	left = semihost(SYS_READ, &read);
	semihost(SYS_CLOSE, &read.handle);
	return left < 0 || (size_t)left > n ? 0 : n - (size_t)left;
}

bool kvm_runner(void)
{
	return listens;
}

/* There is a call for a string, which ends at a 0, and one for a single character. */
static void write_out(char *s, size_t n)
{
	char *end = s + n;

	*end = 0;
	for (; s < end; s++) {
		if (*s)
			semihost(SYS_WRITE0, s);
		s += uk_strlen(s);
		if (s < end)
			semihost(SYS_WRITEC, s);
	}
}

void kvm_record(char type, const char *s, size_t n)
{
	static struct uk_spinlock lock;
	static char buf[3 + PIECE + 1];
	bool irq = uk_spin_lock_save(&lock); /* records must not mix */

	do {
		size_t len = UK_MIN(n, (size_t)PIECE);

		buf[0] = type;
		buf[1] = (char)len;
		buf[2] = (char)(len >> 8);
		memcpy(buf + 3, s, len);
		write_out(buf, 3 + len);
		s += len;
		n -= len;
	} while (n);
	uk_spin_unlock_restore(&lock, irq);
}
