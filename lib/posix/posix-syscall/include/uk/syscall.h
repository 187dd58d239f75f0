/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing a system call.
 *
 *	UK_SYSCALL(ssize_t, write, int fd, const void *buf, size_t n)
 *	{
 *		...
 *		return n_written;	// or a negated error number
 *	}
 *
 * defines `long uk_sys_write(long, long, long)`, the one handler behind all three ways in (direct
 * call, number table, trap). Name and number of arguments are checked against
 * <uk/syscall_list.h>; arguments are narrowed to the declared types as Linux does.
 *
 * Which macro: the difference is what a signal needs. A thread inside the kernel must not be
 * diverted into a handler of the application: it may hold a lock. So most calls count themselves in
 * the thread's `in_syscall`, and deliver on leaving what came meanwhile.
 *
 *	UK_SYSCALL          counts; may block. -EINTR stays -EINTR.
 *	UK_SYSCALL_BARE     the same without stack protector
 *	UK_SYSCALL_RESTART  counts; may return -UK_ERESTART instead of -EINTR: the call
 *	                    starts again after a handler installed with SA_RESTART, and when there
 *	                    was nothing to run; any other handler makes it -EINTR.
 *	UK_SYSCALL_RESTART_THIN  the same for one that only hands its arguments on: no local variable
 *	                    whose address gets around. A call less.
 *	UK_SYSCALL_QUICK    does not count, but delivers on leaving: holds locks with interrupts
 *	                    masked only, so that it cannot be diverted while it has one, and
 *	                    neither blocks nor allocates.
 *	UK_SYSCALL_LEAF     does not count and does not look: takes locks with interrupts masked only,
 *	                    does not block or allocate; and nothing that it does sends or unblocks a
 *	                    signal. Costs nothing. A handler begins in the middle of it, at the interrupt
 *	                    that brings the signal or where the masked section ends, and may leave by
 *	                    longjmp(): whatever it changes, it does so in one store or under a lock.
 *
 * What a handler of the application sees of the interrupted system call (its ucontext): the
 * registers of the caller at the return of uk_sys_NAME, with the result in the return register.
 * The program counter is the return address if the call is over. If the call starts
 * again when the handler returns, it is the return address minus UK_SYSCALL_INSN_BYTES, which is
 * inside the call instruction, as it would be at the trap instruction on Linux. So a libc tells
 * "not done yet, may be cancelled" from "done" by a label behind its call, and whatever the handler
 * writes to the context is honoured.
 */
#ifndef UK_SYSCALL_H
#define UK_SYSCALL_H

#include <uk/api.h>
#include <uk/atomic.h>
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/essentials.h>
#include <uk/syscall_list.h>
#include <uk/table.h>
#ifdef CONFIG_LIBPOSIX_SIGNAL
#include <uk/thread.h>
#endif

#define UK_ERESTART           512 /* Linux's ERESTARTSYS; never leaves the kernel */
#define UK_SYSCALL_INSN_BYTES 2

/* An entry of the number table where that holds what is in the image (CONFIG_..._LINKED). */
struct uk_syscall_entry {
	void (*handler)(void);
	long nr;
};

UK_API_BEGIN

/*
 * Leaving a system call while a signal waits: tail calls of the handlers, so that the stack is the
 * caller's. Delivers, and returns `result`; the second starts the call that was named with
 * uk_syscall_set_restart() again, with these arguments, or returns -EINTR; the thread still counts
 * as being inside, since it must not be diverted on the way: a request for cancellation that was
 * noted there for later would come too late. (`pc` is where the call returns to; it is told, so
 * that it is right even where the compiler makes no tail calls.) The library of signals defines
 * them; without it they do nothing.
 */
long uk_syscall_leave_slow(long result);
long uk_syscall_restart(long a, long b, long c, long d, long e, long f);
void uk_syscall_set_restart(void (*handler)(void), void *pc);

/*
 * For calls that end with -EINTR, and only after a handler: an interruptible wait has said -EINTR. True
 * if there is nothing to deliver, since another thread has taken the signal or it is ignored
 * by now: then go on waiting, to the same deadline. Threads.
 */
bool uk_syscall_wait_again(void);

UK_API_END

#ifdef CONFIG_LIBPOSIX_SIGNAL

static UK_ALWAYS_INLINE void uk_syscall_enter(void)
{
	uk_shared_set(uk_thread_current()->in_syscall, uk_thread_current()->in_syscall + 1);
	UK_BARRIER();
}

/*
 * True if a signal may have to be delivered. One that comes after the look at `interrupted` finds
 * the thread outside and diverts it from the interrupt.
 */
static UK_ALWAYS_INLINE bool uk_syscall_leave(void)
{
	struct uk_thread *self = uk_thread_current();

	UK_BARRIER();
	uk_shared_set(self->in_syscall, self->in_syscall - 1);
	UK_BARRIER();
	return uk_shared_get(self->interrupted); /* not by uk_thread_interrupted(): one instruction less */
}

/* The same for calls that do not count themselves. */
static UK_ALWAYS_INLINE bool uk_syscall_must_deliver(const struct uk_thread *self)
{
	UK_BARRIER();
	return uk_shared_get(self->interrupted);
}

#else

#define uk_syscall_must_deliver(self) false

static inline void uk_syscall_enter(void)
{
}

static inline bool uk_syscall_leave(void)
{
	return false;
}

#endif

/* clang-format off */

/* The number of arguments, 0 to 6. */
#define UK_NARGS(...)                          UK_NARGS_(0, ##__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0)
#define UK_NARGS_(z, a, b, c, d, e, f, n, ...) n

#define UK_SYSCALL_PARAMS_0()                 void
#define UK_SYSCALL_PARAMS_1(a)                a
#define UK_SYSCALL_PARAMS_2(a, b)             a, b
#define UK_SYSCALL_PARAMS_3(a, b, c)          a, b, c
#define UK_SYSCALL_PARAMS_4(a, b, c, d)       a, b, c, d
#define UK_SYSCALL_PARAMS_5(a, b, c, d, e)    a, b, c, d, e
#define UK_SYSCALL_PARAMS_6(a, b, c, d, e, f) a, b, c, d, e, f

#define UK_SYSCALL_NAMED_0 void
#define UK_SYSCALL_NAMED_1 long uk_a
#define UK_SYSCALL_NAMED_2 UK_SYSCALL_NAMED_1, long uk_b
#define UK_SYSCALL_NAMED_3 UK_SYSCALL_NAMED_2, long uk_c
#define UK_SYSCALL_NAMED_4 UK_SYSCALL_NAMED_3, long uk_d
#define UK_SYSCALL_NAMED_5 UK_SYSCALL_NAMED_4, long uk_e
#define UK_SYSCALL_NAMED_6 UK_SYSCALL_NAMED_5, long uk_f

#define UK_SYSCALL_PASS_0
#define UK_SYSCALL_PASS_1 uk_a
#define UK_SYSCALL_PASS_2 UK_SYSCALL_PASS_1, uk_b
#define UK_SYSCALL_PASS_3 UK_SYSCALL_PASS_2, uk_c
#define UK_SYSCALL_PASS_4 UK_SYSCALL_PASS_3, uk_d
#define UK_SYSCALL_PASS_5 UK_SYSCALL_PASS_4, uk_e
#define UK_SYSCALL_PASS_6 UK_SYSCALL_PASS_5, uk_f

#define UK_SYSCALL_PASS6_0 0, 0, 0, 0, 0, 0
#define UK_SYSCALL_PASS6_1 uk_a, 0, 0, 0, 0, 0
#define UK_SYSCALL_PASS6_2 uk_a, uk_b, 0, 0, 0, 0
#define UK_SYSCALL_PASS6_3 uk_a, uk_b, uk_c, 0, 0, 0
#define UK_SYSCALL_PASS6_4 uk_a, uk_b, uk_c, uk_d, 0, 0
#define UK_SYSCALL_PASS6_5 uk_a, uk_b, uk_c, uk_d, uk_e, 0
#define UK_SYSCALL_PASS6_6 uk_a, uk_b, uk_c, uk_d, uk_e, uk_f

#ifdef CONFIG_LIBPOSIX_SYSCALL_LINKED
#define UK_SYSCALL_ENTRY(name)                                                                \
	static const UK_TABLE_ENTRY(struct uk_syscall_entry, syscall, uk_syscall_##name) = {  \
		.handler = (void (*)(void))uk_sys_##name, .nr = UK_NR_##name                  \
	};
#define UK_SYSCALL_KEEP(name) UK_TABLE_KEEP(uk_syscall_##name)
#else
#define UK_SYSCALL_ENTRY(name)
#define UK_SYSCALL_KEEP(name) ((void)0)
#endif

/*
 * The handler converts its longs to the types of the parameters by calling the function that the
 * author writes. C cannot take `const void *buf` apart to cast, hence the warning switched off.
 * `inl` says whether that function may be inlined, `attr` goes to the handler.
 */
#define UK_SYSCALL_DEFINE(inl, attr, around, ret, name, n, ...)                               \
	UK_SYSCALL_ENTRY(name)                                                                \
	static inl ret uk_do_##name(UK_CAT(UK_SYSCALL_PARAMS_, n)(__VA_ARGS__));              \
	_Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wint-conversion\"") \
	attr long uk_sys_##name(UK_CAT(UK_SYSCALL_NAMED_, n))                                 \
	{                                                                                     \
		long uk_result;                                                               \
                                                                                              \
		UK_SYSCALL_KEEP(name);                                                        \
		around(name, n);                                                              \
		return uk_result;                                                             \
	}                                                                                     \
	_Pragma("GCC diagnostic pop")                                                         \
	static inl ret uk_do_##name(UK_CAT(UK_SYSCALL_PARAMS_, n)(__VA_ARGS__))

/*
 * A call that may start again must leave by a tail call, so that the frame of a signal's handler
 * has the caller's stack pointer and not one inside the kernel: a libc may divert the thread to
 * code that relies on it. Compilers make tail calls where optimising and where no local variable's
 * address got around, so the author's function stays apart, and unoptimised builds optimise this
 * one. Nor may this one become part of its caller, as link-time optimisation would like: the return
 * address and the stack pointer would be those of somebody further up.
 */
#ifdef __clang__
#define UK_SYSCALL_TAIL UK_NOINLINE
#else
#define UK_SYSCALL_TAIL UK_NOINLINE __attribute__((__optimize__("O2")))
#endif

#define UK_SYSCALL_CALL(name, n) (uk_result = (long)uk_do_##name(UK_CAT(UK_SYSCALL_PASS_, n)))

#define UK_SYSCALL_AROUND(name, n)                                \
	uk_syscall_enter();                                       \
	UK_SYSCALL_CALL(name, n);                                 \
	if (UK_UNLIKELY(uk_syscall_leave()))                      \
		return uk_syscall_leave_slow(uk_result)

#define UK_SYSCALL_AROUND_QUICK(name, n)                               \
	UK_SYSCALL_CALL(name, n);                                      \
	if (UK_UNLIKELY(uk_syscall_must_deliver(uk_thread_current()))) \
		return uk_syscall_leave_slow(uk_result)

#define UK_SYSCALL_AROUND_RESTART(name, n)                                            \
	uk_syscall_enter();                                                           \
	UK_SYSCALL_CALL(name, n);                                                     \
	if (UK_UNLIKELY(uk_result == -UK_ERESTART)) {                                 \
		uk_syscall_set_restart((void (*)(void))uk_sys_##name,                 \
				       __builtin_return_address(0));                  \
		return uk_syscall_restart(UK_CAT(UK_SYSCALL_PASS6_, n));              \
	}                                                                             \
	if (UK_UNLIKELY(uk_syscall_leave()))                                          \
		return uk_syscall_leave_slow(uk_result)

#define UK_SYSCALL(ret, name, ...)                                                  \
	UK_SYSCALL_DEFINE(inline, , UK_SYSCALL_AROUND, ret, name, UK_NARGS(__VA_ARGS__), \
			  ##__VA_ARGS__)

/* Without canary; see UK_NO_STACK_PROTECTOR. */
#define UK_SYSCALL_BARE(ret, name, ...)                                                     \
	UK_SYSCALL_DEFINE(inline UK_NO_STACK_PROTECTOR, UK_NO_STACK_PROTECTOR, UK_SYSCALL_AROUND, ret, \
			  name, UK_NARGS(__VA_ARGS__), ##__VA_ARGS__)

#define UK_SYSCALL_RESTART(ret, name, ...)                                                   \
	UK_SYSCALL_DEFINE(UK_NOINLINE, UK_SYSCALL_TAIL, UK_SYSCALL_AROUND_RESTART, ret, name, \
			  UK_NARGS(__VA_ARGS__), ##__VA_ARGS__)

#define UK_SYSCALL_RESTART_THIN(ret, name, ...)                                            \
	UK_SYSCALL_DEFINE(inline, UK_SYSCALL_TAIL, UK_SYSCALL_AROUND_RESTART, ret, name,   \
			  UK_NARGS(__VA_ARGS__), ##__VA_ARGS__)

#define UK_SYSCALL_QUICK(ret, name, ...)                                                  \
	UK_SYSCALL_DEFINE(inline, , UK_SYSCALL_AROUND_QUICK, ret, name, UK_NARGS(__VA_ARGS__), \
			  ##__VA_ARGS__)

/* Not among the sections of handlers in whose first instructions nobody is diverted. */
#define UK_SYSCALL_LEAF(ret, name, ...)                                                      \
	UK_SYSCALL_DEFINE(inline, UK_SECTION(".text.uk_leaf_" #name), UK_SYSCALL_CALL, ret,  \
			  name, UK_NARGS(__VA_ARGS__), ##__VA_ARGS__)

/* clang-format on */

#endif
