/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scheduling libraries as a program of the build machine: a platform of 300 lines, and the
 * in-image tests of lib/sched on top of it.
 *
 * Two clocks. Simulated (default): time passes when somebody reads the clock, and idling jumps to the
 * programmed deadline, so that a run is the same every time and a second of sleep takes none.
 * Real (`--stress SEED`): a host timer interrupts the program at random moments, as on a real
 * machine, and each of these interrupts may preempt.
 *
 *	host [--stress SEED] [SUITE...]
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <uk/alloc.h>
#include <uk/arch/ctx.h>
#include <uk/crash.h>
#include <uk/init.h>
#include <uk/irq.h>
#include <uk/plat/clock.h>
#include <uk/plat/cpu.h>
#include <uk/preempt.h>
#include <uk/print.h>
#include <uk/sched.h>
#include <uk/stack.h>
#include <uk/test.h>
#include <uk/timer.h>

UK_TABLE_DECLARE(const struct uk_init, init);
UK_TABLE_DECLARE(const struct uk_test, test);

struct uk_percpu uk_percpu_boot = { .irq_off = 1, .preempt_off = 1 };
struct uk_alloc *uk_heap = (struct uk_alloc *)&uk_percpu_boot; /* only handed around */

static unsigned long seed; /* not 0: real time and random interrupts */
static timer_t host_timer;
static uk_nsec sim_now, deadline = UK_NSEC_MAX;
static unsigned long interrupts, preemptions, allocated;

/* ---- contexts: the callee-saved registers on the stack ------------------------------------------ */

static uintptr_t tp;

void host_ctx_entry(void);
void host_ctx_switch(struct uk_arch_ctx *from, struct uk_arch_ctx *to);
__asm__(".globl host_ctx_entry\nhost_ctx_entry:\n"
	"	mov %rbx, %rdi\n"
	"	call *%rbp\n"
	"	ud2\n"
	".globl host_ctx_switch\nhost_ctx_switch:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n	push %r13\n"
	"	push %r14\n	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov (%rsi), %rsp\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n"
	"	pop %rbx\n	pop %rbp\n"
	"	ret\n");

static void ctx_switch(struct uk_arch_ctx *from, struct uk_arch_ctx *to)
{
	tp = to->tp;
	host_ctx_switch(from, to);
}

void (*uk_arch_ctx_switch)(struct uk_arch_ctx *from, struct uk_arch_ctx *to);

void uk_arch_ctx_choose_switch(void)
{
	uk_arch_ctx_switch = ctx_switch;
}

void uk_arch_ctx_init(struct uk_arch_ctx *ctx, void *stack_top, void (*entry)(void *), void *arg)
{
	uintptr_t *sp = (uintptr_t *)((uintptr_t)stack_top & ~15ul);

	*--sp = 0; /* host_ctx_entry starts with an aligned stack */
	*--sp = 0;
	*--sp = (uintptr_t)host_ctx_entry;
	*--sp = (uintptr_t)entry; /* rbp */
	*--sp = (uintptr_t)arg;   /* rbx */
	for (int i = 0; i < 4; i++)
		*--sp = 0;
	ctx->sp = (uintptr_t)sp;
}

uintptr_t uk_arch_tp_get(void)
{
	return tp;
}

void uk_arch_tp_set(uintptr_t v)
{
	tp = v;
}

/* ---- interrupts ----------------------------------------------------------------------------------- */

static uk_nsec now(void)
{
	struct timespec ts;

	if (!seed)
		return sim_now;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uk_nsec)ts.tv_sec * UK_NSEC_PER_SEC + (uk_nsec)ts.tv_nsec;
}

static unsigned int random_below(unsigned int n)
{
	static unsigned long state;

	if (!state)
		state = seed;
	state = state * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned int)(state >> 33) % n;
}

/* The next interrupt comes some time from now. */
static void set_alarm(void)
{
	struct itimerspec it = { .it_value.tv_nsec = 50000 + random_below(200000) };

	timer_settime(host_timer, 0, &it, NULL);
}

/* Where SIGALRM is blocked, and no handler will return and change that. */
static void open_again(void)
{
	sigset_t set;

	set_alarm();
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void handle(struct uk_percpu *pc)
{
	pc->irq_off = 1;
	pc->irq_pending = 0;
	pc->irq_depth++;
	interrupts++;
	if (deadline <= now()) {
		deadline = UK_NSEC_MAX;
		uk_timer_interrupt();
	}
#ifdef CONFIG_LIBUKSCHED_PREEMPT
	if (seed && pc->current)
		pc->resched = 1; /* a preemption at every interrupt */
#endif
	pc->irq_depth--;
}

/* As entry code does it: the handler, then the preemption, and once more what was noted meanwhile. */
static void interrupt(void)
{
	struct uk_percpu *pc = uk_percpu();

	do {
		handle(pc);
		if (pc->resched && !pc->preempt_off) {
			preemptions++;
			if (seed)
				open_again();
			uk_sched_preempt(); /* masked, and comes back masked */
		}
	} while (pc->irq_pending);
	pc->irq_off = 0;
}

static void maybe_interrupt(void)
{
	if (seed || deadline > sim_now)
		return;
	if (uk_irq_disabled())
		uk_percpu()->irq_pending = 1;
	else
		interrupt();
}

void uk_plat_irq_replay(void)
{
	interrupt();
	if (seed)
		open_again();
}

/*
 * SIGALRM is blocked in the handler; if interrupts are masked it stays so until the replay. If not,
 * returning opens it, not we: on a machine that stalls, alarm upon alarm would fill the stack.
 */
static void on_signal(int sig UK_UNUSED, siginfo_t *info UK_UNUSED, void *ctx)
{
	if (uk_irq_disabled()) {
		uk_percpu()->irq_pending = 1;
		sigaddset(&((ucontext_t *)ctx)->uc_sigmask, SIGALRM);
	} else {
		interrupt();
		set_alarm();
	}
}

/* ---- the platform ----------------------------------------------------------------------------------- */

uk_nsec uk_plat_clock_monotonic(void)
{
	if (!seed) {
		sim_now += 100; /* reading it takes that long */
		maybe_interrupt();
	}
	return now();
}

uk_nsec uk_plat_clock_wall(void)
{
	return now() + 1600000000 * UK_NSEC_PER_SEC;
}

uk_nsec uk_plat_clock_wall_coarse(void)
{
	return uk_plat_clock_wall();
}

void uk_plat_timer_set(uk_nsec d)
{
	deadline = d;
}

void uk_plat_idle(void)
{
	if (uk_percpu()->irq_pending)
		return;
	if (seed) {
		while (!uk_percpu()->irq_pending)
			usleep(10);
		return;
	}
	if (deadline == UK_NSEC_MAX) {
		fprintf(stderr, "host: nothing runs and no timer is set: deadlock\n");
		abort();
	}
	sim_now = UK_MAX(sim_now, deadline);
	uk_percpu()->irq_pending = 1;
}

/* malloc() is not prepared for being preempted. */
void *uk_alloc_malloc(struct uk_alloc *a UK_UNUSED, size_t size)
{
	void *p;

	uk_preempt_disable();
	p = malloc(size);
	allocated++;
	uk_preempt_enable();
	return p;
}

void uk_alloc_free(struct uk_alloc *a UK_UNUSED, void *p)
{
	uk_preempt_disable();
	free(p);
	allocated -= p != NULL;
	uk_preempt_enable();
}

void *uk_stack_alloc(size_t size)
{
	char *p = mmap(NULL, size + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	mprotect(p + 4096, size, PROT_READ | PROT_WRITE);
	return p + 4096;
}

void uk_stack_free(void *stack, size_t size)
{
	munmap((char *)stack - 4096, size + 4096);
}

void uk_log(enum uk_log_level level UK_UNUSED, const char *lib, const char *fmt, ...)
{
	va_list ap;

	uk_preempt_disable();
	va_start(ap, fmt);
	fprintf(stderr, "%s: ", lib);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	uk_preempt_enable();
}

void uk_panic(const char *fmt, ...)
{
	va_list ap;

	uk_percpu()->preempt_off++;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

/* The kernel of the build machine knows: it reads a byte of every page for us, or says EFAULT. */
bool uk_crash_readable(const void *p, size_t n)
{
	uintptr_t at = (uintptr_t)p, end = at + n;
	char byte;

	for (; at < end; at = UK_ALIGN_DOWN(at, 4096) + 4096) {
		struct iovec to = { &byte, 1 }, from = { (void *)at, 1 };

		if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != 1)
			return false;
	}
	return end > (uintptr_t)p;
}

/* ---- tests ------------------------------------------------------------------------------------------ */

static bool failed, skipped;

bool uk_test_check(bool ok, const char *file, int line, const char *what, long a, long b)
{
	if (!ok) {
		uk_preempt_disable();
		failed = true;
		printf("# %s:%d: expected %s; left %ld, right %ld\n", file, line, what, a, b);
		uk_preempt_enable();
	}
	return ok;
}

void uk_test_skip(const char *why)
{
	uk_preempt_disable();
	skipped = true;
	printf("# skipped: %s\n", why);
	uk_preempt_enable();
}

static bool selected(const struct uk_test *t, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(t->suite, argv[i]))
			return true;
	return !argc;
}

unsigned uk_test_rounds(unsigned n)
{
	return n;
}

int main(int argc, char **argv)
{
	const struct uk_init *in;
	const struct uk_test *t;
	unsigned int bad = 0, n = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	argc--, argv++;
	if (argc > 1 && !strcmp(argv[0], "--stress")) {
		struct sigaction sa = { .sa_sigaction = on_signal,
					.sa_flags = SA_SIGINFO | SA_RESTART };

		seed = strtoul(argv[1], NULL, 0);
		argc -= 2, argv += 2;
		sigaction(SIGALRM, &sa, NULL);
		timer_create(CLOCK_MONOTONIC, NULL, &host_timer);
		open_again();
	}
	uk_table_for_each(in, init) {
		if (in->start()) {
			fprintf(stderr, "%s failed\n", in->name);
			return 1;
		}
	}
	uk_irq_enable();
	uk_table_for_each(t, test) {
		unsigned long before = allocated;

		if (!selected(t, argc, argv))
			continue;
		failed = skipped = false;
		t->run();
		uk_preempt_disable();
		/* One detached thread may wait for the next one to free it. */
		if (allocated > before + 1) {
			printf("# %lu allocations leaked\n", allocated - before);
			failed = true;
		}
		printf("%s %u - %s.%s%s\n", failed ? "not ok" : "ok", ++n, t->suite, t->name,
		       skipped ? " # SKIP" : "");
		bad += failed;
		uk_preempt_enable();
	}
	uk_preempt_disable();
	printf("1..%u\n# %lu interrupts, %lu preemptions\n", n, interrupts, preemptions);
	exit(bad > 0);
}
