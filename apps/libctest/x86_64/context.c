/* SPDX-License-Identifier: BSD-3-Clause */
/* What ../context.c asks of x86_64, and tests of registers that only it has. */
#define _GNU_SOURCE
#include "context.h"
#include "test.h"

static volatile unsigned long seen_rbx;

/* Every register that a fault shows can be changed, xmm3 among them. */
static void repair(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *r = uc->uc_mcontext.gregs;

	note(sig, info, context);
	seen_rbx = r[REG_RBX];
	EXPECT_EQ(r[REG_TRAPNO], 14);
	EXPECT_EQ(r[REG_CR2], 64);
	EXPECT_EQ(r[REG_ERR] & 6, 6); /* a write, in user mode */
	EXPECT_EQ(uc->uc_mcontext.fpregs->_xmm[3].element[0], 0x11223344u);
	uc->uc_mcontext.fpregs->_xmm[3].element[0] = 0x55667788;
	r[REG_R12] = 1234;
	r[REG_RIP] += 4; /* 48 89 58 40 */
}

TEST(context, registers_can_be_changed)
{
	uint64_t a = 0, b = 0;

	install(SIGSEGV, repair, 0);
	__asm__ volatile("mov $0x11223344, %%eax\n\t"
			 "movq %%rax, %%xmm3\n\t"
			 "mov $99, %%ebx\n\t"
			 "xor %%r12d, %%r12d\n\t"
			 "xor %%eax, %%eax\n\t"
			 "mov %%rbx, 64(%%rax)\n\t"
			 "mov %%r12, %0\n\t"
			 "movq %%xmm3, %1"
			 : "=&r"(a), "=&r"(b)
			 :
			 : "rax", "rbx", "r12", "xmm3", "memory");
	EXPECT_EQ(caught.sig, SIGSEGV);
	EXPECT_EQ(seen_rbx, 99u);
	EXPECT_EQ(a, 1234u);
	EXPECT_EQ(b, 0x55667788u);
	signal(SIGSEGV, SIG_DFL);
}

const bool context_inherits_floats = false;

int context_rounding(const ucontext_t *uc)
{
	return (int)(uc->uc_mcontext.fpregs->mxcsr >> 3) & 0xc00; /* as the x87 unit has it */
}

int context_raised(const ucontext_t *uc)
{
	return (int)uc->uc_mcontext.fpregs->mxcsr & 0x3f;
}

/* The last bytes of an FXSAVE area, which tell how it goes on. */
struct sw_bytes {
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t size;
};

void context_check_floats(const ucontext_t *uc)
{
	const char *fp = (const char *)uc->uc_mcontext.fpregs;
	const struct sw_bytes *sw = (const struct sw_bytes *)(fp + 464);

	EXPECT_EQ((uintptr_t)fp % 64, 0u);
	if (sw->magic1 == 0x46505853)
		EXPECT_EQ(*(const uint32_t *)(fp + sw->size), 0x46505845u);
}

/* ---- faults ---- */

extern const char context_division[], context_sse[], context_x87[], context_undefined[];

static void write_beyond(void)
{
	*(volatile char *)0x8000000000000000 = 1;
}

__attribute__((__noinline__)) static void division(void)
{
	__asm__ volatile("mov $7000, %%eax\n\t"
			 "cltd\n\t"
			 "xor %%ecx, %%ecx\n"
			 ".globl context_division\n"
			 "context_division:\n\t"
			 "idivl %%ecx" ::
				 : "eax", "ecx", "edx", "cc");
}

__attribute__((__noinline__)) static void sse(void)
{
	uint32_t mxcsr = 0x1f80 & ~0x200u; /* division by zero is not masked */

	__asm__ volatile("ldmxcsr %0\n"
			 ".globl context_sse\n"
			 "context_sse:\n\t"
			 "divss %2, %1" ::"m"(mxcsr),
			 "x"(1.0f), "x"(0.0f));
}

/* 1 / 0 with all exceptions on */
__attribute__((__noinline__)) static void x87(void)
{
	uint16_t modes = 0x340;

	__asm__ volatile("fninit\n\tfldcw %0\n\tfld1\n\tfldz\n\tfdivrp\n"
			 ".globl context_x87\n"
			 "context_x87:\n\t"
			 "fwait" ::"m"(modes));
}

__attribute__((__noinline__)) static void undefined(void)
{
	__asm__ volatile(".globl context_undefined\n"
			 "context_undefined:\n\t"
			 "ud2");
}

static void breakpoint(void)
{
	__asm__ volatile("int3");
}

const struct fault context_faults[] = {
	{ "an address that is none", write_beyond, SIGSEGV, SI_KERNEL, NULL, false },
	{ "idiv", division, SIGFPE, FPE_INTDIV, context_division, false },
	/* QEMU emulates no exceptions of SSE. */
	{ "divss", sse, SIGFPE, FPE_FLTDIV, context_sse, true },
	{ "fdiv", x87, SIGFPE, FPE_FLTDIV, context_x87, false },
	{ "ud2", undefined, SIGILL, ILL_ILLOPN, context_undefined, false },
	{ "int3", breakpoint, SIGTRAP, SI_KERNEL, NULL, false },
	{ 0 },
};

void context_reset_floats(void)
{
	__asm__ volatile("fninit");
}

/* ---- as Go's runtime does it ---- */

void context_call(ucontext_t *uc, void (*fn)(void))
{
	greg_t *r = uc->uc_mcontext.gregs;

	r[REG_RSP] -= 8;
	*(greg_t *)r[REG_RSP] = r[REG_RIP];
	r[REG_RIP] = (greg_t)fn;
}

__asm__(".text\n"
	".globl context_preempted\n"
	"context_preempted:\n\t"
	"pushfq\n\t push %rax\n\t push %rcx\n\t push %rdx\n\t push %rsi\n\t push %rdi\n\t"
	"push %r8\n\t push %r9\n\t push %r10\n\t push %r11\n\t push %rbp\n\t"
	"mov %rsp, %rbp\n\t and $-16, %rsp\n\t"
	"sub $256, %rsp\n\t"
	"movups %xmm0, (%rsp)\n\t movups %xmm1, 16(%rsp)\n\t"
	"call context_count\n\t"
	"movups (%rsp), %xmm0\n\t movups 16(%rsp), %xmm1\n\t"
	"mov %rbp, %rsp\n\t"
	"pop %rbp\n\t pop %r11\n\t pop %r10\n\t pop %r9\n\t pop %r8\n\t pop %rdi\n\t"
	"pop %rsi\n\t pop %rdx\n\t pop %rcx\n\t pop %rax\n\t popfq\n\t ret");

__asm__(".text\n"
	".globl context_restorer\n"
	"context_restorer: mov $15, %eax\n\t syscall");

__attribute__((__noinline__)) bool context_light(void *top, volatile long *rounds,
						 volatile bool *stop)
{
	uint64_t a = 0, b = 0, sum = 1;

	__asm__ volatile("mov %%rsp, %%r12\n\t"
			 "mov %[top], %%rsp\n\t"
			 "pxor %%xmm0, %%xmm0\n\t"
			 "movq %[sum], %%xmm1\n"
			 ".globl context_loop\n"
			 "context_loop:\n\t"
			 "add $3, %[a]\n\t"
			 "sub $3, %[b]\n\t"
			 "paddq %%xmm1, %%xmm0\n\t"
			 "addq $1, (%[rounds])\n\t"
			 "cmpb $0, (%[stop])\n\t"
			 "jmp 2f\n"
			 "2:\n\t"
			 "je context_loop\n"
			 ".globl context_loop_end\n"
			 "context_loop_end:\n\t"
			 "mov %%r12, %%rsp\n\t"
			 "movq %%xmm0, %[sum]"
			 : [a] "+r"(a), [b] "+r"(b), [sum] "+r"(sum)
			 : [top] "r"(top), [stop] "r"(stop), [rounds] "r"(rounds)
			 : "r12", "xmm0", "xmm1", "memory", "cc");
	return !(a + b) && a == 3 * (uint64_t)*rounds && sum == (uint64_t)*rounds;
}

/* ---- a storm ---- */

__attribute__((__noinline__)) bool context_sums(uint64_t n)
{
	uint64_t a = 0, b = 0, v = 1, left = n;
	long double x87;

	__asm__ volatile("pxor %%xmm7, %%xmm7\n\t"
			 "movq %[v], %%xmm6\n\t"
			 "fninit\n\t fldz\n"
			 ".globl context_sum\n"
			 "context_sum:\n\t"
			 "add $1, %[a]\n\t sub $1, %[b]\n\t"
			 "paddq %%xmm6, %%xmm7\n\t"
			 "fld1\n\t faddp\n\t"
			 "dec %[left]\n\t"
			 "jmp 2f\n"
			 "2:\n\t"
			 "jnz context_sum\n"
			 ".globl context_sum_end\n"
			 "context_sum_end:\n\t"
			 "movq %%xmm7, %[v]\n\t fstpt %[x]"
			 : [a] "+r"(a), [b] "+r"(b), [v] "+r"(v), [left] "+r"(left), [x] "=m"(x87)
			 :
			 : "xmm6", "xmm7", "memory", "cc");
	return a == n && !(a + b) && v == n && x87 == n;
}

void context_clobber(void)
{
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\t"
			 "pcmpeqd %%xmm1, %%xmm1\n\t"
			 "pcmpeqd %%xmm6, %%xmm6\n\t"
			 "pcmpeqd %%xmm7, %%xmm7\n\t"
			 "fninit\n\t fldpi\n\t fldpi" ::
				 : "xmm0", "xmm1", "xmm6", "xmm7");
}
