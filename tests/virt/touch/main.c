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

#ifdef __aarch64__
/* A place in the code that no compiler has made a target of jumps. */
__asm__(".text\nno_pad:\n\tmov w0, #7\n\tret");
extern int no_pad(void);

static void gained(void)
{
	puts("it returned to where it was not called from");
	exit(7);
}

/* Writes over the return address that it has saved. */
static __attribute__((noinline)) void misled(void (*to)(void))
{
	void (**frame)(void) = __builtin_frame_address(0);

	__asm__ volatile("" : "+r"(frame)::"x30", "memory");
	frame[1] = to;
}
#endif

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
#ifdef __aarch64__
	if (!strcmp(how, "pad")) {
		int (*volatile call)(void) = no_pad;

		return call();
	}
	/* To no address, by a register: nobody has signed that, or claims so. */
	if (!strcmp(how, "nowhere")) {
		int (*volatile call)(void) = (int (*)(void))0x4141414141414141;

		return call() + 1;
	}
	if (!strcmp(how, "return"))
		misled(gained);
#endif
	if (!strcmp(how, "stack"))
		return deeper(0);
	*p = 0;
	return 0;
}
