/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of handlers' contexts: what context.c has for the CPU's context.c, and what it asks of that. A function of the CPU's is
 * called by context.c only.
 */
#ifndef LIBCTEST_CONTEXT_H
#define LIBCTEST_CONTEXT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

/* What the last signal was, and how many came since install(). */
struct caught {
	int sig, code, calls;
	void *addr;
	uintptr_t frame; /* where the handler ran */
};
extern volatile struct caught caught;

/* A handler of the present test, which install() leaves for the next one to replace. */
void install(int sig, void (*fn)(int, siginfo_t *, void *), int flags);
/* A handler, or its beginning: fills in `caught`. */
void note(int sig, siginfo_t *info, void *context);

/* ---- the CPU's ---- */

/* What raises a signal, and what a handler is told then. */
struct fault {
	const char *what;
	void (*cause)(void);
	int sig, code;
	const void *addr;
	bool rare; /* not on every CPU */
};

/* Those that only this CPU has; the last one without a cause. */
extern const struct fault context_faults[];
/* The last fault may have left them in a mess. */
void context_reset_floats(void);

/* Of the floating point environment in a context: the mode and the exceptions as <fenv.h> has them, and its form. */
int context_rounding(const ucontext_t *uc);
int context_raised(const ucontext_t *uc);
void context_check_floats(const ucontext_t *uc);
/* Does a handler begin with the mode and exceptions of what it interrupts, as Linux has it for this CPU, or with a new program's? */
extern const bool context_inherits_floats;

/* The context shall go on as if it had called fn(), which returns to where it was. */
void context_call(ucontext_t *uc, void (*fn)(void));
/*
 * Such a function: calls context_count(), and leaves every register as it was; where calls have a link register, but for one, by
 * which it returns. (That one Go's code does not use, for this reason.)
 */
void context_preempted(void);
void context_count(void);
/*
 * Counts *rounds up, and computes with general and vector registers, on the stack below `top`, until *stop. From context_loop to
 * context_loop_end calls can be inserted. Is all what it should be? (An emulator may interrupt at jumps only, so there are some
 * where they do nothing.)
 */
bool context_light(void *top, volatile long *rounds, volatile bool *stop);
extern const char context_loop[], context_loop_end[];
/* What a handler returns to, where Linux asks for that; the kernel under test has its own way back. */
void context_restorer(void);

/* Adds 1 `n` times in each kind of register: are all sums right, and the modes as before? From context_sum to context_sum_end it does. */
bool context_sums(uint64_t n);
extern const char context_sum[], context_sum_end[];
/* Changes the vector registers that these two use, and modes. */
void context_clobber(void);

#endif
