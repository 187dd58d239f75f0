/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An action as rt_sigaction() takes it: on riscv64 without the restorer of other machines (Linux 6.1,
 * include/linux/signal_types.h), which musl's own header has. sigaction.c sets one: behind what is read.
 */
#include <features.h>

struct k_sigaction {
	void (*handler)(int);
	unsigned long flags;
	unsigned mask[2];
	void (*restorer)(void);
};

hidden void __restore(), __restore_rt();
