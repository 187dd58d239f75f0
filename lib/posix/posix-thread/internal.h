/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of posix-thread. */
#ifndef POSIX_THREAD_INTERNAL_H
#define POSIX_THREAD_INTERNAL_H

#include <uk/process.h>
#include <clone_regs.h>

/* Linux linux/futex.h: the list of locks that a thread holds, in its own memory. */
struct uk_abi_robust_list {
	void **head;  /* of a ring that contains this structure; bit 0 of a link: a PI lock */
	long offset;  /* from a link to the lock's word */
	void **doing; /* being locked or unlocked, perhaps not in the list */
};

/*
 * What clone.S gives and takes: the registers that a function preserves, and where it returns to.
 * The layout is clone.S's alone, but for its size.
 */
struct clone_regs {
	uintptr_t word[CLONE_REGS_WORDS];
};

/* clone.S: continue with these registers, the stack pointer behind them, and 0 as the result. */
UK_NORETURN void posix_clone_return(struct clone_regs *regs);

long posix_clone(unsigned long flags, uintptr_t stack, int32_t *ptid, int32_t *ctid, uintptr_t tls,
		 const struct clone_regs *regs);

#endif
