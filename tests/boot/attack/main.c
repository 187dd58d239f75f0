/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One attack per run, named by the argument: each must end in a report by the trap handler. Every
 * value passes through a volatile, so that the compiler cannot see what happens and remove it.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <uk/plat/mem.h>

static volatile uintptr_t address;
static volatile unsigned depth;
static unsigned char data[64];
static const unsigned char constant[64] = { 1 };
static const unsigned char ret = 0xc3; /* the instruction, on x86 */

static void call(uintptr_t where)
{
	address = where;
	((void (*)(void))address)();
}

static void write_to(uintptr_t where)
{
	address = where;
	*(volatile unsigned char *)address = ret;
}

static int overflow(volatile unsigned char *above)
{
	volatile unsigned char here[256];

	here[depth++ % sizeof(here)] = *above;
	if (!depth)
		return 0;
	return overflow(here) + here[0];
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned char stack[16] = { 0 };

	if (!strcmp(what, "where")) {
		printf("code %p stack %p direct %#lx\n", (void *)main, (void *)stack,
		       (unsigned long)uk_plat_direct_base);
		return 0;
	}
	if (!strcmp(what, "wait")) /* for somebody who looks at the mappings from outside */
		for (puts("waiting");;)
			;
	if (!strcmp(what, "write-code"))
		write_to((uintptr_t)main);
	else if (!strcmp(what, "write-constant"))
		write_to((uintptr_t)constant);
	else if (!strcmp(what, "run-stack"))
		call((uintptr_t)stack);
	else if (!strcmp(what, "run-data"))
		call((uintptr_t)data);
	else if (!strcmp(what, "run-constant"))
		call((uintptr_t)&ret);
	else if (!strcmp(what, "read-null"))
		address = 0, address = *(volatile unsigned char *)address;
	else if (!strcmp(what, "call-null"))
		call(0);
	else if (!strcmp(what, "overflow"))
		return overflow(stack);
	else if (!strcmp(what, "unmapped"))
		write_to(0x123456789000);
	else if (!strcmp(what, "non-canonical"))
		write_to(0x8123456789abcdef);
	else if (!strcmp(what, "undefined"))
		__asm__ volatile("ud2");
	else if (!strcmp(what, "divide"))
		address = 0, address = 100 / address;
	else if (!strcmp(what, "segment"))
		__asm__ volatile("mov %0, %%ds" ::"r"(0x70));
	else if (!strcmp(what, "map-wx"))
		return uk_plat_map(UK_VA_STACKS, 0x200000, UK_PAGE_SIZE,
				   UK_PROT_WRITE | UK_PROT_EXEC) == -13;
	return 0;
}
