/* SPDX-License-Identifier: BSD-3-Clause */
/* Does what the page tables forbid, as its argument says; "where" tells where code and heap are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char constant[] = "it cannot be changed";
static unsigned data[4] = { 0x00008067, 0x00008067 }; /* ret */

static int deeper(int n)
{
	volatile char room[512];

	room[0] = (char)n;
	return n > 1 << 20 ? room[0] : deeper(n + 1) + room[0];
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	volatile char *p = NULL;

	if (!strcmp(how, "where")) {
		printf("%p %p\n", (void *)main, malloc(1));
		return 0;
	}
	if (!strcmp(how, "code"))
		p = (volatile char *)(unsigned long)main;
	if (!strcmp(how, "constant"))
		p = (volatile char *)(unsigned long)constant;
	if (!strcmp(how, "data"))
		((void (*)(void))(unsigned long)data)();
	/* What an emulator may take for a call of the host's: semihosting. */
	if (!strcmp(how, "host")) {
#ifdef __riscv
		__asm__ volatile(".balign 16\n\t"
				 ".option push\n\t"
				 ".option norvc\n\t"
				 "slli zero, zero, 0x1f\n\t"
				 "ebreak\n\t"
				 "srai zero, zero, 7\n\t"
				 ".option pop");
#else
		__asm__ volatile("hlt #0xf000");
#endif
		return 0;
	}
	if (!strcmp(how, "stack"))
		return deeper(0);
	*p = 0;
	return 0;
}
