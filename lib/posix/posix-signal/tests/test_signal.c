/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signals, each test with its own handlers; at the end of a test nothing is pending or blocked.
 */
#include <uk/abi/time.h>
#include <uk/abi/ucontext.h>
#include <uk/errno.h>
#include <uk/process.h>
#include <uk/string.h>
#include <uk/abi/resource.h>
#include <uk/signal.h>
#include <uk/syscall.h>
#include <uk/test.h>
#include <uk/time.h>
#include <uk/timer.h>
#include "../../posix-thread/tests/spawn.h"
#include "cpu.h"

#define RT UK_SIGRTMIN + 5

static volatile int calls, last_sig, last_code, last_pid, order[8];
static volatile uint64_t last_value;
static volatile uintptr_t handler_sp;

typedef void handler_fn(int sig, struct uk_abi_siginfo *info, struct uk_abi_ucontext *uc);

static void note(int sig, struct uk_abi_siginfo *info, struct uk_abi_ucontext *uc)
{
	order[calls & 7] = sig;
	calls++;
	last_sig = sig;
	last_code = info->code;
	last_pid = info->pid;
	last_value = info->value;
	handler_sp = (uintptr_t)__builtin_frame_address(0);
}

static long act(int sig, handler_fn *fn, unsigned long flags, uint64_t mask)
{
	struct uk_abi_sigaction sa = { .handler = (uintptr_t)fn,
				       .flags = flags | UK_SA_SIGINFO,
				       .mask = mask };

	calls = 0;
	return uk_sys_rt_sigaction(sig, (long)&sa, 0, 8);
}

static void reset(int sig)
{
	struct uk_abi_sigaction sa = { .handler = UK_SIG_DFL };

	uk_sys_rt_sigaction(sig, (long)&sa, 0, 8);
}

static uint64_t mask(int how, uint64_t set)
{
	uint64_t old = 0;

	uk_sys_rt_sigprocmask(how, (long)&set, (long)&old, 8);
	return old;
}

static UK_UNUSED void nap(long msec)
{
	struct {
		long sec, nsec;
	} ts = { msec / 1000, msec % 1000 * 1000000 };

	uk_sys_nanosleep((long)&ts, 0);
}

static void send_alarm(struct uk_timer *t)
{
	uk_signal_send(&uk_process_boot, UK_SIGALRM);
}

static struct uk_timer timer = UK_TIMER_INIT(send_alarm);

static void alarm_in(unsigned msec)
{
	uk_timer_start(&timer, uk_deadline(msec * UK_NSEC_PER_MS));
}

/*
 * The handler of an alarm that is to end a wait: on a busy machine it may come before the wait begins, and then there is
 * another one.
 */
static void note_and_repeat(int sig, struct uk_abi_siginfo *info, struct uk_abi_ucontext *uc)
{
	note(sig, info, uc);
	alarm_in(20);
}

static void expect_alarms(void)
{
	uk_timer_stop(&timer);
	UK_EXPECT_GE(calls, 1);
}

UK_TEST(signal, handler_sees_who_and_why)
{
	UK_REQUIRE(act(UK_SIGUSR1, note, 0, 0) == 0);
	UK_EXPECT_EQ(uk_sys_kill(1, UK_SIGUSR1), 0L);
	UK_EXPECT_EQ(calls, 1);
	UK_EXPECT_EQ(last_sig, UK_SIGUSR1);
	UK_EXPECT_EQ(last_code, UK_SI_USER);
	UK_EXPECT_EQ(last_pid, 1);
	UK_EXPECT_EQ(uk_sys_tgkill(1, 1, UK_SIGUSR1), 0L);
	UK_EXPECT_EQ(last_code, UK_SI_TKILL);
	UK_EXPECT_EQ(calls, 2);
	UK_EXPECT_EQ(uk_sys_kill(1, 0), 0L);
	UK_EXPECT_EQ(uk_sys_kill(2, UK_SIGUSR1), (long)-ESRCH);
	UK_EXPECT_EQ(uk_sys_kill(1, 65), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_tkill(4000, UK_SIGUSR1), (long)-ESRCH);
	UK_EXPECT_EQ(calls, 2);
	reset(UK_SIGUSR1);
}

UK_TEST(signal, blocked_is_pending)
{
	uint64_t pending = 0;

	UK_REQUIRE(act(UK_SIGUSR1, note, 0, 0) == 0);
	mask(UK_SIG_BLOCK, UK_SIGBIT(UK_SIGUSR1));
	uk_sys_kill(1, UK_SIGUSR1);
	uk_sys_kill(1, UK_SIGUSR1);
	UK_EXPECT_EQ(calls, 0);
	uk_sys_rt_sigpending((long)&pending, 8);
	UK_EXPECT_EQ(pending, UK_SIGBIT(UK_SIGUSR1));
	mask(UK_SIG_UNBLOCK, UK_SIGBIT(UK_SIGUSR1));
	UK_EXPECT_EQ(calls, 1); /* ordinary signals do not queue */
	/* SIGKILL cannot be blocked, an action for it not be set. */
	mask(UK_SIG_BLOCK, UK_SIGBIT(UK_SIGKILL));
	UK_EXPECT_EQ(mask(UK_SIG_BLOCK, 0), 0UL);
	UK_EXPECT_EQ(act(UK_SIGKILL, note, 0, 0), (long)-EINVAL);
	/* Ignoring it forgets it. */
	mask(UK_SIG_BLOCK, UK_SIGBIT(UK_SIGUSR1));
	uk_sys_kill(1, UK_SIGUSR1);
	act(UK_SIGUSR1, (handler_fn *)UK_SIG_IGN, 0, 0);
	uk_sys_rt_sigpending((long)&pending, 8);
	UK_EXPECT_EQ(pending, 0UL);
	mask(UK_SIG_SETMASK, 0);
	reset(UK_SIGUSR1);
}

UK_TEST(signal, realtime_signals_queue_in_order)
{
	struct uk_abi_siginfo info = { .code = UK_SI_QUEUE, .pid = 1 };
	int i;

	UK_REQUIRE(act(RT, note, 0, 0) == 0);
	mask(UK_SIG_BLOCK, UK_SIGBIT(RT));
	for (i = 1; i <= 3; i++) {
		info.value = 100 + (uint64_t)i;
		UK_EXPECT_EQ(uk_sys_rt_sigqueueinfo(1, RT, (long)&info), 0L);
	}
	UK_EXPECT_EQ(calls, 0);
	mask(UK_SIG_UNBLOCK, UK_SIGBIT(RT));
	UK_EXPECT_EQ(calls, 3);
	UK_EXPECT_EQ(last_value, 103UL);
	UK_EXPECT_EQ(last_code, UK_SI_QUEUE);
	reset(RT);
}

static void send_second(int sig, struct uk_abi_siginfo *info, struct uk_abi_ucontext *uc)
{
	note(sig, info, uc);
	if (sig == UK_SIGUSR1)
		uk_sys_kill(1, UK_SIGUSR2);
	order[calls & 7] = -sig;
	calls++;
}

UK_TEST(signal, mask_of_the_action)
{
	UK_REQUIRE(act(UK_SIGUSR2, send_second, 0, 0) == 0);
	UK_REQUIRE(act(UK_SIGUSR1, send_second, 0, 0) == 0);
	uk_sys_kill(1, UK_SIGUSR1); /* nested: 1 2 -2 -1 */
	UK_EXPECT_EQ(order[1], UK_SIGUSR2);
	UK_EXPECT_EQ(order[3], -UK_SIGUSR1);
	UK_REQUIRE(act(UK_SIGUSR1, send_second, 0, UK_SIGBIT(UK_SIGUSR2)) == 0);
	uk_sys_kill(1, UK_SIGUSR1); /* after each other: 1 -1 2 -2 */
	UK_EXPECT_EQ(order[1], -UK_SIGUSR1);
	UK_EXPECT_EQ(order[2], UK_SIGUSR2);
	UK_EXPECT_EQ(calls, 4);
	UK_EXPECT_EQ(mask(UK_SIG_BLOCK, 0), 0UL);
	reset(UK_SIGUSR1);
	reset(UK_SIGUSR2);
}

UK_TEST(signal, resethand)
{
	struct uk_abi_sigaction now;

	UK_REQUIRE(act(UK_SIGUSR1, note, UK_SA_RESETHAND, 0) == 0);
	uk_sys_kill(1, UK_SIGUSR1);
	uk_sys_rt_sigaction(UK_SIGUSR1, 0, (long)&now, 8);
	UK_EXPECT_EQ(now.handler, UK_SIG_DFL);
	UK_EXPECT_EQ(calls, 1);
}

static _Alignas(16) char alt[8192];

UK_TEST(signal, alternate_stack)
{
	struct uk_abi_stack st = { .sp = alt, .size = sizeof(alt) }, got;

	UK_REQUIRE(uk_sys_sigaltstack((long)&st, 0) == 0);
	UK_REQUIRE(act(UK_SIGUSR1, note, UK_SA_ONSTACK, 0) == 0);
	uk_sys_kill(1, UK_SIGUSR1);
	UK_EXPECT(handler_sp > (uintptr_t)alt && handler_sp < (uintptr_t)alt + sizeof(alt));
	UK_EXPECT_EQ(calls, 1);
	UK_REQUIRE(act(UK_SIGUSR1, note, 0, 0) == 0);
	uk_sys_kill(1, UK_SIGUSR1);
	UK_EXPECT(handler_sp < (uintptr_t)alt || handler_sp > (uintptr_t)alt + sizeof(alt));
	st.size = 100;
	UK_EXPECT_EQ(uk_sys_sigaltstack((long)&st, 0), (long)-ENOMEM);
	st.flags = UK_SS_DISABLE;
	UK_EXPECT_EQ(uk_sys_sigaltstack((long)&st, (long)&got), 0L);
	UK_EXPECT_EQ(got.size, sizeof(alt));
	uk_sys_sigaltstack(0, (long)&got);
	UK_EXPECT_EQ(got.flags, UK_SS_DISABLE);
	reset(UK_SIGUSR1);
}

UK_TEST(signal, ends_a_sleep)
{
	struct {
		long sec, nsec;
	} ts = { 5, 0 }, rest = { 0, 0 };

	UK_REQUIRE(act(UK_SIGALRM, note_and_repeat, UK_SA_RESTART, 0) == 0);
	alarm_in(5);
	UK_EXPECT_EQ(uk_sys_nanosleep((long)&ts, (long)&rest), (long)-EINTR);
	expect_alarms();
	UK_EXPECT_EQ(last_code, UK_SI_KERNEL);
	UK_EXPECT_EQ(rest.sec, 4L);
	/* Ignored, it does not. */
	act(UK_SIGALRM, (handler_fn *)UK_SIG_IGN, 0, 0);
	ts.sec = 0, ts.nsec = 20000000;
	alarm_in(5);
	UK_EXPECT_EQ(uk_sys_nanosleep((long)&ts, 0), 0L);
	reset(UK_SIGALRM);
}

static uint32_t word;

static void note_and_release(int sig, struct uk_abi_siginfo *info, struct uk_abi_ucontext *uc)
{
	note(sig, info, uc);
	if (calls == 2)
		word = 1;
	else
		alarm_in(5);
}

UK_TEST(signal, restart)
{
	const int futex_wait = 0;

	/*
	 * The wait starts again after the first handler, and finds another value after the second.
	 */
	word = 0;
	UK_REQUIRE(act(UK_SIGALRM, note_and_release, UK_SA_RESTART, 0) == 0);
	alarm_in(5);
	UK_EXPECT_EQ(uk_sys_futex((long)&word, futex_wait, 0, 0, 0, 0), (long)-EAGAIN);
	UK_EXPECT_EQ(calls, 2);
	/* Without SA_RESTART the first one ends it. */
	word = 0;
	UK_REQUIRE(act(UK_SIGALRM, note_and_repeat, 0, 0) == 0);
	alarm_in(5);
	UK_EXPECT_EQ(uk_sys_futex((long)&word, futex_wait, 0, 0, 0, 0), (long)-EINTR);
	expect_alarms();
	reset(UK_SIGALRM);
}

UK_TEST(signal, sigsuspend)
{
	uint64_t none = 0;

	UK_REQUIRE(act(UK_SIGUSR1, note, 0, 0) == 0);
	mask(UK_SIG_BLOCK, UK_SIGBIT(UK_SIGUSR1));
	uk_sys_kill(1, UK_SIGUSR1);
	UK_EXPECT_EQ(calls, 0);
	UK_EXPECT_EQ(uk_sys_rt_sigsuspend((long)&none, 8), (long)-EINTR);
	UK_EXPECT_EQ(calls, 1);
	UK_EXPECT_EQ(mask(UK_SIG_SETMASK, 0), UK_SIGBIT(UK_SIGUSR1));
	reset(UK_SIGUSR1);
}

UK_TEST(signal, sigtimedwait)
{
	uint64_t set = UK_SIGBIT(UK_SIGALRM);
	struct uk_abi_siginfo info;
	struct {
		long sec, nsec;
	} soon = { 0, 3000000 }, long_time = { 5, 0 };

	mask(UK_SIG_BLOCK, set);
	UK_EXPECT_EQ(uk_sys_rt_sigtimedwait((long)&set, 0, (long)&soon, 8), (long)-EAGAIN);
	alarm_in(3);
	UK_EXPECT_EQ(uk_sys_rt_sigtimedwait((long)&set, (long)&info, (long)&long_time, 8),
		     (long)UK_SIGALRM);
	UK_EXPECT_EQ(info.signo, UK_SIGALRM);
	uk_sys_kill(1, UK_SIGALRM);
	UK_EXPECT_EQ(uk_sys_rt_sigtimedwait((long)&set, (long)&info, 0, 8), (long)UK_SIGALRM);
	UK_EXPECT_EQ(info.code, UK_SI_USER);
	/* Another signal's handler ends the wait. */
	UK_REQUIRE(act(UK_SIGUSR1, note, 0, 0) == 0);
	set = UK_SIGBIT(UK_SIGUSR2);
	mask(UK_SIG_SETMASK, UK_SIGBIT(UK_SIGUSR2));
	UK_REQUIRE(act(UK_SIGALRM, note_and_repeat, 0, 0) == 0);
	alarm_in(3);
	UK_EXPECT_EQ(uk_sys_rt_sigtimedwait((long)&set, 0, 0, 8), (long)-EINTR);
	expect_alarms();
	mask(UK_SIG_SETMASK, 0);
	reset(UK_SIGUSR1);
	reset(UK_SIGALRM);
}

/* When to give up waiting for what should come at once. */
static uk_nsec patience(void)
{
	return uk_deadline(uk_test_patience() * UK_NSEC_PER_MS);
}

/* An interrupt that a masked section holds up brings its signal where the section ends. */
UK_TEST(signal, at_the_end_of_a_masked_section)
{
	for (unsigned turn = 0; turn < 5; turn++) {
		uk_nsec end = patience(), due;

		UK_REQUIRE(act(UK_SIGALRM, note, 0, 0) == 0);
		uk_irq_disable();
		alarm_in(1);
		due = uk_deadline(2 * UK_NSEC_PER_MS);
		while ((!uk_this_cpu_get(irq_pending) || uk_clock_monotonic() < due) &&
		       uk_clock_monotonic() < end)
			;
		UK_EXPECT_EQ(calls, 0);
		uk_irq_enable();
		UK_EXPECT_EQ(calls, 1);
	}
	reset(UK_SIGALRM);
}

/* Calls that do not look for signals: whoever makes no others is interrupted in the middle of them. */
static void read_one(int clock)
{
	struct uk_abi_timespec ts;

	uk_sys_clock_gettime(clock, (long)&ts);
}

static void read_monotonic(void)
{
	read_one(UK_CLOCK_MONOTONIC);
}

static void read_wall(void)
{
	read_one(UK_CLOCK_REALTIME);
}

static void read_coarse(void)
{
	read_one(UK_CLOCK_REALTIME_COARSE);
}

static void read_time_of_process(void)
{
	read_one(UK_CLOCK_PROCESS_CPUTIME_ID);
}

static void read_time_of_thread(void)
{
	read_one(UK_CLOCK_THREAD_CPUTIME_ID);
}

static void ask_pid(void)
{
	uk_sys_getpid();
}

static void ask_cpu(void)
{
	unsigned cpu;

	uk_sys_getcpu((long)&cpu, 0, 0);
}

static void (*const leaves[])(void) = {
	read_monotonic,      read_wall, read_coarse, read_time_of_process,
	read_time_of_thread, ask_pid,   ask_cpu,
};

/* Nothing else until a handler has run. How long that may take is looked at once in a while. */
static void repeat(void (*leaf)(void))
{
	uk_nsec end = patience();

	do
		for (unsigned i = 0; i < 10000 && !calls; i++)
			leaf();
	while (!calls && uk_clock_monotonic() < end);
}

UK_TEST(signal, calls_that_look_for_none)
{
	for (unsigned i = 0; i < UK_ARRAY_SIZE(leaves); i++) {
		for (unsigned turn = 0; turn < 5; turn++) {
			UK_REQUIRE(act(UK_SIGALRM, note, 0, 0) == 0);
			alarm_in(2);
			repeat(leaves[i]);
			UK_REQUIRE(calls == 1);
		}
	}
	reset(UK_SIGALRM);
}

static UK_UNUSED struct spawned other;

#ifdef CONFIG_LIBUKSCHED_PREEMPT
static void repeat_in_thread(void *leaf)
{
	repeat(*(void (*const *)(void))leaf);
}

static void to_another(void)
{
	for (unsigned i = 0; i < UK_ARRAY_SIZE(leaves); i++) {
		UK_REQUIRE(act(UK_SIGUSR1, note, 0, 0) == 0);
		long tid = spawn(&other, repeat_in_thread, (void *)&leaves[i], 0);
		UK_REQUIRE(tid > 0);
		nap(2);
		UK_EXPECT_EQ(uk_sys_tkill(tid, UK_SIGUSR1), 0L);
		join(&other);
		UK_EXPECT_EQ(calls, 1);
	}
	reset(UK_SIGUSR1);
}
#endif

UK_TEST(signal, to_a_thread_that_looks_for_none)
{
#ifdef CONFIG_LIBUKSCHED_PREEMPT
	to_another();
#else
	UK_TEST_SKIP("it runs until it calls, and nobody else does");
#endif
}

/*
 * An interrupt diverts a loop that makes no system calls. All registers of the loop must
 * survive: general ones carry sums that are checked, and so do two vector registers.
 */
UK_TEST(signal, diverts_a_loop)
{
	uint64_t a = 0x1234, b = 0x5678, vec[4] = { 1, 2, 3, 4 }, out[4] = { 0 };
	uk_nsec start = uk_clock_monotonic();

	UK_REQUIRE(act(UK_SIGALRM, note, 0, 0) == 0);
	alarm_in(5);
	cpu_loop(&a, &b, vec, out, &calls);
	UK_EXPECT_EQ(calls, 1);
	UK_EXPECT_EQ(b - a, 0x5678UL - 0x1234UL);
	UK_EXPECT_EQ(out[0], 1UL);
	UK_EXPECT_EQ(out[3], 4UL);
	UK_EXPECT_GE(uk_clock_monotonic() - start, 5 * UK_NSEC_PER_MS);
	UK_EXPECT_EQ(uk_thread_current()->in_syscall, 0U);
	reset(UK_SIGALRM);
}

/* A handler that clobbers vector registers. */
static void clobber(int sig, struct uk_abi_siginfo *info, struct uk_abi_ucontext *uc)
{
	cpu_clobber();
	note(sig, info, uc);
}

UK_TEST(signal, vector_state_survives_a_handler)
{
	uint64_t a = 0, b = 0, vec[4] = { 1, 2, 3, 4 }, out[4] = { 0 };

	UK_REQUIRE(act(UK_SIGALRM, clobber, 0, 0) == 0);
	alarm_in(2);
	cpu_loop(&a, &b, vec, out, &calls);
	UK_EXPECT_EQ(out[0] + out[1] + out[2] + out[3], 10UL);
	reset(UK_SIGALRM);
}

/* What a libc's cancellation does: send the thread elsewhere, out of a call that would restart. */
extern const char divert_begin[], divert_end[], divert_target[];

static void redirect(int sig, struct uk_abi_siginfo *info, struct uk_abi_ucontext *uc)
{
	uintptr_t pc = CPU_PC(uc);

	note(sig, info, uc);
	last_value = pc >= (uintptr_t)divert_begin && pc < (uintptr_t)divert_end;
	if (last_value)
		CPU_PC(uc) = (uintptr_t)divert_target;
}

UK_TEST(signal, changed_pc_is_honoured)
{
	word = 0;
	UK_REQUIRE(act(UK_SIGALRM, redirect, UK_SA_RESTART, 0) == 0);
	/* Long enough to be waiting by then on a busy machine: nothing else would end that. */
	alarm_in(200);
	UK_EXPECT_EQ(cpu_cancellable_wait(&word), 4242L);
	UK_EXPECT_EQ(last_value, 1UL);
	/* A call that is over is not between the labels: the effect has happened. */
	UK_REQUIRE(act(UK_SIGALRM, redirect, 0, 0) == 0);
	alarm_in(200);
	UK_EXPECT_EQ(cpu_cancellable_wait(&word), (long)-EINTR);
	UK_EXPECT_EQ(last_value, 0UL);
	reset(UK_SIGALRM);
}

/* A fault with a handler that steps over the faulting instruction. */
static void step_over(int sig, struct uk_abi_siginfo *info, struct uk_abi_ucontext *uc)
{
	note(sig, info, uc);
	last_value = info->addr;
	CPU_PC(uc) += CPU_READ_SIZE;
	CPU_RESULT(uc) = 99;
}

UK_TEST(signal, fault)
{
	struct uk_abi_stack st = { .sp = alt, .size = sizeof(alt) },
			    off = { .flags = UK_SS_DISABLE };

	UK_REQUIRE(act(UK_SIGSEGV, step_over, 0, 0) == 0);
	UK_EXPECT_EQ(cpu_read_page_zero(), 99L);
	UK_EXPECT_EQ(calls, 1);
	UK_EXPECT_EQ(last_code, UK_SEGV_MAPERR);
	UK_EXPECT_EQ(last_value, 8UL);
	uk_sys_sigaltstack((long)&st, 0);
	UK_REQUIRE(act(UK_SIGSEGV, step_over, UK_SA_ONSTACK, 0) == 0);
	UK_EXPECT_EQ(cpu_read_page_zero(), 99L);
	UK_EXPECT(handler_sp > (uintptr_t)alt && handler_sp < (uintptr_t)alt + sizeof(alt));
	uk_sys_sigaltstack((long)&off, 0);
	reset(UK_SIGSEGV);
}

/* What a handler writes to its context may be nonsense; it must not take the kernel along. */
static void garble(int sig, struct uk_abi_siginfo *info, struct uk_abi_ucontext *uc)
{
	note(sig, info, uc);
	cpu_garble(uc);
	uc->sigmask = ~0UL;
}

UK_TEST(signal, nonsense_in_a_context)
{
	UK_REQUIRE(act(UK_SIGUSR1, garble, 0, 0) == 0);
	uk_sys_kill(1, UK_SIGUSR1);
	UK_EXPECT_EQ(calls, 1);
	UK_EXPECT_EQ(mask(UK_SIG_SETMASK, 0), ~(UK_SIGBIT(UK_SIGKILL) | UK_SIGBIT(UK_SIGSTOP)));
	nap(1); /* interrupts are as they were */
	reset(UK_SIGUSR1);
}

/*
 * A handler that waits for the handler of a signal which was pending with its own, without a system
 * call: somebody has to come and interrupt it.
 */
static void wait_for_the_other(int sig, struct uk_abi_siginfo *info, struct uk_abi_ucontext *uc)
{
	uk_nsec end = patience();

	while (!calls && uk_clock_monotonic() < end)
		;
	order[7] = calls;
}

UK_TEST(signal, pending_one_interrupts_a_handler)
{
	UK_REQUIRE(act(UK_SIGUSR1, wait_for_the_other, 0, 0) == 0);
	UK_REQUIRE(act(UK_SIGUSR2, note, 0, 0) == 0);
	mask(UK_SIG_BLOCK, UK_SIGBIT(UK_SIGUSR1) | UK_SIGBIT(UK_SIGUSR2));
	uk_sys_kill(1, UK_SIGUSR2);
	uk_sys_kill(1, UK_SIGUSR1);
	order[7] = 0;
	mask(UK_SIG_SETMASK, 0);
	UK_EXPECT_EQ(order[7], 1);
	reset(UK_SIGUSR1);
	reset(UK_SIGUSR2);
}

/* More than there are entries at hand; and as many as the limit allows, no more. */
UK_TEST(signal, limit_of_queued_signals)
{
	struct uk_abi_siginfo info = { .code = UK_SI_QUEUE };
	struct uk_abi_rlimit was, few = { 10, 4096 };
	uint32_t queued = uk_process_boot.signals.queued;
	int i;

	UK_REQUIRE(uk_sys_getrlimit(UK_RLIMIT_SIGPENDING, (long)&was) == 0);
	UK_REQUIRE(uk_sys_setrlimit(UK_RLIMIT_SIGPENDING, (long)&few) == 0);
	UK_REQUIRE(act(RT, note, 0, 0) == 0);
	mask(UK_SIG_BLOCK, UK_SIGBIT(RT));
	for (i = 0; i < 10; i++)
		UK_EXPECT_EQ(uk_sys_rt_sigqueueinfo(1, RT, (long)&info), 0L);
	UK_EXPECT_EQ(uk_sys_rt_sigqueueinfo(1, RT, (long)&info), (long)-EAGAIN);
	mask(UK_SIG_SETMASK, 0);
	UK_EXPECT_EQ(calls, 10);
	UK_EXPECT_EQ(uk_process_boot.signals.queued, queued);
	UK_EXPECT_EQ(uk_process_boot.signals.spares_used, 0U);
	uk_sys_setrlimit(UK_RLIMIT_SIGPENDING, (long)&was);
	reset(RT);
}

static volatile bool stop;

static void spin(void *arg)
{
	while (!stop)
		uk_sys_sched_yield();
}

static void stop_it(int sig, struct uk_abi_siginfo *info, struct uk_abi_ucontext *uc)
{
	note(sig, info, uc);
	last_pid = (int)uk_sys_gettid();
	stop = true;
}

UK_TEST(signal, to_one_thread)
{
	long tid;

	uk_test_one_cpu(); /* nothing comes before this thread waits */
	stop = false;
	UK_REQUIRE(act(UK_SIGUSR1, stop_it, 0, 0) == 0);
	tid = spawn(&other, spin, NULL, 0);
	UK_REQUIRE(tid > 0);
	UK_EXPECT_EQ(uk_sys_tkill(tid, UK_SIGUSR1), 0L);
	join(&other);
	UK_EXPECT_EQ(calls, 1);
	UK_EXPECT_EQ((long)last_pid, tid);
	/* To the process, with this thread blocking it: the other one takes it. */
	stop = false;
	calls = 0;
	tid = spawn(&other, spin, NULL, 0);
	UK_REQUIRE(tid > 0);
	mask(UK_SIG_BLOCK, UK_SIGBIT(UK_SIGUSR1));
	UK_EXPECT_EQ(uk_sys_kill(1, UK_SIGUSR1), 0L);
	join(&other);
	UK_EXPECT_EQ((long)last_pid, tid);
	mask(UK_SIG_SETMASK, 0);
	reset(UK_SIGUSR1);
}

/* A thread that dies with the process's signal on its way: somebody else gets it. */
static void wait_and_die(void *arg)
{
	mask(UK_SIG_BLOCK, ~0UL);
	nap(5);
}

UK_TEST(signal, taker_dies)
{
	uk_test_one_cpu(); /* the signal comes while the other one naps */
	UK_REQUIRE(act(UK_SIGUSR2, note, 0, 0) == 0);
	UK_REQUIRE(spawn(&other, wait_and_die, NULL, 0) > 0);
	mask(UK_SIG_BLOCK, UK_SIGBIT(UK_SIGUSR2));
	uk_sys_sched_yield();
	uk_sys_kill(1, UK_SIGUSR2);
	join(&other);
	UK_EXPECT_EQ(calls, 0);
	mask(UK_SIG_SETMASK, 0);
	UK_EXPECT_EQ(calls, 1);
	reset(UK_SIGUSR2);
}
