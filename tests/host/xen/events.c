/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What queues.c, bits.c and grants.c share: what the platform's files need of others, and the way from a call of Xen to the function that plays it.
 */
#include <string.h>
#include <unistd.h>

#include <uk/percpu.h>
#include <uk/print.h>

#include "events.h"
#include "xen.h"

unsigned long seed;

unsigned begin(int argc, char **argv)
{
	seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	srandom((unsigned)seed);
	alarm(120);
	return argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 2000;
}

/* ---- what they need of others ---- */

bool uk_xen_pv;
uintptr_t image_offset, uk_plat_direct_base;
struct uk_percpu uk_percpu_boot;
unsigned complaints;

void uk_log(enum uk_log_level level, const char *lib, const char *fmt, ...)
{
	complaints++;
}

void uk_plat_irq_replay(void)
{
}

void uk_fatal(const char *fmt, ...)
{
	abort();
}

void uk_panic(const char *fmt, ...)
{
	abort();
}

uk_paddr_t uk_arch_frame_alloc(void)
{
	void *p = aligned_alloc(UK_PAGE_SIZE, UK_PAGE_SIZE);

	return (uk_paddr_t)(uintptr_t)memset(p, 0, UK_PAGE_SIZE);
}

uk_paddr_t pv_frame_alloc(void)
{
	abort();
}

uint64_t pv_mfn(uk_paddr_t pa)
{
	abort();
}

/* ---- Xen ---- */

long fake_xen(unsigned nr, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d);
long fake_xen(unsigned nr, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d)
{
	return xen_op(nr, (unsigned)a, (void *)b);
}

/* Number in eax, the fourth argument in r10; it keeps what a call of C does not. */
__asm__("	.globl uk_xen_hypercall\n"
	"uk_xen_hypercall:\n"
	"	push %rbp\n"
	"	mov %rsp, %rbp\n"
	"	push %r9\n"
	"	and $-16, %rsp\n"
	"	sub $16, %rsp\n"
	"	mov %r9, (%rsp)\n"
	"	mov %r10, %r8\n"
	"	mov %rdx, %rcx\n"
	"	mov %rsi, %rdx\n"
	"	mov %rdi, %rsi\n"
	"	mov %eax, %edi\n"
	"	call fake_xen\n"
	"	mov (%rsp), %r9\n"
	"	leave\n"
	"	ret\n");
