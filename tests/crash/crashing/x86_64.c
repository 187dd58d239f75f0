/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ways to crash that are x86_64's.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashing.h"

/*
 * An exception with an error code as the CPU would deliver it, by a frame made up here: no emulated CPU
 * raises a control protection exception, or finds an invalid TSS. Only where we own the machine.
 */
static void deliver(unsigned vector, uint64_t error)
{
	struct __attribute__((__packed__)) {
		uint16_t limit;
		const uint64_t *gates;
	} idt;
	uint64_t entry;

	__asm__ volatile("sidt %0" : "=m"(idt));
	entry = idt.gates[2 * vector];
	entry = (entry & 0xffff) | (entry >> 32 & 0xffff0000) | idt.gates[2 * vector + 1] << 32;
	__asm__ volatile("mov %%rsp, %%rax\n\t"
			 "and $-16, %%rsp\n\t"
			 "push $0x10\n\t"
			 "push %%rax\n\t"
			 "pushfq\n\t"
			 "push $0x8\n\t"
			 "lea control_here(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "push %1\n\t"
			 "jmp *%0\n"
			 ".globl control_here\n"
			 "control_here:" ::"r"(entry),
			 "r"(error)
			 : "rax", "memory");
}

/* Waits without a stack, on the first CPU, for what comes from outside and cannot be masked. */
static void lose_the_stack(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	puts("waiting");
	fflush(stdout);
	__asm__ volatile("cli\n\t"
			 "mov $0x123456789000, %rsp\n"
			 "1:\tpause\n\t"
			 "jmp 1b");
}

void crash_cpu(const char *what)
{
	if (!strcmp(what, "single-step"))
		__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop" ::: "memory", "cc");
	else if (!strcmp(what, "misaligned"))
		__asm__ volatile("pushfq; orl $0x40000, (%%rsp); popfq; movl %0, %%eax" ::"m"(
					 crash_data[1])
				 : "memory", "cc", "rax");
	else if (!strcmp(what, "vectors"))
		__asm__ volatile("movq %0, %%xmm7\n\t"
				 "movq %1, %%xmm15\n\t"
				 "punpcklqdq %%xmm7, %%xmm15\n\t"
				 "fldpi\n\t"
				 "ud2" ::"r"(0x1122334455667788),
				 "r"(0x99aabbccddeeff00)
				 : "xmm7", "xmm15");
	else if (!strncmp(what, "control", 7))
		deliver(21, (uint64_t)atoi(what + 7));
	else if (!strncmp(what, "vector", 6))
		deliver((unsigned)atoi(what + 6), 0);
	else if (!strcmp(what, "lose-stack"))
		lose_the_stack();
}
