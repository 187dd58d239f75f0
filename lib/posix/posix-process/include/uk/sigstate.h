/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What signals keep in a process and in each of its threads. The library posix-signal owns the
 * contents; they are declared here because they are embedded. All zero is the state at start.
 */
#ifndef UK_SIGSTATE_H
#define UK_SIGSTATE_H

#include <uk/abi/signal.h>
#include <uk/essentials.h>
#include <uk/queue.h>

/* How often a timer expired while its signal was pending; what the last delivery reported. */
struct uk_sigoverrun {
	uint32_t count;
	uint32_t delivered;
};

/* A signal that was sent and has not been delivered yet. */
struct uk_sigentry {
	struct uk_queue_node node;
	int32_t sig;
	int32_t code; /* si_code */
	int32_t pid;  /* ... of a fault: the address is in `value` */
	uint32_t uid;
	uint64_t value;
	bool keep;                     /* belongs to somebody (a timer): not freed on delivery */
	uint8_t spare;                 /* which of the process's spares it is, plus 1; 0: none */
	struct uk_sigoverrun *overrun; /* or NULL */
};

struct uk_sigpending {
	uint64_t set; /* a bit may be set without an entry: nothing is known but the number */
	struct uk_queue queue; /* of struct uk_sigentry, in order of arrival */
};

/* Entries at hand: the few that are under way at a time need no heap. */
#define UK_SIGENTRY_SPARES 4

struct uk_process_signals {
	struct uk_abi_sigaction action[UK_SIGNALS];
	struct uk_sigpending pending;
	uint32_t queued;      /* entries in all queues of the process: RLIMIT_SIGPENDING */
	uint32_t waiting;     /* tasks in sigtimedwait */
	uint32_t spares_used; /* a bit per entry of: */
	struct uk_sigentry spare[UK_SIGENTRY_SPARES];
	void (*notify)(int sig); /* signalfd's, once there is one: `sig` became pending. lock */
};

struct uk_task_signals {
	uint64_t blocked;
	uint64_t saved;   /* the mask that sigsuspend, ppoll and the like have replaced ... */
	bool have_saved;  /* ... and that comes back with the next delivery */
	uint64_t waiting; /* sigtimedwait: these end the wait although they are blocked */
	struct uk_sigpending pending;
	struct uk_abi_stack alt;
	/* The system call that was interrupted and may start again. */
	void (*restart)(void);
	uintptr_t restart_pc;
	/* Where an interrupt or a trap took the thread from on its way to a handler. */
	uintptr_t diverted_pc, diverted_sp, diverted_flags;
	struct uk_sigentry fault;
	/* Of the thread's last fault, as contexts show them: error code, vector, address. */
	uint64_t trap_error, trap_vector, trap_addr;
};

#endif
