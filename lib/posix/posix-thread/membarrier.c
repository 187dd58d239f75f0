/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * membarrier(2): a memory barrier on all CPUs at once, so that threads which often take a lock-free path
 * need none of their own there.
 *
 * A CPU that runs another thread of the process meanwhile has passed a barrier by the switch; every
 * other one is interrupted, and passes one then. With one CPU there is nobody to see another order
 * than that of the program.
 */
#include <uk/errno.h>
#include <uk/process.h>
#include <uk/syscall.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

/* Linux linux/membarrier.h */
#define QUERY                      0
#define GLOBAL                     1
#define GLOBAL_EXPEDITED           2
#define REGISTER_GLOBAL_EXPEDITED  4
#define PRIVATE_EXPEDITED          8
#define REGISTER_PRIVATE_EXPEDITED 16

#ifdef CONFIG_SMP
static void barrier(void *unused UK_UNUSED)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
#endif

static void everywhere(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#ifdef CONFIG_SMP
	uk_smp_call(NULL, barrier, NULL);
#endif
}

UK_SYSCALL(long, membarrier, int command, unsigned flags, int cpu UK_UNUSED)
{
	struct uk_process *p = uk_process_current();

	if (flags)
		return -EINVAL;
	switch (command) {
	case QUERY:
		return GLOBAL | GLOBAL_EXPEDITED | REGISTER_GLOBAL_EXPEDITED | PRIVATE_EXPEDITED |
		       REGISTER_PRIVATE_EXPEDITED;
	case REGISTER_GLOBAL_EXPEDITED: /* the one process is always meant */
		return 0;
	case REGISTER_PRIVATE_EXPEDITED:
		p->membarrier = true;
		return 0;
	case PRIVATE_EXPEDITED:
		if (!p->membarrier)
			return -EPERM;
		everywhere();
		return 0;
	case GLOBAL:
	case GLOBAL_EXPEDITED:
		everywhere();
		return 0;
	}
	return -EINVAL;
}
