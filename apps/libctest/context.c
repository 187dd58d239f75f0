/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What runtimes of languages rely on: a handler's context is the truth about the interrupted code,
 * and what a handler writes to it happens. Here as the runtime of Go does it: an alternate stack
 * per thread, handlers for all signals, faults turned into calls, and threads that are preempted by
 * a signal which changes their program counter and stack pointer. What only the CPU's registers can
 * tell is in context.c of its folder.
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
#include "context.h"
#include "machine.h"
#include "test.h"

volatile struct caught caught;
static sigjmp_buf env;

void install(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

	caught = (struct caught){ 0 };
	EXPECT_EQ(sigaction(sig, &sa, NULL), 0);
}

void note(int sig, siginfo_t *info, void *context)
{
	(void)context;
	caught.sig = sig;
	caught.code = info->si_code;
	caught.addr = info->si_addr;
	caught.frame = (uintptr_t)__builtin_frame_address(0);
	caught.calls++;
}

static void note_and_jump(int sig, siginfo_t *info, void *context)
{
	note(sig, info, context);
	siglongjmp(env, 1);
}

static volatile int seen_rounding, seen_raised;
static volatile uint64_t seen_mask;

static void look_at_floats(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	note(sig, info, context);
	seen_rounding = context_rounding(uc);
	seen_raised = context_raised(uc);
	seen_mask = uc->uc_sigmask.__bits[0];
	context_check_floats(uc);
	EXPECT_EQ(fegetround(), context_inherits_floats ? seen_rounding : FE_TONEAREST);
	EXPECT_EQ(fetestexcept(FE_ALL_EXCEPT), context_inherits_floats ? seen_raised : 0);
	/* What the handler does to its modes stays here. */
	fesetround(FE_DOWNWARD);
	feraiseexcept(FE_INVALID);
}

TEST(context, floating_point_environment)
{
	sigset_t set, old;

	install(SIGUSR1, look_at_floats, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	fesetenv(FE_DFL_ENV);
	fesetround(FE_UPWARD);
	feraiseexcept(FE_DIVBYZERO);
	raise(SIGUSR1);
	EXPECT_EQ(fegetround(), FE_UPWARD);
	EXPECT_EQ(fetestexcept(FE_ALL_EXCEPT), FE_DIVBYZERO);
	fesetenv(FE_DFL_ENV);
	EXPECT_EQ(caught.sig, SIGUSR1);
	EXPECT_EQ(seen_rounding, FE_UPWARD);
	EXPECT_EQ(seen_raised, FE_DIVBYZERO);
	EXPECT_EQ(seen_mask, 1UL << (SIGUSR2 - 1));
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* What the first handler does to its modes is not what the second begins with. */
TEST(context, floating_point_environment_of_two_handlers)
{
	sigset_t both, old;

	install(SIGUSR1, look_at_floats, 0);
	install(SIGUSR2, look_at_floats, 0);
	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	sigprocmask(SIG_BLOCK, &both, &old);
	fesetround(FE_UPWARD);
	raise(SIGUSR1);
	raise(SIGUSR2);
	sigprocmask(SIG_SETMASK, &old, NULL);
	EXPECT_EQ(fegetround(), FE_UPWARD);
	fesetenv(FE_DFL_ENV);
	EXPECT_EQ(caught.calls, 2);
	EXPECT_EQ(seen_rounding, FE_UPWARD);
}

static char no_code[16];

static void write_nowhere(void)
{
	volatile char *volatile nowhere = (char *)8;

	*nowhere = 1;
}

static void write_to_code(void)
{
	*(volatile char *)(uintptr_t)write_to_code = 1;
}

static void execute_nothing(void)
{
	void (*volatile nothing)(void) = (void (*)(void))16;

	nothing();
}

static void execute_data(void)
{
	void (*volatile data)(void) = (void (*)(void))(uintptr_t)no_code;

	data();
}

/* On every CPU. */
static const struct fault faults[] = {
	{ "write where nothing is", write_nowhere, SIGSEGV, SEGV_MAPERR, (void *)8, false },
	{ "write to code", write_to_code, SIGSEGV, SEGV_ACCERR, (void *)write_to_code, false },
	{ "execution of nothing", execute_nothing, SIGSEGV, SEGV_MAPERR, (void *)16, false },
	{ "execution of data", execute_data, SIGSEGV, SEGV_ACCERR, no_code, false },
	{ 0 },
};

static void try_faults(const struct fault *f)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
	static const struct fault *volatile now;

	for (now = f; now->cause; now++) {
		bool right;

		for (int i = 0; i < 5; i++)
			install(signals[i], note_and_jump, 0);
		if (!sigsetjmp(env, 1))
			now->cause();
		context_reset_floats();
		fesetenv(FE_DFL_ENV);
		for (int i = 0; i < 5; i++)
			signal(signals[i], SIG_DFL);
		if (now->rare && !caught.calls)
			continue;
		right = EXPECT_EQ(caught.sig, now->sig);
		right &= EXPECT_EQ(caught.code, now->code);
		right &= EXPECT_EQ(caught.addr, now->addr);
		if (!right)
			printf("    # by: %s\n", now->what);
	}
}

TEST(context, every_fault_says_what_it_is)
{
	try_faults(faults);
	try_faults(context_faults);
}

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
		EXPECT_EQ(caught.sig, want[i].sig);
		EXPECT_EQ(caught.code, want[i].code);
		EXPECT_EQ(caught.addr, (void *)(p[i] + 5));
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
	EXPECT(on_alternate(caught.frame));
	EXPECT_EQ(state_in_handler, SS_ONSTACK);
	EXPECT_EQ(set_in_handler, -1); /* in use */
	sigaltstack(NULL, &st);
	EXPECT_EQ(st.ss_flags, 0);
	EXPECT_EQ(st.ss_size, sizeof(alternate));
	/* Disarmed while a handler runs, and armed again after it. */
	use_alternate((int)(1U << 31));
	raise(SIGUSR1);
	EXPECT(on_alternate(caught.frame));
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
		EXPECT_EQ(caught.sig, SIGSEGV);
		EXPECT(on_alternate(caught.frame));
	}
	EXPECT_EQ(caught.calls, 3);
	signal(SIGSEGV, SIG_DFL);
}

/* ---- as Go's runtime does it ---- */

enum { WORKERS = 3 };

static struct worker {
	pthread_t thread;
	volatile pid_t tid;
	char signal_stack[32768];
	/* Of a light thread, as a goroutine has one. */
	char small_stack[8192] __attribute__((__aligned__(16)));
	volatile long rounds, preempted;
	volatile bool stop;
	long bad;
} workers[WORKERS];

static __thread struct worker *me;

void context_count(void)
{
	me->preempted++;
}

static void urgent(int sig, siginfo_t *info, void *context)
{
	uintptr_t pc = (uintptr_t)CONTEXT_PC(context),
		  frame = (uintptr_t)__builtin_frame_address(0);
	uint64_t blocked = 0;

	(void)info;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, 8L);
	if (frame - (uintptr_t)me->signal_stack > sizeof(me->signal_stack) || sig != SIGURG ||
	    ~blocked != (1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1)))
		me->bad++;
	context_clobber();
	/* Only where it is safe: in the loop, on the light thread's stack. */
	if (pc >= (uintptr_t)context_loop && pc < (uintptr_t)context_loop_end)
		context_call(context, context_preempted);
}

static void *works(void *arg)
{
	stack_t st;

	me = arg;
	st = (stack_t){ .ss_sp = me->signal_stack, .ss_size = sizeof(me->signal_stack) };
	if (sigaltstack(&st, NULL))
		me->bad++;
	me->tid = (pid_t)syscall(SYS_gettid);
	/* Computes on the small stack until told to stop. */
	if (!context_light(me->small_stack + sizeof(me->small_stack) - 16, &me->rounds, &me->stop))
		me->bad++;
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
		const uintptr_t sa[4] = RAW_ACTION(urgent, SA_SIGINFO | SA_ONSTACK | SA_RESTART);
		uintptr_t old[4];

		if (syscall(SYS_rt_sigaction, sig, NULL, old, 8L) == 0 && sig != SIGKILL &&
		    sig != SIGSTOP && (sig < 32 || sig > 34))
			installed += syscall(SYS_rt_sigaction, sig, sa, NULL, 8L) == 0;
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

/* ---- a storm ---- */

enum { STORMED = 3 };

static volatile long storm_handled, storm_inside; /* of a sum */
static volatile bool storm_over;
static volatile int storm_bad;

/*
 * Uses what it interrupts: all kinds of registers, and memory of the heap, as long as it does not
 * interrupt itself there, since malloc() may not be entered twice.
 */
static void storm_handler(int sig, siginfo_t *info, void *context)
{
	static __thread volatile int depth;
	char *p = depth++ ? NULL : malloc((size_t)(sig * 8));
	uintptr_t pc = (uintptr_t)CONTEXT_PC(context);
	volatile double x = sig;

	(void)info;
	context_clobber();
	x = x * 1.5 + 1;
	if (x != sig * 1.5 + 1)
		storm_bad++;
	free(p);
	depth--;
	storm_handled++;
	storm_inside += pc >= (uintptr_t)context_sum && pc < (uintptr_t)context_sum_end;
}

/* A sum in each kind of register, for as long as the storm lasts, with a system call now and then. */
static void *storm_sums(void *arg)
{
	uint64_t round = 0;

	while (!storm_over && !storm_bad) {
		if (!context_sums(20000))
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

/*
 * Timers and threads signal threads that compute, while the scheduler takes turns among them. The timer's signals are for those only,
 * and come while they compute; those of this thread come when it has its turn, so often after a system call of theirs.
 */
TEST(context, storm_of_signals)
{
	struct itimerval often = { { 0, 700 }, { 0, 700 } }, off = { { 0, 0 }, { 0, 0 } };
	pthread_t t[STORMED];
	sigset_t timer, old;
	long begin, sent = 0;

	if (!preemptive())
		SKIP("the scheduler does not preempt");
	storm_handled = storm_inside = 0;
	storm_over = false;
	for (int i = 0; i < 3; i++)
		install((int[]){ SIGUSR1, SIGUSR2, SIGALRM }[i], storm_handler, SA_RESTART);
	for (int i = 0; i < STORMED; i++)
		REQUIRE(!pthread_create(&t[i], NULL, storm_sums, NULL));
	sigemptyset(&timer);
	sigaddset(&timer, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &timer, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	/* Longer where a busy machine lets them wait. */
	for (begin = now_ms(); !storm_bad && now_ms() < begin + (storm_inside > 100 ? 1500 : 20000);
	     sent++) {
		pthread_kill(t[sent % STORMED], sent & 1 ? SIGUSR1 : SIGUSR2);
		usleep(200);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	storm_over = true;
	for (int i = 0; i < STORMED; i++)
		pthread_join(t[i], NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	EXPECT_EQ(storm_bad, 0);
	EXPECT_GT(storm_handled, 100);
	EXPECT_GT(storm_inside, 100);
	for (int i = 0; i < 3; i++)
		signal((int[]){ SIGUSR1, SIGUSR2, SIGALRM }[i], SIG_DFL);
}
