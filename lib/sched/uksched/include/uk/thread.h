/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads: create, end, join, block, wake, sleep.
 *
 * All that is common to schedulers is here, once; a scheduler only decides which thread is next
 * (uk/sched_ops.h). There is one way to wait, uk_thread_block(), with an absolute deadline on the
 * monotonic clock; wait queues (uk/waitq.h), locks, futexes and sleeping are built on it.
 */
#ifndef UK_THREAD_H
#define UK_THREAD_H

#include <uk/api.h>
#include <uk/arch/ctx.h>
#include <uk/config.h>
#include <uk/list.h>
#include <uk/percpu.h>
#ifdef CONFIG_SMP
#include <uk/cpuset.h>
#endif
#include <uk/queue.h>
#include <uk/types.h>
#include <uk/waitq_types.h>

struct uk_cputimer;
struct uk_sched;

enum uk_thread_state {
	UK_THREAD_RUNNABLE, /* running, or in its scheduler's run queue */
	UK_THREAD_BLOCKED,  /* in uk_thread_block(), or not yet started */
	UK_THREAD_EXITED,   /* waits to be joined or freed */
	UK_THREAD_EXITING,  /* several CPUs: about to be EXITED, and still on its stack */
	UK_THREAD_WAKING,   /* several CPUs: on its way to the run queue of another */
};

/* POSIX's scheduling policies, with Linux's numbers. */
enum uk_thread_policy {
	UK_THREAD_OTHER = 0, /* priority 0, slices */
	UK_THREAD_FIFO = 1,  /* priority 1..99, no slices: until it blocks, yields, is preempted */
	UK_THREAD_RR = 2,    /* priority 1..99, slices among equals */
};

#define UK_THREAD_PRIO_MIN 0
#define UK_THREAD_PRIO_MAX 127 /* 100 and above are the kernel's own */

/* Fields are the scheduler's, except where they say otherwise. */
struct uk_thread {
	/* What a switch touches; first what a scheduler's queue points to. */
	struct uk_queue_node runq; /* for the scheduler's provider */
	struct uk_arch_ctx ctx;    /* ctx.tp: uk_thread_set_tp() */
	struct uk_sched *sched;
	/* For the scheduler's provider. */
	uint8_t ticks;
	uint8_t prio;
	uint8_t policy;

	uint8_t state;      /* enum uk_thread_state */
	uint8_t flags;      /* UK_THREAD_DETACHED ... */
	bool woken;         /* a wake-up that uk_thread_block() has not yet consumed */
	bool interrupted;   /* see uk_thread_interrupt() */
	bool interruptible; /* the present block may be interrupted */
	int status;         /* what ended the present block */

	void (*fn)(void *arg);
	void *arg;
	void *posix;         /* the POSIX layer's */
	uint32_t in_syscall; /* the POSIX layer's: depth of system calls, uk/syscall.h */
	void (*release)(struct uk_thread *t);
	const char *name; /* never NULL; uk_thread_set_name() */
	void *stack;      /* lowest address */
	size_t stack_size;
	struct uk_waitq joiners;
	struct uk_list all; /* in uk_sched.threads */
#ifdef CONFIG_SMP
	struct uk_cpuset cpus; /* where it may run: uk_thread_set_cpus() */
	/*
	 * Set just before uk_thread_exit() by a thread that is detached or that nobody joins, as main()'s:
	 * called when it has left its stack for good, on the CPU that it ran on, with interrupts masked: it
	 * may wake, not block.
	 */
	void (*left)(struct uk_thread *t);
#endif
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	uk_nsec cputime;               /* up to the last time it was switched out */
	struct uk_cputimer *cputimers; /* started on that clock */
#endif
};

#define UK_THREAD_DETACHED  1 /* freed by itself at exit; nobody may join it */
#define UK_THREAD_SUSPENDED 2 /* created blocked: runs after the first uk_thread_wake() */
#define UK_THREAD_OWN_STACK 4 /* internal: the stack came from uk_stack_alloc() */
#define UK_THREAD_NAMED     8 /* internal: has a name of its own, not its creator's */

/* How to create a thread; zero is the default for every field. */
struct uk_thread_attr {
	void *stack;        /* lowest address; NULL: allocated, with a guard page below */
	size_t stack_size;  /* 0: CONFIG_LIBUKSCHED_STACK_SIZE; required with `stack` */
	uintptr_t tp;       /* application's thread pointer */
	unsigned int flags; /* UK_THREAD_DETACHED | UK_THREAD_SUSPENDED */
	uint8_t policy;
	uint8_t prio;
	/*
	 * So many bytes more are allocated behind the struct, zeroed; uk_thread.posix points to
	 * them, and they live as long as the thread. 0: uk_thread.posix is NULL.
	 */
	size_t posix_size;
	/*
	 * Called once when the thread is gone for good: it has left its stack, and its struct is
	 * freed next. Runs in another thread, which may block in it. NULL: nothing to do.
	 */
	void (*release)(struct uk_thread *t);
};

/* The running thread. NULL before the scheduler has started. Any context. */
static inline struct uk_thread *uk_thread_current(void)
{
	return uk_this_cpu_get(current);
}

UK_API_BEGIN

/*
 * A new thread that runs fn(arg), in scheduler `s` (NULL: the caller's), and ends when fn
 * returns. `name` is kept by reference and must outlive the thread; NULL takes the creator's.
 * `attr` may be NULL. NULL if there is no memory. The thread is ready on return: with a preemptive
 * scheduler it may already have run (use UK_THREAD_SUSPENDED where that matters).
 *
 * The result is valid until uk_thread_join() or, for a detached thread, until it exits.
 * Thread context; does not block.
 */
struct uk_thread *uk_thread_create(struct uk_sched *s, const char *name, void (*fn)(void *arg),
				   void *arg, const struct uk_thread_attr *attr);

/* End the calling thread. A joiner wakes up; a detached one is freed later by another thread. */
UK_NORETURN void uk_thread_exit(void);

/*
 * Wait until `t` has exited and free it. 0; -ETIMEDOUT or -EINTR, and then t is as before.
 * -EINVAL if it is detached, -EDEADLK if it is the caller. One thread may join at a time.
 */
int uk_thread_join(struct uk_thread *t, uk_nsec deadline);

/* Nobody will join `t`: free it at its exit (or now). -EINVAL if it is detached already. */
int uk_thread_detach(struct uk_thread *t);

/*
 * Block until uk_thread_wake(), and return 0; or until `deadline` (monotonic; UK_NSEC_MAX: none):
 * -ETIMEDOUT; or, if `interruptible`, until uk_thread_interrupt(): -EINTR.
 *
 * A wake-up that comes first is not lost: it makes the next block return 0 at once. So 0 may also
 * be the echo of an old wake-up, and callers loop over their condition. Thread context, with
 * preemption on; interrupts may be masked, and are again on return.
 */
int uk_thread_block(uk_nsec deadline, bool interruptible);

/* Make `t` runnable. Any context. */
void uk_thread_wake(struct uk_thread *t);

/*
 * Make the interruptible wait of `t`, the present or else the next one, return -EINTR, and
 * likewise all later ones until uk_thread_interrupt_clear(). The POSIX layer calls it when it
 * has a signal or a cancellation for `t`, and clears it when it delivers. Any context.
 */
void uk_thread_interrupt(struct uk_thread *t);

static inline bool uk_thread_interrupted(const struct uk_thread *t)
{
	return UK_READ_ONCE(t->interrupted);
}

static inline void uk_thread_interrupt_clear(struct uk_thread *t)
{
	UK_WRITE_ONCE(t->interrupted, false);
}

/*
 * Sleep until `deadline`. 0 when it has passed, or -EINTR. One that has passed already is a yield, as
 * it is for uk_thread_block(). Thread context.
 */
int uk_sleep_until(uk_nsec deadline);

/* Sleep for `span`. As uk_sleep_until(). */
int uk_sleep(uk_nsec span);

/* Set the application's thread pointer of the calling thread, now and at every switch to it. */
void uk_thread_set_tp(uintptr_t tp);

/*
 * Change policy and priority. 0, or -EINVAL if this scheduler has no such policy or priority (a
 * cooperative one has UK_THREAD_OTHER with priority 0 only). A ready thread goes to the end of its
 * new queue; the caller may be preempted. Thread context.
 */
int uk_thread_set_policy(struct uk_thread *t, unsigned int policy, unsigned int prio);

#ifdef CONFIG_SMP
/*
 * Restricts `t` to the CPUs of `set`, which it inherits to threads that it creates. If it runs on
 * another one it moves: the caller before this returns, another thread soon. 0, or -EINVAL: no
 * CPU of the set runs. Thread context.
 */
int uk_thread_set_cpus(struct uk_thread *t, const struct uk_cpuset *set);
void uk_thread_get_cpus(struct uk_thread *t, struct uk_cpuset *set);

/*
 * For who considers to wait for `t` without blocking: does it run at this moment, and does nobody else wait for the caller's CPU? A hint. `t` is
 * only compared, so it may be gone. Thread context.
 */
bool uk_thread_runs_elsewhere(const struct uk_thread *t);
bool uk_sched_is_alone(void);
#endif

/*
 * The number by which POSIX knows `t`; 0: none. Weak, the POSIX layer overrides it. Any context.
 */
int uk_thread_tid(const struct uk_thread *t);

/*
 * What reports call `t`: its name, and "name:tid" where that is its creator's. Returns `label`. Any
 * context; believes no pointer but `t`.
 */
#define UK_THREAD_LABEL 32
const char *uk_thread_label(const struct uk_thread *t, char label[UK_THREAD_LABEL]);

/* CPU time used by `t`; 0 without CONFIG_LIBUKSCHED_CPUTIME. Thread context. */
uk_nsec uk_thread_cputime(const struct uk_thread *t);

UK_API_END

/* The name is kept by reference, see uk_thread_create(). Thread context. */
static inline void uk_thread_set_name(struct uk_thread *t, const char *name)
{
	t->name = name;
	t->flags |= UK_THREAD_NAMED;
}

#endif
