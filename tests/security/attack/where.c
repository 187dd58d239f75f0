/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows 10 and 17: the addresses of everything, and the canary, for comparison over many boots. A
 * line each: a name and a number. And row 15: what is mapped, where nobody can look at it from outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <uk/config.h>
#ifdef CONFIG_ARCH_X86_64
#include <uk/arch/cpu.h>
#endif
#include <uk/plat/mem.h>
#include "attack.h"

static int data = 1;

static void line(const char *name, const void *p)
{
	printf("%s %p\n", name, p);
}

void where(void)
{
	line("code", (void *)(uintptr_t)where);
	line("data", &data);
	line("stack", __builtin_frame_address(0));
	line("heap", malloc(64));
	line("heap-large", malloc(512 << 10));
	line("direct", (void *)uk_plat_direct_base);
	line("canary", (void *)canary());
#ifdef CONFIG_APPATTACK_PROGRAM
	where_program();
#endif
}

#define LEVEL(n) (UK_PAGE_SIZE << (9 * (n)))

struct mapped {
	unsigned long code, data, constants, both, low;
};

static void count(struct mapped *m, uintptr_t va, size_t len)
{
	for (uintptr_t at = va; at < va + len; at += UK_PAGE_SIZE) {
		unsigned prot = 0;
		uk_paddr_t pa;

		if (uk_plat_lookup(at, &pa, &prot))
			continue;
		m->both += prot & UK_PROT_WRITE && prot & UK_PROT_EXEC;
		m->code += prot & UK_PROT_EXEC && !(prot & UK_PROT_WRITE);
		m->data += prot & UK_PROT_WRITE && !(prot & UK_PROT_EXEC);
		m->constants += prot && !(prot & (UK_PROT_WRITE | UK_PROT_EXEC));
		m->low += at < 4UL << 20;
	}
}

/* All pages of our half of the addresses, by what the page tables say. */
void mapped(void)
{
	struct mapped m = { 0 };
	uk_paddr_t pa;

	for (uintptr_t va = 0; va < LEVEL(4) / 2;) {
		size_t len = uk_plat_lookup_run(va, LEVEL(3), &pa);

		if (pa)
			count(&m, va, len);
		va += len;
	}
	printf("code %lu\ndata %lu\nconstants %lu\nwritable-and-executable %lu\nlow %lu\n", m.code,
	       m.data, m.constants, m.both, m.low);
}

#ifdef CONFIG_ARCH_X86_64
/* On a CPU that is ours. */
void registers(void)
{
	printf("efer %lx\ncr0 %lx\ncr4 %lx\n", (unsigned long)x86_rdmsr(X86_MSR_EFER),
	       (unsigned long)x86_read_cr0(), (unsigned long)x86_read_cr4());
}
#endif

/* For somebody who looks at the image from outside. */
void wait_for_ever(void)
{
	for (puts("waiting");;)
		hide(NULL);
}
