/* SPDX-License-Identifier: BSD-3-Clause */
/* What ../context.c asks of arm64, and tests of registers that only it has. */
#define _GNU_SOURCE
#include <fenv.h>
#include <stddef.h>
#include "context.h"
#include "test.h"

/* Behind the general registers: records that begin with a kind and a length. */
static struct fpsimd_context *floats(const ucontext_t *uc)
{
	return (struct fpsimd_context *)uc->uc_mcontext.__reserved;
}

static volatile unsigned long seen_x20;

static void change_registers(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	mcontext_t *m = &uc->uc_mcontext;

	note(sig, info, context);
	seen_x20 = m->regs[20];
	m->regs[21] = 1234;
	m->pc += 4;
	m->pstate |= 1UL << 29 | 15; /* the carry, and a mode that is not for threads */
	if (floats(uc)->head.magic == FPSIMD_MAGIC)
		((unsigned long *)&floats(uc)->vregs[18])[1] ^= 0xff;
	__asm__ volatile("movi v19.16b, #255\n\tmsr fpcr, xzr" ::
				 : "v19"); /* the context's are not these */
}

/* All of them come back as the handler left them in the context, vectors, flags and modes too. */
TEST(context, registers_can_be_changed)
{
	unsigned long x20, x21, high18, low19, carry, modes;

	install(SIGSEGV, change_registers, 0);
	__asm__ volatile("mov x20, #0x1122\n\t"
			 "mov x21, #0\n\t"
			 "dup v18.2d, x20\n\t"
			 "dup v19.2d, x20\n\t"
			 "mov x22, #0x400000\n\t" /* rounding up */
			 "msr fpcr, x22\n\t"
			 "mov x22, #64\n\t"
			 "cmn x21, #0\n\t" /* no carry */
			 "str x20, [x22]\n\t"
			 "cset %4, cs\n\t"
			 "mov %0, x20\n\t"
			 "mov %1, x21\n\t"
			 "mov %2, v18.d[1]\n\t"
			 "mov %3, v19.d[0]\n\t"
			 "mrs %5, fpcr\n\t"
			 "msr fpcr, xzr"
			 : "=&r"(x20), "=&r"(x21), "=&r"(high18), "=&r"(low19), "=&r"(carry),
			   "=&r"(modes)
			 :
			 : "x20", "x21", "x22", "v18", "v19", "cc", "memory");
	EXPECT_EQ(caught.calls, 1);
	EXPECT_EQ(seen_x20, 0x1122u);
	EXPECT_EQ(x20, 0x1122u);
	EXPECT_EQ(x21, 1234u);
	EXPECT_EQ(high18, 0x1122u ^ 0xff);
	EXPECT_EQ(low19, 0x1122u);
	EXPECT_EQ(carry, 1u);
	EXPECT_EQ(modes, 0x400000u);
	EXPECT_EQ((uintptr_t)caught.addr, 64u);
	signal(SIGSEGV, SIG_DFL);
}

const bool context_inherits_floats = true;

int context_rounding(const ucontext_t *uc)
{
	return (int)floats(uc)->fpcr & 0xc00000;
}

int context_raised(const ucontext_t *uc)
{
	return (int)floats(uc)->fpsr & FE_ALL_EXCEPT;
}

/* Linux has them in the first record here; the last one is of length 0. */
void context_check_floats(const ucontext_t *uc)
{
	const char *records = (const char *)uc->uc_mcontext.__reserved;
	size_t at = 0;

	EXPECT_EQ((uintptr_t)records % 16, 0u);
	EXPECT_EQ(floats(uc)->head.magic, (uint32_t)FPSIMD_MAGIC);
	EXPECT_EQ(floats(uc)->head.size, sizeof(struct fpsimd_context));
	for (;;) {
		const struct _aarch64_ctx *head = (const struct _aarch64_ctx *)(records + at);

		if (!head->magic ||
		    at + head->size > sizeof(uc->uc_mcontext.__reserved) - sizeof(*head)) {
			EXPECT_EQ(head->magic, 0u);
			EXPECT_EQ(head->size, 0u);
			return;
		}
		at += head->size;
	}
}

/* ---- faults ---- */

extern const char context_undefined[], context_break[];
static char misaligned[32] __attribute__((__aligned__(16)));

__attribute__((__noinline__)) static void undefined(void)
{
	__asm__ volatile(".globl context_undefined\n"
			 "context_undefined:\n\t"
			 "udf #0");
}

__attribute__((__noinline__)) static void breakpoint(void)
{
	__asm__ volatile(".globl context_break\n"
			 "context_break:\n\t"
			 "brk #0");
}

static void read_misaligned(void)
{
	__asm__ volatile("ldaxr x0, [%0]" ::"r"(misaligned + 1) : "x0", "memory");
}

/* In the middle of an instruction. */
static void jump_misaligned(void)
{
	void (*volatile middle)(void) = (void (*)(void))(context_undefined + 2);

	middle();
}

const struct fault context_faults[] = {
	{ "udf", undefined, SIGILL, ILL_ILLOPC, context_undefined, false },
	{ "brk", breakpoint, SIGTRAP, TRAP_BRKPT, context_break, false },
	{ "misaligned ldaxr", read_misaligned, SIGBUS, BUS_ADRALN, misaligned + 1, false },
	{ "misaligned jump", jump_misaligned, SIGBUS, BUS_ADRALN, context_undefined + 2, false },
	{ 0 },
};

void context_reset_floats(void)
{
	/* No fault has to do with them. */
}

/* ---- as Go's runtime does it ---- */

void context_call(ucontext_t *uc, void (*fn)(void))
{
	mcontext_t *m = &uc->uc_mcontext;

	m->sp -= 16;
	*(unsigned long *)m->sp = m->regs[30];
	m->regs[30] = m->pc;
	m->pc = (uintptr_t)fn;
}

/* x18 is the platform's: nobody changes it. A return by x27 needs no landing pad. */
__asm__(".macro each_vector op\n\t"
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t"
	"\\op q\\n, [sp, #176 + 16 * \\n]\n\t"
	".endr\n\t"
	".irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n\t"
	"\\op q\\n, [sp, #176 + 16 * \\n]\n\t"
	".endr\n\t"
	".endm\n"
	".text\n"
	".globl context_preempted\n"
	"context_preempted:\n\t"
	"sub sp, sp, #688\n\t"
	"stp x0, x1, [sp]\n\t"
	"stp x2, x3, [sp, #16]\n\t"
	"stp x4, x5, [sp, #32]\n\t"
	"stp x6, x7, [sp, #48]\n\t"
	"stp x8, x9, [sp, #64]\n\t"
	"stp x10, x11, [sp, #80]\n\t"
	"stp x12, x13, [sp, #96]\n\t"
	"stp x14, x15, [sp, #112]\n\t"
	"stp x16, x17, [sp, #128]\n\t"
	"stp x29, x30, [sp, #144]\n\t"
	"mrs x0, nzcv\n\t"
	"mrs x1, fpsr\n\t"
	"stp x0, x1, [sp, #160]\n\t"
	"each_vector str\n\t"
	"bl context_count\n\t"
	"each_vector ldr\n\t"
	"ldp x0, x1, [sp, #160]\n\t"
	"msr nzcv, x0\n\t"
	"msr fpsr, x1\n\t"
	"ldp x29, x27, [sp, #144]\n\t"
	"ldp x16, x17, [sp, #128]\n\t"
	"ldp x14, x15, [sp, #112]\n\t"
	"ldp x12, x13, [sp, #96]\n\t"
	"ldp x10, x11, [sp, #80]\n\t"
	"ldp x8, x9, [sp, #64]\n\t"
	"ldp x6, x7, [sp, #48]\n\t"
	"ldp x4, x5, [sp, #32]\n\t"
	"ldp x2, x3, [sp, #16]\n\t"
	"ldp x0, x1, [sp]\n\t"
	"ldr x30, [sp, #688]\n\t" /* as context_call() has found it */
	"add sp, sp, #704\n\t"
	"ret x27");

__asm__(".text\n"
	".globl context_restorer\n"
	"context_restorer: mov x8, #139\n\t svc #0");

__attribute__((__noinline__)) bool context_light(void *top, volatile long *rounds,
						 volatile bool *stop)
{
	uint64_t a = 0, b = 0, sum = 1, low, link;

	__asm__ volatile(
		"mov x28, sp\n\t"
		"mov sp, %[top]\n\t"
		"mov x30, #0x1234\n\t"
		"movi v0.2d, #0\n\t"
		"dup v1.2d, %[sum]\n"
		".globl context_loop\n"
		"context_loop:\n\t"
		"add %[a], %[a], #3\n\t"
		"sub %[b], %[b], #3\n\t"
		"add v0.2d, v0.2d, v1.2d\n\t"
		"ldr x9, [%[rounds]]\n\t"
		"add x9, x9, #1\n\t"
		"b 2f\n"
		"2:\n\t"
		"str x9, [%[rounds]]\n\t"
		"ldrb w10, [%[stop]]\n\t"
		"cmp w10, #0\n\t"
		"b 2f\n"
		"2:\n\t"
		"b.eq context_loop\n"
		".globl context_loop_end\n"
		"context_loop_end:\n\t"
		"mov sp, x28\n\t"
		"mov %[link], x30\n\t"
		"mov %[low], v0.d[0]\n\t"
		"mov %[sum], v0.d[1]"
		: [a] "+&r"(a), [b] "+&r"(b), [sum] "+&r"(sum), [low] "=&r"(low), [link] "=&r"(link)
		: [top] "r"(top), [stop] "r"(stop), [rounds] "r"(rounds)
		: "x9", "x10", "x27", "x28", "x30", "v0", "v1", "memory", "cc");
	return !(a + b) && a == 3 * (uint64_t)*rounds && sum == (uint64_t)*rounds && low == sum &&
	       link == 0x1234;
}

/* ---- a storm ---- */

__attribute__((__noinline__)) bool context_sums(uint64_t n)
{
	uint64_t a = 0, b = 0, v = 1, left = n;
	double d = 1;

	fesetround(FE_UPWARD);
	__asm__ volatile("movi v7.2d, #0\n\t"
			 "dup v6.2d, %[v]\n\t"
			 "fmov d5, xzr\n"
			 ".globl context_sum\n"
			 "context_sum:\n\t"
			 "add %[a], %[a], #1\n\t"
			 "sub %[b], %[b], #1\n\t"
			 "add v7.2d, v7.2d, v6.2d\n\t"
			 "fadd d5, d5, %d[d]\n\t"
			 "subs %[left], %[left], #1\n\t"
			 "b 2f\n"
			 "2:\n\t"
			 "b.ne context_sum\n"
			 ".globl context_sum_end\n"
			 "context_sum_end:\n\t"
			 "mov %[v], v7.d[1]\n\t"
			 "fmov %d[d], d5"
			 : [a] "+r"(a), [b] "+r"(b), [v] "+r"(v), [left] "+r"(left), [d] "+w"(d)
			 :
			 : "v5", "v6", "v7", "cc");
	return a == n && !(a + b) && v == n && d == n && fegetround() == FE_UPWARD;
}

void context_clobber(void)
{
	__asm__ volatile("movi v0.16b, #255\n\t"
			 "movi v1.16b, #255\n\t"
			 "movi v5.16b, #255\n\t"
			 "movi v6.16b, #255\n\t"
			 "movi v7.16b, #255\n\t"
			 "msr fpcr, %0\n\t"
			 "msr fpsr, %1\n\t"
			 "msr nzcv, %2" ::"r"(0xc00000UL),
			 "r"(0x1fUL), "r"(0xf0000000UL)
			 : "v0", "v1", "v5", "v6", "v7", "cc");
}
