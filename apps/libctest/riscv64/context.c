/* SPDX-License-Identifier: BSD-3-Clause */
/* What ../context.c asks of riscv64, and tests of registers that only it has. */
#define _GNU_SOURCE
#include <fenv.h>
#include "context.h"
#include "test.h"

enum { PC = 0, RA = 1, SP = 2 }; /* in __gregs: x0's place is the program counter's */

static volatile unsigned long seen_s2;

static void change_registers(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	unsigned long *r = uc->uc_mcontext.__gregs;

	note(sig, info, context);
	seen_s2 = r[18];
	r[19] = 1234;
	r[PC] += 4; /* sd s2, 64(zero), not compressed */
	uc->uc_mcontext.__fpregs.__d.__f[18] ^= 0xff;
	__asm__ volatile("fcvt.d.w fs3, %0\n\tfscsr %0" ::"r"(-1)
			 : "fs3"); /* the context's are not these */
}

/* All of them come back as the handler left them in the context, floating point ones and their modes too. */
TEST(context, registers_can_be_changed)
{
	unsigned long s2, s3, fs2, fs3, modes;

	install(SIGSEGV, change_registers, 0);
	__asm__ volatile("li s2, 0x11223344\n\t"
			 "li s3, 0\n\t"
			 "fmv.d.x fs2, s2\n\t"
			 "fmv.d.x fs3, s2\n\t"
			 "fsrmi 1\n\t"
			 ".option push\n\t.option norvc\n\t"
			 "sd s2, 64(zero)\n\t"
			 ".option pop\n\t"
			 "mv %0, s2\n\t"
			 "mv %1, s3\n\t"
			 "fmv.x.d %2, fs2\n\t"
			 "fmv.x.d %3, fs3\n\t"
			 "frrm %4\n\t"
			 "fscsr zero"
			 : "=&r"(s2), "=&r"(s3), "=&r"(fs2), "=&r"(fs3), "=&r"(modes)
			 :
			 : "s2", "s3", "fs2", "fs3", "memory");
	EXPECT_EQ(caught.calls, 1);
	EXPECT_EQ(seen_s2, 0x11223344u);
	EXPECT_EQ(s2, 0x11223344u);
	EXPECT_EQ(s3, 1234u);
	EXPECT_EQ(fs2, 0x11223344u ^ 0xff);
	EXPECT_EQ(fs3, 0x11223344u);
	EXPECT_EQ(modes, 1u);
	EXPECT_EQ((uintptr_t)caught.addr, 64u);
	signal(SIGSEGV, SIG_DFL);
}

const bool context_inherits_floats = true;

int context_rounding(const ucontext_t *uc)
{
	return (int)(uc->uc_mcontext.__fpregs.__d.__fcsr >> 5) & 7;
}

int context_raised(const ucontext_t *uc)
{
	return (int)uc->uc_mcontext.__fpregs.__d.__fcsr & FE_ALL_EXCEPT;
}

/* Behind fcsr, at the end: a word that is reserved, then records that begin with a kind and a length, the last with zeroes. */
void context_check_floats(const ucontext_t *uc)
{
	const uint32_t *words = (const uint32_t *)&uc->uc_mcontext.__fpregs;

	EXPECT_EQ((uintptr_t)words % 16, 0u);
	EXPECT_EQ(words[129], 0u);
	if (words[130] != 0x53465457) { /* of vectors; it says where the next one is */
		EXPECT_EQ(words[130], 0u);
		EXPECT_EQ(words[131], 0u);
	}
}

/* ---- faults ---- */

extern const char context_undefined[], context_break[], context_misaligned[];
static char misaligned[32] __attribute__((__aligned__(16)));

__attribute__((__noinline__)) static void undefined(void)
{
	__asm__ volatile(".globl context_undefined\n"
			 "context_undefined:\n\t"
			 ".word 0"); /* defined as undefined */
}

__attribute__((__noinline__)) static void breakpoint(void)
{
	__asm__ volatile(".globl context_break\n"
			 "context_break:\n\t"
			 "ebreak");
}

__attribute__((__noinline__)) static void read_misaligned(void)
{
	__asm__ volatile(".globl context_misaligned\n"
			 "context_misaligned:\n\t"
			 "lr.d a0, (%0)" ::"r"(misaligned + 1)
			 : "a0", "memory");
}

const struct fault context_faults[] = {
	{ "an instruction that is none", undefined, SIGILL, ILL_ILLOPC, context_undefined, false },
	{ "ebreak", breakpoint, SIGTRAP, TRAP_BRKPT, context_break, false },
	{ "misaligned lr", read_misaligned, SIGBUS, BUS_ADRALN, context_misaligned, false },
	{ 0 },
};

void context_reset_floats(void)
{
	/* No fault has to do with them. */
}

/* ---- as Go's runtime does it ---- */

void context_call(ucontext_t *uc, void (*fn)(void))
{
	unsigned long *r = uc->uc_mcontext.__gregs;

	r[SP] -= 16;
	*(unsigned long *)r[SP] = r[RA];
	r[RA] = r[PC];
	r[PC] = (uintptr_t)fn;
}

/* It returns by t6. What calls preserve of floating point registers is all of these. */
__asm__(".text\n"
	".globl context_preempted\n"
	"context_preempted:\n\t"
	"addi sp, sp, -288\n\t"
	"sd ra, 0(sp)\n\t"
	"sd t0, 8(sp)\n\t"
	"sd t1, 16(sp)\n\t"
	"sd t2, 24(sp)\n\t"
	"sd t3, 32(sp)\n\t"
	"sd t4, 40(sp)\n\t"
	"sd t5, 48(sp)\n\t"
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7\n\t"
	"sd a\\n, 56 + 8 * \\n(sp)\n\t"
	"fsd fa\\n, 128 + 8 * \\n(sp)\n\t"
	".endr\n\t"
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n\t"
	"fsd ft\\n, 192 + 8 * \\n(sp)\n\t"
	".endr\n\t"
	"frcsr t0\n\t"
	"sd t0, 120(sp)\n\t"
	"call context_count\n\t"
	"ld t0, 120(sp)\n\t"
	"fscsr t0\n\t"
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n\t"
	"fld ft\\n, 192 + 8 * \\n(sp)\n\t"
	".endr\n\t"
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7\n\t"
	"fld fa\\n, 128 + 8 * \\n(sp)\n\t"
	"ld a\\n, 56 + 8 * \\n(sp)\n\t"
	".endr\n\t"
	"ld t5, 48(sp)\n\t"
	"ld t4, 40(sp)\n\t"
	"ld t3, 32(sp)\n\t"
	"ld t2, 24(sp)\n\t"
	"ld t1, 16(sp)\n\t"
	"ld t0, 8(sp)\n\t"
	"ld t6, 0(sp)\n\t"
	"ld ra, 288(sp)\n\t" /* as context_call() has found it */
	"addi sp, sp, 304\n\t"
	"jr t6");

__attribute__((__noinline__)) bool context_light(void *top, volatile long *rounds,
						 volatile bool *stop)
{
	uint64_t a = 0, b = 0, sum = 1, link;

	__asm__ volatile("mv s11, sp\n\t"
			 "mv sp, %[top]\n\t"
			 "li ra, 0x1234\n\t"
			 "fmv.d.x ft0, zero\n\t"
			 "fcvt.d.l ft1, %[sum]\n"
			 ".globl context_loop\n"
			 "context_loop:\n\t"
			 "addi %[a], %[a], 3\n\t"
			 "addi %[b], %[b], -3\n\t"
			 "fadd.d ft0, ft0, ft1\n\t"
			 "ld t0, (%[rounds])\n\t"
			 "addi t0, t0, 1\n\t"
			 "j 2f\n"
			 "2:\n\t"
			 "sd t0, (%[rounds])\n\t"
			 "lbu t1, (%[stop])\n\t"
			 "j 2f\n"
			 "2:\n\t"
			 "beqz t1, context_loop\n"
			 ".globl context_loop_end\n"
			 "context_loop_end:\n\t"
			 "mv sp, s11\n\t"
			 "mv %[link], ra\n\t"
			 "fcvt.l.d %[sum], ft0"
			 : [a] "+&r"(a), [b] "+&r"(b), [sum] "+&r"(sum), [link] "=&r"(link)
			 : [top] "r"(top), [stop] "r"(stop), [rounds] "r"(rounds)
			 : "ra", "t0", "t1", "t6", "s11", "ft0", "ft1", "memory");
	return !(a + b) && a == 3 * (uint64_t)*rounds && sum == (uint64_t)*rounds && link == 0x1234;
}

/* ---- a storm ---- */

__attribute__((__noinline__)) bool context_sums(uint64_t n)
{
	uint64_t a = 0, b = 0, left = n;
	double d = 1;
	float f = 1;

	fesetround(FE_UPWARD);
	__asm__ volatile("fmv.d.x ft7, zero\n\t"
			 "fmv.w.x fs7, zero\n"
			 ".globl context_sum\n"
			 "context_sum:\n\t"
			 "addi %[a], %[a], 1\n\t"
			 "addi %[b], %[b], -1\n\t"
			 "fadd.d ft7, ft7, %[d]\n\t"
			 "fadd.s fs7, fs7, %[f]\n\t"
			 "addi %[left], %[left], -1\n\t"
			 "bnez %[left], context_sum\n"
			 ".globl context_sum_end\n"
			 "context_sum_end:\n\t"
			 "fmv.d %[d], ft7\n\t"
			 "fmv.s %[f], fs7"
			 : [a] "+r"(a), [b] "+r"(b), [left] "+r"(left), [d] "+f"(d), [f] "+f"(f)
			 :
			 : "ft7", "fs7");
	return a == n && !(a + b) && d == n && f == n && fegetround() == FE_UPWARD;
}

void context_clobber(void)
{
	__asm__ volatile("fmv.d.x ft0, %0\n\t"
			 "fmv.d.x ft1, %0\n\t"
			 "fmv.d.x ft7, %0\n\t"
			 "fmv.d.x fs7, %0\n\t"
			 "fscsr %1" ::"r"(-1L),
			 "r"(0x3fL)
			 : "ft0", "ft1", "ft7", "fs7");
}
