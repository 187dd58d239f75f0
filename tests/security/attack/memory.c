/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows 1 to 7, 13 and 14: what is read-only gets written, what is data gets run, what is not mapped
 * gets used.
 */
#include <stdlib.h>
#include <string.h>
#include <uk/canary.h>
#include <uk/config.h>
#include <uk/plat/mem.h>
#include "attack.h"
#include "cpu.h"

static NOINLINE __attribute__((__aligned__(CODE_SIZE))) int victim(void)
{
	__asm__ volatile("");
	return NOTHING_HAPPENED;
}

static const int constant = NOTHING_HAPPENED;
static int (*const pointer)(void) = victim; /* read-only only after relocation */
CODE_ALIGNED static const unsigned char code_constant[] = { CPU_RETURN };
CODE_ALIGNED static unsigned char data[CODE_SIZE] = { 0xcc };
CODE_ALIGNED static unsigned char bss[CODE_SIZE];

enum verdict write_code(void)
{
	void *code = hide((void *)(uintptr_t)victim);

	carry(code);
	return run(code);
}

enum verdict write_constant(void)
{
	*(volatile int *)hide(&constant) = SUCCEEDED;
	return *(int *)hide(&constant) == SUCCEEDED ? SUCCEEDED : NOTHING_HAPPENED;
}

enum verdict write_pointer(void)
{
	int (*volatile * read_only)(void) = hide(&pointer);

	*read_only = answer;
	return run((void *)(uintptr_t)*read_only);
}

/* Whoever can write the kernel's canary can smash its stacks. It is put back: our callers have it. */
enum verdict write_canary(void)
{
#ifdef CONFIG_HARDEN_STACK_PROTECTOR
	volatile uintptr_t *guard = hide(&__stack_chk_guard);
	uintptr_t old = *guard, seen;

	*guard = SUCCEEDED;
	seen = *guard;
	*guard = old;
	return seen == SUCCEEDED ? SUCCEEDED : NOTHING_HAPPENED;
#else
	return NOTHING_HAPPENED;
#endif
}

enum verdict run_heap(void)
{
	void *p = malloc(CODE_SIZE);

	carry(p);
	return run(p);
}

enum verdict run_stack(void)
{
	CODE_ALIGNED unsigned char stack[CODE_SIZE];

	carry(stack);
	return run(stack);
}

enum verdict run_data(void)
{
	carry(data);
	return run(data);
}

enum verdict run_bss(void)
{
	carry(bss);
	return run(bss);
}

enum verdict run_constant(void)
{
	run(code_constant);
	return SUCCEEDED;
}

enum verdict read_null(void)
{
	(void)*(volatile int *)hide(NULL);
	return SUCCEEDED;
}

enum verdict call_null(void)
{
	return run(NULL);
}

/* Takes the protection away, as only the kernel can: maps a page of code at 0, and calls it. */
enum verdict open_null(void)
{
	unsigned char *page = (unsigned char *)malloc(2 * UK_PAGE_SIZE);
	uk_paddr_t frame;

	page = (unsigned char *)(((uintptr_t)page + UK_PAGE_MASK) & ~UK_PAGE_MASK);
	carry(page);
	if (uk_plat_lookup((uintptr_t)page, &frame, NULL) ||
	    uk_plat_map(0, frame, UK_PAGE_SIZE, UK_PROT_READ | UK_PROT_EXEC))
		return REFUSED;
	read_null();
	return call_null();
}

enum verdict map_wx(void)
{
	return uk_plat_map(UK_VA_STACKS, 0x200000, UK_PAGE_SIZE, UK_PROT_WRITE | UK_PROT_EXEC) < 0
		       ? REFUSED
		       : SUCCEEDED;
}

static enum verdict write_to(uintptr_t where)
{
	*(volatile char *)hide((void *)where) = 1;
	return SUCCEEDED;
}

enum verdict unmapped(void)
{
	return write_to(0x123456789000);
}

enum verdict non_canonical(void)
{
	return write_to(0x8123456789abcdef);
}

enum verdict undefined(void)
{
	__asm__ volatile(CPU_UNDEFINED);
	return SUCCEEDED;
}

enum verdict divide(void)
{
	volatile int zero = 0;

	zero = 100 / zero;
	return SUCCEEDED;
}

#ifdef CONFIG_ARCH_X86_64
enum verdict segment(void)
{
	__asm__ volatile("mov %0, %%ds" ::"r"(0x70));
	return SUCCEEDED;
}
#endif
