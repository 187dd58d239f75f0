/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What runtimes of languages rely on: a handler's context is the truth about the interrupted code,
 * and what a handler writes to it happens. Here as the runtime of Go does it: an alternate stack
 * per thread, handlers for all signals, faults turned into calls, and threads that are preempted by
 * a signal which changes their program counter and stack pointer.
 */
#define _GNU_SOURCE
#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>
#include "test.h"

static volatile int got, got_code, calls;
static void *volatile got_addr;
static volatile uintptr_t got_frame;
static sigjmp_buf env;

/* A handler of the present test, which install() leaves for the next one to replace. */
static void install(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

	got = got_code = calls = 0;
	EXPECT_EQ(sigaction(sig, &sa, NULL), 0);
}

static void note(int sig, siginfo_t *info, void *context)
{
	(void)context;
	got = sig;
	got_code = info->si_code;
	got_addr = info->si_addr;
	got_frame = (uintptr_t)__builtin_frame_address(0);
	calls++;
}

static void note_and_jump(int sig, siginfo_t *info, void *context)
{
	note(sig, info, context);
	siglongjmp(env, 1);
}

#ifdef __x86_64__

/* The last bytes of an FXSAVE area, which tell how it goes on. */
struct sw_bytes {
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t size;
};

static volatile uint32_t seen_mxcsr, seen_tail;
static volatile uint64_t seen_mask;

static void look_at_floats(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	char *fp = (char *)uc->uc_mcontext.fpregs;
	struct sw_bytes *sw = (struct sw_bytes *)(fp + 464);

	note(sig, info, context);
	seen_mxcsr = uc->uc_mcontext.fpregs->mxcsr;
	seen_mask = uc->uc_sigmask.__bits[0];
	seen_tail = sw->magic1 == 0x46505853 ? *(uint32_t *)(fp + sw->size) : 0x46505845;
	EXPECT_EQ((uintptr_t)fp % 64, 0);
	/* The handler's own modes are those of a new program; what it does to them stays here. */
	EXPECT_EQ(fegetround(), FE_TONEAREST);
	fesetround(FE_DOWNWARD);
}

TEST(context, floating_point_environment)
{
	sigset_t set, old;

	install(SIGUSR1, look_at_floats, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	fesetround(FE_UPWARD);
	raise(SIGUSR1);
	EXPECT_EQ(fegetround(), FE_UPWARD);
	fesetround(FE_TONEAREST);
	EXPECT_EQ(got, SIGUSR1);
	EXPECT_EQ(seen_mxcsr & 0x6000, 0x4000);
	EXPECT_EQ(seen_mask, 1UL << (SIGUSR2 - 1));
	EXPECT_EQ(seen_tail, 0x46505845);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Every register that a fault shows can be changed, xmm3 among them. */
static void repair(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *r = uc->uc_mcontext.gregs;

	note(sig, info, context);
	seen_mask = r[REG_RBX];
	EXPECT_EQ(r[REG_TRAPNO], 14);
	EXPECT_EQ(r[REG_CR2], 64);
	EXPECT_EQ(r[REG_ERR] & 6, 6); /* a write, in user mode */
	EXPECT_EQ(uc->uc_mcontext.fpregs->_xmm[3].element[0], 0x11223344);
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
	EXPECT_EQ(got, SIGSEGV);
	EXPECT_EQ(seen_mask, 99);
	EXPECT_EQ(a, 1234);
	EXPECT_EQ(b, 0x55667788);
	signal(SIGSEGV, SIG_DFL);
}

static volatile int zero;

static void fault(int which)
{
	volatile char *volatile nowhere = (char *)8;
	uint32_t mxcsr = 0x1f80 & ~0x200u; /* division by zero is not masked */

	switch (which) {
	case 0:
		*nowhere = 1;
		break;
	case 1:
		*(volatile char *)(uintptr_t)fault = 1; /* code */
		break;
	case 2:
		*(volatile char *)0x8000000000000000 = 1;
		break;
	case 3:
		calls = divide(7000, zero);
		break;
	case 4:
		__asm__ volatile("ldmxcsr %0; divss %2, %1" ::"m"(mxcsr), "x"(1.0f), "x"(0.0f));
		break;
	case 5:
		__asm__ volatile("ud2");
		break;
	case 6:
		__asm__ volatile("int3");
		break;
	case 7: /* x87: 1 / 0 with all exceptions on */
		__asm__ volatile("fninit; push $0x340; fldcw (%%rsp); pop %%rax; fld1; fldz; "
				 "fdivrp; fwait" ::
					 : "rax");
		break;
	}
}

TEST(context, every_fault_says_what_it_is)
{
	static const struct {
		int sig, code;
		bool has_addr;
	} want[] = {
		{ SIGSEGV, SEGV_MAPERR, true }, { SIGSEGV, SEGV_ACCERR, true },
		{ SIGSEGV, SI_KERNEL, true },   { SIGFPE, FPE_INTDIV, false },
		{ SIGFPE, FPE_FLTDIV, false },  { SIGILL, ILL_ILLOPN, false },
		{ SIGTRAP, SI_KERNEL, false },  { SIGFPE, FPE_FLTDIV, false },
	};
	void *const address[] = { (void *)8, (void *)fault, NULL };

	for (volatile int i = 0; i < (int)(sizeof(want) / sizeof(*want)); i++) {
		install(want[i].sig, note_and_jump, 0);
		if (!sigsetjmp(env, 1)) {
			fault(i);
			if (i == 4) /* QEMU's emulated CPU has no exceptions of SSE */
				continue;
			EXPECT_EQ(i, -1);
		}
		__asm__ volatile("fninit");
		fesetenv(FE_DFL_ENV);
		EXPECT_EQ(got, want[i].sig);
		EXPECT_EQ(got_code, want[i].code);
		if (want[i].has_addr)
			EXPECT_EQ(got_addr, address[i]);
		signal(want[i].sig, SIG_DFL);
	}
}

#endif

#ifdef __riscv

static volatile unsigned long seen_s2;

static void change_registers(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	unsigned long *r = uc->uc_mcontext.__gregs;

	note(sig, info, context);
	seen_s2 = r[18];
	r[19] = 1234;
	r[0] += 4; /* sd s2, 64(zero), not compressed */
	uc->uc_mcontext.__fpregs.__d.__f[18] ^= 0xff;
	__asm__ volatile("fcvt.d.w fs3, %0\n\tfscsr %0" ::"r"(-1)
			 : "fs3"); /* the context's are not these */
}

/* All of them come back as the handler left them in the context, floating point ones and their modes too. */
TEST(context, registers_can_be_changed)
{
	struct sigaction sa = { .sa_sigaction = change_registers, .sa_flags = SA_SIGINFO };
	unsigned long s2, s3, fs2, fs3, modes;

	calls = 0;
	sigaction(SIGSEGV, &sa, NULL);
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
	EXPECT_EQ(calls, 1);
	EXPECT_EQ(seen_s2, 0x11223344u);
	EXPECT_EQ(s2, 0x11223344u);
	EXPECT_EQ(s3, 1234u);
	EXPECT_EQ(fs2, 0x11223344u ^ 0xff);
	EXPECT_EQ(fs3, 0x11223344u);
	EXPECT_EQ(modes, 1u);
	EXPECT_EQ((uintptr_t)got_addr, 64u);
	signal(SIGSEGV, SIG_DFL);
}

/* Which signal a fault is, with its code and its address. */
TEST(context, every_fault_says_what_it_is)
{
	struct sigaction sa = { .sa_sigaction = note_and_jump, .sa_flags = SA_SIGINFO };

	sigaction(SIGILL, &sa, NULL);
	sigaction(SIGTRAP, &sa, NULL);
	if (!sigsetjmp(env, 1))
		__asm__ volatile(".word 0"); /* defined as undefined */
	EXPECT_EQ(got, SIGILL);
	if (!sigsetjmp(env, 1))
		__asm__ volatile("ebreak");
	EXPECT_EQ(got, SIGTRAP);
	signal(SIGILL, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
}

#endif

#ifdef __aarch64__

static volatile unsigned long seen_x20;

static void change_registers(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	mcontext_t *m = &uc->uc_mcontext;
	struct fpsimd_context *f = (void *)m->__reserved;

	note(sig, info, context);
	seen_x20 = m->regs[20];
	m->regs[21] = 1234;
	m->pc += 4;
	m->pstate |= 1UL << 29 | 15; /* the carry, and a mode that is not for threads */
	if (f->head.magic == FPSIMD_MAGIC)
		((unsigned long *)&f->vregs[18])[1] ^= 0xff;
	__asm__ volatile("movi v19.16b, #255\n\tmsr fpcr, xzr" ::
				 : "v19"); /* the context's are not these */
}

/* All of them come back as the handler left them in the context, vectors, flags and modes too. */
TEST(context, registers_can_be_changed)
{
	struct sigaction sa = { .sa_sigaction = change_registers, .sa_flags = SA_SIGINFO };
	unsigned long x20, x21, high18, low19, carry, modes;

	calls = 0;
	sigaction(SIGSEGV, &sa, NULL);
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
	EXPECT_EQ(calls, 1);
	EXPECT_EQ(seen_x20, 0x1122u);
	EXPECT_EQ(x20, 0x1122u);
	EXPECT_EQ(x21, 1234u);
	EXPECT_EQ(high18, 0x1122u ^ 0xff);
	EXPECT_EQ(low19, 0x1122u);
	EXPECT_EQ(carry, 1u);
	EXPECT_EQ(modes, 0x400000u);
	EXPECT_EQ((uintptr_t)got_addr, 64u);
	signal(SIGSEGV, SIG_DFL);
}

/* Which signal a fault is. */
TEST(context, every_fault_says_what_it_is)
{
	struct sigaction sa = { .sa_sigaction = note_and_jump, .sa_flags = SA_SIGINFO };

	sigaction(SIGILL, &sa, NULL);
	sigaction(SIGTRAP, &sa, NULL);
	if (!sigsetjmp(env, 1))
		__asm__ volatile("udf #0");
	EXPECT_EQ(got, SIGILL);
	if (!sigsetjmp(env, 1))
		__asm__ volatile("brk #0");
	EXPECT_EQ(got, SIGTRAP);
	signal(SIGILL, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
}

#endif

/* Memory that is not there, not allowed, and not in the file any more. */
TEST(context, faults_in_mappings)
{
	long page = sysconf(_SC_PAGESIZE);
	static const struct {
		int sig, code;
	} want[] = { { SIGSEGV, SEGV_ACCERR },
		     { SIGSEGV, SEGV_ACCERR },
		     { SIGSEGV, SEGV_MAPERR },
		     { SIGBUS, BUS_ADRERR } };
	volatile char *p[4];
	FILE *f = tmpfile();

	REQUIRE(f && !ftruncate(fileno(f), page));
	p[0] = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	p[1] = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	p[2] = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	p[3] = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(f), 0);
	for (int i = 0; i < 4; i++)
		REQUIRE(p[i] != MAP_FAILED);
	*p[3] = 1;
	p[3] += page;
	munmap((void *)p[2], page);
	for (volatile int i = 0; i < 4; i++) {
		install(want[i].sig, note_and_jump, 0);
		if (!sigsetjmp(env, 1)) {
			p[i][5] = 1;
			EXPECT_EQ(i, -1);
		}
		EXPECT_EQ(got, want[i].sig);
		EXPECT_EQ(got_code, want[i].code);
		EXPECT_EQ(got_addr, (void *)(p[i] + 5));
		signal(want[i].sig, SIG_DFL);
	}
	munmap((void *)p[0], page);
	munmap((void *)p[1], page);
	munmap((void *)(p[3] - page), 2 * page);
	fclose(f);
}

static char alternate[65536];

static void use_alternate(int flags)
{
	stack_t st = { .ss_sp = alternate, .ss_size = sizeof(alternate), .ss_flags = flags };

	EXPECT_EQ(sigaltstack(&st, NULL), 0);
}

static void no_alternate(void)
{
	EXPECT_EQ(sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL), 0);
}

static bool on_alternate(uintptr_t p)
{
	return p > (uintptr_t)alternate && p <= (uintptr_t)alternate + sizeof(alternate);
}

static volatile int state_in_handler, set_in_handler;

static void asks(int sig, siginfo_t *info, void *context)
{
	stack_t st;

	note(sig, info, context);
	sigaltstack(NULL, &st);
	state_in_handler = st.ss_flags;
	set_in_handler = sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
}

TEST(context, state_of_the_alternate_stack)
{
	stack_t st;

	use_alternate(0);
	install(SIGUSR1, asks, SA_ONSTACK);
	raise(SIGUSR1);
	EXPECT(on_alternate(got_frame));
	EXPECT_EQ(state_in_handler, SS_ONSTACK);
	EXPECT_EQ(set_in_handler, -1); /* in use */
	sigaltstack(NULL, &st);
	EXPECT_EQ(st.ss_flags, 0);
	EXPECT_EQ(st.ss_size, sizeof(alternate));
	/* Disarmed while a handler runs, and armed again after it. */
	use_alternate((int)(1U << 31));
	raise(SIGUSR1);
	EXPECT(on_alternate(got_frame));
	EXPECT_EQ(state_in_handler, SS_DISABLE);
	EXPECT_EQ(set_in_handler, 0);
	sigaltstack(NULL, &st);
	EXPECT_EQ((unsigned)st.ss_flags, 1U << 31);
	EXPECT_EQ(st.ss_size, sizeof(alternate));
	no_alternate();
}

static int recurse(volatile char *above)
{
	volatile char here[512];

	here[0] = above[0];
	return recurse(here) + here[0];
}

static void *overflows(void *arg)
{
	volatile char first = 0;

	use_alternate(0);
	if (!sigsetjmp(env, 1))
		recurse(&first);
	no_alternate();
	return arg;
}

/* The handler cannot run on the stack that is full. */
TEST(context, overflow_is_handled_on_the_alternate_stack)
{
	static int token;
	void *result = NULL;
	pthread_t t;

	install(SIGSEGV, note_and_jump, SA_ONSTACK);
	for (int i = 0; i < 3; i++) {
		REQUIRE(!pthread_create(&t, NULL, overflows, &token));
		pthread_join(t, &result);
		EXPECT_EQ(result, &token);
		EXPECT_EQ(got, SIGSEGV);
		EXPECT(on_alternate(got_frame));
	}
	EXPECT_EQ(calls, 3);
	signal(SIGSEGV, SIG_DFL);
}

#ifdef __x86_64__

/* ---- as Go's runtime does it ---- */

enum { WORKERS = 3 };

static struct worker {
	pthread_t thread;
	volatile pid_t tid;
	char signal_stack[32768];
	/* Of a light thread, as a goroutine has one. */
	char small_stack[4096] __attribute__((__aligned__(16)));
	volatile long rounds, preempted;
	volatile bool stop;
	long bad;
} workers[WORKERS];

static __thread struct worker *me;

/*
 * The function that an interrupted light thread seems to have called: it must leave every register
 * as it was, flags too. It counts, and returns to where the thread was.
 */
void context_preempted(void);
__asm__(".text\n"
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

__attribute__((__used__)) void context_count(void)
{
	me->preempted++;
}

/* Linux wants one; the kernel under test has its own way back. */
void context_restorer(void);
__asm__(".text\n"
	"context_restorer: mov $15, %eax\n\t syscall");

extern const char context_loop[], context_loop_end[];

static void urgent(int sig, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	uintptr_t pc = (uintptr_t)r[REG_RIP], frame = (uintptr_t)__builtin_frame_address(0);

	(void)info;
	if (frame - (uintptr_t)me->signal_stack > sizeof(me->signal_stack) || sig != SIGURG)
		me->bad++;
	/* Only where it is safe: in the loop, on the light thread's stack. */
	if (pc < (uintptr_t)context_loop || pc >= (uintptr_t)context_loop_end)
		return;
	r[REG_RSP] -= 8;
	*(greg_t *)r[REG_RSP] = r[REG_RIP];
	r[REG_RIP] = (greg_t)context_preempted;
}

/* Computes with general and vector registers on the small stack until told to stop. */
static void light_thread(struct worker *w)
{
	uint64_t a = 0, b = 0, one = 1;
	void *top = w->small_stack + sizeof(w->small_stack) - 16;

	__asm__ volatile("mov %%rsp, %%r12\n\t"
			 "mov %[top], %%rsp\n\t"
			 "pxor %%xmm0, %%xmm0\n\t"
			 "movq %[one], %%xmm1\n"
			 "context_loop:\n\t"
			 "add $3, %[a]\n\t"
			 "sub $3, %[b]\n\t"
			 "paddq %%xmm1, %%xmm0\n\t"
			 "addq $1, %[rounds]\n\t"
			 "cmpb $0, %[stop]\n\t"
			 "je context_loop\n"
			 "context_loop_end:\n\t"
			 "mov %%r12, %%rsp\n\t"
			 "movq %%xmm0, %[one]"
			 : [a] "+r"(a), [b] "+r"(b), [one] "+r"(one), [rounds] "+m"(w->rounds)
			 : [top] "r"(top), [stop] "m"(w->stop)
			 : "r12", "xmm0", "xmm1", "memory", "cc");
	if (a + b || a != 3 * (uint64_t)w->rounds || one != (uint64_t)w->rounds)
		w->bad++;
}

static void *works(void *arg)
{
	stack_t st;

	me = arg;
	st = (stack_t){ .ss_sp = me->signal_stack, .ss_size = sizeof(me->signal_stack) };
	if (sigaltstack(&st, NULL))
		me->bad++;
	me->tid = (pid_t)syscall(SYS_gettid);
	light_thread(me);
	sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
	return NULL;
}

static long fewest_preempted(void)
{
	long fewest = workers[0].preempted;

	for (int i = 1; i < WORKERS; i++)
		if (workers[i].preempted < fewest)
			fewest = workers[i].preempted;
	return fewest;
}

TEST(context, threads_are_preempted_by_signals)
{
	sigset_t all;
	int installed = 0;

	if (!preemptive())
		SKIP("the scheduler does not preempt");
	for (int sig = 1; sig <= 64; sig++) { /* raw: the C library keeps some for itself */
		struct {
			void *handler;
			unsigned long flags;
			void (*restorer)(void);
			uint64_t mask;
		} sa = { urgent, 0x4 | 0x04000000 | 0x08000000 | 0x10000000, context_restorer,
			 ~0UL },
		  old;

		if (syscall(SYS_rt_sigaction, sig, NULL, &old, 8L) == 0 && sig != SIGKILL &&
		    sig != SIGSTOP && (sig < 32 || sig > 34))
			installed += syscall(SYS_rt_sigaction, sig, &sa, NULL, 8L) == 0;
	}
	EXPECT_EQ(installed, 59);
	memset(workers, 0, sizeof(workers));
	for (int i = 0; i < WORKERS; i++)
		REQUIRE(!pthread_create(&workers[i].thread, NULL, works, &workers[i]));
	/* At least so often; more where a busy machine lets threads wait longer than signals. */
	for (int round = 0; round < 200 || (fewest_preempted() <= 10 && round < 20000); round++) {
		struct worker *w = &workers[round % WORKERS];

		nap_ms(1);
		if (w->tid)
			EXPECT_EQ(syscall(SYS_tgkill, getpid(), w->tid, SIGURG), 0);
	}
	for (int i = 0; i < WORKERS; i++) {
		workers[i].stop = true;
		pthread_join(workers[i].thread, NULL);
		EXPECT_EQ(workers[i].bad, 0);
		EXPECT_GT(workers[i].preempted, 10);
	}
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	for (int sig = 35; sig <= 64; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

#endif

#ifdef __x86_64__

/* ---- a storm ---- */

enum { STORMED = 3 };

static volatile long storm_handled;
static volatile bool storm_over;
static volatile int storm_bad;

/*
 * Uses what it interrupts: vector registers, x87, and memory of the heap, as long as it does not
 * interrupt itself there, since malloc() may not be entered twice.
 */
static void storm_handler(int sig, siginfo_t *info, void *context)
{
	static __thread volatile int depth;
	char *p = depth++ ? NULL : malloc((size_t)(sig * 8));
	volatile double x = sig;

	(void)info;
	(void)context;
	__asm__ volatile("pcmpeqd %%xmm7, %%xmm7; fninit; fldpi; fldpi" ::: "xmm7");
	x = x * 1.5 + 1;
	if (x != sig * 1.5 + 1)
		storm_bad++;
	free(p);
	depth--;
	storm_handled++;
}

/* A sum in each kind of register, for as long as the storm lasts, with a system call now and then. */
static void *storm_sums(void *arg)
{
	uint64_t round = 0;
	long double x87 = 0;

	while (!storm_over && !storm_bad) {
		uint64_t a = 0, b = 0, v = 1, n = 20000;

		x87 = 0;
		__asm__ volatile("pxor %%xmm7, %%xmm7\n\t"
				 "movq %[v], %%xmm6\n\t"
				 "fninit\n\t fldz\n"
				 "1:\n\t"
				 "add $1, %[a]\n\t sub $1, %[b]\n\t"
				 "paddq %%xmm6, %%xmm7\n\t"
				 "fld1\n\t faddp\n\t"
				 "dec %[n]\n\t jnz 1b\n\t"
				 "movq %%xmm7, %[v]\n\t fstpt %[x]"
				 : [a] "+r"(a), [b] "+r"(b), [v] "+r"(v), [n] "+r"(n), [x] "=m"(x87)
				 :
				 : "xmm6", "xmm7", "memory", "cc");
		if (a != 20000 || a + b || v != 20000 || x87 != 20000)
			storm_bad++;
		if (++round % 4 == 0)
			sched_yield();
		if (round % 64 == 0) {
			sigset_t all, old;

			sigfillset(&all);
			pthread_sigmask(SIG_SETMASK, &all, &old);
			pthread_sigmask(SIG_SETMASK, &old, NULL);
		}
	}
	return arg;
}

/* Timers and threads signal threads that compute, while the scheduler takes turns among them. */
TEST(context, storm_of_signals)
{
	struct itimerval often = { { 0, 700 }, { 0, 700 } }, off = { { 0, 0 }, { 0, 0 } };
	pthread_t t[STORMED];
	long end, sent = 0;

	if (!preemptive())
		SKIP("the scheduler does not preempt");
	storm_handled = 0;
	storm_over = false;
	for (int i = 0; i < 3; i++)
		install((int[]){ SIGUSR1, SIGUSR2, SIGALRM }[i], storm_handler, SA_RESTART);
	for (int i = 0; i < STORMED; i++)
		REQUIRE(!pthread_create(&t[i], NULL, storm_sums, NULL));
	setitimer(ITIMER_REAL, &often, NULL);
	for (end = now_ms() + 1500; now_ms() < end; sent++) {
		pthread_kill(t[sent % STORMED], sent & 1 ? SIGUSR1 : SIGUSR2);
		usleep(200);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	storm_over = true;
	for (int i = 0; i < STORMED; i++)
		pthread_join(t[i], NULL);
	EXPECT_EQ(storm_bad, 0);
	EXPECT_GT(storm_handled, 100);
	for (int i = 0; i < 3; i++)
		signal((int[]){ SIGUSR1, SIGUSR2, SIGALRM }[i], SIG_DFL);
}

#endif
