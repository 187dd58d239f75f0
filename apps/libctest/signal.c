/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals: handlers, masks, waiting, timers, alternate stacks, jumps out of handlers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "machine.h"
#include "test.h"

static volatile int got, got_code, got_value;
static volatile pid_t got_pid;
static void *volatile got_stack;
static volatile pthread_t got_thread;

static void handler(int sig)
{
	got = (int)((unsigned)got * 100 + (unsigned)sig); /* may come often */
	got_thread = pthread_self();
	got_stack = __builtin_frame_address(0);
}

static void info_handler(int sig, siginfo_t *info, void *context)
{
	got = sig;
	got_code = info->si_code;
	got_pid = info->si_pid;
	got_value = info->si_value.sival_int;
	got_stack = (void *)CONTEXT_PC(context);
}

static void install(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	got = 0;
	EXPECT_EQ(sigaction(sig, &sa, NULL), 0);
}

static sigset_t set_of(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	if (sig)
		sigaddset(&set, sig);
	return set;
}

TEST(signal, raise_runs_the_handler)
{
	struct sigaction old;

	install(SIGUSR1, handler, 0);
	EXPECT_EQ(raise(SIGUSR1), 0);
	EXPECT_EQ(got, SIGUSR1);
	EXPECT_EQ(kill(getpid(), SIGUSR1), 0);
	EXPECT_EQ(got, SIGUSR1 * 101);
	EXPECT_EQ(sigaction(SIGUSR1, NULL, &old), 0);
	EXPECT(old.sa_handler == handler);
	EXPECT_EQ(kill(getpid(), 0), 0);
	EXPECT_FAIL(kill(getpid(), 99), EINVAL);
	EXPECT_FAIL(kill(12345, SIGUSR1), ESRCH);
}

TEST(signal, siginfo)
{
	struct sigaction sa = { .sa_sigaction = info_handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR1, &sa, NULL);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(got, SIGUSR1);
	EXPECT_EQ(got_code, SI_USER);
	EXPECT_EQ(got_pid, getpid());
	EXPECT(got_stack);
	EXPECT_EQ(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 4711 }), 0);
	EXPECT_EQ(got_code, SI_QUEUE);
	EXPECT_EQ(got_value, 4711);
}

TEST(signal, handlers_keep_registers)
{
	double x = 1.5;
	long sum = 0;

	install(SIGUSR1, handler, 0);
	for (int i = 0; i < 100; i++) {
		x = x * 1.25 - 0.125;
		if (i % 10 == 0)
			raise(SIGUSR1);
		sum += i;
	}
	EXPECT_EQ(sum, 4950);
	EXPECT_GT(x, 1e9);
}

TEST(signal, ignored_and_default)
{
	install(SIGUSR1, SIG_IGN, 0);
	EXPECT_EQ(raise(SIGUSR1), 0);
	install(SIGCHLD, SIG_DFL, 0);
	EXPECT_EQ(raise(SIGCHLD), 0); /* ignored by default */
	EXPECT_FAIL(sigaction(SIGKILL, &(struct sigaction){ .sa_handler = handler }, NULL), EINVAL);
}

TEST(signal, blocked_stays_pending)
{
	sigset_t set = set_of(SIGUSR1), old, pending;

	install(SIGUSR1, handler, 0);
	EXPECT_EQ(sigprocmask(SIG_BLOCK, &set, &old), 0);
	raise(SIGUSR1);
	raise(SIGUSR1);
	EXPECT_EQ(got, 0);
	EXPECT_EQ(sigpending(&pending), 0);
	EXPECT_EQ(sigismember(&pending, SIGUSR1), 1);
	EXPECT_EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
	EXPECT_EQ(got, SIGUSR1); /* once: standard signals do not queue */
}

TEST(signal, realtime_signals_queue)
{
	sigset_t set = set_of(SIGRTMIN), old;

	install(SIGRTMIN, handler, 0);
	sigprocmask(SIG_BLOCK, &set, &old);
	for (int i = 0; i < 3; i++)
		sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 });
	sigprocmask(SIG_SETMASK, &old, NULL);
	EXPECT_EQ(got, SIGRTMIN * 10101);
}

static int depth;

static void nests(int sig)
{
	handler(sig);
	if (sig == SIGUSR1 && !depth++) {
		raise(SIGUSR1); /* blocked while it is handled */
		raise(SIGUSR2);
		got = got * 10 + 9;
	}
}

TEST(signal, mask_of_a_handler)
{
	struct sigaction old;

	install(SIGUSR2, nests, 0);
	install(SIGUSR1, nests, 0);
	depth = 0;
	raise(SIGUSR1);
	/* 10, in it 12, its end 9; then the second 10 that was blocked until there. */
	EXPECT_EQ(got, 1012910);
	install(SIGUSR1, handler, SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	EXPECT(old.sa_handler == SIG_DFL);
}

TEST(signal, sigsuspend)
{
	sigset_t set = set_of(SIGUSR1), none = set_of(0), old, now;

	install(SIGUSR1, handler, 0);
	sigprocmask(SIG_BLOCK, &set, &old);
	raise(SIGUSR1);
	EXPECT_FAIL(sigsuspend(&none), EINTR);
	EXPECT_EQ(got, SIGUSR1);
	sigprocmask(SIG_SETMASK, &old, &now);
	EXPECT_EQ(sigismember(&now, SIGUSR1), 1);
}

TEST(signal, sigwait_and_timedwait)
{
	sigset_t set = set_of(SIGUSR1), old;
	struct timespec ts = { 0, 20000000 };
	siginfo_t info;
	int sig;

	sigprocmask(SIG_BLOCK, &set, &old);
	EXPECT_FAIL(sigtimedwait(&set, &info, &ts), EAGAIN);
	raise(SIGUSR1);
	EXPECT_EQ(sigwait(&set, &sig), 0);
	EXPECT_EQ(sig, SIGUSR1);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR1);
	EXPECT_EQ(info.si_signo, SIGUSR1);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

TEST(signal, alarm_interrupts)
{
	struct timespec ts = { 5, 0 }, left;
	long start = now_ms();

	install(SIGALRM, handler, 0);
	EXPECT_EQ(alarm(1), 0U);
	EXPECT_GE(alarm(1), 1U);
	EXPECT_FAIL(nanosleep(&ts, &left), EINTR);
	EXPECT_EQ(got, SIGALRM);
	EXPECT_GE(now_ms() - start, 900);
	EXPECT_LT(left.tv_sec, 5);
	EXPECT_EQ(alarm(0), 0U);
}

TEST(signal, interval_timer)
{
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } }, off = { { 0, 0 }, { 0, 0 } };
	int n = 0;

	install(SIGALRM, handler, 0);
	EXPECT_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	while (n < 3) {
		got = 0;
		pause();
		n += got == SIGALRM;
	}
	EXPECT_EQ(setitimer(ITIMER_REAL, &off, NULL), 0);
}

static void burn(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
}

static long cpu_ms(clockid_t clock)
{
	struct timespec ts = { -1, 0 };

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static volatile int profiled;

static void profile(int sig)
{
	profiled++;
}

TEST(signal, timers_of_profilers)
{
	static const int sigs[] = { 0, SIGVTALRM, SIGPROF };

	for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
		struct itimerval it = { { 0, 10000 }, { 0, 10000 } }, off = { { 0, 0 }, { 0, 0 } };
		long start = cpu_ms(CLOCK_PROCESS_CPUTIME_ID);

		install(sigs[which], profile, 0);
		profiled = 0;
		EXPECT_EQ(setitimer(which, &it, NULL), 0);
		while (profiled < 4 && cpu_ms(CLOCK_PROCESS_CPUTIME_ID) - start < 20000)
			burn();
		EXPECT_GE(profiled, 4);
		EXPECT_EQ(setitimer(which, &off, &it), 0);
		EXPECT_EQ(it.it_interval.tv_usec, 10000);
		/* 40, but Linux counts for these timers by ticks, each of which is whose who runs just then. */
		EXPECT_GE(cpu_ms(CLOCK_PROCESS_CPUTIME_ID) - start, 5);
	}
}

static volatile long profiled_in[2];
static __thread int my_number;

static void profile_thread(int sig)
{
	profiled_in[my_number]++;
}

static void *uses_cpu(void *arg)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF };
	struct itimerspec it = { { 0, 10000000 }, { 0, 10000000 } };
	timer_t t;

	my_number = 1;
	ev.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	EXPECT_EQ(timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &t), 0);
	EXPECT_EQ(timer_settime(t, 0, &it, NULL), 0);
	while (profiled_in[1] < 4 && cpu_ms(CLOCK_THREAD_CPUTIME_ID) < 20000)
		burn();
	EXPECT_GE(cpu_ms(CLOCK_THREAD_CPUTIME_ID), 35);
	*(timer_t *)arg = t;
	return NULL;
}

/* As a runtime profiles its threads: a timer for each, which tells that thread. */
TEST(signal, profile_of_a_thread)
{
	struct itimerspec now;
	clockid_t clock;
	timer_t timer;
	pthread_t t;

	if (pthread_getcpuclockid(pthread_self(), &clock) || cpu_ms(clock) < 0)
		SKIP("the CPU time of threads is not counted");
	install(SIGPROF, profile_thread, SA_RESTART);
	profiled_in[0] = profiled_in[1] = 0;
	REQUIRE(!pthread_create(&t, NULL, uses_cpu, &timer));
	pthread_join(t, NULL);
	EXPECT_GE(profiled_in[1], 4L);
	EXPECT_EQ(profiled_in[0], 0L);
	/* Its thread is gone. */
	EXPECT_EQ(timer_gettime(timer, &now), 0);
	EXPECT_EQ(now.it_value.tv_sec + now.it_value.tv_nsec, 0L);
	now.it_value.tv_sec = 1;
	EXPECT_FAIL(timer_settime(timer, 0, &now, NULL), ESRCH);
	EXPECT_EQ(timer_delete(timer), 0);
	EXPECT_FAIL(timer_settime(timer, 0, &now, NULL), EINVAL);
}

static int fds[2];

static volatile bool calling;

/*
 * SIGUSR1 for who says that it makes a call, and what its handler needs. Not by time alone: a busy machine may hold it up before the
 * call, or between the signal and its handler, until there is what the call waits for.
 */
static void kick(pthread_t who)
{
	while (!calling)
		nap_ms(1);
	nap_ms(10);
	pthread_kill(who, SIGUSR1);
	for (int i = 0; i < 10000 && !got; i++)
		nap_ms(1);
	nap_ms(5);
}

static void *kills(void *arg)
{
	kick(*(pthread_t *)arg);
	(void)!write(fds[1], "z", 1);
	return NULL;
}

static long interrupted_read(int flags)
{
	pthread_t self = pthread_self(), t;
	char b = 0;
	long n;
	int err;

	install(SIGUSR1, handler, flags);
	calling = false;
	if (pipe(fds) || pthread_create(&t, NULL, kills, &self))
		return -99;
	calling = true;
	n = read(fds[0], &b, 1);
	err = errno;
	pthread_join(t, NULL);
	close(fds[0]);
	close(fds[1]);
	EXPECT_EQ(got, SIGUSR1);
	return n < 0 ? -err : b;
}

TEST(signal, interrupts_or_restarts)
{
	EXPECT_EQ(interrupted_read(0), -EINTR);
	EXPECT_EQ(interrupted_read(SA_RESTART), 'z');
}

static void *spins(void *arg)
{
	volatile int *stop = arg;

	while (!got)
		if (*stop)
			return NULL;
	return (void *)1;
}

TEST(signal, pthread_kill)
{
	volatile int stop = 0;
	void *result = NULL;
	pthread_t t;

	if (!preemptive())
		SKIP("the scheduler does not preempt");
	install(SIGUSR1, handler, 0);
	REQUIRE(!pthread_create(&t, NULL, spins, (void *)&stop));
	nap_ms(5);
	EXPECT_EQ(pthread_kill(t, SIGUSR1), 0);
	pthread_join(t, &result);
	EXPECT(result);
	EXPECT(pthread_equal(got_thread, t));
}

static void *waits_for_it(void *arg)
{
	sigset_t set = set_of(SIGUSR2);
	int sig = 0;

	sigwait(&set, &sig);
	return (void *)(long)sig;
}

TEST(signal, process_signal_finds_the_thread_that_wants_it)
{
	sigset_t set = set_of(SIGUSR2), old;
	void *result;
	pthread_t t;

	pthread_sigmask(SIG_BLOCK, &set, &old);
	REQUIRE(!pthread_create(&t, NULL, waits_for_it, NULL));
	nap_ms(5);
	kill(getpid(), SIGUSR2);
	pthread_join(t, &result);
	EXPECT_EQ((long)result, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

TEST(signal, alternate_stack)
{
	static char stack[16384];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) }, old;

	EXPECT_EQ(sigaltstack(&ss, &old), 0);
	EXPECT(old.ss_flags & SS_DISABLE);
	install(SIGUSR1, handler, SA_ONSTACK);
	raise(SIGUSR1);
	EXPECT((char *)got_stack > stack && (char *)got_stack < stack + sizeof(stack));
	ss.ss_flags = SS_DISABLE;
	EXPECT_EQ(sigaltstack(&ss, NULL), 0);
	raise(SIGUSR1);
	EXPECT(!((char *)got_stack > stack && (char *)got_stack < stack + sizeof(stack)));
}

static sigjmp_buf env;

static void jumps(int sig)
{
	siglongjmp(env, sig);
}

TEST(signal, siglongjmp_restores_the_mask)
{
	install(SIGUSR1, jumps, 0);
	for (volatile int i = 0; i < 3; i++) {
		int rc = sigsetjmp(env, 1);

		if (!rc) {
			raise(SIGUSR1);
			EXPECT(false);
		}
		EXPECT_EQ(rc, SIGUSR1);
	}
}

/* Out of the middle of calls that look for no signal, with what they hold up meanwhile. */
TEST(signal, siglongjmp_out_of_reading_a_clock)
{
	static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME,
					    CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };
	struct itimerval soon = { .it_value = { 0, 500 } };
	struct timespec start, now;

	install(SIGALRM, jumps, 0);
	for (volatile unsigned i = 0; i < 40; i++) {
		if (!sigsetjmp(env, 1)) {
			clock_gettime(clocks[i % 4], &start);
			setitimer(ITIMER_REAL, &soon, NULL);
			do
				clock_gettime(clocks[i % 4], &now);
			while (now.tv_sec < start.tv_sec + 10);
			EXPECT(false);
		}
	}
	install(SIGALRM, SIG_DFL, 0);
}

TEST(signal, fault_is_a_signal)
{
	volatile int *volatile nowhere = (void *)8;

	install(SIGSEGV, jumps, 0);
	if (!sigsetjmp(env, 1)) {
		*nowhere = 1;
		EXPECT(false);
	}
	install(SIGFPE, jumps, 0);
	if (DIVISION_TRAPS && !sigsetjmp(env, 1)) {
		volatile int zero = 0, one = 1;

		one = divide(one, zero);
		EXPECT(false);
	}
	install(SIGSEGV, SIG_DFL, 0);
	install(SIGFPE, SIG_DFL, 0);
}

static sem_t expired;

static void on_timer(union sigval v)
{
	got = v.sival_int;
	sem_post(&expired);
}

TEST(signal, timer_thread)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD,
			       .sigev_notify_function = on_timer,
			       .sigev_value = { .sival_int = 77 } };
	struct itimerspec it = { .it_value = { 0, 10000000 } };
	timer_t t;

	sem_init(&expired, 0, 0);
	if (timer_create(CLOCK_MONOTONIC, &ev, &t)) {
		EXPECT_EQ(errno, ENOSYS);
		SKIP("no POSIX timers, and it says so");
	}
	EXPECT_EQ(timer_settime(t, 0, &it, NULL), 0);
	sem_wait(&expired);
	EXPECT_EQ(got, 77);
	EXPECT_EQ(timer_delete(t), 0);
}

static int signalfd_of(int sig, int fd, int flags)
{
	sigset_t set = set_of(sig);

	return signalfd(fd, &set, flags);
}

TEST(signal, signalfd)
{
	sigset_t both = set_of(SIGUSR1), old;
	struct signalfd_siginfo si[4];
	struct pollfd p = { .events = POLLIN };
	int fd;

	sigaddset(&both, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &both, &old);
	fd = signalfd(-1, &both, SFD_NONBLOCK | SFD_CLOEXEC);
	REQUIRE(fd >= 0);
	p.fd = fd;
	EXPECT_EQ(poll(&p, 1, 0), 0);
	EXPECT_FAIL(read(fd, si, sizeof(si)), EAGAIN);
	EXPECT_FAIL(read(fd, si, sizeof(*si) - 1), EINVAL);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 11 });
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 12 });
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLIN);
	EXPECT_EQ(read(fd, si, sizeof(si)), (ssize_t)(3 * sizeof(*si)));
	EXPECT_EQ(si[0].ssi_signo, (uint32_t)SIGUSR1);
	EXPECT_EQ(si[0].ssi_code, SI_USER);
	EXPECT_EQ(si[0].ssi_pid, (uint32_t)getpid());
	EXPECT_EQ(si[1].ssi_code, SI_QUEUE);
	EXPECT_EQ(si[1].ssi_int, 11);
	EXPECT_EQ(si[2].ssi_int, 12);
	EXPECT_EQ(poll(&p, 1, 0), 0);
	/* Another mask. What it does not have stays pending. */
	EXPECT_EQ(signalfd_of(SIGUSR1, fd, 0), fd);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 13 });
	EXPECT_EQ(poll(&p, 1, 0), 0);
	EXPECT_EQ(signalfd_of(SIGRTMIN, fd, 0), fd);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(read(fd, si, sizeof(si)), (ssize_t)sizeof(*si));
	EXPECT_EQ(si[0].ssi_int, 13);
	EXPECT_FAIL(signalfd_of(SIGUSR1, 0, 0), EINVAL);
	EXPECT_FAIL(signalfd_of(SIGUSR1, 99, 0), EBADF);
	EXPECT_FAIL(signalfd_of(SIGUSR1, -1, 1), EINVAL);
	close(fd);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void *sends_later(void *arg)
{
	nap_ms(20);
	kill(getpid(), *(int *)arg);
	return NULL;
}

TEST(signal, signalfd_waits)
{
	sigset_t set = set_of(SIGUSR1), old;
	struct signalfd_siginfo si;
	struct pollfd p = { .events = POLLIN };
	int sig = SIGUSR1;
	pthread_t t;

	sigprocmask(SIG_BLOCK, &set, &old);
	REQUIRE((p.fd = signalfd(-1, &set, 0)) >= 0);
	REQUIRE(!pthread_create(&t, NULL, sends_later, &sig));
	EXPECT_EQ(read(p.fd, &si, sizeof(si)), (ssize_t)sizeof(si));
	EXPECT_EQ(si.ssi_signo, (uint32_t)SIGUSR1);
	pthread_join(t, NULL);
	REQUIRE(!pthread_create(&t, NULL, sends_later, &sig));
	EXPECT_EQ(poll(&p, 1, 5000), 1);
	pthread_join(t, NULL);
	EXPECT_EQ(read(p.fd, &si, sizeof(si)), (ssize_t)sizeof(si));
	/* Another one's handler ends the wait. */
	install(SIGUSR2, handler, 0);
	sig = SIGUSR2;
	REQUIRE(!pthread_create(&t, NULL, sends_later, &sig));
	EXPECT_FAIL(read(p.fd, &si, sizeof(si)), EINTR);
	EXPECT_EQ(got, SIGUSR2);
	pthread_join(t, NULL);
	close(p.fd);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* ---- which calls start again (signal(7)) ---- */

static int in_pipe[2], full_pipe[2], locked[2];
static uint32_t futex_word;
static sem_t kick_sem;
static const char *lock_path = "/tmp/restart.lock";

static long call_read(void)
{
	char b;

	return read(in_pipe[0], &b, 1);
}

static long call_readv(void)
{
	char b;

	return readv(in_pipe[0], &(struct iovec){ &b, 1 }, 1);
}

static long call_write(void)
{
	return write(full_pipe[1], "x", 1);
}

static long call_flock(void)
{
	return flock(locked[1], LOCK_EX);
}

static long call_fcntl_lock(void)
{
	/* An open file description's own, since the process's would not wait for each other. */
	struct flock lk = { .l_type = F_WRLCK };

	return fcntl(locked[1], F_OFD_SETLKW, &lk);
}

static long call_futex(void)
{
	return syscall(SYS_futex, &futex_word, 0, 0, NULL);
}

static long call_sem_wait(void)
{
	return sem_wait(&kick_sem);
}

static long call_futex_timeout(void)
{
	return syscall(SYS_futex, &futex_word, 0, 0, &(struct timespec){ 5, 0 });
}

static long call_nanosleep(void)
{
	return nanosleep(&(struct timespec){ 5, 0 }, NULL);
}

static long call_clock_nanosleep(void)
{
	int err = clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 5, 0 }, NULL);

	errno = err;
	return err ? -1 : 0;
}

static long call_poll(void)
{
	return poll(&(struct pollfd){ in_pipe[0], POLLIN, 0 }, 1, 5000);
}

static long call_ppoll(void)
{
	sigset_t none = set_of(0);

	return ppoll(&(struct pollfd){ in_pipe[0], POLLIN, 0 }, 1, NULL, &none);
}

static long call_select(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(in_pipe[0], &set);
	return select(in_pipe[0] + 1, &set, NULL, NULL, &(struct timeval){ 5, 0 });
}

static long call_pselect(void)
{
	sigset_t none = set_of(0);
	fd_set set;

	FD_ZERO(&set);
	FD_SET(in_pipe[0], &set);
	return pselect(in_pipe[0] + 1, &set, NULL, NULL, NULL, &none);
}

static long call_pause(void)
{
	return pause();
}

static long call_sigsuspend(void)
{
	sigset_t none = set_of(0);

	return sigsuspend(&none);
}

static long call_sigtimedwait(void)
{
	sigset_t set = set_of(SIGUSR2);

	/* The C library's function waits again. */
	return syscall(SYS_rt_sigtimedwait, &set, NULL, &(struct timespec){ 5, 0 }, 8L);
}

static const struct {
	const char *name;
	long (*call)(void);
	bool restarts;
} waits[] = {
	{ "read", call_read, true },
	{ "readv", call_readv, true },
	{ "write", call_write, true },
	{ "flock", call_flock, true },
	{ "fcntl", call_fcntl_lock, true },
	{ "futex", call_futex, true },
	{ "sem_wait", call_sem_wait, true },
	{ "futex, timeout", call_futex_timeout, false },
	{ "nanosleep", call_nanosleep, false },
	{ "clock_nanosleep", call_clock_nanosleep, false },
	{ "poll", call_poll, false },
	{ "ppoll", call_ppoll, false },
	{ "select", call_select, false },
	{ "pselect", call_pselect, false },
	{ "pause", call_pause, false },
	{ "sigsuspend", call_sigsuspend, false },
	{ "sigtimedwait", call_sigtimedwait, false },
};

/* What makes each of the calls succeed, if it waits still or again. */
static void release(void)
{
	char many[4096];

	(void)!write(in_pipe[1], "z", 1);
	(void)!read(full_pipe[0], many, sizeof(many));
	flock(locked[0], LOCK_UN);
	fcntl(locked[0], F_OFD_SETLK, &(struct flock){ .l_type = F_UNLCK });
	futex_word = 1;
	syscall(SYS_futex, &futex_word, 1, 1);
	sem_post(&kick_sem);
}

static void *kicks_and_releases(void *arg)
{
	kick(*(pthread_t *)arg);
	release();
	return NULL;
}

static void prepare(void)
{
	char many[4096] = { 0 };

	EXPECT(!pipe2(in_pipe, O_NONBLOCK) && !pipe2(full_pipe, O_NONBLOCK));
	while (write(full_pipe[1], many, sizeof(many)) > 0)
		;
	fcntl(in_pipe[0], F_SETFL, 0);
	fcntl(full_pipe[1], F_SETFL, 0);
	for (int i = 0; i < 2; i++)
		locked[i] = open(lock_path, O_RDWR | O_CREAT, 0600);
	EXPECT(locked[0] >= 0 && locked[1] >= 0);
	flock(locked[0], LOCK_EX);
	fcntl(locked[0], F_OFD_SETLK, &(struct flock){ .l_type = F_WRLCK });
	futex_word = 0;
	sem_init(&kick_sem, 0, 0);
}

static void clean_up(void)
{
	for (int i = 0; i < 2; i++) {
		close(in_pipe[i]);
		close(full_pipe[i]);
		close(locked[i]);
	}
	unlink(lock_path);
}

static void interrupted_wait(unsigned i, int flags)
{
	bool again = waits[i].restarts && (flags & SA_RESTART);
	pthread_t self = pthread_self(), t;
	long result;
	int err;

	prepare();
	install(SIGUSR1, handler, flags);
	calling = false;
	REQUIRE(!pthread_create(&t, NULL, kicks_and_releases, &self));
	errno = 0;
	calling = true;
	result = waits[i].call();
	err = errno;
	/* A futex that starts again finds its word changed, if the release was faster. */
	if (again ? result < 0 && err != EAGAIN : result != -1 || err != EINTR)
		printf("    # %s, flags %#x\n", waits[i].name, (unsigned)flags);
	if (again) {
		EXPECT(result >= 0 || err == EAGAIN);
	} else {
		EXPECT_EQ(result, -1);
		EXPECT_EQ(err, EINTR);
	}
	EXPECT_EQ(got, SIGUSR1);
	pthread_join(t, NULL);
	clean_up();
}

TEST(signal, which_calls_restart)
{
	for (unsigned i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		interrupted_wait(i, SA_RESTART);
		interrupted_wait(i, 0);
	}
}

static void *waits_in(void *arg)
{
	long result;

	calling = true;
	result = waits[*(unsigned *)arg].call();
	return (void *)(result < 0 ? (long)errno : 0L);
}

/*
 * A signal that somebody else takes, or that is ignored, ends nobody's wait: neither those that
 * would start again, nor those that never do.
 */
TEST(signal, no_wait_ends_without_a_handler)
{
	sigset_t set = set_of(SIGUSR1), old;

	signal(SIGUSR1, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	for (unsigned i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		pthread_t t;
		void *result;

		if (waits[i].call == call_pause || waits[i].call == call_sigsuspend ||
		    waits[i].call == call_nanosleep || waits[i].call == call_clock_nanosleep ||
		    waits[i].call == call_sigtimedwait)
			continue; /* nothing else would end them soon */
		prepare();
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		calling = false;
		REQUIRE(!pthread_create(&t, NULL, waits_in, &i));
		pthread_sigmask(SIG_BLOCK, &set, NULL);
		while (!calling)
			nap_ms(1);
		nap_ms(10);
		/*
		 * Kept, as we block it; the other thread looks, and finds nothing to do with it, or
		 * we have taken it by then.
		 */
		kill(getpid(), SIGUSR1);
		sigtimedwait(&set, NULL, &(struct timespec){ 0, 0 });
		nap_ms(2);
		pthread_kill(pthread_self(), SIGUSR1);
		nap_ms(10);
		release();
		pthread_join(t, &result);
		/* A futex finds its word changed, if the release was faster. */
		EXPECT((long)result == 0 || (long)result == EAGAIN);
		sigtimedwait(&set, NULL, &(struct timespec){ 0, 0 });
		clean_up();
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	signal(SIGUSR1, SIG_DFL);
}

TEST(signal, timers_of_all_kinds)
{
	sigset_t set = set_of(SIGUSR1), old;
	struct itimerspec late = { .it_value = { 100, 0 } }, once = { .it_value = { 0, 5000000 } },
			  now, often = { { 0, 1000000 }, { 0, 1000000 } };
	struct sigevent none = { .sigev_notify = SIGEV_NONE },
			thread = { .sigev_notify = SIGEV_THREAD_ID,
				   .sigev_signo = SIGUSR1,
				   .sigev_value = { .sival_int = 99 } };
	struct timespec second = { 1, 0 };
	siginfo_t info;
	timer_t t;

	/* One that tells nobody: it can be asked. */
	REQUIRE(!timer_create(CLOCK_MONOTONIC, &none, &t));
	EXPECT_EQ(timer_settime(t, 0, &late, NULL), 0);
	EXPECT_EQ(timer_gettime(t, &now), 0);
	EXPECT_GT(now.it_value.tv_sec, 0);
	EXPECT_EQ(timer_settime(t, 0, &once, NULL), 0);
	nap_ms(10);
	EXPECT_EQ(timer_gettime(t, &now), 0);
	EXPECT_EQ(now.it_value.tv_nsec, 0);
	EXPECT_EQ(timer_delete(t), 0);
	EXPECT_FAIL(timer_gettime(t, &now), EINVAL);
	/* One that tells this thread, blocked: it counts what nobody takes. */
	pthread_sigmask(SIG_BLOCK, &set, &old);
	thread.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	REQUIRE(!timer_create(CLOCK_MONOTONIC, &thread, &t));
	EXPECT_EQ(timer_settime(t, 0, &often, NULL), 0);
	nap_ms(20);
	EXPECT_EQ(sigtimedwait(&set, &info, &second), SIGUSR1);
	EXPECT_EQ(info.si_code, SI_TIMER);
	EXPECT_EQ(info.si_value.sival_int, 99);
	EXPECT_GE(info.si_overrun, 10);
	EXPECT_EQ(timer_getoverrun(t), info.si_overrun);
	EXPECT_EQ(timer_delete(t), 0);
	thread.sigev_notify_thread_id = 31000;
	EXPECT_FAIL(timer_create(CLOCK_MONOTONIC, &thread, &t), EINVAL);
	sigtimedwait(&set, &info, &(struct timespec){ 0, 0 });
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}
